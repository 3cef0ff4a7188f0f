"""Rule 6: who sits where in one pool, in the order in which they would have to go: the cheapest first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from chippool.core.bits import flags_of
from chippool.core.claim import Claim, shared
from chippool.core.elastic import layers, put_together
from chippool.core.holes import Ints
from chippool.core.ids import Milli, WorkloadKey
from chippool.core.roll import NO_RANK, Roll, Sum, Truths
from chippool.core.shelf import Shelf
from chippool.core.tenant import GUARANTEED, Tenant, cost

_MANY = 128
"""Nodes that are sooner looked at all together than one by one."""


class Tenancy:
    """The tenants of a shelf by rank, by node and by queue."""

    def __init__(self, shelf: Shelf, tenants: Iterable[Tenant]) -> None:
        self.shelf = shelf
        self.ranked = sorted(tenants, key=cost)
        self.on: defaultdict[int, list[Tenant]] = defaultdict(list)
        self.under: defaultdict[int, list[Tenant]] = defaultdict(list)
        """By position in the tree of queues."""
        self.departed: list[Tenant] = []
        """Who went for good, in order."""
        self._wholes: dict[WorkloadKey, tuple[Tenant, tuple[Tenant, ...]]] = {}
        """Elastic work put together, with its parts."""
        self._inner: set[int] = set()
        self._guarded: set[int] = set()
        self._lent: set[int] = set()
        """Positions in the tree below which something is special (see `claim.shared`)."""
        for rank, tenant in enumerate(self.ranked):
            self._seat(rank, tenant)
        self.roll = Roll(self.ranked)
        self._taken: dict[Claim, Truths] = {}
        self._sums: dict[tuple[int, int | None], Sum] = {}
        """What those hold whom a claim may take, in all or below a place in the tree."""
        self._free: Ints = np.array(shelf.free, np.int64)
        self._read = len(shelf.touched)
        self._beneath: dict[int, Truths] = {}
        self._openings: dict[tuple[Milli, Claim], Openings] = {}
        self._if_all_left: dict[tuple[int, Claim], tuple[Ints, int]] = {}
        """Free chips by node if all left whom a claim may take, and how many had departed when that was added up."""
        self._eligible: dict[int, Truths] = {}
        self._bounds: dict[tuple[int, Claim, Milli], tuple[int, int]] = {}

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

    def taken(self, claim: Claim) -> Truths:
        """By rank, whether the claim may take a tenant; kept for all whose claims come to the same."""
        found = self._taken.get(claim)
        if found is None:
            alike = self.shared(claim)
            known = self._taken.get(alike)
            found = self._taken[claim] = self._taken[alike] = self.roll.taken(alike) if known is None else known
        return found

    def total(self, claim: Claim) -> Milli:
        """Chips that those hold together whom the claim may take."""
        return self._sum(self.taken(claim))

    def gives_back(self, claim: Claim, i: int, chips: Milli) -> bool:
        """Whether those below a place in the tree whom the claim may take hold so many chips."""
        return self._sum(self.taken(claim), i) >= chips

    def reach(self, priority: int, i: int | None = None) -> Milli:
        """Chips that a claim of a priority could get at most, while it is within no guarantee, in all or below a place.

        Asked before anything is worked out for one claim, and the same for all of a priority.
        """
        return self._sum(self.roll.lower(priority), i)

    def _sum(self, some: Truths, i: int | None = None) -> Milli:
        """What some hold together, or what counts as used by those of them below a place in the tree."""
        key = (id(some), i)  # the array stays: whoever asks for the same gets this very one
        found = self._sums.get(key)
        if found is None:
            found = self.roll.total(some) if i is None else self.roll.charged(some & self._below(i))
            self._sums[key] = found
        return found.now()

    def bound(self, chips: Milli, eligible: int, claim: Claim) -> tuple[int, int]:
        """Replicas of so many chips that would fit on eligible nodes if all left whom the claim may take.

        Added up once a plan, by chips alone; with it comes how many had departed by then.
        """
        key = (eligible, claim, chips)
        found = self._bounds.get(key)
        if found is None:
            left, departed = self._left(eligible, claim)
            found = self._bounds[key] = int((left // chips).sum()), departed
        return found

    def _left(self, eligible: int, claim: Claim) -> tuple[Ints, int]:
        key = (eligible, claim)
        found = self._if_all_left.get(key)
        if found is None:
            nodes = len(self.shelf.nodes)
            left = self.free() + self.roll.held(self.taken(claim), nodes)
            found = self._if_all_left[key] = np.maximum(left[self.flags(eligible)], 0), len(self.departed)
        return found

    def flags(self, eligible: int) -> Truths:
        """A set of the pool's nodes as an array that nobody writes into."""
        found = self._eligible.get(eligible)
        if found is None:
            found = self._eligible[eligible] = flags_of(eligible, len(self.shelf.nodes))
        return found

    def _below(self, i: int) -> Truths:
        found = self._beneath.get(i)
        if found is None:
            found = self._beneath[i] = np.zeros(len(self.ranked), np.bool_)
            found[[tenant.rank for tenant in self.under[i]]] = True
        return found

    def free(self) -> Ints:
        """What is free on the shelf, as an array that nobody writes into."""
        touched = self.shelf.touched
        if self._read < len(touched):
            rows = list(set(touched[self._read :]))
            self._free[rows] = [self.shelf.free[i] for i in rows]
            self._read = len(touched)
        return self._free

    def takeable(self, claim: Claim) -> Iterator[Tenant]:
        """All the claim may take that are still there, in rank order, wherever they are."""
        there = (self.taken(claim) & self.roll.there).tobytes()
        rank = there.find(1)
        while rank >= 0:  # most ask for the first few only
            yield self.ranked[rank]
            rank = there.find(1, rank + 1)

    def openings(self, chips: Milli, claim: Claim) -> "Openings":
        """The order in which nodes open for so many chips; shared by all who ask for as many by this claim."""
        key = (chips, claim)
        if key not in self._openings:
            self._openings[key] = Openings(self, chips, claim)
        return self._openings[key]

    def evict(self, tenant: Tenant) -> None:
        self._count(tenant, there=False)
        for i, count in tenant.spots.items():
            self.shelf.give(i, tenant.ask, count, tenant.seats.get(i, ()))

    def whole(self, tenant: Tenant) -> Tenant:
        """The whole workload a tenant is of: itself, or all its parts put together."""
        if tenant.below is None and tenant.above is None:
            return tenant
        if tenant.key not in self._wholes:
            parts = layers(tenant)
            self._wholes[tenant.key] = put_together(parts), parts
        return self._wholes[tenant.key][0]

    def wholes_on(self, i: int) -> list[Tenant]:
        """Workloads on node `i` of which nothing is gone, the cheapest to displace first."""
        there = {whole.rank: whole for tenant in self.on[i] if not _lost_some(whole := self.whole(tenant))}
        return [there[rank] for rank in sorted(there)]

    def let_move(self, tenant: Tenant) -> None:
        """Count a workload out that goes on elsewhere: it is moved once a plan."""
        for part in self._wholes[tenant.key][1] if tenant.key in self._wholes else (tenant,):
            self._count(part, there=False)
            self.departed.append(part)

    def restore(self, tenants: Iterable[Tenant]) -> None:
        """Count evicted tenants among those who are there again; their room is taken again by whoever asks for this."""
        for tenant in tenants:
            self._count(tenant, there=True)
            self.shelf.freer += tenant.spots  # they open for who may take it

    def _count(self, tenant: Tenant, *, there: bool) -> None:
        tenant.gone = not there
        self.roll.mark(tenant.rank, there=there)


