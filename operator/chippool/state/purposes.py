"""Chips that admitted workloads hold, by pool and by what they are for, kept up as one of them changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from chippool.core.capacity import Purpose
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.model import Workload


class PurposeSums:
    def __init__(self) -> None:
        self._counted: dict[WorkloadKey, tuple[PoolName, Purpose, Milli]] = {}
        self._sums: defaultdict[PoolName, Counter[Purpose]] = defaultdict(Counter)

    def note(self, workload: Workload, purpose: Purpose) -> None:
        """Count a workload as it is now."""
        self.forget(workload.key)
        given = workload.assignment
        if given is None or workload.finished or workload.deleting:
            return
        chips = next((variant.ask.chips for variant in workload.variants if variant.name == given.variant), 0)
        held = max(0, given.replicas - workload.succeeded) * chips
        self._counted[workload.key] = given.pool, purpose, held
        self._sums[given.pool][purpose] += held

    def forget(self, key: WorkloadKey) -> None:
        """Count a workload no more."""
        if key in self._counted:
            pool, purpose, held = self._counted.pop(key)
            self._sums[pool][purpose] -= held

    def of(self, pool: PoolName) -> Mapping[Purpose, Milli]:
        return {purpose: chips for purpose, chips in self._sums.get(pool, Counter()).items() if chips}
