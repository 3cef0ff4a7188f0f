"""Rule 10: decisions as values, each with its reason: what `schedule()` answers and everything above acts on."""

from dataclasses import dataclass, field

from chippool.core.ids import ClassName, Milli, NodeName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.reasons import MISTAKES, Reason


@dataclass(frozen=True, slots=True)
class Admit:
    """Give a pending workload its chips: one node a replica, in replica order."""

    workload: WorkloadKey
    variant: VariantName
    pool: PoolName
    chips: Milli
    """Per replica."""
    nodes: tuple[NodeName, ...]
    waits: bool
    """Some of the chips are still releasing."""
    message: str
    victims: tuple[WorkloadKey, ...] = ()
    """Who makes room: each has a Displace or a Migrate of its own."""
    reason: Reason = Reason.ADMITTED
    seats: tuple[int, ...] = ()
    """Of fractions, the chip for each of `nodes`, by its number in `Node.shares`; a number not there: an idle one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Give nodes to replicas of an admitted workload that have none."""

    workload: WorkloadKey
    nodes: tuple[NodeName, ...]
    message: str
    victims: tuple[WorkloadKey, ...] = ()
    reason: Reason = Reason.PLACED
    seats: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Resize:
    """Change the number of replicas of an admitted workload in one step; `nodes` are those of added replicas."""

    workload: WorkloadKey
    replicas: int
    nodes: tuple[NodeName, ...]
    message: str
    victims: tuple[WorkloadKey, ...] = ()
    reason: Reason = Reason.RESIZED
    seats: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shrink:
    """Take an admitted workload's last replicas, for another; it goes on with `replicas`."""

    workload: WorkloadKey
    replicas: int
    by: WorkloadKey
    message: str
    reason: Reason = Reason.SHRUNK


@dataclass(frozen=True, slots=True)
class Displace:
    """Take an admitted workload's chips; it queues again at its old age unless its user suspended it."""

    workload: WorkloadKey
    reason: Reason
    by: WorkloadKey | None
    message: str


@dataclass(frozen=True, slots=True)
class Migrate:
    """Let an admitted workload go on elsewhere: as another variant, in another pool, or on other nodes of its own."""

    workload: WorkloadKey
    variant: VariantName
    pool: PoolName
    chips: Milli
    """Per replica."""
    nodes: tuple[NodeName, ...]
    """One for each of its replicas, whether it stays there or goes there."""
    by: WorkloadKey | None
    message: str
    reason: Reason = Reason.MIGRATED
    seats: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """Say for good that a workload ended, and stop what may still run of it."""

    workload: WorkloadKey
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop what still runs of a workload that has no right to run (finished for good, suspended without a trace)."""

    workload: WorkloadKey
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do."""

    workload: WorkloadKey
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Chips of a pool held by one queue and class."""

    queue: QueueName
    class_name: ClassName
    chips: Milli


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why one variant in one pool is not possible now."""

    variant: VariantName
    pool: PoolName
    reason: Reason
    message: str
    """A sentence without figures that move with the cluster: it stands in the workload's status."""
    asked: Milli = 0
    free: Milli = 0
    """Chips that are free, or releasing, in the pool (for QueueLimit: left of the limit)."""
    fits: int = 0
    """Replicas that would fit now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Let a workload wait; `message` is stable while the reason is, the figures are in `shortages`."""

    workload: WorkloadKey
    reason: Reason
    message: str
    position: int = 0
    """Place in the order of everything that waits, from 1; 0 where the workload is not in the queue."""
    shortages: tuple[Shortage, ...] = ()
    until: float | None = None
    """For BackOff: when it is tried again."""
    starts: float | None = None
    """When it is thought to start, for the workload that chips of a pool are kept for; seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Free chips of a pool that are kept for the workload that is next there."""

    workload: WorkloadKey
    pool: PoolName
    chips: Milli
    """Free now and kept; more may come until it starts."""
    start: float
    """When it is thought to start, seconds since the epoch."""
    look_again: float
    """When the first estimate behind `start` will have come true or not."""


Decision = Admit | Place | Resize | Shrink | Displace | Migrate | Finish | Stop | Keep | Hold


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions in the order they were taken: a winner stands before its victims."""

    decisions: tuple[Decision, ...]
    wake: float | None = None
    """When the next decision can change by the clock alone (a timeout, a back-off), seconds since the epoch."""
    holders: dict[PoolName, tuple[Holder, ...]] = field(default_factory=dict)
    """Who holds each pool before this plan, largest first."""
    reserved: tuple[Reserved, ...] = ()
    """By pool: what is kept free after this plan for the workload that is next."""
    prices: dict[PoolName, float] = field(default_factory=dict)
    """What one more chip of a pool would add, in workloads at their best speed."""


def in_turn(plan: Plan) -> list[WorkloadKey]:
    """Return who waits and can be helped by waiting, in the order of their turns."""
    waits = [d for d in plan.decisions if isinstance(d, Hold) and d.position and d.reason not in MISTAKES]
    return [hold.workload for hold in sorted(waits, key=lambda hold: hold.position)]
