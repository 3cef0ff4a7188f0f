"""What became of a simulated cluster: use by pool, waits by class, displacements, and the timeline, as plain data."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

from chippool.core.ids import CHIP, PoolName
from chippool.sim.clockwork import Clockwork, Look

Json = dict[str, Any]
DAY = 86400


@dataclass(slots=True)
class Occupancy:
    """Chips of each pool in use, and kept for whoever is next, whenever that changed."""

    stock: Mapping[PoolName, float]
    steps: dict[PoolName, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))
    """(when, used, kept) by pool."""
    decisions: int = 0

    def watch(self, look: Look) -> None:
        """Remember what is in use after a decision."""
        self.decisions += 1
        used: Counter[PoolName] = Counter()
        for node in look.ground.nodes.values():
            for pool in node.pools:
                used[pool] += node.allocatable - node.free
        kept = {one.pool: one.chips / CHIP for one in look.plan.reserved}
        for pool in self.stock:
            steps, now = self.steps[pool], (look.now, used[pool] / CHIP, kept.get(pool, 0.0))
            if steps and steps[-1][0] == look.now:
                steps.pop()
            if not steps or steps[-1][1:] != now[1:]:
                steps.append(now)

    def mean(self, pool: PoolName, column: int, until: float) -> float:
        """Chips in use (1) or kept (2), averaged over time."""
        steps = self.steps[pool]
        ends = [*(step[0] for step in steps[1:]), until]
        total = sum(step[column] * max(end - step[0], 0.0) for step, end in zip(steps, ends, strict=True))
        return total / until if until else 0.0


def stock(look_at: Clockwork) -> dict[PoolName, float]:
    """Return the chips installed in each pool."""
    found: Counter[PoolName] = Counter()
    for node in look_at.ground.nodes.values():
        for pool in node.pools:
            found[pool] += node.installed
    return {pool: chips / CHIP for pool, chips in sorted(found.items())}


def outlook(work: Clockwork, seen: Occupancy) -> Json:
    """Return everything a user may want to know, in JSON's own types."""
    counts = Counter(one.reason for one in work.timeline if one.what == "displace")
    return {
        "seconds": round(work.now, 3),
        "decisions": seen.decisions,
        "workloads": len(work.lives),
        "ended": work.ended,
        "waiting": len(work.waiting),
        "displacements": dict(sorted(counts.items())),
        "pools": {pool: _pool(seen, pool, chips, work.now) for pool, chips in seen.stock.items()},
        "classes": _classes(work),
        "timeline": [{key: value for key, value in asdict(one).items() if value != ""} for one in work.timeline],
    }


def _pool(seen: Occupancy, pool: PoolName, chips: float, until: float) -> Json:
    return {
        "chips": chips,
        "utilisation": round(seen.mean(pool, 1, until) / chips, 4) if chips else 0.0,
        "peak": max((step[1] for step in seen.steps[pool]), default=0.0),
        "kept_for_next": round(seen.mean(pool, 2, until) / chips, 4) if chips else 0.0,
    }


def _classes(work: Clockwork) -> dict[str, Json]:
    lives: defaultdict[str, list[Any]] = defaultdict(list)
    for life in work.lives.values():
        lives[life.errand.workload.class_name].append(life)
    return {name: _class(work, some) for name, some in sorted(lives.items())}


def _class(work: Clockwork, lives: Sequence[Any]) -> Json:
    waits = sorted(wait for life in lives for wait in life.waits)
    still = [life for life in lives if life.errand.workload.key in work.waiting]
    found: Json = {
        "workloads": len(lives),
        "started": sum(bool(life.waits) for life in lives),
        "waiting": len(still),
        "waiting_for": dict(sorted(Counter(work.waiting[life.errand.workload.key].value for life in still).items())),
    }
    if waits:
        found |= {
            "wait_mean": round(fmean(waits), 1),
            "wait_median": round(median(waits), 1),
            "wait_p95": round(waits[min(len(waits) * 95 // 100, len(waits) - 1)], 1),
            "wait_longest": round(waits[-1], 1),
        }
    return found
