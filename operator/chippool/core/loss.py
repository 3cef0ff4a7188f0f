"""Rule 6: how much work goes with a workload that is displaced: what it did since it last saved it."""

from chippool.core.model import Workload


def work_lost(workload: Workload, now: float) -> float:
    """Seconds of work, never more than since its admission.

    A checkpoint that was reported counts, but an old one protects for no more than checkpointInterval: who stops to
    report gains nothing. Without a report it is the whole interval, without an interval everything.
    """
    assert workload.assignment is not None
    ran = max(now - workload.assignment.admitted_at, 0.0)
    at_most = ran if workload.checkpoint_interval is None else min(ran, workload.checkpoint_interval)
    if workload.checkpointed_at is None:
        return at_most
    return min(max(now - workload.checkpointed_at, 0.0), at_most)