def _lost_some(whole: Tenant) -> bool:
    """The part above all others is the first to go."""
    return (whole.above or whole).gone


class Openings:
    """For so many chips, were those to leave in order whom a claim may take; shared by all who ask for as many.

    `ranks` are never too high: a node that gets fuller opens later or not at all, which shows when it is looked at; one
    that gets freer is looked at before anybody reads on.
    """

    def __init__(self, tenancy: Tenancy, chips: Milli, claim: Claim) -> None:
        self._tenancy, self._chips = tenancy, chips
        self._taken = tenancy.taken(claim)
        self.takes = self._taken.tobytes()
        """By rank, whether the claim may take a tenant: read one by one faster than the array."""
        self.ranks = tenancy.roll.openings(self._taken, tenancy.free(), chips)
        self._read = len(tenancy.shelf.freer)

    def catch_up(self) -> None:
        """Look at the nodes that got freer."""
        freer = self._tenancy.shelf.freer
        if self._read == len(freer):
            return
        if len(freer) - self._read > _MANY:
            self.ranks = self._tenancy.roll.openings(self._taken, self._tenancy.free(), self._chips)
        else:
            for i in set(freer[self._read :]):
                self.look_at(i)
        self._read = len(freer)

    def look_at(self, i: int) -> None:
        """Set the rank of node `i` by what is on it now."""
        self.ranks[i] = self._rank(i)

    def _rank(self, i: int) -> int:
        free = self._tenancy.shelf.free[i]
        for tenant in self._tenancy.on[i]:
            if tenant.gone or not self.takes[tenant.rank]:
                continue
            free += tenant.spots[i] * tenant.ask.chips
            if free >= self._chips:
                return tenant.rank
        return NO_RANK
