"""How long gangs of each queue took, from Jobs that completed: what rule 7 goes by where nobody says maxRuntime.

Bounded, and made of facts alone: a mirror that starts anew learns the same from the Jobs that are still there.
"""

from bisect import insort
from collections.abc import Mapping
from statistics import median

from chippool.core.ids import QueueName
from chippool.core.model import Workload
from chippool.state.records import MadeRecord

KEPT = 32
"""Jobs of a queue that are remembered, the last to end."""

Run = tuple[float, str, float]
"""When it ended, its uid, and the seconds it took from its last admission."""


class Runtimes:
    """The last runs of each queue and their median."""

    def __init__(self) -> None:
        self._runs: dict[QueueName, list[Run]] = {}
        self._typical: Mapping[QueueName, float] = {}
        self._moved = False

    def learn(self, workload: Workload, made: MadeRecord | None) -> None:
        """Take in how long a completed Job took."""
        if made is None or not made.ended_at or made.assignment is None:
            return
        self.add(workload.queue, (made.ended_at, made.uid, made.ended_at - made.assignment.admitted_at))

    def add(self, queue: QueueName, run: Run) -> None:
        """Take in one run; the same one again, or one that took no time, says nothing."""
        runs = self._runs.setdefault(queue, [])
        if run[2] <= 0 or run in runs:
            return
        insort(runs, run)
        del runs[:-KEPT]
        self._moved = True

    def forget(self, queues: Mapping[QueueName, object]) -> None:
        """Keep only what is known of these queues."""
        gone = self._runs.keys() - queues.keys()
        for queue in gone:
            del self._runs[queue]
        self._moved |= bool(gone)

    def typical(self) -> Mapping[QueueName, float]:
        """Return the median by queue in whole seconds; the same object while nothing has changed."""
        if self._moved:
            now = {queue: float(round(median(run[2] for run in runs)) or 1) for queue, runs in self._runs.items()}
            self._typical, self._moved = (now if now != self._typical else self._typical), False
        return self._typical
