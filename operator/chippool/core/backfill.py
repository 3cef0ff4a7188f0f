"""Rule 7: the blocked head of a pool keeps a reservation, and others go before it only where they do not delay it.

EASY backfilling (Lifka, 1995; Mu'alem and Feitelson, 2001): one reservation a pool, held by the first in order that
waits for chips there and whose start can be estimated, and one a limit for the first that waits for that. Others may go
before it if they are certainly over by then, if it may displace them at once, or if what is kept stays large enough
for both (docs/adr/0012).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from math import inf
from operator import or_

from chippool.core.claim import Claim, may_take
from chippool.core.earliest import Chance, Leaver, earliest
from chippool.core.estimate import expected_end, over_by
from chippool.core.guarantee import Guarantees
from chippool.core.ids import PoolName, QueueName, WorkloadKey
from chippool.core.model import Ask, Assignment, Snapshot, Workload
from chippool.core.placement import Spots, total
from chippool.core.plan import Reserved
from chippool.core.reservation import Key, Reservation
from chippool.core.respite import respite
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Shelf
from chippool.core.tenant import GUARANTEED, Tenant
from chippool.core.tree import Path, Tree

TRIES = 8
"""Workloads whose start is looked for in one pool and not found, before the pool is left alone for this plan."""


@dataclass(slots=True)
class Bookings:
    """The reservations of one plan, one a pool, and what they are made from."""

    snapshot: Snapshot
    guarantees: Guarantees
    now: float
    made: dict[Key, Reservation]
    _newcomers: defaultdict[PoolName, list[Leaver]]
    _tries: defaultdict[PoolName, int]
    _next: dict[tuple[QueueName, PoolName], list[Reservation]]
    """Those that somebody of a queue meets in a pool, as long as `made` is the same."""
    _tree: Tree
    _known: bool
    """Whether anything is known of when anybody ends."""

    def __init__(self, snapshot: Snapshot, tree: Tree, guarantees: Guarantees, now: float) -> None:
        self.snapshot, self.guarantees, self.now, self.made = snapshot, guarantees, now, {}
        self._tree = tree
        self._newcomers, self._tries, self._next = defaultdict(list), defaultdict(int), {}
        self._known = bool(snapshot.runtimes) or any(w.max_runtime is not None for w in snapshot.workloads.values())

    # --- who has one

    def arrived(self, workload: Workload, pool: PoolName, ask: Ask, spots: Spots) -> None:
        """Somebody was given chips in this plan; a head may wait for them."""
        if self.of(workload.key) is not None:  # it found something to scavenge after all
            self.made = {key: kept for key, kept in self.made.items() if kept.head != workload.key}
            self._next.clear()
        end = expected_end(workload, self.snapshot.runtimes, self.now) if self._known else inf
        if end < inf:
            chips, path = total(spots) * ask.chips, self._tree.paths.get(workload.queue, ())
            self._newcomers[pool].append(Leaver(end, workload.uid, path, chips, ask, tuple(spots)))

    def of(self, head: WorkloadKey) -> Reservation | None:
        """The reservation a workload holds."""
        return next((kept for kept in self.made.values() if kept.head == head), None)

    def book(self, head: WorkloadKey, seeker: Seeker, chances: Iterable[Chance]) -> None:
        """Reserve for a workload that fits nowhere now, where it could start the soonest, if that can be said."""
        if not self._known:
            return
        found = [one for chance in chances if (one := self._start(head, seeker, chance)) is not None]
        if found:
            best = min(found, key=lambda one: one.start)
            if (best.pool, None) in self.made:
                best.give_up_nodes()
            self.made.update(dict.fromkeys(best.keys, best))
            self._next.clear()

    def may_be_next(self, option: Option, *, limited: bool) -> bool:
        """False where it is certain that nothing is reserved for it: asked before anything is worked out for it.

        `limited`: it waits for a limit, of which there may be several.
        """
        if option.scavenges or self._tries[option.pool] >= TRIES:
            return False
        return limited or (option.pool, None) not in self.made

    def _start(self, head: WorkloadKey, seeker: Seeker, chance: Chance) -> Reservation | None:
        pool = chance.option.pool
        if any((pool, i) in self.made for i in chance.levels):
            return None
        if not self.may_be_next(chance.option, limited=bool(chance.levels)):
            return None
        self._tries[pool] += 1
        leavers = sorted(self._leavers(seeker, chance), key=lambda one: (one.at, one.uid))
        if not leavers or leavers[-1].at <= self.now:
            return None
        return earliest(head, seeker, chance, leavers, self.now)

    def _leavers(self, seeker: Seeker, chance: Chance) -> Iterator[Leaver]:
        yield from self._newcomers[chance.option.pool]
        for tenant in chance.tenants:
            if tenant.gone:
                continue
            at = self._free_from(self.snapshot.workloads[tenant.key], tenant, seeker, chance.claim)
            if at < inf:
                spots = tuple((i, count, tenant.seats.get(i, ())) for i, count in tenant.spots.items())
                yield Leaver(at, tenant.uid, tenant.path, tenant.chips, tenant.ask, spots)

    def _free_from(self, workload: Workload, tenant: Tenant, seeker: Seeker, claim: Claim) -> float:
        """When its chips can be the head's: at its end, or as soon as the head may displace it."""
        end = expected_end(workload, self.snapshot.runtimes, self.now)
        if not seeker.preempts:
            return end
        if may_take(claim, tenant):
            return self.now
        if not tenant.fixed or not may_take(claim, replace(tenant, fixed=False)):
            return end
        return min(end, respite(workload, self._tree.above(workload.queue)))

    def kept(self, shelves: Mapping[PoolName, Shelf]) -> tuple[Reserved, ...]:
        """What is kept free, by pool, as the shelves are now."""
        each_once = {one.head: one for _, one in sorted(self.made.items(), key=lambda entry: repr(entry[0]))}
        return tuple(
            Reserved(one.head, one.pool, one.idle(shelves[one.pool]), one.start, one.look_again)
            for one in each_once.values()
        )

    def nodes_kept(self, pool: PoolName) -> int:
        """The pool's nodes that are kept for somebody, as bits."""
        return reduce(or_, (kept.nodes for (where, _), kept in self.made.items() if where == pool), 0)

    def keeps(self, pool: PoolName) -> bool:
        """Whether anything of the pool is kept for somebody."""
        return any(where == pool for where, _ in self.made)

    # --- who need not mind

    def passes(self, workload: Workload, priority: int, options: Iterable[Option]) -> frozenset[WorkloadKey]:
        """Heads that the workload can't delay, wherever it goes in their pool."""
        if not self.made:
            return frozenset()
        booked = [(kept, option) for option in options for kept in self._ahead(workload.queue, option)]
        delayed = {kept.head for kept, option in booked if not self._passes(kept, workload, priority, option)}
        return frozenset(kept.head for kept, _ in booked) - delayed

    def minded(self, seeker: Seeker, option: Option) -> tuple[Reservation, ...]:
        """The reservations it has to leave alone."""
        if not self.made:
            return ()
        return tuple(kept for kept in self._ahead(seeker.queue, option) if kept.head not in seeker.passes)

    def _ahead(self, queue: QueueName, option: Option) -> list[Reservation]:
        key = (queue, option.pool)
        known = self._next.get(key)
        if known is None:
            places: tuple[int | None, ...] = (None, *self._tree.paths.get(queue, ()))
            found = [self.made.get((option.pool, place)) for place in places]
            known = self._next[key] = list({kept.head: kept for kept in found if kept is not None}.values())
        return known

    def _passes(self, kept: Reservation, workload: Workload, priority: int, option: Option) -> bool:
        if not option.new or kept.head == workload.key or over_by(workload, self.now) <= kept.start:
            return True
        if not kept.seeker.preempts or workload.key in kept.claim.spared:
            return False
        gives_way = self._gives_way(kept, workload, priority, option)
        return gives_way and (option.scavenges or self._left_alone(workload, option) <= kept.start)

    def _gives_way(self, kept: Reservation, workload: Workload, priority: int, option: Option) -> bool:
        """Whether the head may displace it; the same for all of a queue and priority."""
        key = (workload.queue, priority, option.scavenges)
        found = kept.gives_way.get(key)
        if found is None:
            found = kept.gives_way[key] = may_take(kept.claim, self._as_tenant(workload, priority, option))
        return found

    def _as_tenant(self, workload: Workload, priority: int, option: Option) -> Tenant:
        path = self._tree.paths.get(workload.queue, ())
        return Tenant(
            workload.key,
            priority,
            self.now,
            workload.uid,
            workload.queue,
            option.variant.ask,
            option.new,
            {},
            {},
            path,
            external=workload.queue in self._tree.external,
            scavenges=option.scavenges,
            loan=self._loan(path, option.pool),
        )

    def _loan(self, path: Path, pool: PoolName) -> int:
        """The level up to which it is borrowed whatever else happens: nobody there is guaranteed anything."""
        loan = GUARANTEED
        for depth in range(len(path) - 1, -1, -1):
            if self.guarantees.given[path[depth]].get(pool):
                break
            loan = depth
        return loan

    def _left_alone(self, workload: Workload, option: Option) -> float:
        given = Assignment(option.variant.name, option.pool, option.replicas, self.now)
        return respite(replace(workload, assignment=given), self._tree.above(workload.queue))
