"""Rule 6: room for a workload by displacing whom it may, the cheapest first, none in vain."""

from dataclasses import dataclass
from typing import Final

from chippool.core.claim import Claim, may_take
from chippool.core.elastic import must_go, with_those_above
from chippool.core.frontier import Frontier
from chippool.core.ids import Milli
from chippool.core.model import Ask
from chippool.core.placement import Spots, fill, refill, total
from chippool.core.quota import Passed
from chippool.core.relocation import Move
from chippool.core.shares import overfull
from chippool.core.shelf import Seats
from chippool.core.tenancy import Tenancy
from chippool.core.tenant import Tenant

Ours = dict[int, list[Seats]]
"""The winner's replicas by node: the chip of each, or nothing for whole chips."""


class Bid:
    """What a workload wants of one pool; no dataclass, since one is made for every way that is asked for."""

    def __init__(self, ask: Ask, replicas: int, claim: Claim, passed: Passed, floor: Milli, closed: int) -> None:
        self.ask: Final = ask
        self.replicas: Final = replicas
        self.claim: Final = claim
        self.passed: Final = passed
        self.floor: Final = floor
        """Chips of the pool that must be free afterwards."""
        self.closed: Final = closed
        """Nodes it has to stay off, as bits: they are kept for who is next."""
        self.needed: Final = replicas * ask.chips + floor
        """Chips that have to be free for it, what has to stay free among them."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where the replicas go, and who goes for them."""

    spots: Spots
    victims: tuple[Tenant, ...] = ()
    moves: tuple[Move, ...] = ()
    """Who goes on elsewhere; they are no victims."""


def make_room(tenancy: Tenancy, bid: Bid, frontier: Frontier) -> Room | None:
    """Displace until `bid` fits, then let stay who need not go; None, and nothing changed, if it never fits."""
    shelf = tenancy.shelf
    start = shelf.checkpoint()
    victims = _within_limits(tenancy, bid)
    spots = _until_it_fits(tenancy, bid, frontier, victims) if victims is not None else None
    if victims is None or spots is None:
        shelf.rollback(start)
        tenancy.restore(victims or [])
        return None
    if len(victims) == 1:  # it was not possible before this one left
        return Room(spots, tuple(victims))
    needed = _spare(tenancy, bid, spots, victims)
    shelf.rollback(start)
    tenancy.restore(victims)
    for tenant in needed:
        tenancy.evict(tenant)
    return Room(fill(shelf, bid.ask, bid.replicas), tuple(needed))


def _within_limits(tenancy: Tenancy, bid: Bid) -> list[Tenant] | None:
    """Displace work below each level whose limit is in the way until there is room; None if there never is."""
    victims: list[Tenant] = []
    over = dict(bid.passed)
    for tenant in tenancy.under[bid.passed[0][0]] if bid.passed else ():
        if not over:
            break
        if tenant.gone or over.keys().isdisjoint(tenant.path) or not may_take(bid.claim, tenant):
            continue
        tenancy.evict(tenant)
        victims.append(tenant)
        over = {i: left for i, amount in over.items() if (left := amount - tenant.chips * (i in tenant.path)) > 0}
    if not over:
        return victims
    tenancy.restore(victims)
    return None


def _until_it_fits(tenancy: Tenancy, bid: Bid, frontier: Frontier, victims: list[Tenant]) -> Spots | None:
    spots = fill(tenancy.shelf, bid.ask, bid.replicas)
    left = bid.replicas - total(spots)
    while left:
        leavers = frontier.next()
        if not leavers:
            frontier.exhausted(bid.replicas - left)
            return None
        leavers = with_those_above(leavers)
        for tenant in leavers:
            tenancy.evict(tenant)
        victims += leavers
        more = refill(tenancy.shelf, bid.ask, left, [i for tenant in leavers for i in tenant.spots])
        left -= total(more)
        spots += more
    return spots if _above_floor(tenancy, bid, frontier, victims) else None


def beyond_reach(tenancy: Tenancy, bid: Bid) -> bool:
    """Whether too few chips would be free even if all left whom the claim may take, wherever they are."""
    return tenancy.shelf.free_in_all() + tenancy.total(bid.claim) < bid.needed


def _above_floor(tenancy: Tenancy, bid: Bid, frontier: Frontier, victims: list[Tenant]) -> bool:
    """Displace on until as much is free as has to stay free; False if it never is."""
    short = bid.floor - tenancy.shelf.free_in_all() if bid.floor else 0
    for tenant in tenancy.takeable(frontier.claim) if short > 0 else ():
        tenancy.evict(tenant)
        victims.append(tenant)
        short = bid.floor - tenancy.shelf.free_in_all()
        if short <= 0:
            break
    if short > 0:
        frontier.drained(tenancy.shelf.free_in_all() + bid.replicas * bid.ask.chips)
    return short <= 0


def _spare(tenancy: Tenancy, bid: Bid, spots: Spots, victims: list[Tenant]) -> list[Tenant]:
    """The victims that really have to go: the others, most valuable first, get their places back."""
    ours: Ours = {}
    join(ours, spots)
    slack = {i: sum(t.chips for t in victims if i in t.path) - over for i, over in bid.passed}
    needed: dict[int, Tenant] = {}
    for tenant in sorted(victims, key=lambda t: -t.rank):
        cost = {i: tenant.chips for i in slack if i in tenant.path}
        enough = not must_go(tenant, needed) and all(chips <= slack[i] for i, chips in cost.items())
        if enough and fits_beside(tenancy, bid, ours, tenant):
            slack = {i: left - cost.get(i, 0) for i, left in slack.items()}
        else:
            needed[tenant.rank] = tenant
    return [*needed.values()][::-1]


def fits_beside(tenancy: Tenancy, bid: Bid, ours: Ours, tenant: Tenant) -> bool:
    """Put a victim back; replicas of ours in its way must find room elsewhere, or nothing changes."""
    shelf, ask = tenancy.shelf, bid.ask
    start, before = shelf.checkpoint(), dict(ours)
    homeless = 0
    for i, count in tenant.spots.items():
        shelf.take(i, tenant.ask, count, tenant.seats.get(i, ()))
        while ours.get(i) and overfull(shelf.free[i], shelf.shares[i], shelf.room[i]):
            *ours[i], last = ours[i]
            shelf.give(i, ask, 1, last)
            homeless += 1
    again = fill(shelf, ask, homeless) if homeless else []
    if total(again) < homeless or (bid.floor and shelf.free_in_all() < bid.floor):
        shelf.rollback(start)
        ours.clear()
        ours.update(before)
        return False
    join(ours, again)
    return True


def join(ours: Ours, spots: Spots) -> None:
    for i, count, seats in spots:
        ours[i] = [*ours.get(i, ()), *([seats] if seats else [()] * count)]
