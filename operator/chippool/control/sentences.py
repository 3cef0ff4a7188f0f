"""What people read in conditions and events: sentences that say what is, what it hangs on, and what helps.

No figure that moves by itself stands in one: a status that says the same is not written again.
"""

from collections.abc import Iterable, Mapping

from chippool.api import names
from chippool.core.ids import CHIP, Milli, PoolName
from chippool.core.model import Assignment, Displaced
from chippool.core.reasons import Reason
from chippool.state.records import WorkloadRecord

NOT_ADMITTED = "It has no chips; condition Admitted says why."
PODS_READY = "All its replicas are Ready."
STARTING = "Its pods have their chips and are starting."
NOT_READY = "Its replicas were Ready and some are not any more."
NOT_ALL_READY = "Some of its replicas are not Ready: they were, or were added and are starting."
GROWN = "It has as many replicas again as it had before it was shrunk."
ENDED = "It has ended and needs no chips any more."
MADE_AGAIN = "Its Job or Deployment was deleted by someone and was made again."
MOVING = "Its old replicas run until the new ones are Ready."
ADMITTED_AGAIN = "It has chips again."

MODELLED = "Every field of spec.template that decides about nodes is considered when nodes are chosen."

POOL_READY = "Workloads can be placed on its nodes."
POOL_NO_NODES = (
    "No node has all labels of spec.nodeSelector and the resource of spec.chip.resourceName in its capacity: "
    "correct the two fields, or see whether the nodes have joined and their device plugin runs."
)
POOL_HEALTHY = "All installed chips are allocatable."
POOL_NOT_OVERSOLD = "Queues are not guaranteed more of it than is installed."
POOL_ALONE = "No node of it is in another pool."
SPEED_KNOWN = "What one of its chips does is known for every purpose, or nothing hangs on it."
COUNTS_AGREE = "What is owned, as far as it is stated, is what the nodes have."
RESOLD = "External queues may have its chips where spec.access lets them in."
NO_BUDGET = "It has no budget."
WITHIN_BUDGET = "It has not used up its budget of this period."
QUEUE_READY = "Every priority class and pool it names exists."
GUARANTEES_KEPT = "All guarantees can be kept."


def in_native_words(sentence: str) -> str:
    """Native pods have a label where ChipWorkloads have a field."""
    return sentence.replace("spec.queueName", names.QUEUE_NAME)


def ready(has: int, wants: int) -> str:
    return PODS_READY if has >= wants else f"It runs with {has} of {wants} replicas, and all of them are Ready."


def admitted(assignment: Assignment, wants: int, chips: Milli, waits: str = "") -> str:
    """`chips` of one replica of those it `wants`; `waits` says why added replicas are not there yet."""
    count = f"{assignment.replicas} of {wants}" if assignment.replicas < wants else f"{assignment.replicas}"
    replicas = f"{count} replica{'s'[: wants != 1]}"
    said = f"Runs as variant {assignment.variant}: {replicas} with {counted(chips)} each in pool {assignment.pool}."
    return f"{said} The change of spec.replicas waits: {waits}" if waits else said


def counted(milli: Milli) -> str:
    """`1 chip`, `8 chips`."""
    return f"{milli / CHIP:g} chip{'s'[: milli != CHIP]}"


def starting(sentence: str, error: str) -> str:
    """What keeps the pods, in the cluster's own words, behind the sentence."""
    return f"{sentence} The cluster says: {error}" if error else sentence


def admitted_again(displaced: Displaced) -> str:
    times = "once" if displaced.count == 1 else f"{displaced.count} times"
    return f"{ADMITTED_AGAIN} It was displaced {times}, the last time: {displaced.message or displaced.reason}"


def displaced_other(victim: WorkloadRecord, winner: WorkloadRecord, reason: str) -> str:
    """Names stay in their namespace: elsewhere a workload is one of its queue and class."""
    what = {Reason.MIGRATED: "moved", Reason.SHRUNK: "shrunk"}.get(Reason(reason), "displaced")
    done = f"was {what} to make room for this one."
    if victim.namespace == winner.namespace:
        return f"Workload {victim.name} {done}"
    return f"A workload of queue {victim.view.queue} and class {victim.view.class_name} {done}"


def not_modelled(fields: Iterable[str]) -> str:
    return (
        f"Left to kube-scheduler and not considered when nodes are chosen: {', '.join(fields)}. "
        "A pod that then finds no room on its node is evicted and placed on another one."
    )


def degraded(installed: Milli, allocatable: Milli) -> str:
    return (
        f"{counted(installed - allocatable)} of {installed / CHIP:g} installed can't be used: "
        "their nodes' allocatable is below capacity; see the device plugin and the chips' health there."
    )


def lost(chips: Milli) -> str:
    return (
        f"{counted(chips)} are in nodes that have not been Ready for too long: their replicas are placed elsewhere; "
        "repair the nodes, or delete them."
    )


def overlap(pools: Iterable[PoolName], node: str) -> str:
    return (
        f"Some of its nodes, such as {node}, are in pool {', '.join(pools)} too; nothing new is placed on them: "
        "make spec.nodeSelector of these pools exclude one another."
    )


def unknown_class(names: Iterable[str]) -> str:
    return (
        f"spec.priorityClassNames names {', '.join(names)}, which the cluster does not have: "
        "create the PriorityClass or correct the name."
    )


def unknown_pool(names: Iterable[str]) -> str:
    return (
        f"spec.quotas names pool {', '.join(names)}, which the cluster does not have: "
        "create the ChipPool or correct poolName."
    )


def shrunk(pools: Mapping[PoolName, tuple[Milli, Milli]]) -> str:
    parts = (
        f"{given / CHIP:g} of the {promised / CHIP:g} chips of {pool}" for pool, (promised, given) in pools.items()
    )
    return (
        f"It is guaranteed {', '.join(parts)}: more is promised than its parent, or the pool, has, so that everybody "
        "keeps the same part; lower guaranteed in spec.quotas here or of its sisters."
    )


def oversold(promised: Milli, installed: Milli) -> str:
    return (
        f"Queues are guaranteed {promised / CHIP:g} chips of it, and {installed / CHIP:g} are installed: each keeps "
        "the same part; lower guaranteed in spec.quotas of the queues without a parent."
    )


def speed_unknown(model: str, purposes: Iterable[str]) -> str:
    return (
        f"How fast {model} is for {', '.join(purposes)} is unknown, so its effective chips are not counted: name a "
        "model of the built-in catalogue in spec.chip.model, or state spec.chip.relativeSpeed or spec.chip.bf16Tflops."
    )


def chips_missing(owned: Milli, installed: Milli) -> str:
    return (
        f"{counted(owned - installed)} of {owned / CHIP:g} owned are in no node of the pool: see which nodes are gone, "
        "or lower spec.supply.owned if the chips are."
    )


def chips_unowned(owned: Milli, installed: Milli) -> str:
    return (
        f"{installed / CHIP:g} chips are in the nodes and {owned / CHIP:g} are owned: raise spec.supply.owned, or see "
        "whether spec.nodeSelector takes in nodes of another pool."
    )


def not_resold(why: str, until: str) -> str:
    if until:
        return f"{why}: External queues get nothing more of it, and give back what they have at {until}."
    return f"{why}: External queues get nothing more of it, and keep what they have until it ends."


def over_budget(chip_hours: float, period: str, until: str) -> str:
    return (
        f"It has used its {chip_hours:g} chip-hours of this {period} (spec.budget): until {until} its workloads get "
        "only what nobody else waits for, and give it back at once. Nothing is stopped; raise spec.budget.chipHours to "
        "end that."
    )
