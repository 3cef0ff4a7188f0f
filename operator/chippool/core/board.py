"""The working state of one plan: shelves, tenants and what queues use; built from a snapshot and thrown away."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence

from chippool.core.access import scavenges
from chippool.core.backfill import Bookings
from chippool.core.bits import Flags
from chippool.core.borrowing import lend
from chippool.core.checks import admitted_as
from chippool.core.claim import Claim
from chippool.core.displacement import Bid, Room, beyond_reach, make_room
from chippool.core.elastic import parts
from chippool.core.frontier import Contested, Frontier
from chippool.core.guarantee import Guarantees
from chippool.core.ids import CHIP, ClassName, Milli, PoolName, QueueName, WorkloadKey
from chippool.core.loss import work_lost
from chippool.core.migration import by_moving, by_moving_and_evicting, moved_instead
from chippool.core.model import Ask, Assignment, Bystander, Node, Pool, Snapshot, Variant, Workload
from chippool.core.ordering import class_of
from chippool.core.plan import Holder
from chippool.core.quota import Ledger
from chippool.core.relocation import Relocation
from chippool.core.reserve import kept
from chippool.core.respite import respite
from chippool.core.rivals import Rivals
from chippool.core.seeker import Option, ways
from chippool.core.shelf import Shelf
from chippool.core.tenancy import Tenancy
from chippool.core.tenant import Tenant, a_tenant
from chippool.core.topologies import Topologies
from chippool.core.tree import Tree
from chippool.core.vacancy import Effort, Site, Way

_Use = tuple[QueueName, PoolName, bool]
"""A queue, a pool, and whether the chips are scavenged."""
_Right = tuple[QueueName, int, tuple[bool, ...], bool, frozenset[WorkloadKey], bool]
"""What a claim is made from: queue, priority, guarantees it is within, scavenges, spared, grows."""


class Board:
    """Where a plan tries things out; `leavers` are admitted workloads that lose their chips in this very plan."""

    def __init__(self, snapshot: Snapshot, leavers: Container[WorkloadKey], now: float) -> None:
        self.snapshot = snapshot
        self.shelves = _shelves(snapshot)
        for pool, worth in snapshot.worths.items():
            if pool in self.shelves:
                self.shelves[pool].judge_by(worth)
        self.topologies = Topologies(snapshot.pools, self.shelves)
        self.tree = Tree(snapshot.queues)
        stock = stocks(self.shelves)
        self.ledger = Ledger(self.tree, Guarantees(self.tree, stock), stock)
        self.bookings = Bookings(snapshot, self.tree, self.ledger.guarantees, now)
        self.releases = 0
        """Grows whenever somebody gives something back."""
        self.respites: list[float] = []
        """When those that are left alone for a while may be displaced again."""
        self.rivals = Rivals(snapshot)
        self.claims: dict[_Right, Claim] = {}
        """Equal claims are one: they are looked up by more often than made."""
        self._effort = Effort()
        self.holding: defaultdict[WorkloadKey, list[Tenant]] = defaultdict(list)
        """What was admitted as the plan began."""
        self._now = now
        self._relocation = Relocation(self.topologies, self.ledger, self.options, self.rivals, self.bookings)
        self._fixed: set[PoolName] = set()
        self._yielding: set[PoolName] = set()
        self._spare: set[PoolName] = set()
        self._scavenging: dict[tuple[PoolName, QueueName, ClassName], bool] = {}
        self._floors: dict[tuple[PoolName, int, bool], Milli] = {}
        self._options: dict[WorkloadKey, tuple[Workload, tuple[Option, ...]]] = {}
        self._tenants: defaultdict[PoolName, list[Tenant]] = defaultdict(list)
        self._tenancies: dict[PoolName, Tenancy] = {}
        self._contests: dict[PoolName, Contested] = {}
        self._frontiers: dict[tuple[PoolName, Ask, Claim, int], Frontier] = {}
        used: Counter[_Use] = Counter()
        for workload, given, variant in _admitted(snapshot):
            self._seat(workload, given, variant, used, leaving=workload.key in leavers)
        for (queue, pool, scavenged), chips in used.items():
            self.ledger.take(queue, pool, chips, scavenged=scavenged)

    def _seat(
        self, workload: Workload, given: Assignment, variant: Variant, used: Counter[_Use], *, leaving: bool
    ) -> None:
        shelf = self.shelves.get(given.pool)
        if shelf is None:
            return
        tenant = a_tenant(workload, given, variant, class_of(self.snapshot, workload).value, shelf)
        if leaving:
            for i, count in tenant.spots.items():
                shelf.give(i, tenant.ask, count, tenant.seats.get(i, ()))
            return
        self._describe(tenant, workload, given.pool)
        held = parts(workload, given, variant, tenant, shelf)
        if len(held) > 1:
            self._spare.add(given.pool)
        if len(held) > 1 or tenant.scavenges:
            self._yielding.add(given.pool)
        self._tenants[given.pool] += held
        self.holding[workload.key] += held
        used[workload.queue, given.pool, tenant.scavenges] += tenant.chips

    def _describe(self, tenant: Tenant, workload: Workload, pool: PoolName) -> None:
        """What rule 6 wants to know of it."""
        tenant.path = self.tree.paths.get(workload.queue, ())
        tenant.external = workload.queue in self.tree.external
        tenant.scavenges = self.scavenges(pool, workload.queue, workload.class_name)
        tenant.lost = work_lost(workload, self._now)
        until = respite(workload, self.tree.above(workload.queue))
        if until > self._now and not tenant.scavenges:
            tenant.fixed = True
            self._fixed.add(pool)
            self.respites.append(until)

    def scavenges(self, pool: PoolName, queue: QueueName, class_name: ClassName) -> bool:
        """Whether work of this queue and class only gets what nobody else waits for."""
        key = (pool, queue, class_name)
        known = self._scavenging.get(key)
        if known is None:
            found = self.snapshot.pools.get(pool)
            known = found is not None and (
                queue in self.tree.overspent or scavenges(found, class_name, external=queue in self.tree.external)
            )
            self._scavenging[key] = known
        return known

    def options(self, workload: Workload) -> tuple[Option, ...]:
        """Every way to admit it, the preferred first."""
        known = self._options.get(workload.key)
        if known is None or known[0] is not workload:
            queue, class_name = workload.queue, workload.class_name
            found = tuple(ways(workload, lambda pool: self.scavenges(pool, queue, class_name)))
            known = self._options[workload.key] = workload, found
        return known[1]

    def floor(self, pool: PoolName, priority: int, *, replacing: bool) -> Milli:
        """Chips of a pool that work of this priority has to leave free."""
        key = (pool, priority, replacing)
        found = self._floors.get(key)
        if found is None:
            found = self._floors[key] = kept(self.snapshot, pool, priority, replacing=replacing)
        return found

    def openings(self, option: Option, claim: Claim) -> list[Option]:
        """Where room may be made by displacing: the option as it is, or as it is in each domain that may open."""
        within = self.topologies.demand(option)
        if within is None:
            return [option]
        tenancy = self.tenancy(option.pool)
        return self.topologies.openings(option, within, tenancy, tenancy.shared(claim))

    def displace_for(self, pool: PoolName, bid: Bid) -> Room | None:
        """Rule 6 in this pool; on success the victims are gone from the board and their queues' use with them."""
        tenancy = self.tenancy(pool)
        if beyond_reach(tenancy, bid):
            return None
        tenancy.shelf.closed = bid.closed
        frontier = self._frontier(pool, bid.ask, bid.claim)
        room = make_room(tenancy, bid, frontier) if frontier.may_fit(bid.replicas, bid.floor) else None
        tenancy.shelf.closed = 0
        if room is None or not room.victims:
            return room
        return self._settled(pool, moved_instead(self._site(pool, bid), room))

    def move_for(self, pool: PoolName, bid: Bid) -> Room | None:
        """Room in this pool by moving others and evicting nobody."""
        return self._by_way(by_moving, pool, bid)

    def move_and_displace_for(self, pool: PoolName, bid: Bid) -> Room | None:
        """Room in this pool by moving some and evicting others."""
        return self._by_way(by_moving_and_evicting, pool, bid)

    def _by_way(self, way: Way, pool: PoolName, bid: Bid) -> Room | None:
        if not self._effort.is_worth(way, pool, bid):
            return None
        self.shelves[pool].closed = bid.closed
        room = way(self._site(pool, bid))
        self.shelves[pool].closed = 0
        return self._settled(pool, room)

    def _settled(self, pool: PoolName, room: Room | None) -> Room | None:
        """The victims' use goes with them; who moves has its use booked already."""
        if room is None:
            return None
        for tenant in room.victims:
            self.ledger.give(tenant.queue, pool, tenant.chips, scavenged=tenant.scavenges)
        tenancy = self.tenancy(pool)
        tenancy.departed += room.victims
        for move in room.moves:
            tenancy.let_move(move.tenant)
        self.releases += 1
        return room

    def tenants(self, pool: PoolName) -> Sequence[Tenant]:
        """All that were admitted in the pool as the plan began."""
        return self.tenancy(pool).ranked

    def _site(self, pool: PoolName, bid: Bid) -> Site:
        return Site(pool, self.tenancy(pool), bid, self._relocation, self._contested(pool), self._effort)

    def let_go(self, pool: PoolName, tenant: Tenant) -> None:
        """Take a tenant off the pool: it goes on elsewhere, and nobody displaces it in this plan."""
        tenancy = self.tenancy(pool)
        tenancy.evict(tenant)
        tenancy.departed.append(tenant)
        self.ledger.give(tenant.queue, pool, tenant.chips, scavenged=tenant.scavenges)

    def take_in(self, pool: PoolName, tenant: Tenant) -> None:
        """Count the last one that was let go among the tenants again; whoever asks rolls back shelf and ledger."""
        tenancy = self.tenancy(pool)
        tenancy.restore((tenant,))
        tenancy.departed.pop()

    def spares(self, pool: PoolName) -> bool:
        """Whether somebody there has more than minReplicas."""
        return pool in self._spare

    def yields(self, pool: PoolName) -> bool:
        """Whether some of the pool's work may have to give way to whoever grows."""
        return pool in self._yielding

    def leaves_alone(self, pool: PoolName) -> bool:
        """Whether some of the pool's work may not be displaced yet."""
        return pool in self._fixed

    def tenancy(self, pool: PoolName) -> Tenancy:
        """Who sits there; what is borrowed is found out when that is first asked."""
        if pool not in self._tenancies:
            lend(self._tenants[pool], lambda i: self.ledger.guaranteed(i, pool))
            self._tenancies[pool] = Tenancy(self.shelves[pool], self._tenants[pool])
        return self._tenancies[pool]

    def _frontier(self, pool: PoolName, ask: Ask, claim: Claim) -> Frontier:
        """The same for all whose claims come to the same."""
        key = (pool, ask, claim, self.shelves[pool].closed)
        found = self._frontiers.get(key)
        if found is None:
            tenancy = self.tenancy(pool)
            alike = tenancy.shared(claim)
            common = (pool, ask, alike, key[-1])
            found = self._frontiers.get(common) or Frontier(tenancy, ask, alike, self._contested(pool))
            self._frontiers[key] = self._frontiers[common] = found
        return found

    def _contested(self, pool: PoolName) -> Contested:
        if pool not in self._contests:
            shelf = self.shelves[pool]
            asks = [_as_ask(b, self.snapshot.pools[pool]) for b in self.snapshot.bystanders]
            self._contests[pool] = tuple((Flags(shelf.allowed(ask)), ask) for ask in asks)
        return self._contests[pool]


