"""Chips that admitted workloads hold, by pool and by what they are for, kept up as one of them changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from chippool.core.capacity import Purpose
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.model import Workload
from chippool.state.counts import chips_given


class PurposeSums:
    def __init__(self) -> None:
        self._counted: dict[WorkloadKey, tuple[PoolName, Purpose, Milli]] = {}
        self._sums: defaultdict[PoolName, Counter[Purpose]] = defaultdict(Counter)

    def note(self, workload: Workload, purpose: Purpose) -> None:
        """Count a workload as it is now."""
        self.forget(workload.key)
        given = chips_given(workload)
        if given is None or workload.finished or workload.deleting:
            return
        pool, held = given
        self._counted[workload.key] = pool, purpose, held
        self._sums[pool][purpose] += held

    def forget(self, key: WorkloadKey) -> None:
        """Count a workload no more."""
        if key in self._counted:
            pool, purpose, held = self._counted.pop(key)
            self._sums[pool][purpose] -= held

    def of(self, pool: PoolName) -> Mapping[Purpose, Milli]:
        return {purpose: chips for purpose, chips in self._sums.get(pool, Counter()).items() if chips}
