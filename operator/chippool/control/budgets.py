"""What queues with a budget have used of it: counted on by what they hold, from where their status stopped."""

from collections.abc import Iterator, Mapping

from chippool.core.budget import Budget, Spent, spent
from chippool.core.ids import Milli, QueueName
from chippool.core.sharing import Sharing
from chippool.state.counts import chips_given
from chippool.state.mirror import Mirror
from chippool.state.records import QueueRecord

EVERY_S = 2.0
GAP_S = 60.0
"""After so long a silence somebody else may have counted: their status is where to go on."""


class Budgets:
    """Times in seconds since the epoch; a cluster without budgets costs nothing."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._spent: dict[QueueName, Spent] = {}
        self._last = 0.0

    def step(self, now: float) -> None:
        """Count what was held since the last step that counted; a budget that is new is seen at once."""
        queues = self._mirror.queue_records
        budgets = {name: record.budget for name, record in queues.items() if record.budget is not None}
        if now - self._last > GAP_S:
            self._spent.clear()
        known = budgets.keys() <= self._spent.keys()
        if known and 0 <= now - self._last < EVERY_S:
            return
        self._last = now
        sharing = self._mirror.sharing() if known and budgets else None
        self._spent = {
            name: self._counted(queues[name], budget, now, sharing) for name, budget in sorted(budgets.items())
        }

    def of(self, name: QueueName) -> Spent | None:
        return self._spent.get(name)

    def _counted(self, record: QueueRecord, budget: Budget, now: float, sharing: Sharing | None) -> Spent:
        name = record.view.name
        before = self._spent.get(name)
        if before is None or sharing is None:
            return spent(before or record.spent, budget, now, self._holdings(name))
        used = sum(use.used for use in sharing.of(name).values())
        return spent(before, budget, now, [(used, before.until)])

    def _holdings(self, name: QueueName) -> Iterator[tuple[Milli, float]]:
        """What each admitted workload of the queue, and of those below it, holds, and since when."""
        queues = below(self._mirror.queue_records, name)
        for key, record in self._mirror.workload_records.items():
            view = self._mirror.view(key) if record.view.queue in queues else None
            if view and view.assignment and (given := chips_given(view)):
                yield given[1], view.assignment.admitted_at


def below(queues: Mapping[QueueName, QueueRecord], name: QueueName) -> frozenset[QueueName]:
    """The queue and all below it; a circle ends where it began."""
    found = {name}
    fresh = {name}
    while fresh:
        fresh = {one for one, record in queues.items() if record.view.parent in fresh} - found
        found |= fresh
    return frozenset(found)
