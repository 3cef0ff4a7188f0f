"""Rule 6: room for a workload by displacing strictly lower priority, lowest and youngest first, none in vain."""

from dataclasses import dataclass

from chippool.core.bits import Flags
from chippool.core.frontier import Frontier
from chippool.core.ids import Milli, QueueName
from chippool.core.model import Ask
from chippool.core.placement import Spots, fill, total
from chippool.core.shares import overfull
from chippool.core.shelf import Checkpoint, Seats, Shelf
from chippool.core.tenancy import Tenancy, Tenant

_Ours = dict[int, list[Seats]]
"""The winner's replicas by node: the chip of each, or nothing for whole chips."""


@dataclass(frozen=True, slots=True)
class Bid:
    """What a workload wants of one pool; `over` is by how many chips it would pass its queue's limit there."""

    ask: Ask
    replicas: int
    priority: int
    queue: QueueName
    over: Milli = 0


@dataclass(frozen=True, slots=True)
class Room:
    """Where the replicas go, and who goes for them."""

    spots: Spots
    victims: tuple[Tenant, ...] = ()


def make_room(tenancy: Tenancy, bid: Bid, frontier: Frontier) -> Room | None:
    """Displace until `bid` fits, then let stay who need not go; None, and nothing changed, if it never fits."""
    if potential(tenancy, bid.ask, bid.priority) < bid.replicas:
        return None
    shelf = tenancy.shelf
    start = shelf.checkpoint()
    victims = _within_limit(tenancy, bid)
    spots = _until_it_fits(tenancy, bid, frontier, victims) if victims is not None else None
    if victims is None or spots is None:
        _take_back(tenancy, start, victims or [])
        frontier.settle()
        return None
    if len(victims) == 1:  # it did not fit before this one left
        frontier.settle()
        return Room(spots, tuple(victims))
    needed = _spare(shelf, bid, spots, victims)
    _take_back(tenancy, start, victims)
    for tenant in needed:
        tenancy.evict(tenant)
    room = Room(fill(shelf, bid.ask, bid.replicas), tuple(needed))
    frontier.settle()
    return room


def potential(tenancy: Tenancy, ask: Ask, priority: int) -> int:
    """Replicas that would fit by chips alone if every lower priority left: never too few.

    Computed once a plan: room only changes hands afterwards, so the first answer stays an upper bound.
    """
    key = (ask.chips, ask.constraints, priority)
    found = tenancy.bounds.get(key)
    if found is None:
        shelf, eligible = tenancy.shelf, Flags(tenancy.shelf.eligible(ask))
        found = tenancy.bounds[key] = sum(
            (free + held) // ask.chips
            for i, (free, held) in enumerate(zip(shelf.free, tenancy.held_below(priority), strict=True))
            if free + held >= ask.chips and i in eligible
        )
    return found


def _within_limit(tenancy: Tenancy, bid: Bid) -> list[Tenant] | None:
    """Displace own queue's lower work until its limit leaves room; None if it never does."""
    victims: list[Tenant] = []
    over = bid.over
    for tenant in tenancy.below(bid.priority) if over > 0 else ():
        if tenant.queue == bid.queue:
            tenancy.evict(tenant)
            victims.append(tenant)
            over -= tenant.chips
            if over <= 0:
                break
    if over <= 0:
        return victims
    tenancy.restore(victims)
    return None


def _until_it_fits(tenancy: Tenancy, bid: Bid, frontier: Frontier, victims: list[Tenant]) -> Spots | None:
    spots = fill(tenancy.shelf, bid.ask, bid.replicas)
    left = bid.replicas - total(spots)
    while left:
        leavers = frontier.next()
        if not leavers:
            return None
        for tenant in leavers:
            tenancy.evict(tenant)
        victims += leavers
        more = fill(tenancy.shelf, bid.ask, left)
        left -= total(more)
        spots += more
    return spots


def _spare(shelf: Shelf, bid: Bid, spots: Spots, victims: list[Tenant]) -> list[Tenant]:
    """The victims that really have to go: the others, most valuable first, get their places back."""
    ours: _Ours = {}
    _join(ours, spots)
    slack = sum(t.chips for t in victims if t.queue == bid.queue) - bid.over
    needed = []
    for tenant in sorted(victims, key=lambda t: -t.rank):
        cost = tenant.chips if tenant.queue == bid.queue and bid.over > 0 else 0
        if cost <= slack and _fits_beside(shelf, bid.ask, ours, tenant):
            slack -= cost
        else:
            needed.append(tenant)
    return needed[::-1]


def _fits_beside(shelf: Shelf, ask: Ask, ours: _Ours, tenant: Tenant) -> bool:
    """Put a victim back; replicas of ours in its way must find room elsewhere, or nothing changes."""
    start, before = shelf.checkpoint(), dict(ours)
    homeless = 0
    for i, count in tenant.spots.items():
        shelf.take(i, tenant.ask, count, tenant.seats.get(i, ()))
        while ours.get(i) and overfull(shelf.free[i], shelf.shares[i], shelf.room[i]):
            *ours[i], last = ours[i]
            shelf.give(i, ask, 1, last)
            homeless += 1
    if homeless:
        again = fill(shelf, ask, homeless)
        if total(again) < homeless:
            shelf.rollback(start)
            ours.clear()
            ours.update(before)
            return False
        _join(ours, again)
    return True


def _join(ours: _Ours, spots: Spots) -> None:
    for i, count, seats in spots:
        ours[i] = [*ours.get(i, ()), *([seats] if seats else [()] * count)]


def _take_back(tenancy: Tenancy, start: Checkpoint, victims: list[Tenant]) -> None:
    tenancy.shelf.rollback(start)
    tenancy.restore(victims)
