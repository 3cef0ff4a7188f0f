"""What the metrics read of the ledger at every scrape."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from chippool.control.ledger import Ledger
from chippool.core.ids import PoolName
from chippool.core.ledger import CHIP_SECOND, Account, Stock, Sums
from chippool.metrics import Labels, Numbers
from chippool.metrics import families as f
from chippool.metrics.families import Family

Counted = dict[Labels, float]


class LedgerReadings:
    """Counters never go back: a pod's end is booked up to a second late; what was shown by then is not taken back."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._shown: defaultdict[str, Counted] = defaultdict(dict)

    def __call__(self) -> Iterator[tuple[Family, Numbers]]:
        sums, stock = self._ledger.sums(), self._ledger.stock()
        if not stock:
            self._shown.clear()
        for family, numbers in (*_held(sums), *_stock(stock)):
            yield family, self._forward(family.name, numbers)

    def _forward(self, name: str, numbers: Counted) -> Counted:
        shown = self._shown[name]
        for labels, number in numbers.items():
            shown[labels] = max(number, shown.get(labels, 0.0))
        return shown


def _held(sums: Mapping[Account, Sums]) -> Iterator[tuple[Family, Counted]]:
    chips: Counted = defaultdict(float)
    effective: Counted = defaultdict(float)
    queues: Counted = defaultdict(float)
    classes: Counted = defaultdict(float)
    doubts: Counted = defaultdict(float)
    for account, one in sums.items():
        doubts[account.pool,] += one.doubt / CHIP_SECOND
        for state, amount, worth in _states(one):
            chips[account.pool, account.purpose.value, state] += amount
            effective[account.pool, account.purpose.value, state] += worth
            queues[account.queue, state] += amount
            classes[account.class_name, state] += amount
    yield f.LEDGER_POOL, chips
    yield f.LEDGER_EFFECTIVE, effective
    yield f.LEDGER_QUEUE, queues
    yield f.LEDGER_CLASS, classes
    yield f.LEDGER_DOUBT, doubts


def _states(sums: Sums) -> Iterable[tuple[str, float, float]]:
    for state in f.STINT_STATES:
        yield state, getattr(sums, state) / CHIP_SECOND, getattr(sums, f"effective_{state}") / CHIP_SECOND


def _stock(pools: Mapping[PoolName, Stock]) -> Iterator[tuple[Family, Counted]]:
    said: Counted = {
        (pool, state): getattr(stock, state) / CHIP_SECOND
        for pool, stock in pools.items()
        for state in ("installed", "healthy", "unmanaged")
    }
    yield f.LEDGER_STOCK, said
