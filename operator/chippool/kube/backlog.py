"""What waits to be written, and what comes next: no I/O, no clock of its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from heapq import heappop, heappush
from typing import Any


class Urgency(IntEnum):
    """Smaller goes first; SERVICE, STATUS and EVENT are low-value and yield to all others."""

    PIN = 0
    FINISH = 1
    DECISION = 2
    UPKEEP = 3
    SERVICE = 4
    STATUS = 5
    EVENT = 6

    @property
    def low(self) -> bool:
        return self >= Urgency.SERVICE


class Outcome(StrEnum):
    """What became of a write."""

    DONE = "Done"
    CONFLICT = "Conflict"  # 409: exists already, or a precondition failed
    GONE = "Gone"  # 404
    REFUSED = "Refused"  # any other 4xx, or the server's errors outlasted the writer's patience
    LAPSED = "Lapsed"  # never sent, or not again: no longer the leader, or shutting down
    SUPERSEDED = "Superseded"  # a newer write of the same key took its place


Answer = dict[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class Write:
    """One request to be made; a newer one of the same key replaces it while it waits.

    `done` is called once, on the event loop: with the response object on DONE, the server's Status object
    (reason, message, code) on CONFLICT, its sentence on GONE and REFUSED, None on LAPSED and SUPERSEDED.
    """

    key: tuple[str, ...]
    method: str
    path: str
    body: Any
    urgency: Urgency
    order: int = 0  # smaller first inside an urgency
    content_type: str = "application/json"
    kind: str = ""  # label for metrics
    done: Callable[[Outcome, Answer], None] | None = None


@dataclass(slots=True)
class Entry:
    """A write, since when it waits (seconds), and what it has been through."""

    write: Write
    arrival: int
    since: float
    not_before: float = 0.0
    failures: int = 0
    refused_since: float | None = None  # when the server itself first answered with an error that may pass

    def rank(self) -> tuple[float, ...]:
        """Return its place in the line."""
        return (self.write.urgency, self.write.order, self.arrival)

    def age(self) -> tuple[float, ...]:
        """Return its place by waiting time."""
        return (self.since, self.arrival)


Key = tuple[str, ...]
Heap = list[tuple[tuple[float, ...], Key]]  # never searched: what is out of date is skipped when it comes up


class Backlog:
    """Entries by key, handed out in (urgency, order, arrival), never two of one key at once."""

    def __init__(self) -> None:
        self.pending: Counter[Urgency] = Counter()  # from put until finished: waiting and in flight
        self.low_flying = 0
        self._waiting: dict[Key, Entry] = {}
        self._flying: dict[Key, Entry] = {}
        self._arrivals = 0
        self._urgent: Heap = []
        self._low: Heap = []
        self._oldest: Heap = []  # the low-value ones once more, by age
        self._later: Heap = []

    def put(self, write: Write, now: float) -> Entry | None:
        """Add a write; return the entry it replaces."""
        self._arrivals += 1
        entry = Entry(write, self._arrivals, now)
        self.pending[write.urgency] += 1
        old = self._waiting.pop(write.key, None)
        if old is not None:
            self.pending[old.write.urgency] -= 1
            _inherit(entry, old)
        if old is not None and old.rank() == entry.rank():
            self._waiting[write.key] = entry  # in the old one's place
        else:
            self._wait(entry)
        return old

    def urgent(self, now: float) -> Entry | None:
        """Return the urgent entry that goes next, without taking it."""
        return self._first(self._urgent, Entry.rank, now)

    def low(self, now: float) -> Entry | None:
        """Return the low-value entry that goes next, without taking it."""
        return self._first(self._low, Entry.rank, now)

    def oldest_low(self, now: float) -> Entry | None:
        """Return the low-value entry that has waited longest and may go, without taking it."""
        return self._first(self._oldest, Entry.age, now)

    def waits(self, key: Key) -> bool:
        """Whether a write of this key waits, and none of it is in flight."""
        return key in self._waiting and key not in self._flying

    def start(self, entry: Entry) -> None:
        """Take a waiting entry: it is in flight until `finish` or `retry`."""
        del self._waiting[entry.write.key]
        self._flying[entry.write.key] = entry
        self.low_flying += entry.write.urgency.low

    def finish(self, entry: Entry) -> None:
        """Note that an entry has landed for good."""
        self._land(entry)
        self.pending[entry.write.urgency] -= 1
        newer = self._waiting.get(entry.write.key)
        if newer is not None:
            self._wait(newer)

    def retry(self, entry: Entry, at: float) -> bool:
        """Put an entry back until `at`; False, and the entry is finished, where a newer write of its key waits."""
        newer = self._waiting.get(entry.write.key)
        entry.not_before = at
        if newer is not None:
            newer.not_before = at
            self.finish(entry)
            return False
        self._land(entry)
        self._wait(entry)
        return True

    def drop(self, *, low_only: bool = False) -> list[Entry]:
        """Take out and return what waits; what is in flight stays."""
        dropped = [entry for entry in self._waiting.values() if entry.write.urgency.low or not low_only]
        for entry in dropped:
            del self._waiting[entry.write.key]
            self.pending[entry.write.urgency] -= 1
        if not self._waiting:
            for heap in (self._urgent, self._low, self._oldest, self._later):
                heap.clear()
        return dropped

    @property
    def flying(self) -> int:
        return len(self._flying)

    def urgent_left(self) -> int:
        """How many urgent ones wait or are in flight."""
        return sum(count for urgency, count in self.pending.items() if not urgency.low)

    def due(self) -> float | None:
        """When the next entry that was put back comes due."""
        return self._later[0][0][0] if self._later else None

    def _first(self, heap: Heap, stamp: Callable[[Entry], tuple[float, ...]], now: float) -> Entry | None:
        self._wake(now)
        while heap:
            stamped, key = heap[0]
            entry = self._waiting.get(key)
            if entry is not None and stamp(entry) == stamped and key not in self._flying and entry.not_before <= now:
                return entry
            heappop(heap)  # gone, or it comes back when its time comes or its key lands
        return None

    def _land(self, entry: Entry) -> None:
        del self._flying[entry.write.key]
        self.low_flying -= entry.write.urgency.low

    def _wait(self, entry: Entry) -> None:
        self._waiting[entry.write.key] = entry
        if entry.not_before > 0:
            heappush(self._later, ((entry.not_before, entry.arrival), entry.write.key))
        else:
            self._ready(entry)

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0][0] <= now:
            entry = self._waiting.get(heappop(self._later)[1])
            if entry is not None and entry.not_before <= now:
                self._ready(entry)

    def _ready(self, entry: Entry) -> None:
        heappush(self._low if entry.write.urgency.low else self._urgent, (entry.rank(), entry.write.key))
        if entry.write.urgency.low:
            heappush(self._oldest, (entry.age(), entry.write.key))


def _inherit(entry: Entry, old: Entry) -> None:
    entry.not_before = old.not_before
    if old.write.urgency == entry.write.urgency:  # or an object that changes all the time would never be written
        entry.arrival, entry.since = old.arrival, old.since
