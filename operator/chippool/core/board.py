"""The working state of one plan: shelves, tenants and what queues use; built from a snapshot and thrown away."""

from collections import defaultdict
from collections.abc import Container, Iterator

from chippool.core.bits import Flags
from chippool.core.checks import variant_named
from chippool.core.displacement import Bid, Room, make_room
from chippool.core.frontier import Contested, Frontier
from chippool.core.ids import CHIP, ClassName, Milli, PoolName, QueueName, WorkloadKey
from chippool.core.model import Ask, Assignment, Bystander, Node, Snapshot, Variant, Workload
from chippool.core.ordering import class_of
from chippool.core.plan import Holder
from chippool.core.shelf import Shelf
from chippool.core.tenancy import Tenancy, Tenant, a_tenant


class Board:
    """Where a plan tries things out; `leavers` are admitted workloads that lose their chips in this very plan."""

    def __init__(self, snapshot: Snapshot, leavers: Container[WorkloadKey]) -> None:
        self.snapshot = snapshot
        self.shelves = _shelves(snapshot)
        for pool, worth in snapshot.worths.items():
            if pool in self.shelves:
                self.shelves[pool].judge_by(worth)
        self.used: defaultdict[tuple[QueueName, PoolName], Milli] = defaultdict(int)
        self.releases = 0
        """Grows whenever somebody gives something back."""
        self._tenants: defaultdict[PoolName, list[Tenant]] = defaultdict(list)
        self._tenancies: dict[PoolName, Tenancy] = {}
        self._frontiers: dict[tuple[PoolName, Ask, int], Frontier] = {}
        for workload, given, variant in _admitted(snapshot):
            self._seat(workload, given, variant, leaving=workload.key in leavers)

    def _seat(self, workload: Workload, given: Assignment, variant: Variant, *, leaving: bool) -> None:
        shelf = self.shelves.get(given.pool)
        if shelf is None:
            return
        tenant = a_tenant(workload, given, variant, class_of(self.snapshot, workload).value, shelf)
        if leaving:
            for i, count in tenant.spots.items():
                shelf.give(i, tenant.ask, count, tenant.seats.get(i, ()))
            return
        self._tenants[given.pool].append(tenant)
        self.used[workload.queue, given.pool] += tenant.chips

    def left(self, queue: QueueName, pool: PoolName) -> Milli | None:
        """Chips the queue may still take of the pool; None where nothing limits it."""
        found = self.snapshot.queues.get(queue)
        limit = found.limits.get(pool) if found else None
        return None if limit is None else limit - self.used[queue, pool]

    def displace_for(self, pool: PoolName, bid: Bid) -> Room | None:
        """Rule 6 in this pool; on success the victims are gone from the board and their queues' use with them."""
        tenancy = self._tenancy(pool)
        room = make_room(tenancy, bid, self._frontier(pool, bid))
        for tenant in room.victims if room else ():
            self.used[tenant.queue, pool] -= tenant.chips
        if room and room.victims:
            self.releases += 1
        return room

    def _tenancy(self, pool: PoolName) -> Tenancy:
        if pool not in self._tenancies:
            self._tenancies[pool] = Tenancy(self.shelves[pool], self._tenants[pool])
        return self._tenancies[pool]

    def _frontier(self, pool: PoolName, bid: Bid) -> Frontier:
        key = (pool, bid.ask, bid.priority)
        if key not in self._frontiers:
            self._frontiers[key] = Frontier(self._tenancy(pool), bid.ask, bid.priority, self._contested(pool))
        return self._frontiers[key]

    def _contested(self, pool: PoolName) -> Contested:
        resource, shelf = self.snapshot.pools[pool].resource, self.shelves[pool]
        asks = (_as_ask(b, resource) for b in self.snapshot.bystanders)
        return tuple((Flags(shelf.eligible(ask)), ask) for ask in asks)


def _as_ask(bystander: Bystander, resource: str) -> Ask:
    rest = tuple((r, amount) for r, amount in bystander.resources if r != resource)
    return Ask(dict(bystander.resources).get(resource, 0) * CHIP, rest, bystander.constraints)


def _shelves(snapshot: Snapshot) -> dict[PoolName, Shelf]:
    members: dict[PoolName, list[Node]] = {name: [] for name in sorted(snapshot.pools)}
    for _, node in sorted(snapshot.nodes.items()):
        for pool in node.pools:
            if pool in members:
                members[pool].append(node)
    return {pool: Shelf(nodes) for pool, nodes in members.items()}


def _admitted(snapshot: Snapshot) -> Iterator[tuple[Workload, Assignment, Variant]]:
    for workload in snapshot.workloads.values():
        if workload.assignment is None or workload.finished:
            continue
        variant = variant_named(workload, workload.assignment.variant)
        if variant is not None:
            yield workload, workload.assignment, variant


def holders(snapshot: Snapshot) -> dict[PoolName, tuple[Holder, ...]]:
    """Who holds each pool's chips, by queue and class, largest first."""
    sums: defaultdict[PoolName, defaultdict[tuple[QueueName, ClassName], Milli]] = defaultdict(lambda: defaultdict(int))
    for workload, given, variant in _admitted(snapshot):
        held = max(given.replicas - workload.succeeded, 0) * variant.ask.chips
        sums[given.pool][workload.queue, workload.class_name] += held
    return {
        pool: tuple(
            Holder(queue, class_name, held)
            for (queue, class_name), held in sorted(of.items(), key=lambda e: (-e[1], e[0]))
        )
        for pool, of in sorted(sums.items())
    }
