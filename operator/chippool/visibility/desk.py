"""Explains workloads one at a time, from a look at the cluster that serves for a while."""

import asyncio
import time
from collections.abc import Callable

from chippool.core.ids import PoolName, WorkloadKey
from chippool.state.mirror import Mirror
from chippool.visibility.expectation import UNSEEN, Known
from chippool.visibility.explanation import Explanation, explained
from chippool.visibility.native import meant
from chippool.visibility.reading import Reading, decided

FRESH_S = 1.0
REST = 3.0
"""After a piece of work so many times as long nothing is computed: deciding comes first on this process's one core."""
PATIENCE_S = 10.0


class BusyError(Exception):
    """Too many ask; `seconds` says when it is worth asking again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many ask for explanations of a large cluster; ask again in {seconds} s")
        self.seconds = seconds


class Desk:
    """One for a replica; it never writes, and a follower's mirror is as good as the leader's."""

    def __init__(
        self,
        mirror: Mirror,
        *,
        known: Callable[[], Known] = lambda: UNSEEN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mirror, self._known = mirror, known
        self._clock = clock
        self._turn = asyncio.Lock()
        self._rested = 0.0
        self._reading: Reading | None = None
        self._fresh = 0.0

    async def ask(self, key: WorkloadKey, pool: PoolName | None = None) -> Explanation | None:
        """Return what is to be said of a workload, None if there is none of that name; raises BusyError."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._turn:
                await asyncio.sleep(max(0.0, self._rested - self._clock()))
                started = self._clock()
                try:
                    reading = await self._read(key)
                    return await asyncio.to_thread(explained, reading, meant(reading, key), pool)
                finally:
                    self._rested = self._clock() + REST * (self._clock() - started)
        except TimeoutError:
            raise BusyError(int(PATIENCE_S)) from None

    async def _read(self, key: WorkloadKey) -> Reading:
        """One that is too old to know the workload is too old; who asks for what there is not makes no work."""
        known = self._reading is not None and key in self._reading.snapshot.workloads
        if self._reading is None or self._clock() > self._fresh or (not known and key in self._mirror.look().workloads):
            started = self._clock()
            self._reading = await decided(self._mirror, known=self._known())
            self._fresh = self._clock() + max(FRESH_S, REST * (self._clock() - started))
        return self._reading
