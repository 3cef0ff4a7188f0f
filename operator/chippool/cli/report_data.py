"""What `chippool report` tells, as records: from the days of the ledger and a reading of the cluster. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from chippool.core.capacity import Purpose
from chippool.core.ids import CHIP, PoolName, WorkloadKey
from chippool.core.ledger import CHIP_HOUR, NOTHING, Account, Day, Stock, Sums, merged, merged_stock, plus, total
from chippool.core.misplaced import misplaced
from chippool.core.model import Workload
from chippool.state.ledgers import date_of
from chippool.visibility.reading import Reading


@dataclass(frozen=True, slots=True)
class Hours:
    """Chip-hours by what came of them; effective ones in chips of the reference."""

    useful: float
    starting: float
    lost: float
    effective: float
    """Useful ones."""
    effective_lost: float
    uncertain: float


@dataclass(frozen=True, slots=True)
class PoolReport:
    name: str
    installed: float
    """Chip-hours."""
    healthy: float
    unmanaged: float
    idle: float
    hours: Hours
    utilisation: float
    """Part of the healthy chip-hours that work held."""
    yield_per_chip: float
    """Useful effective chip-hours of each installed one."""
    price: float
    """What one more chip would add now, in workloads at their best speed."""
    unseen: float
    """Of the idle ones, those of a time in which no operator looked."""


@dataclass(frozen=True, slots=True)
class QueueReport:
    name: str
    weight: int
    hours: Hours
    part: float
    """Of all that was held."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Of workloads that are there now."""

    waiting: int
    longest_seconds: float
    """Of those that wait."""
    median_seconds: float
    """Of those that were admitted in the period: from creation, or the last displacement, to admission."""
    displacements: int
    """All that those that are there have had."""


@dataclass(frozen=True, slots=True)
class ClassReport:
    name: str
    hours: Hours
    waits: Waits


@dataclass(frozen=True, slots=True)
class WrongChip:
    """A workload on a scarce chip with room for it elsewhere."""

    namespace: str
    name: str
    pool: str
    variant: str
    to_pool: str
    to_variant: str
    frees: float
    """Chips of `pool`."""
    slower: float
    gain: float
    """In workloads at their best speed."""


@dataclass(frozen=True, slots=True)
class DayReport:
    """One pool on one day, chip-hours."""

    date: str
    pool: str
    useful: float
    starting: float
    lost: float
    idle: float
    unmanaged: float
    installed: float
    effective: float


@dataclass(frozen=True, slots=True)
class Report:
    since: str
    until: str
    whole_days: int
    """Those that have begun."""
    known_days: int
    """Those that the ledger has."""
    installed: float
    hours: Hours
    yield_per_chip: float
    utilisation: float
    domestic_share: Mapping[str, float]
    """Of useful effective chip-hours, by purpose."""
    fairness: float
    """Jain's index over the chip-hours of queues by weight, of those that held any: 1 is even."""
    pools: tuple[PoolReport, ...]
    queues: tuple[QueueReport, ...]
    classes: tuple[ClassReport, ...]
    purposes: Mapping[str, Hours]
    namespaces: Mapping[str, Hours]
    wrong_chips: tuple[WrongChip, ...]
    days: tuple[DayReport, ...]


