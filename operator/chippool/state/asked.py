"""Chips that are asked for, running and waiting, by pool, class and purpose, kept up as a workload changes."""

from collections import Counter
from collections.abc import Mapping

from chippool.core.capacity import Purpose
from chippool.core.checks import admitted_as, wanted
from chippool.core.ids import ClassName, Milli, PoolName, WorkloadKey
from chippool.core.model import Workload
from chippool.state.counts import preferred

Series = tuple[PoolName, ClassName, Purpose]


class AskedSums:
    def __init__(self) -> None:
        self._counted: dict[WorkloadKey, tuple[Series, Milli]] = {}
        self._sums: Counter[Series] = Counter()

    def note(self, workload: Workload, purpose: Purpose) -> None:
        """Count a workload as it is now; what waits counts in the pool it would like best."""
        self.forget(workload.key)
        pool, chips = _asked(workload) or ("", 0)
        if chips:
            series = PoolName(pool), workload.class_name, purpose
            self._counted[workload.key] = series, chips
            self._sums[series] += chips

    def forget(self, key: WorkloadKey) -> None:
        """Count a workload no more."""
        if key in self._counted:
            series, chips = self._counted.pop(key)
            self._sums[series] -= chips
            if not self._sums[series]:
                del self._sums[series]

    def all(self) -> Mapping[Series, Milli]:
        """Return the sums of all there are, to be read alone."""
        return self._sums


def _asked(workload: Workload) -> tuple[PoolName, Milli] | None:
    if workload.finished or workload.deleting or workload.suspend:
        return None
    variant, given = admitted_as(workload), workload.assignment
    if given is not None and variant is not None:
        replicas = max(given.replicas, wanted(workload, variant))
        return given.pool, max(0, replicas - workload.succeeded) * variant.ask.chips
    return preferred(workload)
