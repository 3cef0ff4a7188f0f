"""What /metrics shows: each family is declared in `families`, and counted here or read at scrape time."""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

from chippool.metrics import families as f
from chippool.metrics.families import Family, Labels, Numbers
from chippool.metrics.page import Reader, text_of

__all__ = ["Family", "Labels", "Metrics", "Numbers", "Reader"]


class Metrics:
    """What the loop counts, and what is read from others."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
        self._registry = CollectorRegistry()
        self._readers: tuple[Reader, ...] = ()
        self._known: set[str] = set()
        self.decisions = self._counter(f.DECISIONS)
        self.admission_wait = self._histogram(f.ADMISSION_WAIT)
        self.displacements = self._counter(f.DISPLACEMENTS)
        self.work_lost = self._counter(f.WORK_LOST)
        self.cycle = self._histogram(f.CYCLE)
        self.cycle_failures = self._counter(f.CYCLE_FAILURES)
        self.unstuck = self._counter(f.UNSTUCK)
        self.lost = self._counter(f.LOST)

    def show(self, *readers: Reader) -> None:
        """From now on, read these at every scrape."""
        self._readers = readers

    def page(self) -> bytes:
        """What /metrics shows, in the text format of Prometheus."""
        read = [text_of(family, numbers) for reader in self._readers for family, numbers in reader()]
        return generate_latest(self._registry) + "".join(read).encode()

    def know(self, priority_class: str) -> None:
        """Show a class from 0 on: what counts from a first sample of 1 looks to Prometheus as if nothing happened."""
        if priority_class in self._known:
            return
        self._known.add(priority_class)
        self.admission_wait.labels(priority_class)
        self.work_lost.labels(priority_class)
        for kind in f.DISPLACEMENT_KINDS:
            self.displacements.labels(priority_class, kind)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=self._registry)
