"""Rule 6: who sits where in one pool, in the order in which they would have to go: the cheapest first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from heapq import merge

from chippool.core.claim import Claim, Scope, Takes, in_scope, may_take, scope_of, shared
from chippool.core.constraints import Constraints
from chippool.core.ids import Milli
from chippool.core.shelf import Shelf
from chippool.core.tenant import GUARANTEED, WHOLE, Tenant, cost


class Tenancy:
    """The tenants of a shelf by rank, by node and by queue."""

    def __init__(self, shelf: Shelf, tenants: Iterable[Tenant]) -> None:
        self.shelf = shelf
        self.ranked = sorted(tenants, key=cost)
        self.on: defaultdict[int, list[Tenant]] = defaultdict(list)
        self.under: defaultdict[int, list[Tenant]] = defaultdict(list)
        """By position in the tree of queues."""
        self.moved: list[int] = []
        """Nodes that got freer, in the order it happened."""
        self._inner: set[int] = set()
        self._guarded: set[int] = set()
        self._lent: set[int] = set()
        """Positions in the tree below which something is special (see `claim.shared`)."""
        for rank, tenant in enumerate(self.ranked):
            self._seat(rank, tenant)
        self.bounds: dict[tuple[Milli, Constraints, Scope], int] = {}
        self._began = list(shelf.free)
        self._held: dict[Scope, list[Milli]] = {}
        self._totals: defaultdict[Scope, Milli] = defaultdict(int)
        self._own: defaultdict[int, dict[Scope, dict[int, Milli]]] = defaultdict(dict)
        self._scoped: dict[Scope, list[Tenant]] = {}
        self._openings: dict[tuple[Milli, Scope], Openings] = {}

    def _seat(self, rank: int, tenant: Tenant) -> None:
        tenant.rank = rank
        for i in tenant.spots:
            self.on[i].append(tenant)
        for i in tenant.path:
            self.under[i].append(tenant)
        if not tenant.path or tenant.scavenges:
            return
        (self._guarded if tenant.loan else self._lent).add(tenant.path[-1])
        if 0 < tenant.loan < GUARANTEED:
            self._inner.add(tenant.path[0])

    def shared(self, claim: Claim) -> Claim:
        """The claim as all can use it who may take the same tenants."""
        root, seat = (claim.path[0], claim.path[-1]) if claim.path else (-1, -1)
        inner, guarded, lent = root in self._inner, seat in self._guarded, seat in self._lent
        return shared(claim, inner=inner, guarded=guarded, lent=lent)

    def held(self, scope: Scope) -> list[Milli]:
        """Chips by node that tenants of the scope hold; kept up to date."""
        found = self._held.get(scope)
        if found is None:
            found = self._held[scope] = [0] * len(self.shelf.nodes)
            for tenant in self._inside(scope):
                if not tenant.gone:
                    self._hold(scope, found, tenant, 1)
        return found

    def total(self, scope: Scope) -> Milli:
        """Chips that tenants of the scope hold together."""
        self.held(scope)
        return self._totals[scope]

    def own(self, claim: Claim) -> dict[int, Milli]:
        """Chips by node that the claim's own queue holds with lower work outside of the claim's scope; kept up."""
        if not claim.path:
            return {}
        scope, scopes = scope_of(claim), self._own[claim.path[-1]]
        if scope not in scopes:
            scopes[scope] = {}
            for tenant in self.under[claim.path[-1]]:
                if not tenant.gone:
                    _add_own(scopes[scope], scope, tenant, 1)
        return scopes[scope]

    def takeable(self, claim: Claim) -> Iterator[Tenant]:
        """All the claim may take that are still there, in rank order, wherever they are."""
        scope = scope_of(claim)
        there = (tenant for tenant in self._inside(scope) if not tenant.gone)
        own = [t for t in self.under[claim.path[-1]] if not t.gone and not in_scope(scope, t)] if claim.path else []
        candidates = merge(there, own, key=lambda t: t.rank) if own else there
        return (tenant for tenant in candidates if may_take(claim, tenant))

    def openings(self, chips: Milli, scope: Scope) -> "Openings":
        """The order in which nodes open for so many chips; shared by all who ask for as many in this scope."""
        key = (chips, scope)
        if key not in self._openings:
            self._openings[key] = Openings(self, self._began, chips, scope)
        return self._openings[key]

    def evict(self, tenant: Tenant) -> None:
        tenant.gone = True
        self._count(tenant, -1)
        for i, count in tenant.spots.items():
            self.shelf.give(i, tenant.ask, count, tenant.seats.get(i, ()))
            self.moved.append(i)

    def let_move(self, tenant: Tenant, nodes: Iterable[int]) -> None:
        """Count a tenant out that goes on elsewhere and has given these nodes back: it is moved once a plan."""
        if not tenant.gone:
            tenant.gone = True
            self._count(tenant, -1)
        self.moved += nodes
        self.bounds.clear()  # work that is no tenant any more has changed hands with room: more may fit than before

    def restore(self, tenants: Iterable[Tenant]) -> None:
        """Count evicted tenants among those who are there again; the shelf is rolled back by whoever asks for this."""
        for tenant in tenants:
            tenant.gone = False
            self._count(tenant, 1)

    def _inside(self, scope: Scope) -> list[Tenant]:
        found = self._scoped.get(scope)
        if found is None:
            found = self._scoped[scope] = [tenant for tenant in self.ranked if in_scope(scope, tenant)]
        return found

    def _count(self, tenant: Tenant, sign: int) -> None:
        for scope, held in self._held.items():
            if in_scope(scope, tenant):
                self._hold(scope, held, tenant, sign)
        for scope, own in self._own[tenant.path[-1]].items() if tenant.path else ():
            _add_own(own, scope, tenant, sign)

    def _hold(self, scope: Scope, held: list[Milli], tenant: Tenant, sign: int) -> None:
        each = sign * tenant.ask.chips
        for i, count in tenant.spots.items():
            held[i] += count * each
        self._totals[scope] += sum(tenant.spots.values()) * each


def _add_own(own: dict[int, Milli], scope: Scope, tenant: Tenant, sign: int) -> None:
    if tenant.fixed or tenant.priority >= scope.priority or in_scope(scope, tenant):
        return
    if scope.takes is not Takes.ALL and tenant.index == WHOLE:
        return
    for i, count in tenant.spots.items():
        own[i] = own.get(i, 0) + sign * count * tenant.ask.chips


class Openings:
    """Nodes with the rank at which they would have opened, by chips alone and as the plan began.

    A node that has not got freer since can't open earlier, so this is where to look first. Tenants are walked only as
    far as somebody looks, and once for all who look; nodes that were opened for somebody are passed over by everybody.
    """

    def __init__(self, tenancy: Tenancy, began: list[Milli], chips: Milli, scope: Scope) -> None:
        self._tenancy, self._chips, self._scope = tenancy, chips, scope
        self._free, self._held = tenancy.shelf.free, tenancy.held(scope)
        self._read = 0
        self._freer: list[tuple[int, int]] = []
        self._found: list[tuple[int, int]] = []
        self._where: dict[int, int] = {}
        self._onward: list[int] = []
        """By place, the next one that may be worth a look: itself, or one behind it."""
        self._walk = _opened(tenancy.ranked, began, chips, scope)

    def freer(self) -> list[tuple[int, int]]:
        """Nodes that have got freer since the plan began and can still open, with the earliest rank by chips alone."""
        moved = self._tenancy.moved
        if self._read < len(moved):
            for i in set(moved[self._read :]):
                rank = self._earliest(i) if self._free[i] + self._held[i] >= self._chips else None
                if rank is not None:
                    self._freer.append((rank, i))
            self._read = len(moved)
        return self._freer

    def _earliest(self, i: int) -> int | None:
        free = self._free[i]
        for tenant in self._tenancy.on[i]:
            if tenant.gone or not in_scope(self._scope, tenant):
                continue
            free += tenant.spots[i] * tenant.ask.chips
            if free >= self._chips:
                return tenant.rank
        return None

    def next(self, place: int) -> tuple[int, tuple[int, int] | None]:
        """The first place from `place` on that is not passed over, with its rank and node; None past the end."""
        passed = []
        while place < len(self._found) and self._onward[place] != place:
            passed.append(place)
            place = self._onward[place]
        for earlier in passed:
            self._onward[earlier] = place
        if place < len(self._found):
            return place, self._found[place]
        entry = next(self._walk, None)
        if entry is not None:
            self._where[entry[1]] = place
            self._found.append(entry)
            self._onward.append(place)
        return place, entry

    def pass_over(self, i: int) -> None:
        """Node `i` has not the chips any more; should it get freer, everybody is told otherwise."""
        place = self._where.get(i)
        if place is not None:
            self._onward[place] = place + 1


def _opened(ranked: list[Tenant], began: list[Milli], chips: Milli, scope: Scope) -> Iterator[tuple[int, int]]:
    free: dict[int, Milli] = {}
    opened: set[int] = set()
    for tenant in ranked:
        if not in_scope(scope, tenant):
            continue
        for i, count in tenant.spots.items():
            free[i] = free.get(i, began[i]) + count * tenant.ask.chips
            if free[i] >= chips and i not in opened:
                opened.add(i)
                yield tenant.rank, i
