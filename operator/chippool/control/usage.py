"""What queues have used in the period that runs, for their status."""

from collections.abc import Mapping

from chippool.control.budgets import below
from chippool.control.ledger import Ledger
from chippool.core.budget import Period, begun
from chippool.core.downtime import DAY_MS
from chippool.core.ids import QueueName
from chippool.core.ledger import NOTHING, Sums, Used, total
from chippool.state.mirror import Mirror
from chippool.state.records import QueueRecord

FRESH_S = 10.0


class Usages:
    """Of queues and those below them, in the period of their budget, else the month; times in seconds."""

    def __init__(self, mirror: Mirror, ledger: Ledger) -> None:
        self._mirror, self._ledger = mirror, ledger
        self._looked = 0.0
        self._known: dict[Period, Mapping[QueueName, Sums]] = {}

    def of(self, record: QueueRecord, now: float) -> Used | None:
        """None: nothing is counted here."""
        if not self._ledger.is_open:
            return None
        period = record.budget.period if record.budget else Period.MONTH
        since = begun(period, now)
        if not 0 <= now - self._looked < FRESH_S:
            self._known, self._looked = {}, now
        if period not in self._known:
            self._known[period] = self._ledger.of_queues(round(since * 1000) // DAY_MS)
        known = self._known[period]
        names = below(self._mirror.queue_records, record.view.name)
        return Used(since, now, total(known.get(name, NOTHING) for name in names))
