"""Who is still to be asked in a plan: room that they may have a better right to is no place to move others to."""

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from chippool.core.ids import PoolName, QueueName, WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.core.ordering import class_of


class Rivals:
    """Workloads that ask, highest priority first; those in `decided` have had their turn."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.decided: Container[WorkloadKey] = ()
        self._snapshot = snapshot
        self._asking: Sequence[Workload] = ()
        self._by_pool: defaultdict[PoolName, list[Workload]] | None = None
        self._passed: defaultdict[PoolName, int] = defaultdict(int)
        """By pool, how many of the first have had their turn."""
        self._winner = WorkloadKey("")
        self._queue = QueueName("")

    def expect(self, asking: Sequence[Workload], decided: Container[WorkloadKey]) -> None:
        """Say who asks, and where to see who has had an answer."""
        self._asking, self.decided, self._by_pool = asking, decided, None

    def turn_of(self, workload: Workload) -> None:
        """It is asked now, and is no rival of its own."""
        self._winner, self._queue = workload.key, workload.queue

    def outrank(self, pool: PoolName, priority: int, *, firm: bool) -> bool:
        """Whether somebody may have a better right to what work of this priority holds in the pool.

        By priority, or, where the work is not firmly its own, by what another queue is guaranteed.
        """
        for rival in self._others(pool):
            if class_of(self._snapshot, rival).value > priority:
                return True
            if firm:
                return False
            if rival.queue != self._queue:
                return True
        return False

    def _others(self, pool: PoolName) -> Iterator[Workload]:
        waiting, at = self._waiting(pool), self._passed[pool]
        while at < len(waiting) and waiting[at].key in self.decided:
            at += 1
        self._passed[pool] = at
        for place in range(at, len(waiting)):
            if waiting[place].key != self._winner and waiting[place].key not in self.decided:
                yield waiting[place]

    def _waiting(self, pool: PoolName) -> list[Workload]:
        if self._by_pool is None:
            self._by_pool = defaultdict(list)
            for workload in self._asking:
                for name in dict.fromkeys([pool for variant in workload.variants for pool in variant.pools]):
                    self._by_pool[name].append(workload)
        return self._by_pool[pool]
