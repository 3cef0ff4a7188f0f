"""What is remembered of the ledger: a ConfigMap for each of the last days, taken again after 64 of them.

Bounded: 1,000 accounts of a day, with what they hold, are 250 KB at most, of the 1 MiB a ConfigMap may have.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from chippool.core.capacity import Purpose
from chippool.core.ids import ClassName, Namespace, PoolName, QueueName
from chippool.core.ledger import CHIP_SECOND, Account, Day, Held, Stock, Sums, bounded

Json = Mapping[str, Any]

LABEL = "chippool.io/ledger"
"""Label of the ConfigMaps: the day, as in 2026-11-28."""
KEY = "day"
DAYS = 64
ACCOUNTS = 1000


def name_of(day: int) -> str:
    """Return the ConfigMap of a day, counted from the epoch."""
    return f"chippool-ledger-{day % DAYS:02}"


def date_of(day: int) -> str:
    """Return the date of a day, counted from the epoch."""
    return datetime.fromtimestamp(day * 86400, UTC).strftime("%Y-%m-%d")


def data_of(day: Day) -> dict[str, str]:
    """Return the ConfigMap's data; chip-seconds with three decimals, and chips that are held."""
    said = {
        "day": day.day,
        "since": day.since,
        "until": day.until,
        "accounts": [[*_name(account), *_seconds(_parts(sums))] for account, sums in _ordered(day.accounts)],
        "pools": {pool: _seconds(_stock(stock)) for pool, stock in sorted(day.pools.items())},
        "held": [
            [*_name(account), held.starting, held.running, held.endangered, *_seconds((held.at_risk,))]
            for account, held in sorted(day.held.items(), key=lambda entry: _name(entry[0]))
        ],
        "stock": {pool: [*_stock(stock)] for pool, stock in sorted(day.stock.items())},
    }
    return {KEY: orjson.dumps(said).decode()}


def day_of(data: Json) -> Day | None:
    """Return a day as it was written; what nobody understands is none."""
    try:
        said = orjson.loads(data[KEY])
        return Day(
            day=int(said["day"]),
            since=int(said["since"]),
            until=int(said["until"]),
            accounts={_account(row): Sums(*_units(row[5:])) for row in said["accounts"]},
            pools={PoolName(pool): Stock(*_units(row)) for pool, row in said["pools"].items()},
            held={_account(row): Held(row[5], row[6], _units(row[8:])[0], row[7]) for row in said["held"]},
            stock={PoolName(pool): Stock(*(int(chips) for chips in row)) for pool, row in said["stock"].items()},
        )
    except (LookupError, TypeError, ValueError):
        return None


def days_of(items: Iterable[Json]) -> list[Day]:
    """Return the days that ConfigMaps tell of, in order."""
    found = (day_of(item.get("data") or {}) for item in items)
    return sorted((day for day in found if day is not None), key=lambda day: day.day)


def _ordered(accounts: Mapping[Account, Sums]) -> list[tuple[Account, Sums]]:
    return sorted(bounded(accounts, ACCOUNTS).items(), key=lambda entry: _name(entry[0]))


def _name(account: Account) -> tuple[str, str, str, str, str]:
    return (account.queue, account.class_name, account.namespace, account.pool, account.purpose.value)


def _account(row: list[Any]) -> Account:
    queue, class_name, namespace, pool, purpose = row[:5]
    return Account(QueueName(queue), ClassName(class_name), Namespace(namespace), PoolName(pool), Purpose(purpose))


def _parts(sums: Sums) -> tuple[int, ...]:
    worth = (sums.effective_starting, sums.effective_running, sums.effective_lost)
    return (sums.starting, sums.running, sums.lost, *worth, sums.doubt, sums.lost_doubt)


def _stock(stock: Stock) -> tuple[int, int, int, int]:
    return (stock.installed, stock.healthy, stock.unmanaged, stock.unseen)


def _seconds(units: Iterable[int]) -> list[float | int]:
    """Whole numbers without their zero."""
    said = (round(unit / CHIP_SECOND, 3) for unit in units)
    return [int(one) if one == int(one) else one for one in said]


def _units(seconds: Iterable[float]) -> list[int]:
    return [round(one * CHIP_SECOND) for one in seconds]
