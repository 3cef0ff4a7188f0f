"""Emptying one node as far as a replica needs it, by moving work that has room elsewhere: whose, and where to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from chippool.core.bits import each
from chippool.core.displacement import Bid, Ours, Room, join
from chippool.core.frontier import Contested, would_be_taken
from chippool.core.ids import PoolName
from chippool.core.model import Ask
from chippool.core.placement import fill, total
from chippool.core.relocation import Move, Relocation
from chippool.core.tenancy import Tenancy
from chippool.core.tenant import Tenant

NODES = 32
"""Nodes that are weighed for one step, those with the most idle chips first."""
TRIES = 8
"""Of these, how many are tried in earnest."""
EFFORT = 256
"""Nodes that are weighed or tried, and evictions beside which moves are, in one plan: past them nobody is moved."""

Weight = tuple[int, float, int]
"""Whose work stops, how much of it is lost in chip-seconds, and how many chips move."""


Way = Callable[["Site"], Room | None]
"""One way of making room."""


@dataclass(slots=True)
class Effort:
    """What is left of it for one plan; what is like something that failed is not tried again in the same plan."""

    left: int = EFFORT
    failed: dict[tuple[Way, PoolName, Ask, int], int] = field(default_factory=dict)
    """The fewest replicas for which it failed, by way, pool, ask and priority."""

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def is_worth(self, way: Way, pool: PoolName, bid: Bid) -> bool:
        least = self.failed.get((way, pool, bid.ask, bid.claim.priority))
        return self.left > 0 and not bid.passed and (least is None or bid.replicas < least)

    def fails(self, way: Way, pool: PoolName, bid: Bid) -> None:
        self.failed[way, pool, bid.ask, bid.claim.priority] = bid.replicas


class Site:
    """One pool in which room is to be made for one bid; no dataclass, as a bid."""

    def __init__(
        self,
        pool: PoolName,
        tenancy: Tenancy,
        bid: Bid,
        relocation: Relocation,
        contested: Contested,
        effort: Effort,
    ) -> None:
        self.pool: Final = pool
        self.tenancy: Final = tenancy
        self.bid: Final = bid
        self.relocation: Final = relocation
        self.contested: Final = contested
        self.effort: Final = effort


@dataclass(slots=True)
class Outcome:
    """Where the winner's replicas go so far, who moves for them, and who goes; all of it is on the shelves."""

    ours: Ours = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    evicted: list[Tenant] = field(default_factory=list)


def vacate_one(site: Site, outcome: Outcome, left: int) -> int:
    """Empty the node that costs least; the number of replicas, at most `left`, that got room by it."""
    for i in _worth_trying(site, outcome):
        count = _vacate(site, outcome, i, left)
        if count:
            return count
    return 0


# --- which node


def _worth_trying(site: Site, outcome: Outcome) -> list[int]:
    nodes = [i for i in islice(roomiest(site), NODES) if site.effort.spend()]
    weighed = [(weight, i) for i in nodes if (weight := _cost(site, outcome, i)) is not None]
    return [i for _, i in sorted(weighed)[:TRIES]]


def roomiest(site: Site) -> Iterator[int]:
    """Nodes with work on them that may hold a replica, those with the most idle chips first."""
    shelf = site.tenancy.shelf
    eligible = shelf.eligible(site.bid.ask)
    for level in sorted(shelf.levels, reverse=True):
        for i in each(shelf.levels[level] & eligible):
            if site.tenancy.on.get(i):
                yield i


def _cost(site: Site, outcome: Outcome, i: int) -> Weight | None:
    """By chips alone; None where that is hopeless."""
    chosen = _fewest(site, movers_on(site, outcome, i), i)
    return _weight(site, chosen, i) if chosen else None


def movers_on(site: Site, outcome: Outcome, i: int) -> list[Tenant]:
    """Who may be asked to leave a node, cheapest to displace first."""
    relocation, claim = site.relocation, site.bid.claim
    moved = {move.tenant.key for move in outcome.moves}
    return [
        tenant
        for tenant in site.tenancy.wholes_on(i)
        if not (tenant.fixed or tenant.key in moved)
        and (relocation.may_shift(tenant, site.pool, claim) or relocation.may_leave(tenant, claim))
    ]


def _fewest(site: Site, movers: list[Tenant], i: int) -> list[Tenant]:
    """The cheapest one that holds what is missing there, or as many of the cheapest as it takes."""
    short = max(site.bid.ask.chips - site.tenancy.shelf.free[i], 1)
    several, held = list[Tenant](), 0
    for tenant in movers:
        if held < short:
            several.append(tenant)
            held += _chips(tenant, i)
    if held < short:
        return []
    for tenant in several[-2::-1]:
        if held - _chips(tenant, i) >= short:
            several.remove(tenant)
            held -= _chips(tenant, i)
    alone = [[tenant] for tenant in movers if _chips(tenant, i) >= short]
    return min([several, *alone], key=lambda some: (_weight(site, some, i), [t.rank for t in some]))


def _chips(tenant: Tenant, i: int) -> int:
    return tenant.spots[i] * tenant.ask.chips


