"""What queues are guaranteed, use and wait for, through the whole tree: for status and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

from chippool.core.guarantee import Guarantees
from chippool.core.ids import Milli, PoolName, QueueName
from chippool.core.model import Problem, Queue
from chippool.core.quota import Ledger
from chippool.core.tree import Tree

ByPool = Mapping[PoolName, Milli]


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Of one queue, those below it included."""

    used: Milli
    guaranteed: Milli
    pending: Milli

    @property
    def borrowed(self) -> Milli:
        return max(self.used - self.guaranteed, 0)


class Sharing:
    """`stock` is what is installed of each pool; `used` and `pending` what each queue's own workloads have and want."""

    def __init__(
        self,
        queues: Mapping[QueueName, Queue],
        stock: ByPool,
        used: Mapping[QueueName, ByPool],
        pending: Mapping[QueueName, ByPool],
    ) -> None:
        self._tree = Tree(queues)
        self._guarantees = Guarantees(self._tree, stock)
        self._used = _booked(Ledger(self._tree, self._guarantees, stock), used)
        self._pending = _booked(Ledger(self._tree, self._guarantees, stock), pending)
        self.oversold = {one.pool: one for one in self._guarantees.oversold if one.parent is None}
        """Pools of which the queues at the top are guaranteed more than there is."""

    def of(self, name: QueueName) -> dict[PoolName, PoolUse]:
        """The pools a queue lists, is guaranteed, uses or waits for."""
        i = self._position(name)
        queue = self._tree.branches[i].queue
        assert queue is not None
        named = {*queue.limits, *self._guarantees.promised[i], *self._used.pools(i), *self._pending.pools(i)}
        return {
            pool: PoolUse(self._used.used(i, pool), self._used.guaranteed(i, pool), self._pending.used(i, pool))
            for pool in sorted(named)
            if pool in queue.limits or pool in queue.guaranteed or self._is_about(i, pool)
        }

    def share(self, name: QueueName) -> float:
        """Weighted dominant share, from 0."""
        return self._used.share(self._position(name))

    def problem(self, name: QueueName) -> Problem | None:
        """What is wrong with the way from the queue to the top."""
        return self._tree.broken.get(name)

    def shrunk(self, name: QueueName) -> dict[PoolName, tuple[Milli, Milli]]:
        """Pools of which it gets less than it was promised: promised and given."""
        return self._guarantees.shrunk(self._position(name))

    def _position(self, name: QueueName) -> int:
        path = self._tree.paths[name]
        return next(i for i in reversed(path) if self._tree.branches[i].queue is not None)

    def _is_about(self, i: int, pool: PoolName) -> bool:
        return bool(self._used.used(i, pool) or self._pending.used(i, pool) or self._used.guaranteed(i, pool))


def _booked(ledger: Ledger, chips: Mapping[QueueName, ByPool]) -> Ledger:
    for name, by_pool in sorted(chips.items()):
        for pool, amount in sorted(by_pool.items()):
            ledger.take(name, pool, amount)
    return ledger
