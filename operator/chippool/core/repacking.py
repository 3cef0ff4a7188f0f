"""Rule 6: gangs that have room elsewhere only if others go too give back together, and are put beside the winner.

Nodes are cleared one after the other, the most idle first, until it works out; the largest replicas choose first.
"""

from collections.abc import Iterable
from itertools import islice

from chippool.core.displacement import join
from chippool.core.placement import fill, total
from chippool.core.relocation import comes_back
from chippool.core.tenant import Tenant
from chippool.core.vacancy import Outcome, Site, give, movers_on, roomiest

CLEARED = 8
"""Nodes at most."""
LEAVERS = 16
"""Workloads at most: whoever moves for one other is to be few."""


def by_repacking(site: Site, outcome: Outcome) -> bool:
    """Whether room was made; if not, what has been tried is for the caller to undo."""
    leavers: dict[int, Tenant] = {}
    for i in list(islice(roomiest(site), 0 if site.contested else CLEARED)):
        if not site.effort.spend():
            return False
        _clear(site, i, leavers)
        if len(leavers) > LEAVERS:
            return False
        start = site.relocation.mark()
        if leavers and _seated(site, outcome, leavers.values()):
            return True
        site.relocation.undo(start)
    return False


def _clear(site: Site, i: int, leavers: dict[int, Tenant]) -> None:
    """Let gangs on a node give back all they have; a service can't before it is elsewhere."""
    for tenant in movers_on(site, Outcome(), i):
        if tenant.rank in leavers or site.relocation.rolls(tenant):
            continue
        if site.relocation.may_shift(tenant, site.pool, site.bid.claim):
            leavers[tenant.rank] = tenant
            for node in tenant.spots:
                give(site, tenant, node)


def _seated(site: Site, outcome: Outcome, leavers: Iterable[Tenant]) -> bool:
    """Put the winner's replicas and all leavers somewhere, if there is room for everybody."""
    shelf, bid = site.tenancy.shelf, site.bid
    spots, moves = fill(shelf, bid.ask, bid.replicas), []
    if total(spots) < bid.replicas:
        return False
    for tenant in sorted(leavers, key=lambda t: (-t.ask.chips, t.rank)):
        move = site.relocation.shift(tenant, site.pool, tenant.spots, ())
        if move is None:
            return False
        moves.append(move)
    if bid.floor and shelf.free_in_all() < bid.floor:
        return False
    join(outcome.ours, spots)
    outcome.moves += [move for move in moves if not comes_back(move)]
    return True
