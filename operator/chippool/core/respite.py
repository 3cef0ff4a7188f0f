"""Rule 6: whom it leaves alone: minRuntime, cooldown, and nobody twice within an hour by the same other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from chippool.core.ids import WorkloadKey
from chippool.core.model import Displaced, Queue, Workload

NO_LOOP_S = 3600.0
"""Within this time nobody is displaced twice by the same workload."""


def respite(workload: Workload, above: Iterable[Queue]) -> float:
    """Until when an admitted workload is not displaced; every queue above it caps what it may ask for."""
    given = workload.assignment
    assert given is not None
    if not workload.min_runtime and not workload.cooldown:
        return given.admitted_at
    queues = list(above)
    runs = given.admitted_at + min((workload.min_runtime, *(q.min_runtime_cap for q in queues)))
    return max(runs, _cooled(workload, queues))


def calm(workload: Workload, above: Iterable[Queue]) -> float:
    """Until when a workload that was shrunk does not grow again: its cooldown."""
    last = workload.displaced
    return _cooled(workload, above) if last is not None and last.kept else 0.0


def _cooled(workload: Workload, above: Iterable[Queue]) -> float:
    last = workload.displaced
    if last is None or last.by is None:
        return 0.0
    return last.at + min((workload.cooldown, *(q.cooldown_cap for q in above)))


def spared(workloads: Iterable[Workload], now: float) -> Mapping[WorkloadKey, frozenset[WorkloadKey]]:
    """By workload those it displaced within the last hour."""
    found: defaultdict[WorkloadKey, set[WorkloadKey]] = defaultdict(set)
    for workload in workloads:
        if (last := workload.displaced) is None:
            continue
        for by, at in last.earlier if goes_in_parts(workload) else displacers(last):
            if now - at < NO_LOOP_S:
                found[by].add(workload.key)
    return {by: frozenset(victims) for by, victims in found.items()}


def goes_in_parts(workload: Workload) -> bool:
    """Whether it was shrunk and has not grown since: who takes more of it goes on with that, and begins nothing new."""
    last, given = workload.displaced, workload.assignment
    return last is not None and given is not None and given.replicas <= last.kept


def displacers(last: Displaced | None) -> tuple[tuple[WorkloadKey, float], ...]:
    """By whom and when a workload was displaced, the last first."""
    if last is None:
        return ()
    return ((last.by, last.at), *last.earlier) if last.by is not None else last.earlier
