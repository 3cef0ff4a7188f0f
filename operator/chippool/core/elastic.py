"""Rules 4 and 6: what work of elastic size starts with at least, and what it can give back one by one.

An admitted workload is one tenant for its first minReplicas and one for each replica past them. They go from the last
to the first, since a Job gives back its highest indexes and a Deployment whom it made last: each rests on the one
below it.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from chippool.core.checks import wanted
from chippool.core.ids import NodeName, WorkloadKey
from chippool.core.model import Assignment, Mode, Variant, Workload
from chippool.core.shelf import Seats, Shelf
from chippool.core.tenant import WHOLE, Tenant


class Grows(StrEnum):
    """Where replicas past minReplicas come from."""

    FREE = "free"
    SPARED = "spared"
    """Chips that others have past their own minReplicas, or scavenge."""


def least(workload: Workload, variant: Variant) -> int:
    """Replicas it starts with at least, in this variant."""
    if workload.min_replicas is None:
        return wanted(workload, variant)
    return min(workload.min_replicas, wanted(workload, variant))


def replacements(workload: Workload, variant: Variant) -> Iterator[tuple[int, Grows | None]]:
    """How many of the replicas that lost their node to seek room for, one attempt after the other.

    Others are only displaced for those it can't do without; with None they are.
    """
    assert workload.assignment is not None
    whole = workload.min_replicas is None or keeps_its_size(workload)
    floor = workload.assignment.replicas if whole else least(workload, variant)
    needed = min(max(floor - (workload.assignment.replicas - workload.missing), 0), workload.missing)
    if needed < workload.missing:
        yield workload.missing, Grows.SPARED
    if needed:
        yield needed, None
    elif workload.missing > 1:
        yield 1, Grows.SPARED


def keeps_its_size(workload: Workload) -> bool:
    """A Job cut to what has succeeded would end without the others, and one that grows would run work that is done."""
    return workload.mode is Mode.GANG and workload.succeeded > 0


def parts(workload: Workload, given: Assignment, variant: Variant, whole: Tenant, shelf: Shelf) -> list[Tenant]:
    """What can be given back of an admitted workload, the last to go first."""
    if workload.min_replicas is None or keeps_its_size(workload):
        return [whole]
    floor = least(workload, variant)
    if given.replicas <= floor:
        return [whole]
    spots = {index: spot for index, spot in _spots(workload, shelf) if floor <= index < given.replicas}
    found = [_without(whole, spots.values(), floor)]
    for index in range(floor, given.replicas):
        found.append(_alone(whole, index, spots.get(index), found[-1]))
        found[-2].above = found[-1]
    return found


_Spot = tuple[int, Seats]
"""Where a replica is on the shelf, and the chip a fraction sits on."""


def _spots(workload: Workload, shelf: Shelf) -> Iterator[tuple[int, _Spot]]:
    on: tuple[NodeName, ...] = (*workload.placed, *workload.reserved)
    numbers = workload.indexes or range(len(on))
    for place, (index, name) in enumerate(zip(numbers, on, strict=True)):
        if name in shelf.position:
            yield index, (shelf.position[name], workload.seats[place : place + 1])


def _without(whole: Tenant, spots: Iterable[_Spot], floor: int) -> Tenant:
    """What is left when all these are given back."""
    counts, seats = dict(whole.spots), dict(whole.seats)
    for node, chips in spots:
        counts[node] -= 1
        for chip in chips:
            left = list(seats[node])
            left.remove(chip)
            seats[node] = tuple(left)
    there = {node: count for node, count in counts.items() if count}
    held = {node: chips for node, chips in seats.items() if chips}
    return replace(whole, spots=there, seats=held, chips=floor * whole.ask.chips)


def _alone(whole: Tenant, index: int, spot: _Spot | None, below: Tenant) -> Tenant:
    spots = {spot[0]: 1} if spot else {}
    seats = {spot[0]: spot[1]} if spot and spot[1] else {}
    return replace(whole, spots=spots, seats=seats, chips=whole.ask.chips, index=index, below=below)


def layers(part: Tenant) -> tuple[Tenant, ...]:
    """All parts of the workload of one of them, the first to stay first."""
    while part.below is not None:
        part = part.below
    found = [part]
    while (above := found[-1].above) is not None:
        found.append(above)
    return tuple(found)


def put_together(parts_: tuple[Tenant, ...]) -> Tenant:
    """The whole of a workload, as it is moved: as hard to take as what stays longest; `above` is what goes first."""
    first, last = parts_[0], parts_[-1]
    spots, seats = dict[int, int](), dict[int, Seats]()
    for part in parts_:
        for node, count in part.spots.items():
            spots[node] = spots.get(node, 0) + count
            if part.seats:
                seats[node] = (*seats.get(node, ()), *part.seats.get(node, ()))
    return replace(first, spots=spots, seats=seats, chips=sum(part.chips for part in parts_), above=last)


def with_those_above(tenants: list[Tenant]) -> list[Tenant]:
    """Tenants with the parts of their workloads that have to go before them, in the order in which they go."""
    if all(tenant.above is None or tenant.above.gone for tenant in tenants):
        return tenants
    found: dict[int, Tenant] = {}
    for tenant in tenants:
        part: Tenant | None = tenant
        while part is not None and not part.gone:
            found[part.rank] = part
            part = part.above
    return [found[rank] for rank in sorted(found)]


def must_go(tenant: Tenant, leavers: Container[int]) -> bool:
    """Whether the part it rests on is among those that leave, by rank."""
    return tenant.below is not None and tenant.below.rank in leavers


@dataclass(frozen=True, slots=True)
class Losses:
    """What victims give: `shrunk` says how many replicas, of those who keep the rest."""

    victims: tuple[Tenant, ...]
    """One a workload."""
    shrunk: dict[WorkloadKey, int]


def losses(leavers: Iterable[Tenant]) -> Losses:
    """Put together what the parts of each workload come to."""
    victims: dict[WorkloadKey, Tenant] = {}
    counts: dict[WorkloadKey, int] = {}
    for tenant in leavers:
        victims[tenant.key] = tenant
        counts[tenant.key] = counts.get(tenant.key, 0) + 1
    shrunk = {key: count for key, count in counts.items() if victims[key].index != WHOLE}
    return Losses(tuple(victims.values()), shrunk)