def report(days: Sequence[Day], reading: Reading, since: float, until: float) -> Report:
    """Put the days of a period together; times in seconds since the epoch."""
    accounts: dict[Account, Sums] = {}
    stock: dict[PoolName, Stock] = {}
    for day in days:
        accounts, stock = merged(accounts, day.accounts), merged_stock(stock, day.pools)
    whole, installed = total(accounts.values()), sum(one.installed for one in stock.values())
    queues = _queues(accounts, reading)
    return Report(
        since=date_of(int(since // 86400)),
        until=date_of(int((until - 1) // 86400)),
        whole_days=int((until - 1) // 86400) - int(since // 86400) + 1,
        known_days=len(days),
        installed=_hours(installed),
        hours=hours(whole),
        yield_per_chip=_part(whole.effective_useful, installed),
        utilisation=_part(whole.held, sum(one.healthy for one in stock.values())),
        domestic_share=_domestic(accounts, reading),
        fairness=fairness([(one.hours.useful + one.hours.starting + one.hours.lost) / one.weight for one in queues]),
        pools=tuple(_pool(name, stock.get(name, Stock()), accounts, reading) for name in sorted(stock)),
        queues=queues,
        classes=_classes(accounts, reading, since, until),
        purposes={name: hours(one) for name, one in _by(accounts, lambda account: account.purpose.value).items()},
        namespaces={name: hours(one) for name, one in _by(accounts, lambda account: account.namespace).items()},
        wrong_chips=_wrong_chips(reading),
        days=tuple(line for day in days for line in _lines(day)),
    )


def hours(sums: Sums) -> Hours:
    """Return chip-hours."""
    return Hours(
        useful=_hours(sums.useful),
        starting=_hours(sums.starting),
        lost=_hours(sums.lost),
        effective=_hours(sums.effective_useful),
        effective_lost=_hours(sums.effective_lost),
        uncertain=_hours(sums.doubt + sums.lost_doubt),
    )


def fairness(shares: Iterable[float]) -> float:
    """Jain's index (A Quantitative Measure of Fairness, 1984); 1 where nobody held anything."""
    held = [share for share in shares if share > 0]
    return round(sum(held) ** 2 / (len(held) * sum(share * share for share in held)), 4) if held else 1.0


def _hours(units: int) -> float:
    return round(units / CHIP_HOUR, 4)


def _part(some: int, every: int) -> float:
    return round(some / every, 4) if every else 0.0


def _by(accounts: Mapping[Account, Sums], what: Callable[[Account], str]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for account, sums in accounts.items():
        name = what(account)
        found[name] = plus(found.get(name, NOTHING), sums)
    return dict(sorted(found.items()))


def _pool(name: str, stock: Stock, accounts: Mapping[Account, Sums], reading: Reading) -> PoolReport:
    sums = total(one for account, one in accounts.items() if account.pool == name)
    prices = {str(pool): price for pool, price in reading.plan.prices.items()}
    return PoolReport(
        name=name,
        installed=_hours(stock.installed),
        healthy=_hours(stock.healthy),
        unmanaged=_hours(stock.unmanaged),
        idle=_hours(max(0, stock.idle(sums.held))),
        hours=hours(sums),
        utilisation=_part(sums.held, stock.healthy),
        yield_per_chip=_part(sums.effective_useful, stock.installed),
        price=prices.get(name, 0.0),
        unseen=_hours(stock.unseen),
    )


def _queues(accounts: Mapping[Account, Sums], reading: Reading) -> tuple[QueueReport, ...]:
    found = _by(accounts, lambda account: account.queue)
    held = sum(sums.held for sums in found.values())
    weights = {str(name): queue.weight for name, queue in reading.snapshot.queues.items()}
    return tuple(
        QueueReport(name, weights.get(name, 1), hours(sums), _part(sums.held, held)) for name, sums in found.items()
    )


def _classes(accounts: Mapping[Account, Sums], reading: Reading, since: float, until: float) -> tuple[ClassReport, ...]:
    found = _by(accounts, lambda account: account.class_name)
    work: defaultdict[str, list[Workload]] = defaultdict(list)
    for workload in reading.snapshot.workloads.values():
        work[workload.class_name].append(workload)
    values = {str(name): -one.value for name, one in reading.snapshot.classes.items()}
    names = sorted({*found, *work}, key=lambda name: (values.get(name, 0), name))
    return tuple(
        ClassReport(name, hours(found.get(name, NOTHING)), _waits(work[name], reading.now, since, until))
        for name in names
    )


def _waits(work: Sequence[Workload], now: float, since: float, until: float) -> Waits:
    waiting = [one for one in work if one.assignment is None and not (one.finished or one.suspend or one.deleting)]
    admitted = [
        max(0.0, one.assignment.admitted_at - _since(one, one.assignment.admitted_at))
        for one in work
        if one.assignment is not None and since <= one.assignment.admitted_at < until
    ]
    return Waits(
        waiting=len(waiting),
        longest_seconds=round(max((0.0, *(now - _since(one, now) for one in waiting))), 1),
        median_seconds=round(median(admitted), 1) if admitted else 0.0,
        displacements=sum(one.displaced.count for one in work if one.displaced),
    )


def _since(workload: Workload, before: float) -> float:
    """Since when it waited, or had waited by then."""
    lost = workload.displaced.at if workload.displaced else 0.0
    return lost if workload.created < lost <= before else workload.created


def _domestic(accounts: Mapping[Account, Sums], reading: Reading) -> dict[str, float]:
    supplies = {str(name): record.supply for name, record in reading.mirror.pool_records.items()}
    found: dict[str, float] = {}
    for purpose in Purpose:
        of = {account: one.effective_useful for account, one in accounts.items() if account.purpose is purpose}
        home = sum(one for account, one in of.items() if (s := supplies.get(account.pool)) and s.domestic)
        if every := sum(of.values()):
            found[purpose.value] = round(home / every, 4)
    return found


def _wrong_chips(reading: Reading) -> tuple[WrongChip, ...]:
    return tuple(
        WrongChip(
            *named(one.workload), one.pool, one.variant, one.to_pool, one.to_variant,
            one.freed / CHIP, round(one.slower, 4), round(one.gain, 4),
        )
        for one in misplaced(reading.snapshot, reading.plan.prices)
    )  # fmt: skip


def named(key: WorkloadKey) -> tuple[str, str]:
    """Return its namespace and name."""
    namespace, _, name = key.partition("/")
    return namespace, name


def _lines(day: Day) -> Iterable[DayReport]:
    for pool in sorted(day.pools):
        stock, sums = day.pools[pool], total(one for account, one in day.accounts.items() if account.pool == pool)
        yield DayReport(
            date=date_of(day.day),
            pool=pool,
            useful=_hours(sums.useful),
            starting=_hours(sums.starting),
            lost=_hours(sums.lost),
            idle=_hours(max(0, stock.idle(sums.held))),
            unmanaged=_hours(stock.unmanaged),
            installed=_hours(stock.installed),
            effective=_hours(sums.effective_useful),
        )
