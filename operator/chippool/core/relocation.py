"""Where an admitted workload can go on: other nodes of its pool, or another of its variants that has room as it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from chippool.core.backfill import Bookings
from chippool.core.bits import bits_of
from chippool.core.checks import admitted_as, pool_problem
from chippool.core.claim import Claim, may_take
from chippool.core.ids import Milli, NodeName, PoolName
from chippool.core.model import Mode, Variant, Workload
from chippool.core.placement import Spot, Spots, fill, names, seats, total
from chippool.core.quota import Ledger
from chippool.core.reasons import Reason
from chippool.core.reserve import kept
from chippool.core.respite import NO_LOOP_S
from chippool.core.rivals import Rivals
from chippool.core.seeker import Option
from chippool.core.shelf import Checkpoint, Seats
from chippool.core.tenant import GUARANTEED, Tenant
from chippool.core.topologies import Topologies


@dataclass(frozen=True, slots=True)
class Move:
    """Who goes on where: the replicas that leave by node, and where these go."""

    tenant: Tenant
    leaving: Mapping[int, int]
    variant: Variant
    pool: PoolName
    spots: Spots
    nodes: tuple[NodeName, ...]
    """Of all its replicas afterwards."""
    seats: Seats = ()
    """The chips of fractions, by `nodes`."""
    scavenged: bool = False


def comes_back(move: Move) -> bool:
    """Whether it would only go to come back: to the same nodes of its pool, and the same chips where it shares them."""
    there = {i: (n, sorted(move.tenant.seats.get(i, ()))) for i, n in move.tenant.spots.items()}
    goes = dict[int, tuple[int, list[int]]]()
    for spot in move.spots:
        count, seats_ = goes.get(spot.node, (0, []))
        goes[spot.node] = count + spot.replicas, sorted([*seats_, *spot.seats])
    return goes == there


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to return to, of all pools."""

    shelves: Mapping[PoolName, Checkpoint]
    ledger: int


