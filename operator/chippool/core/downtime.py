"""What is booked of a time in which nobody looked: by what is still there, and half of it for what has gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chippool.core.books import Books
from chippool.core.capacity import Purpose
from chippool.core.ids import Milli, PoolName
from chippool.core.ledger import PPM, Account, Day, Held, Stint, Stock, Sums, total

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Gap:
    """From when the books stop until somebody looks again, and the part of it that is booked; milliseconds."""

    since: int
    until: int
    first: int
    last: int

    def over(self, chips: Milli) -> int:
        """Chips that went at some time of it, x time, if they did so one after the other."""
        length = 2 * max(1, self.until - self.since)
        rest = (self.until - self.first) ** 2 - (self.until - self.last) ** 2
        return chips * rest // length

    def doubt(self, chips: Milli) -> int:
        """By how much that may be wrong: all may have gone at once, or only just now."""
        return chips * (self.last - self.first) // 2


def days(since: int, until: int) -> list[Gap]:
    """The gap day by day (UTC); one of no length is one part too."""
    parts, first = [], since
    while (midnight := (first // DAY_MS + 1) * DAY_MS) < until:
        parts.append(Gap(since, until, first, midnight))
        first = midnight
    return [*parts, Gap(since, until, first, until)]


def cut(stint: Stint, moment: int) -> Stint | None:
    """The stint as it was known at a moment; None: it had not begun."""
    if stint.bound > moment:
        return None
    started = stint.started if stint.started is not None and stint.started <= moment else None
    if stint.ended is not None and stint.ended <= moment:
        return stint
    return replace(stint, started=started, ended=None, lost=0, doubts=(*stint.doubts[:2], 0))


def gone(before: Mapping[Account, Held], stints: Iterable[Stint], since: int) -> dict[Account, Held]:
    """What was held when the books stopped, and is by none that is still there."""
    starting: dict[Account, Milli] = {}
    running: dict[Account, Milli] = {}
    endangered: dict[Account, Milli] = {}
    for stint in stints:
        if stint.bound <= since and (stint.ended is None or stint.ended + stint.doubts[2] > since):
            ran = stint.started is not None and stint.started - stint.doubts[1] <= since
            side = running if ran else starting
            side[stint.account] = side.get(stint.account, 0) + stint.chips
            if ran and stint.saved is not None:
                endangered[stint.account] = endangered.get(stint.account, 0) + stint.chips
    found: dict[Account, Held] = {}
    for account, held in before.items():
        here, ready = starting.get(account, 0), running.get(account, 0)
        left = max(0, held.starting + held.running - here - ready)
        works = min(left, max(0, held.running - ready))
        risky = min(works, max(0, held.endangered - endangered.get(account, 0)))
        if left:
            found[account] = Held(left - works, works, held.at_risk if risky else 0, risky)
    return found


def credit(held: Held, gap: Gap, ppm: int) -> Sums:
    """What is booked for those that have gone in a part of the gap."""
    starting, running = gap.over(held.starting), gap.over(held.running)
    risk = held.at_risk + (held.endangered + held.starting) * (gap.until - gap.since)
    return Sums(
        starting=starting,
        running=running,
        effective_starting=starting * ppm // PPM,
        effective_running=running * ppm // PPM,
        doubt=gap.doubt(held.starting + held.running),
        lost_doubt=risk if gap.last == gap.until else 0,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What the cluster shows to whoever looks again."""

    stints: tuple[Stint, ...]
    stock: Mapping[PoolName, Stock]
    ppm: Mapping[tuple[PoolName, Purpose], int]
    """What a chip is worth, in millionths of one of the reference."""


def resumed(last: Day | None, shown: Shown, now: int) -> list[tuple[Gap, Books]]:
    """The books of each day from where they stopped until now, with all that is still to be seen in them; in order.

    The last ones are open: from now on they go on.
    """
    since = now if last is None else min(last.until, now)
    went = gone(last.held, shown.stints, since) if last else {}
    stock = {pool: _mean(last.stock.get(pool) if last else None, counts) for pool, counts in shown.stock.items()}
    return [(gap, _of_part(gap, shown, went, stock)) for gap in days(since, now)]


def _of_part(gap: Gap, shown: Shown, went: Mapping[Account, Held], stock: Mapping[PoolName, Stock]) -> Books:
    books = Books(gap.first)
    for (pool, purpose), millionths in shown.ppm.items():
        books.value(pool, purpose, millionths, gap.first)
    for stint in shown.stints:
        books.replace(None, stint if gap.last == gap.until else cut(stint, gap.last))
    for account, held in went.items():
        books.give(account, credit(held, gap, shown.ppm.get((account.pool, account.purpose), 0)))
    sums = books.sums(gap.last)
    for pool, counts in stock.items():
        books.stock(pool, counts, gap.first)
        held_there = total([one for account, one in sums.items() if account.pool == pool]).held
        time = gap.last - gap.first
        books.miss(pool, max(0, (counts.healthy - counts.unmanaged) * time - held_there))
        books.stock(pool, shown.stock[pool], gap.last)
    return books


def _mean(before: Stock | None, now: Stock) -> Stock:
    was = now if before is None else before
    return Stock(
        (was.installed + now.installed) // 2,
        (was.healthy + now.healthy) // 2,
        (was.unmanaged + now.unmanaged) // 2,
    )
