"""The running books of the ledger: an account's chips x time is a constant and a rate, moved as a stint changes."""

from dataclasses import dataclass

from chippool.core.capacity import Purpose
from chippool.core.ids import Milli, PoolName
from chippool.core.ledger import NOTHING, PPM, Account, Held, Stint, Stock, Sums, plus, stock_plus


@dataclass(slots=True)
class Line:
    """An account: at moment t, starting is `starting + starting_chips * t`, and so on."""

    starting: int = 0
    starting_chips: Milli = 0
    running: int = 0
    running_chips: Milli = 0
    lost: int = 0
    doubt: int = 0
    saved: int = 0
    """Chips x the moments since when their work is at risk."""
    endangered: Milli = 0
    interval: int | None = 0
    """The longest anybody said; None: somebody never saves."""
    ppm: int = 0
    """Chips of the reference a chip is worth, in millionths."""
    marks: tuple[int, int, int] = (0, 0, 0)
    """Starting, running and lost when it came to be worth that."""
    worth: tuple[int, int, int] = (0, 0, 0)
    """And what they were worth by then, in millionths."""

    def at(self, moment: int) -> tuple[int, int, int]:
        """Starting, running and lost."""
        return (
            self.starting + self.starting_chips * moment,
            self.running + self.running_chips * moment,
            self.lost,
        )

    def worth_at(self, moment: int) -> tuple[int, int, int]:
        """The same in chips of the reference, in millionths."""
        now, marks, worth = self.at(moment), self.marks, self.worth
        return (
            worth[0] + self.ppm * (now[0] - marks[0]),
            worth[1] + self.ppm * (now[1] - marks[1]),
            worth[2] + self.ppm * (now[2] - marks[2]),
        )

    def risk(self, moment: int) -> int:
        """Work that is at risk, at most."""
        plain = self.endangered * moment - self.saved
        return plain if self.interval is None else min(plain, self.endangered * self.interval)


def post(line: Line, stint: Stint, sign: int, since: int) -> None:
    """Put what a stint says from a moment on into a line, or take it out again."""
    chips = sign * stint.chips
    begins = max(stint.bound, since)
    works = None if stint.started is None else max(stint.started, begins)
    if stint.ended is not None:
        ends = max(stint.ended, begins)
        works = ends if works is None else min(works, ends)
        line.starting += chips * (works - begins)
        line.running += chips * (ends - works)
        line.lost += chips * stint.lost if stint.ended > since else 0
    elif works is None:
        line.starting -= chips * begins
        line.starting_chips += chips
    else:
        line.starting += chips * (works - begins)
        line.running -= chips * works
        line.running_chips += chips
        _endanger(line, stint, chips)
    line.doubt += chips * _doubt(stint, since)


def _endanger(line: Line, stint: Stint, chips: Milli) -> None:
    if stint.saved is None:
        return
    line.endangered += chips
    line.saved += chips * stint.saved
    if line.interval is not None:
        line.interval = None if stint.interval is None else max(line.interval, stint.interval)


def _doubt(stint: Stint, since: int) -> int:
    """How wrong those of its moments may be that lie after another."""
    found = 0
    for moment, doubt in zip((stint.bound, stint.started, stint.ended), stint.doubts, strict=True):
        if moment is not None and moment + doubt > since:
            found += doubt
    return found


class Books:
    """From `since` on; what is asked of a moment must be asked when nothing later was told yet."""

    def __init__(self, since: int) -> None:
        self.since = since
        self._lines: dict[Account, Line] = {}
        self._given: dict[Account, Sums] = {}
        self._ppm: dict[tuple[PoolName, Purpose], int] = {}
        self._counts: dict[PoolName, Stock] = {}
        self._looked: dict[PoolName, int] = {}
        self._stock: dict[PoolName, Stock] = {}

    # stints

    def replace(self, before: Stint | None, after: Stint | None) -> None:
        """Count `after` instead of `before`."""
        if before is not None:
            post(self._line(before.account), before, -1, self.since)
        if after is not None:
            post(self._line(after.account), after, 1, self.since)

    def give(self, account: Account, sums: Sums) -> None:
        """Add what no stint says."""
        self._given[account] = plus(self._given.get(account, NOTHING), sums)

    def value(self, pool: PoolName, purpose: Purpose, ppm: int, at: int) -> None:
        """From a moment on a chip of the pool is worth so many millionths of one of the reference."""
        if self._ppm.get((pool, purpose)) == ppm:
            return
        self._ppm[pool, purpose] = ppm
        for account, line in self._lines.items():
            if account.pool == pool and account.purpose is purpose:
                line.worth, line.marks, line.ppm = line.worth_at(at), line.at(at), ppm

    def _line(self, account: Account) -> Line:
        line = self._lines.get(account)
        if line is None:
            line = self._lines[account] = Line(ppm=self._ppm.get((account.pool, account.purpose), 0))
        return line

    # the stock

    def stock(self, pool: PoolName, counts: Stock, at: int) -> None:
        """From a moment on a pool has these chips; moments in order."""
        self._stock[pool] = self._stock_at(pool, at)
        self._counts[pool], self._looked[pool] = counts, at

    def miss(self, pool: PoolName, amount: int) -> None:
        """Say how much of what was idle nobody saw to be."""
        self._stock[pool] = stock_plus(self._stock.get(pool, Stock()), Stock(unseen=amount))

    def _stock_at(self, pool: PoolName, at: int) -> Stock:
        counts = self._counts.get(pool)
        before = self._stock.get(pool, Stock())
        if counts is None:
            return before
        time = max(0, at - self._looked[pool])
        more = Stock(counts.installed * time, counts.healthy * time, counts.unmanaged * time)
        return stock_plus(before, more)

    # what they say

    def sums(self, at: int) -> dict[Account, Sums]:
        """What was counted from `since` to a moment."""
        found = {account: sums_of(line, at) for account, line in self._lines.items()}
        for account, sums in self._given.items():
            found[account] = plus(found.get(account, NOTHING), sums)
        return {account: sums for account, sums in found.items() if sums != NOTHING}

    def pools(self, at: int) -> dict[PoolName, Stock]:
        """The stock x time from `since` to a moment."""
        return {pool: self._stock_at(pool, at) for pool in self._counts}

    def counts(self) -> dict[PoolName, Stock]:
        """The stock as it was last told."""
        return dict(self._counts)

    def held(self, at: int) -> dict[Account, Held]:
        """What every account holds."""
        return {
            account: Held(line.starting_chips, line.running_chips, line.risk(at), line.endangered)
            for account, line in self._lines.items()
            if line.starting_chips or line.running_chips
        }


def sums_of(line: Line, at: int) -> Sums:
    """What a line says at a moment."""
    starting, running, lost = line.at(at)
    worth = line.worth_at(at)
    return Sums(starting, running, lost, worth[0] // PPM, worth[1] // PPM, worth[2] // PPM, line.doubt, 0)
