"""From records to what decisions see: one node, one workload."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from chippool.core.ids import CHIP, NodeName, PoolName
from chippool.core.model import Node, Problem, Workload
from chippool.core.reasons import Reason
from chippool.core.shares import Shares
from chippool.state.chipwise import Usage
from chippool.state.holds import Hold, Tally
from chippool.state.records import MadeRecord, NodeRecord, PodRecord, PoolRecord, WorkloadRecord
from chippool.state.replicas import in_order, numbers
from chippool.state.reservations import Reservation
from chippool.state.sharing import ChipSharing, Stock, milli_of
from chippool.state.standing import Standing

Held = Iterable[tuple[PodRecord, Hold]]


@dataclass(slots=True)
class _Use:
    chips: int = 0
    leaving: int = 0
    unmanaged: int = 0
    shares: Shares = ()


def pools_of(node: NodeRecord, pools: Iterable[PoolRecord]) -> tuple[PoolRecord, ...]:
    """Return the pools that claim a node: their labels match and it has their resource; `pools` sorted by name."""
    return tuple(
        pool
        for pool in pools
        if (pool.view.resource in node.capacity or pool.view.resource in node.allocatable)
        and all(node.labels.get(key) == value for key, value in pool.selector)
    )


def project_node(
    node: NodeRecord, pools: tuple[PoolRecord, ...], pods: Held, reserved: Iterable[Reservation], *, avoided: bool
) -> Node:
    """Return the node with what is left on it."""
    resource, sharing = (pools[0].view.resource, pools[0].sharing) if pools else ("", None)
    if sharing is None:
        installed, allocatable = node.capacity.get(resource, 0) * CHIP, node.allocatable.get(resource, 0) * CHIP
        used, use = _used(resource, pods, reserved)
        capacity = _others(tuple(node.allocatable.items()), frozenset((resource,)))
    else:
        stock = sharing.stock(node)
        installed, allocatable = stock.installed * CHIP, stock.allocatable * CHIP
        used, use = _used_in_parts(sharing, stock, pods, reserved)
        capacity = _others(tuple(node.allocatable.items()), sharing.resources)
    return Node(
        name=NodeName(node.name),
        labels=node.labels,
        taints=node.taints,
        usable=node.ready and not node.cordoned and not avoided,
        pools=tuple(pool.name for pool in pools),
        installed=installed,
        allocatable=allocatable,
        free=allocatable - use.chips,
        leaving=use.leaving,
        unmanaged=use.unmanaged,
        capacity=capacity,
        room={name: amount - used.get(name, 0) for name, amount in capacity.items()} if used else capacity,
        shares=use.shares,
    )


def _used(resource: str, pods: Held, reserved: Iterable[Reservation]) -> tuple[dict[str, int], _Use]:
    used: dict[str, int] = defaultdict(int)
    use = _Use()
    for pod, hold in pods:
        if hold is Hold.LEAVING:
            use.leaving += chips_of(pod, resource)
            continue
        add(used, pod.requests)
        if hold is Hold.UNMANAGED:
            use.unmanaged += chips_of(pod, resource)
    use.chips = used.get(resource, 0) * CHIP
    for reservation in reserved:
        add(used, reservation.ask.requests)
        use.chips += reservation.ask.chips
    return used, use


def _used_in_parts(
    sharing: ChipSharing, stock: Stock, pods: Held, reserved: Iterable[Reservation]
) -> tuple[dict[str, int], _Use]:
    """The same, chip by chip."""
    used: dict[str, int] = defaultdict(int)
    use, usage = _Use(), Usage(stock)
    for pod, hold in pods:
        parts = sharing.parts(pod, stock)
        if hold is Hold.LEAVING:
            use.leaving += milli_of(parts)
            continue
        add(used, pod.requests)
        use.chips += milli_of(parts)
        use.unmanaged += milli_of(parts) if hold is Hold.UNMANAGED else 0
        usage.put(pod, parts)
    for reservation in reserved:
        add(used, reservation.ask.requests)
        use.chips += reservation.ask.chips
        usage.promise(reservation)
    use.shares = usage.shares()
    return used, use


def add(used: dict[str, int], requests: Iterable[tuple[str, int]]) -> None:
    """Count what somebody asks for to what is used; `used` answers 0 for what it does not know."""
    for name, amount in requests:
        used[name] += amount


def chips_of(pod: PodRecord, resource: str) -> int:
    """Return the milli-chips a pod asks for."""
    for name, amount in pod.requests:
        if name == resource:
            return amount * CHIP
    return 0


@lru_cache(maxsize=4096)
def _others(allocatable: tuple[tuple[str, int], ...], chips: frozenset[str]) -> Mapping[str, int]:
    """Nodes of one kind share what they hold beside chips."""
    return {name: amount for name, amount in allocatable if name not in chips}


def project_workload(
    record: WorkloadRecord,
    made: MadeRecord | None,
    standing: Standing,
    tally: Tally,
    reserved: tuple[NodeName, ...],
    pools: Mapping[PoolName, PoolRecord],
    *,
    clock: float,
) -> Workload:
    """Return the workload with what the cluster shows of it; `made` has its name, whoever controls it."""
    view = record.view
    done = succeeded(record, standing, tally)
    lacks = missing(view, standing, len(tally.placed) + len(reserved) + done)
    placed, indexes = _placed(view, tally, len(reserved))
    return replace(
        view,
        finished=standing.finished,
        problems=(*view.problems, *_problems(record, made, pools)),
        assignment=standing.assignment,
        displaced=standing.displaced,
        outcome=standing.outcome,
        active=standing.active,
        placed=placed,
        indexes=indexes,
        size=made.replicas if made and done and standing.assignment is None else None,
        reserved=reserved,
        missing=lacks,
        short_since=tally.waits_since if lacks else None,
        succeeded=done,
        ready=tally.ready,
        outgoing=tally.outgoing,
        started=_started(record, standing, tally.ran + done),
        clock=clock if standing.assignment else 0.0,
        error=_error(record, made, tally),
        checkpointed_at=tally.checkpointed_at,
    )


def _placed(view: Workload, tally: Tally, reserved: int) -> tuple[tuple[NodeName, ...], tuple[int, ...]]:
    """Nodes of elastic work in the order of its replicas, with their numbers; any order will do for others."""
    if view.min_replicas is None:
        return tuple(sorted(tally.placed)), ()
    where = {pod.uid: node for pod, node in zip(tally.there, tally.placed, strict=True)}
    pods = in_order(tally.there, view.mode)
    return tuple(where[pod.uid] for pod in pods), numbers(pods, reserved, view.mode)


def succeeded(record: WorkloadRecord, standing: Standing, tally: Tally) -> int:
    """Return how many replicas are done; of native pods their group says it."""
    return standing.succeeded if record.native else max(standing.succeeded, tally.succeeded)


def missing(view: Workload, standing: Standing, there: int) -> int:
    """Return how many replicas of the assignment are still to be placed."""
    if standing.assignment is None or standing.outcome or standing.finished or view.deleting:
        return 0
    return max(0, standing.assignment.replicas - there)


def _started(record: WorkloadRecord, standing: Standing, ran: int) -> bool:
    if standing.assignment is None:
        return False
    same = abs(record.was_ready - standing.assignment.admitted_at) < 1.0  # a status tells whole seconds
    needed = standing.assignment.replicas
    return same or ran >= min(record.view.min_replicas or needed, needed)


def _error(record: WorkloadRecord, made: MadeRecord | None, tally: Tally) -> str:
    if tally.errors:
        return min(tally.errors)[-1]
    return made.error if made and made.owner_uid == record.uid else ""


def _problems(
    record: WorkloadRecord, made: MadeRecord | None, pools: Mapping[PoolName, PoolRecord]
) -> Iterator[Problem]:
    if made is not None and made.owner_uid != record.uid:
        yield name_taken(made)
    yield from _asks_itself(record.view, pools)


def name_taken(made: MadeRecord) -> Problem:
    """Return what is to be said of an object that is in the way."""
    if made.owner_uid:
        what = (
            f"{made.kind} {made.name} is left from an earlier workload of this name; it goes by itself, or delete it."
        )
    else:
        what = (
            f"{made.kind} {made.name} exists and is not this workload's; delete or rename it, or rename the workload."
        )
    return Problem(Reason.NAME_TAKEN, what)


def chip_resources(pool: PoolRecord) -> frozenset[str]:
    """Return the resources by which a pool's chips are asked for."""
    return pool.sharing.resources if pool.sharing else frozenset((pool.view.resource,))


def _asks_itself(view: Workload, pools: Mapping[PoolName, PoolRecord]) -> Iterator[Problem]:
    for variant in view.variants:
        asked = {name for name, _ in variant.ask.requests}
        for pool in variant.pools:
            if pool in pools and (twice := sorted(asked & chip_resources(pools[pool]))):
                sentence = (
                    f"The template already asks for {twice[0]}, the chips of pool {pool} (variant {variant.name}): "
                    "take it out of spec.template and the variant's patch; chipsPerReplica says how many."
                )
                yield Problem(Reason.BAD_TEMPLATE, sentence)
                return
