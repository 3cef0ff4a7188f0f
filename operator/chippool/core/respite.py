"""Rule 6: whom it leaves alone: minRuntime, cooldown, and nobody twice within an hour by the same other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from chippool.core.ids import WorkloadKey
from chippool.core.model import Displaced, Queue, Workload

NO_LOOP_S = 3600.0
"""Within this time nobody is displaced twice by the same workload."""


def respite(workload: Workload, above: Iterable[Queue]) -> float:
    """Until when an admitted workload is not displaced; every queue above it caps what it may ask for."""
    queues = list(above)
    given, last = workload.assignment, workload.displaced
    assert given is not None
    runs = given.admitted_at + min((workload.min_runtime, *(q.min_runtime_cap for q in queues)))
    if last is None or last.by is None:
        return runs
    return max(runs, last.at + min((workload.cooldown, *(q.cooldown_cap for q in queues))))


def spared(workloads: Iterable[Workload], now: float) -> Mapping[WorkloadKey, frozenset[WorkloadKey]]:
    """By workload those it displaced within the last hour."""
    found: defaultdict[WorkloadKey, set[WorkloadKey]] = defaultdict(set)
    for workload in workloads:
        for by, at in displacers(workload.displaced):
            if now - at < NO_LOOP_S:
                found[by].add(workload.key)
    return {by: frozenset(victims) for by, victims in found.items()}


def displacers(last: Displaced | None) -> tuple[tuple[WorkloadKey, float], ...]:
    """By whom and when a workload was displaced, the last first."""
    if last is None:
        return ()
    return ((last.by, last.at), *last.earlier) if last.by is not None else last.earlier