def stocks(shelves: Mapping[PoolName, Shelf]) -> dict[PoolName, Milli]:
    """Chips installed in each pool: healthy or not, since guarantees must not flap with a device plugin."""
    return {pool: sum(n.installed for n in shelf.nodes if len(n.pools) == 1) for pool, shelf in shelves.items()}


def _as_ask(bystander: Bystander, pool: Pool) -> Ask:
    """Whoever asks for shares of chips may take any that is left."""
    asked = dict(bystander.resources)
    each = CHIP if pool.by_share.isdisjoint(asked) else min(pool.fractions)
    rest = tuple((r, amount) for r, amount in bystander.resources if r != pool.resource and r not in pool.by_share)
    return Ask(asked.get(pool.resource, 0) * each, rest, bystander.constraints)


def _shelves(snapshot: Snapshot) -> dict[PoolName, Shelf]:
    members: dict[PoolName, list[Node]] = {name: [] for name in sorted(snapshot.pools)}
    for _, node in sorted(snapshot.nodes.items()):
        for pool in node.pools:
            if pool in members:
                members[pool].append(node)
    return {pool: Shelf(nodes) for pool, nodes in members.items()}


def _admitted(snapshot: Snapshot) -> Iterator[tuple[Workload, Assignment, Variant]]:
    for workload in snapshot.workloads.values():
        given, variant = workload.assignment, admitted_as(workload)
        if given is not None and variant is not None and not workload.finished:
            yield workload, given, variant


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
