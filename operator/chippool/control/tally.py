"""Counts what was decided and accepted, for the metrics."""

from chippool.core.loss import work_lost
from chippool.core.model import Mode, Workload
from chippool.core.plan import Admit, Decision, Displace, Migrate, Shrink
from chippool.metrics import Metrics


def count(metrics: Metrics, decision: Decision, workload: Workload, now: float) -> None:
    """Count one decision; `workload` as it was before."""
    metrics.decisions.labels(type(decision).__name__, decision.reason.value).inc()
    match decision:
        case Admit():
            metrics.admission_wait.labels(workload.class_name).observe(now - _queued_at(workload, now))
        case Shrink() | Migrate() | Displace():
            if (kind := _kind(decision)) is not None:
                metrics.displacements.labels(workload.class_name, kind).inc()
            if workload.mode is Mode.GANG and workload.assignment is not None:
                metrics.work_lost.labels(workload.class_name).inc(work_lost(workload, now))
        case _:
            return


def _kind(decision: Shrink | Migrate | Displace) -> str | None:
    """None for who lost its chips through nobody else."""
    match decision:
        case Shrink():
            return "shrink"
        case Migrate():
            return "migrate"
        case Displace(by=by):
            return "evict" if by is not None else None


def _queued_at(workload: Workload, now: float) -> float:
    """When it last began to wait; now, where its object has only just been deleted."""
    return workload.created if workload.displaced is None else workload.displaced.at or now
