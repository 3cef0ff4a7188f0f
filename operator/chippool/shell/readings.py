"""What the metrics read at every scrape, from whoever knows it."""

import time
from collections import Counter
from collections.abc import Sequence

from chippool.control.loop import Loop
from chippool.core.ids import CHIP
from chippool.core.model import Workload
from chippool.kube.feed import Feed
from chippool.kube.lease import Lease
from chippool.kube.writer import Writer
from chippool.metrics import Labels, Numbers, Readings
from chippool.state.mirror import Mirror

CHIP_STATES = ("installed", "allocatable", "allocated", "releasing", "free", "unmanaged", "lost")


def readings(mirror: Mirror, loop: Loop, feeds: Sequence[Feed], writer: Writer, lease: Lease) -> Readings:
    """Return where each figure is found."""
    return Readings(
        pool_chips=lambda: _pool_chips(mirror, loop),
        pool_prices=lambda: {(pool,): price for pool, price in loop.prices.items()},
        workloads=lambda: _workloads(loop),
        holds=lambda: {(reason,): count for reason, count in loop.holds.items()},
        feed_age=lambda: {(feed.kind.name,): feed.age(time.monotonic()) for feed in feeds},
        feed_restarts=lambda: _feed_restarts(feeds),
        writes=lambda: {(kind, outcome.value): count for (kind, outcome), count in writer.stats.items()},
        writes_pending=lambda: {(urgency.name.lower(),): count for urgency, count in writer.pending.items()},
        leader=lease.held,
    )


def _pool_chips(mirror: Mirror, loop: Loop) -> Numbers:
    numbers: dict[Labels, float] = {}
    for name in mirror.pool_records:
        counts = mirror.pool_counts(name)
        numbers |= {(name, state): getattr(counts, state) / CHIP for state in CHIP_STATES}
        numbers[name, "kept"] = loop.kept.get(name, 0) / CHIP
    return numbers


def _workloads(loop: Loop) -> Numbers:
    seen = loop.snapshot.workloads.values() if loop.snapshot is not None else ()
    return Counter((workload.queue, workload.class_name, _state(workload)) for workload in seen)


def _state(workload: Workload) -> str:
    if workload.finished:
        return "finished"
    if workload.assignment is not None:
        return "ready" if workload.ready + workload.succeeded >= workload.assignment.replicas else "admitted"
    return "suspended" if workload.suspend else "pending"


def _feed_restarts(feeds: Sequence[Feed]) -> Numbers:
    return {(feed.kind.name, reason): count for feed in feeds for reason, count in feed.stats.restarts.items()}