def _weight(site: Site, some: list[Tenant], i: int) -> Weight:
    lost = sum(0.0 if site.relocation.rolls(t) else t.lost * t.chips for t in some)
    return max(t.priority for t in some), lost, sum(_chips(t, i) for t in some)


# --- whose work


def _vacate(site: Site, outcome: Outcome, i: int, left: int) -> int:
    """Move from node `i` who is in the way; who turns out to have no place to go is left out, and others are tried."""
    movers = movers_on(site, outcome, i)
    while movers and site.effort.spend():
        start = site.relocation.mark()
        chosen = _in_the_way(site, movers, i)
        if not chosen:
            return 0
        made = _move(site, chosen, i, left, left_by_services(site, outcome))
        if isinstance(made, Outcome):
            _join(outcome, made)
            return sum(map(len, made.ours.values()))
        site.relocation.undo(start)
        movers = [tenant for tenant in movers if tenant is not made]
    return 0


def _join(outcome: Outcome, more: Outcome) -> None:
    outcome.moves += more.moves
    for i, seats in more.ours.items():
        outcome.ours[i] = [*outcome.ours.get(i, ()), *seats]


def _in_the_way(site: Site, movers: list[Tenant], i: int) -> list[Tenant]:
    """Whose leaving makes a replica fit on node `i`, everything beside chips and others' pods looked at."""
    shelf, ask = site.tenancy.shelf, site.bid.ask
    start, first, chosen = shelf.checkpoint(), _fewest(site, movers, i), list[Tenant]()
    for tenant in [*first, *(t for t in movers if t not in first)]:
        chosen.append(tenant)
        give(site, tenant, i)
        if len(chosen) >= len(first) and shelf.capacity(i, ask):
            break
    fits = shelf.capacity(i, ask) and not would_be_taken(site.contested, ask, i, shelf.free[i], shelf.room[i])
    if fits:
        _let_stay(site, chosen, i)
    shelf.rollback(start)
    return chosen if fits else []


def _let_stay(site: Site, chosen: list[Tenant], i: int) -> None:
    """Those without whose room it fits as well, the most valuable first."""
    shelf = site.tenancy.shelf
    for tenant in sorted(chosen[:-1], key=lambda t: -t.rank):
        start = shelf.checkpoint()
        shelf.take(i, tenant.ask, tenant.spots[i], tenant.seats.get(i, ()))
        if shelf.capacity(i, site.bid.ask):
            chosen.remove(tenant)
        else:
            shelf.rollback(start)


# --- where to


def left_by_services(site: Site, outcome: Outcome) -> frozenset[int]:
    """Nodes that services are on until they are elsewhere: another one that went there would wait for that."""
    return frozenset(i for move in outcome.moves if site.relocation.rolls(move.tenant) for i in move.leaving)


def _move(site: Site, chosen: list[Tenant], i: int, left: int, late: frozenset[int]) -> Outcome | Tenant:
    """Take it all on the shelves; or the one that found no place, and then it is for the caller to undo.

    A service goes first, to room that is free beside all that is still there: it leaves its nodes only afterwards.
    """
    made = Outcome()
    rolling = [t for t in chosen if site.relocation.rolls(t)]
    others = sorted((t for t in chosen if not site.relocation.rolls(t)), key=lambda t: (-_chips(t, i), t.rank))
    if (stuck := _all_gone(site, made, rolling, i, late)) is not None:
        return stuck
    for tenant, node in [*((t, node) for t in rolling for node in t.spots), *((t, i) for t in others)]:
        give(site, tenant, node)
    join(made.ours, spots := fill(site.tenancy.shelf, site.bid.ask, left))
    if not total(spots):
        return chosen[-1]
    stuck = _all_gone(site, made, others, i, late)
    for move in made.moves[len(rolling) :]:
        for node in move.leaving.keys() - {i}:
            give(site, move.tenant, node)
    return stuck or made


def _all_gone(site: Site, made: Outcome, tenants: list[Tenant], i: int, late: frozenset[int]) -> Tenant | None:
    """Find places for all of them, or the first that found none; a gang only has to leave node `i`."""
    for tenant in tenants:
        leaving = tenant.spots if site.relocation.rolls(tenant) else {i: tenant.spots[i]}
        move = _gone_from(site, tenant, late | {i}, leaving)
        if move is None:
            return tenant
        made.moves.append(move)
    return None


def _gone_from(site: Site, tenant: Tenant, freed: frozenset[int], leaving: Mapping[int, int]) -> Move | None:
    """To other nodes of the pool where it can, else out of the pool with all it has."""
    relocation, claim, move = site.relocation, site.bid.claim, None
    if relocation.may_shift(tenant, site.pool, claim):
        move = relocation.shift(tenant, site.pool, leaving, freed)
    if move is None and relocation.may_leave(tenant, claim):
        move = relocation.leave(tenant, site.pool)
    return move


def give(site: Site, tenant: Tenant, i: int) -> None:
    """Take its replicas off a node."""
    site.tenancy.shelf.give(i, tenant.ask, tenant.spots[i], tenant.seats.get(i, ()))
