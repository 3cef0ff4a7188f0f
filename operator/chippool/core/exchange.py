"""Rules 2 and 6c on the board: who starts and who moves, tried out node by node, and kept or undone as one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chippool.core.board import Board
from chippool.core.crowd import Candidate
from chippool.core.ids import NodeName, PoolName, WorkloadKey
from chippool.core.model import Mode
from chippool.core.ordering import class_of
from chippool.core.placement import Spots, names, seats, total
from chippool.core.plan import Migrate
from chippool.core.seeker import Option
from chippool.core.shelf import Seats
from chippool.core.tenant import GUARANTEED, Tenant
from chippool.core.trade import Mover


@dataclass(frozen=True, slots=True)
class Move:
    """Running work that goes on in another way: a node for each of its replicas."""

    mover: Mover
    option: Option
    nodes: tuple[NodeName, ...]
    seats: Seats = ()

    def decision(self) -> Migrate:
        """The same as people are told."""
        variant, pool, count = self.option.variant, self.option.pool, len(self.nodes)
        message = f"Goes on as variant {variant.name} with {count} replica(s) in {pool}: all chips together do more so."
        key, chips = self.mover.key, variant.ask.chips
        return Migrate(key, variant.name, pool, chips, self.nodes, None, message, seats=self.seats)


class Exchange:
    """An attempt: `placed` are the chips that found nodes by pool, `failed` is who found none."""

    def __init__(self, board: Board) -> None:
        self.placed: Counter[PoolName] = Counter()
        self.failed: dict[WorkloadKey, PoolName] = {}
        self.moves: list[Move] = []
        self._board = board
        self._shelves = {pool: shelf.checkpoint() for pool, shelf in board.shelves.items()}
        self._ledger = board.ledger.checkpoint()
        self._gone: list[tuple[PoolName, Tenant]] = []

    def undo(self) -> None:
        """The board is as it was before."""
        for pool, checkpoint in self._shelves.items():
            self._board.shelves[pool].rollback(checkpoint)
        for pool, tenant in reversed(self._gone):
            self._board.take_in(pool, tenant)
        self._board.ledger.rollback(self._ledger)

    def start(self, candidate: Candidate, option: Option) -> None:
        """Give a workload that waits its chips."""
        priority = class_of(self._board.snapshot, candidate.workload).value
        if self._placed(candidate, option, priority) is None:
            self.failed[candidate.key] = option.pool

    def move(self, goes: Sequence[tuple[Mover, Option]]) -> None:
        """Gangs stop and start again, so they leave first; a service goes on where it is until it runs elsewhere.

        So no service waits for the chips of one that waits for its own.
        """
        for mover, _ in goes:  # what is borrowed is found out when a pool's tenants are first looked at
            self._board.tenants(mover.option.pool)
        gangs = [entry for entry in goes if entry[0].candidate.workload.mode is Mode.GANG]
        services = [entry for entry in goes if entry[0].candidate.workload.mode is not Mode.GANG]
        for mover, _ in gangs:
            self._leave(mover)
        for mover, option in services:
            self._settle(mover, option)
        for mover, _ in services:
            self._leave(mover)
        for mover, option in gangs:
            self._settle(mover, option)

    def _leave(self, mover: Mover) -> None:
        for tenant in mover.tenants:
            self._board.let_go(mover.option.pool, tenant)
            self._gone.append((mover.option.pool, tenant))

    def _settle(self, mover: Mover, option: Option) -> None:
        """Beside what is kept for whoever is next."""
        shelf = self._board.shelves[option.pool]
        shelf.closed = self._board.bookings.nodes_kept(option.pool)
        spots = self._placed(mover.candidate, option, mover.priority) if self._stands(mover, option) else None
        shelf.closed = 0
        if spots is None:
            self.failed[mover.key] = option.pool
        else:
            self.moves.append(Move(mover, option, names(self._board.shelves[option.pool], spots), seats(spots)))

    def _stands(self, mover: Mover, option: Option) -> bool:
        """Nobody gives up chips it is guaranteed, or that nobody can claim back, for chips that somebody may."""
        guaranteed = self._board.ledger.guarantees.pools
        if option.pool not in guaranteed or option.pool == mover.option.pool:
            return True
        borrows = mover.option.pool in guaranteed and any(t.loan < GUARANTEED for t in mover.tenants)
        return borrows or all(self._board.ledger.within(mover.candidate.workload.queue, option.pool, option.new))

    def _placed(self, candidate: Candidate, option: Option, priority: int) -> Spots | None:
        board, queue, shelf = self._board, candidate.workload.queue, self._board.shelves[option.pool]
        if board.ledger.passed(queue, option.pool, option.new):
            return None
        start, floor = shelf.checkpoint(), board.floor(option.pool, priority, replacing=False)
        spots = board.topologies.by_rank(option.pool, board.topologies.fill(option))
        if total(spots) < option.replicas or (floor and shelf.free_in_all() < floor):
            shelf.rollback(start)
            return None
        board.ledger.take(queue, option.pool, option.new)
        self.placed[option.pool] += option.new
        return spots
