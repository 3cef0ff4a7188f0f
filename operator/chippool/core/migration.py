"""Rule 6, before anybody is evicted: room for a workload by moving running work that has room elsewhere.

Whoever may be displaced may be moved anywhere. Work of the same priority may be moved too, within its pool, where it
keeps all it has. Nodes are emptied one after the other, the one that costs least first, and what turns out to be in
nobody's way stays. A heuristic with counted work: it may miss a packing, and never makes one that is not there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from chippool.core.displacement import Room, beyond_reach, fits_beside, join
from chippool.core.elastic import must_go
from chippool.core.placement import Spot, Spots, fill, total
from chippool.core.relocation import Move, comes_back
from chippool.core.repacking import by_repacking
from chippool.core.shares import is_fraction, overfull
from chippool.core.tenant import WHOLE, Tenant
from chippool.core.vacancy import Outcome, Site, left_by_services, vacate_one

EVICTED = 8
"""Evictions, each with all before it, beside which moves are tried."""


def by_moving(site: Site) -> Room | None:
    """Room without evicting anybody; None, and nothing changed, if none was found."""
    if not _may_be_enough(site):
        return None
    room = _moved_about(site, [])
    if room is not None:
        return room
    site.effort.fails(by_moving, site.pool, site.bid)
    return None


def by_moving_and_evicting(site: Site) -> Room | None:
    """Room by evicting some whom the bid may take and moving others; None, and nothing changed, if none was found."""
    if beyond_reach(site.tenancy, site.bid):  # it says nothing of others who ask alike
        return None
    start, gone = site.relocation.mark(), list[Tenant]()
    for _ in islice(_evictions(site, gone), EVICTED):
        room = _moved_about(site, gone)
        if room is not None:
            return room
    site.relocation.undo(start)
    site.tenancy.restore(gone)
    site.effort.fails(by_moving_and_evicting, site.pool, site.bid)
    return None


def _moved_about(site: Site, gone: list[Tenant]) -> Room | None:
    """Room beside all but those that are gone; None, and nothing changed, if none was found."""
    start = site.relocation.mark()
    for way in (_until_it_fits, by_repacking):
        outcome = Outcome(evicted=list(gone))
        if way(site, outcome):
            return _spared(site, outcome)
        site.relocation.undo(start)
    return None


def moved_instead(site: Site, room: Room, late: Iterable[int] = ()) -> Room:
    """Let those victims who have room elsewhere go there, the most valuable first; who is only shrunk is left.

    `late` are nodes that are left only later.
    """
    freed = {*late, *(i for tenant in room.victims for i in tenant.spots)}
    leavers = sorted((t for t in room.victims if t.index == WHOLE), key=lambda t: -t.rank)
    moves = [m for t in leavers if (m := _settled(site, t, freed)) is not None]
    moved = {move.tenant.key for move in moves}
    return Room(room.spots, tuple(t for t in room.victims if t.key not in moved), tuple(moves))


def _settled(site: Site, tenant: Tenant, freed: Iterable[int]) -> Move | None:
    """A place for one that has left its nodes; a service only goes where nobody else has to leave first.

    Elastic work goes with all it has, else shrunk to minReplicas.
    """
    relocation, bid, whole = site.relocation, site.bid, site.tenancy.whole(tenant)
    bound = any(i in tenant.path for i, _ in bid.passed)  # its queue is to give chips of this pool back
    for some in [tenant] if whole is tenant else [whole, tenant]:
        if not bound and (move := _shifted(site, some, freed)) is not None:
            relocation.give_up(tenant, site.pool, whole.chips - some.chips)
            return move
    return relocation.leave(whole, site.pool) if relocation.may_leave(whole, bid.claim) else None


def _shifted(site: Site, tenant: Tenant, freed: Iterable[int]) -> Move | None:
    if not site.relocation.may_shift(tenant, site.pool, site.bid.claim):
        return None
    start = site.relocation.mark()
    move = site.relocation.shift(tenant, site.pool, tenant.spots, freed)
    if move is not None and not comes_back(move) and site.tenancy.shelf.free_in_all() >= site.bid.floor:
        return move
    site.relocation.undo(start)
    return None


# --- enough


def _may_be_enough(site: Site) -> bool:
    """Moves within the pool leave as many chips free as there are; only who leaves it leaves more."""
    if site.tenancy.shelf.free_in_all() >= site.bid.needed:
        return True
    return not site.relocation.nobody_leaves() and not beyond_reach(site.tenancy, site.bid)


def _evictions(site: Site, gone: list[Tenant]) -> Iterator[int]:
    """Evict one more each time, the cheapest first; stops wherever there are chips enough to try with."""
    for tenant in site.tenancy.takeable(site.bid.claim):
        if not site.effort.spend():
            return
        if _is_contested(site, tenant):
            continue
        site.tenancy.evict(tenant)
        gone.append(tenant)
        if site.tenancy.shelf.free_in_all() >= site.bid.needed:
            yield len(gone)


def _is_contested(site: Site, tenant: Tenant) -> bool:
    """Whether pending pods of others could get onto a node of it before anything of ours does."""
    return any(i in nodes for nodes, _ in site.contested for i in tenant.spots)


def _until_it_fits(site: Site, outcome: Outcome) -> bool:
    shelf, bid = site.tenancy.shelf, site.bid
    spots = fill(shelf, bid.ask, bid.replicas)
    join(outcome.ours, spots)
    left = bid.replicas - total(spots)
    while left:
        count = vacate_one(site, outcome, left)
        if not count:
            return False
        left -= count
    return not bid.floor or shelf.free_in_all() >= bid.floor


# --- none in vain


def _spared(site: Site, outcome: Outcome) -> Room:
    """Without those who need not go; and who need not be evicted is moved. The most valuable first."""
    while _one_stays(site, outcome):  # its new place is free again, which may help another one to stay
        pass
    room = Room(_spots(site, outcome), tuple(outcome.evicted))
    rest = moved_instead(site, room, left_by_services(site, outcome))
    return replace(rest, moves=(*outcome.moves, *rest.moves))


def _one_stays(site: Site, outcome: Outcome) -> bool:
    evicted = {tenant.rank for tenant in outcome.evicted}
    for tenant in sorted((*(m.tenant for m in outcome.moves), *outcome.evicted), key=lambda t: -t.rank):
        if must_go(tenant, evicted):
            continue
        start, ours = site.relocation.mark(), dict(outcome.ours)
        if _stays(site, outcome, tenant):
            return True
        outcome.ours = ours
        site.relocation.undo(start)
    return False


def _stays(site: Site, outcome: Outcome, tenant: Tenant) -> bool:
    """Put it back where it was, if there is room beside all the others."""
    move = next((m for m in outcome.moves if m.tenant is tenant), None)
    stayer = tenant if move is None else replace(tenant, spots=dict(move.leaving))
    if move is not None:
        site.relocation.retract(move, site.pool)
    if not fits_beside(site.tenancy, site.bid, outcome.ours, stayer) or _in_the_way(site, outcome, stayer):
        return False
    if move is not None:
        outcome.moves.remove(move)
    else:
        outcome.evicted.remove(tenant)
        site.tenancy.restore([tenant])
    return True


def _in_the_way(site: Site, outcome: Outcome, stayer: Tenant) -> bool:
    """Whether it would be where another one has gone to."""
    shelf = site.tenancy.shelf
    moves = [m for m in outcome.moves if m.pool == site.pool and m.tenant.key != stayer.key]
    taken = {spot.node for move in moves for spot in move.spots}
    if any(i in taken and overfull(shelf.free[i], shelf.shares[i], shelf.room[i]) for i in stayer.spots):
        return True
    awaited = {spot.node for move in moves for spot in move.spots if site.relocation.rolls(move.tenant)}
    return any(i in awaited and _makes_wait(site, outcome, stayer, i) for i in stayer.spots)


def _makes_wait(site: Site, outcome: Outcome, stayer: Tenant, i: int) -> bool:
    """Whether a service would find no room on a node beside all that is there when it comes: services leave later."""
    shelf, others = site.tenancy.shelf, [move for move in outcome.moves if move.tenant.key != stayer.key]
    start = shelf.checkpoint()
    for seats in outcome.ours.get(i, ()):
        shelf.give(i, site.bid.ask, 1, seats)
    for move in others:
        if not site.relocation.rolls(move.tenant):
            for spot in [s for s in move.spots if s.node == i and move.pool == site.pool]:
                shelf.give(i, move.variant.ask, spot.replicas, spot.seats)
        elif i in move.leaving:
            shelf.take(i, move.tenant.ask, move.leaving[i], move.tenant.seats.get(i, ()))
    waits = overfull(shelf.free[i], shelf.shares[i], shelf.room[i])
    shelf.rollback(start)
    return waits


def _spots(site: Site, outcome: Outcome) -> Spots:
    """The winner's replicas, as `fill` would say it."""
    if is_fraction(site.bid.ask.chips):
        return [Spot(i, 1, seats) for i, all_ in sorted(outcome.ours.items()) for seats in all_]
    return [Spot(i, len(all_)) for i, all_ in sorted(outcome.ours.items()) if all_]
