"""The ledger: what chips did, for whom, from bound to ended; sums that cost what changes, not what there is.

Chips x time is counted in whole milli-chips x milliseconds, moments in milliseconds since the epoch: sums are exact,
whatever the order in which changes are heard of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from chippool.core.capacity import Purpose
from chippool.core.ids import ClassName, Milli, Namespace, PoolName, QueueName

CHIP_SECOND = 1_000_000
CHIP_HOUR = 3600 * CHIP_SECOND
"""Milli-chips x milliseconds."""
PPM = 1_000_000
OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Account:
    """For whom, on what and for what chips were held: as the workload said when its pod was bound."""

    queue: QueueName
    class_name: ClassName
    namespace: Namespace
    pool: PoolName
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Stint:
    """A pod's time on its chips."""

    account: Account
    chips: Milli
    bound: int
    started: int | None = None
    """When it was first Ready."""
    ended: int | None = None
    """Its terminal phase, or its removal."""
    lost: int = 0
    """Milliseconds of its work that must be done again; only once it has ended."""
    saved: int | None = None
    """Since when its work is at risk: its start, or the last time it saved it. None: nothing of it is."""
    interval: int | None = None
    """It is said to save its work that often."""
    doubts: tuple[int, int, int] = (0, 0, 0)
    """How wrong bound, started and ended may be."""


def at_risk(saved: int, interval: int | None, ended: int) -> int:
    """Work since it was saved, as rule 6 counts it: an old report protects for no more than the interval."""
    return max(0, ended - saved if interval is None else min(ended - saved, interval))


@dataclass(frozen=True, slots=True)
class Sums:
    """Chips x time of an account; `lost` is the part of `running` that must be done again.

    Effective ones are the reference's chips: 0 where the chip's speed is unknown.
    """

    starting: int = 0
    running: int = 0
    lost: int = 0
    effective_starting: int = 0
    effective_running: int = 0
    effective_lost: int = 0
    doubt: int = 0
    """By how much starting and running together may be wrong, either way."""
    lost_doubt: int = 0
    """What may be lost beside."""

    @property
    def held(self) -> int:
        return self.starting + self.running

    @property
    def useful(self) -> int:
        return self.running - self.lost

    @property
    def effective_useful(self) -> int:
        return self.effective_running - self.effective_lost


NOTHING = Sums()
_SUMS = tuple(entry.name for entry in fields(Sums))


def plus(one: Sums, other: Sums) -> Sums:
    """Add two sums."""
    return Sums(*[getattr(one, name) + getattr(other, name) for name in _SUMS])


def total(sums: Iterable[Sums]) -> Sums:
    """Add any number of sums."""
    found = NOTHING
    for one in sums:
        found = plus(found, one)
    return found


@dataclass(frozen=True, slots=True)
class Used:
    """Sums of a period until a moment; times in seconds since the epoch."""

    since: float
    """When the period began."""
    until: float
    sums: Sums


@dataclass(frozen=True, slots=True)
class Held:
    """What an account holds at a moment, in milli-chips, and how much work is at risk at most."""

    starting: Milli = 0
    running: Milli = 0
    at_risk: int = 0
    endangered: Milli = 0
    """Those of the running ones whose work is at risk."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Chips of a pool, or chips x time of it."""

    installed: int = 0
    healthy: int = 0
    unmanaged: int = 0
    """Used by pods that chippool does not manage."""
    unseen: int = 0
    """Of what was idle, for all that is known, the part in which nobody looked."""

    def idle(self, held: int) -> int:
        """What nobody had."""
        return self.healthy - self.unmanaged - held


def stock_plus(one: Stock, other: Stock) -> Stock:
    """Add two."""
    return Stock(
        one.installed + other.installed,
        one.healthy + other.healthy,
        one.unmanaged + other.unmanaged,
        one.unseen + other.unseen,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """What is kept of a day (UTC), and at its end, or for as long as it runs, what was held."""

    day: int
    """Days since the epoch."""
    since: int
    until: int
    accounts: Mapping[Account, Sums] = field(default_factory=dict)
    pools: Mapping[PoolName, Stock] = field(default_factory=dict)
    held: Mapping[Account, Held] = field(default_factory=dict)
    stock: Mapping[PoolName, Stock] = field(default_factory=dict)


def merged(one: Mapping[Account, Sums], other: Mapping[Account, Sums]) -> dict[Account, Sums]:
    """Add the sums of two books."""
    found = dict(one)
    for account, sums in other.items():
        found[account] = plus(found[account], sums) if account in found else sums
    return found


def by_queue(accounts: Mapping[Account, Sums]) -> dict[QueueName, Sums]:
    """Add up the accounts of each queue."""
    found: dict[QueueName, Sums] = {}
    for account, sums in accounts.items():
        found[account.queue] = plus(found.get(account.queue, NOTHING), sums)
    return found


def merged_stock(one: Mapping[PoolName, Stock], other: Mapping[PoolName, Stock]) -> dict[PoolName, Stock]:
    """Add the stock of two books."""
    found = dict(one)
    for pool, stock in other.items():
        found[pool] = stock_plus(found.get(pool, Stock()), stock)
    return found


def without_namespaces(accounts: Mapping[Account, Sums]) -> dict[Account, Sums]:
    """What metrics tell apart: not namespaces, whose number has no bound."""
    found: dict[Account, Sums] = {}
    for account, one in accounts.items():
        short = replace(account, namespace=Namespace(OTHERS))
        found[short] = plus(found.get(short, NOTHING), one)
    return found


def bounded(accounts: Mapping[Account, Sums], most: int) -> dict[Account, Sums]:
    """At most so many accounts: the smallest lose their namespace, and then their queue, class and purpose."""
    if len(accounts) <= most:
        return dict(accounts)
    ranked = sorted(accounts, key=lambda account: (-accounts[account].held, _name(account)))
    found = {account: accounts[account] for account in ranked[: most // 2]}
    for account in ranked[most // 2 :]:
        short = Account(account.queue, account.class_name, Namespace(OTHERS), account.pool, account.purpose)
        if short not in found and len(found) >= most:
            short = Account(QueueName(OTHERS), ClassName(OTHERS), Namespace(OTHERS), account.pool, Purpose.BATCH)
        found[short] = plus(found.get(short, NOTHING), accounts[account])
    return found


def _name(account: Account) -> tuple[str, str, str, str, str]:
    return (account.queue, account.class_name, account.namespace, account.pool, account.purpose.value)