class Relocation:
    """Finds room elsewhere, and takes it, on the shelves and in the ledger of one plan."""

    def __init__(
        self,
        topologies: Topologies,
        ledger: Ledger,
        options: Callable[[Workload], tuple[Option, ...]],
        rivals: Rivals,
        bookings: Bookings,
    ) -> None:
        self._snapshot, self._shelves, self._ledger = bookings.snapshot, topologies.shelves, ledger
        self._topologies = topologies
        self._options, self._rivals, self._bookings = options, rivals, bookings

    def mark(self) -> Mark:
        return Mark({pool: shelf.checkpoint() for pool, shelf in self._shelves.items()}, self._ledger.checkpoint())

    def undo(self, mark: Mark) -> None:
        for pool, checkpoint in mark.shelves.items():
            self._shelves[pool].rollback(checkpoint)
        self._ledger.rollback(mark.ledger)

    # --- who may

    def may_shift(self, tenant: Tenant, pool: PoolName, claim: Claim) -> bool:
        """Whether it may go to other nodes of its pool, where it keeps all it has: nobody of higher priority has to."""
        if claim.scavenges or tenant.fixed or tenant.key in claim.spared or tenant.external < claim.external:
            return False
        if not may_take(claim, tenant) and (tenant.priority > claim.priority or self._moved_lately(tenant)):
            return False
        firm = self._is_firm(tenant, pool, guaranteed=(tenant.above or tenant).loan == GUARANTEED)
        return self._runs(tenant) and not self._rivals.outrank(pool, tenant.priority, firm=firm)

    def may_leave(self, tenant: Tenant, claim: Claim) -> bool:
        """Whether it may have to leave the pool, and has another variant or pool to go on in."""
        if tenant.fixed or not may_take(claim, tenant) or not self._runs(tenant):
            return False
        workload = self._snapshot.workloads[tenant.key]
        return not workload.succeeded and sum(len(variant.pools) for variant in workload.variants) > 1

    def nobody_leaves(self) -> bool:
        """There is no other pool to go to."""
        return len(self._shelves) < 2

    def _moved_lately(self, tenant: Tenant) -> bool:
        """Whoever has a right to its chips is moved for its equals once an hour at most, whoever they are."""
        last = self._snapshot.workloads[tenant.key].displaced
        return last is not None and last.reason is Reason.MIGRATED and self._bookings.now - last.at < NO_LOOP_S

    def rolls(self, tenant: Tenant) -> bool:
        """A service goes on where it is until its new replicas are Ready."""
        return self._snapshot.workloads[tenant.key].mode is Mode.SERVICE

    def _runs(self, tenant: Tenant) -> bool:
        """Only what is whole and has started is moved, and nothing that was decided of already."""
        workload = self._snapshot.workloads[tenant.key]
        if workload.deleting or workload.suspend or not workload.started or workload.stays_put:
            return False
        if tenant.key in self._rivals.decided:
            return False
        return sum(tenant.spots.values()) * tenant.ask.chips == tenant.chips

    def _is_firm(self, tenant: Tenant, pool: PoolName, *, guaranteed: bool) -> bool:
        """Nobody but higher priority has a better right to what it has in the pool."""
        if tenant.scavenges or tenant.external:
            return False
        return guaranteed or pool not in self._ledger.guarantees.pools

    # --- where to

    def shift(self, tenant: Tenant, pool: PoolName, leaving: Mapping[int, int], freed: Iterable[int]) -> Move | None:
        """Put all its replicas of some nodes on others of the pool; whoever asks gives back what they leave.

        A service goes where nobody has to leave first, to none of `freed`: it gives nothing back before it is there.
        """
        shelf, count = self._shelves[pool], sum(leaving.values())
        barred = self._bookings.nodes_kept(pool) | (bits_of(freed, len(shelf.nodes)) if self.rolls(tenant) else 0)
        workload = self._snapshot.workloads[tenant.key]
        barred |= self._topologies.barred(workload, pool)
        start = shelf.checkpoint()
        spots = fill(shelf, tenant.ask, count, barred)
        if total(spots) < count:
            shelf.rollback(start)
            return None
        stay = [Spot(i, n, tenant.seats.get(i, ())) for i, n in tenant.spots.items() if i not in leaving]
        all_ = self._topologies.by_rank(pool, sorted([*stay, *spots]))
        variant = admitted_as(workload)
        assert variant is not None
        return Move(tenant, leaving, variant, pool, spots, names(shelf, all_), seats(all_))

    def leave(self, tenant: Tenant, pool: PoolName) -> Move | None:
        """Take the first of its other ways that has room as it is, within all limits."""
        workload = self._snapshot.workloads[tenant.key]
        start = self.mark()
        self._ledger.give(tenant.queue, pool, tenant.chips, scavenged=tenant.scavenges)
        for option in self._others(workload, tenant, pool):
            move = self._take(tenant, option)
            if move is not None:
                return move
        self.undo(start)
        return None

    def give_up(self, tenant: Tenant, pool: PoolName, chips: Milli) -> None:
        """Let it go on with fewer replicas."""
        self._ledger.give(tenant.queue, pool, chips, scavenged=tenant.scavenges)

    def retract(self, move: Move, pool: PoolName) -> None:
        """Take it off where it went to; `pool` is the one it was in."""
        shelf = self._shelves[move.pool]
        for spot in move.spots:
            shelf.give(spot.node, move.variant.ask, spot.replicas, spot.seats)
        if move.pool != pool:
            tenant, chips = move.tenant, sum(s.replicas for s in move.spots) * move.variant.ask.chips
            self._ledger.give(tenant.queue, move.pool, chips, scavenged=move.scavenged)
            self._ledger.take(tenant.queue, pool, tenant.chips, scavenged=tenant.scavenges)

    def _others(self, workload: Workload, tenant: Tenant, pool: PoolName) -> Iterator[Option]:
        for option in self._options(workload):
            if option.pool == pool or (option.scavenges and not tenant.scavenges) or self._bookings.keeps(option.pool):
                continue
            if pool_problem(self._snapshot, workload.class_name, option.variant, option.pool, external=tenant.external):
                continue
            firm = not option.scavenges and self._is_firm(tenant, option.pool, guaranteed=False)
            if not self._rivals.outrank(option.pool, tenant.priority, firm=firm):
                yield option

    def _take(self, tenant: Tenant, option: Option) -> Move | None:
        if self._ledger.passed(tenant.queue, option.pool, option.new):
            return None
        shelf = self._shelves[option.pool]
        floor, start = kept(self._snapshot, option.pool, tenant.priority, replacing=False), shelf.checkpoint()
        spots = self._topologies.by_rank(option.pool, self._topologies.fill(option))
        if total(spots) < option.replicas or (floor and shelf.free_in_all() < floor):
            shelf.rollback(start)
            return None
        self._ledger.take(tenant.queue, option.pool, option.new, scavenged=option.scavenges)
        return Move(
            tenant,
            tenant.spots,
            option.variant,
            option.pool,
            spots,
            names(shelf, spots),
            seats(spots),
            option.scavenges,
        )
