"""What the metrics read of the ledger at every scrape."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

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
    """Added up as whole numbers, an account at a time: there may be thousands."""
    pools: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * 7)
    queues: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * 3)
    classes: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * 3)
    for account, one in sums.items():
        starting, running, lost = one.starting, one.running, one.lost
        for total in (queues[account.queue,], classes[account.class_name,], pools[account.pool, account.purpose.value]):
            total[0] += starting
            total[1] += running
            total[2] += lost
        total[3] += one.effective_starting
        total[4] += one.effective_running
        total[5] += one.effective_lost
        total[6] += one.doubt
    doubts: Counted = defaultdict(float)
    for (pool, _), sevenfold in pools.items():
        doubts[pool,] += sevenfold[6] / CHIP_SECOND
    yield f.LEDGER_POOL, _by_state({of: total[:3] for of, total in pools.items()})
    yield f.LEDGER_EFFECTIVE, _by_state({of: total[3:6] for of, total in pools.items()})
    yield f.LEDGER_QUEUE, _by_state(queues)
    yield f.LEDGER_CLASS, _by_state(classes)
    yield f.LEDGER_DOUBT, doubts


def _by_state(totals: Mapping[Labels, list[int]]) -> Counted:
    return {
        (*of, state): amount / CHIP_SECOND
        for of, total in totals.items()
        for state, amount in zip(f.STINT_STATES, total, strict=True)
    }


def _stock(pools: Mapping[PoolName, Stock]) -> Iterator[tuple[Family, Counted]]:
    said: Counted = {
        (pool, state): getattr(stock, state) / CHIP_SECOND
        for pool, stock in pools.items()
        for state in ("installed", "healthy", "unmanaged")
    }
    yield f.LEDGER_STOCK, said
