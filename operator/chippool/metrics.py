"""The one registry: what happened is counted as it happens, what is is read from its owner when Prometheus asks."""

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CYCLE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WAIT_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 86400.0, 7 * 86400.0)

Labels = tuple[str, ...]
Numbers = Mapping[Labels, float]


@dataclass(frozen=True, slots=True)
class Readings:
    """Where the collector finds what is true now; each answers numbers by label values, in the order named here."""

    pool_chips: Callable[[], Numbers]
    """pool, state; in chips."""
    pool_prices: Callable[[], Numbers]
    """pool; what one more chip would add, in workloads at their best speed, on average over a day."""
    workloads: Callable[[], Numbers]
    """queue, priority class, state."""
    holds: Callable[[], Numbers]
    """reason."""
    feed_age: Callable[[], Numbers]
    """kind; in seconds."""
    feed_restarts: Callable[[], Numbers]
    """kind, reason."""
    writes: Callable[[], Numbers]
    """kind, outcome."""
    writes_pending: Callable[[], Numbers]
    """urgency."""
    leader: Callable[[], bool]


class Metrics:
    """What the loop counts; `registry` is what /metrics shows."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
        self.registry = CollectorRegistry()
        self.decisions = Counter(
            "chippool_decisions", "Decisions taken and accepted.", ["kind", "reason"], registry=self.registry
        )
        self.admission_wait = Histogram(
            "chippool_admission_wait_seconds",
            "Time from the creation, or the last displacement, of a workload to its admission.",
            ["priority_class"],
            buckets=WAIT_BUCKETS,
            registry=self.registry,
        )
        self.cycle = Histogram(
            "chippool_cycle_seconds",
            "Time of one decision cycle, waiting for changes not included.",
            buckets=CYCLE_BUCKETS,
            registry=self.registry,
        )
        self.cycle_failures = Counter(
            "chippool_cycle_failures", "Decision cycles that ended in an error.", registry=self.registry
        )
        self.unstuck = Counter(
            "chippool_pods_unstuck", "Pinned pods that were not bound in time and evicted.", registry=self.registry
        )
        self.lost = Counter(
            "chippool_pods_lost", "Pods of lost nodes that were failed and removed.", registry=self.registry
        )

    def show(self, readings: Readings) -> None:
        """From now on, read these at every scrape."""
        self.registry.register(_Current(readings))


class _Current(Collector):
    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now = self._readings
        yield _gauge("pool_chips", "Chips of a pool.", ["pool", "state"], now.pool_chips())
        yield _gauge(
            "pool_shadow_price",
            "What one more chip of a pool would add, in workloads at their best speed: a mean over a day.",
            ["pool"],
            now.pool_prices(),
        )
        yield _gauge("workloads", "ChipWorkloads.", ["queue", "priority_class", "state"], now.workloads())
        yield _gauge("holds", "ChipWorkloads that wait, by reason.", ["reason"], now.holds())
        yield _gauge("feed_age_seconds", "Time since the API server was last heard.", ["kind"], now.feed_age())
        yield _counter("feed_restarts", "Watches begun anew.", ["kind", "reason"], now.feed_restarts())
        yield _counter("writes", "Writes to the API server.", ["kind", "outcome"], now.writes())
        yield _gauge("writes_pending", "Writes waiting or in flight.", ["urgency"], now.writes_pending())
        yield _gauge("leader", "1 where this replica holds the Lease.", [], {(): float(now.leader())})
        yield _gauge("build_info", "Always 1.", ["version", "python"], {_build(): 1.0})


def _gauge(name: str, help_text: str, labels: list[str], numbers: Numbers) -> Metric:
    family = GaugeMetricFamily(f"chippool_{name}", help_text, labels=labels)
    for values, number in numbers.items():
        family.add_metric(values, number)
    return family


def _counter(name: str, help_text: str, labels: list[str], numbers: Numbers) -> Metric:
    family = CounterMetricFamily(f"chippool_{name}", help_text, labels=labels)
    for values, number in numbers.items():
        family.add_metric(values, number)
    return family


def _build() -> Labels:
    return (version("chippool"), platform.python_version())
