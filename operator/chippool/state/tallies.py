"""Workloads and their chips by queue, class and state, kept up as one of them changes: for metrics."""

from collections import Counter

from chippool.core.ids import ClassName, Milli, PoolName, QueueName, WorkloadKey
from chippool.core.model import Workload
from chippool.core.ordering import waits_since
from chippool.state.counts import chips_given, preferred

RUNNING, PENDING = "running", "pending"


class Tallies:
    """Sums over all workloads; times in seconds since the epoch."""

    def __init__(self) -> None:
        self.workloads: Counter[tuple[QueueName, ClassName, str]] = Counter()
        self.chips: Counter[tuple[ClassName, PoolName, str]] = Counter()
        """Milli-chips."""
        self._waiting: dict[WorkloadKey, tuple[QueueName, float]] = {}

    def replace(self, before: Workload | None, after: Workload | None) -> None:
        """Count `after` instead of `before`."""
        for workload, sign in ((before, -1), (after, 1)):
            if workload is not None:
                self._add(workload, sign)
        if before is not None:
            self._waiting.pop(before.key, None)
        if after is not None and state_of(after) == PENDING and not after.deleting:
            self._waiting[after.key] = after.queue, waits_since(after)

    def longest(self) -> dict[QueueName, float]:
        """Since when the workload of each queue waits that waits longest."""
        found: dict[QueueName, float] = {}
        for queue, since in self._waiting.values():
            if since < found.get(queue, since + 1):
                found[queue] = since
        return found

    def _add(self, workload: Workload, sign: int) -> None:
        state = state_of(workload)
        self.workloads[workload.queue, workload.class_name, state] += sign
        if workload.finished or workload.deleting:
            return
        if given := chips_given(workload):
            self._count(workload, *given, RUNNING, sign)
        elif state == PENDING and (wanted := preferred(workload)):
            self._count(workload, *wanted, PENDING, sign)

    def _count(self, workload: Workload, pool: PoolName, chips: Milli, state: str, sign: int) -> None:
        self.chips[workload.class_name, pool, state] += sign * chips


def state_of(workload: Workload) -> str:
    """One word for how a workload stands."""
    if workload.finished:
        return "finished"
    if workload.assignment is not None:
        return "ready" if workload.ready + workload.succeeded >= workload.assignment.replicas else "admitted"
    return "suspended" if workload.suspend else PENDING
