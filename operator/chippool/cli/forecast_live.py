"""`chippool forecast` of the live cluster: demand with its band, the stock, and how long it lasts."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chippool.cli.cluster import connected, mirrored, opened
from chippool.cli.forecast_generations import QueueGenerations, generations
from chippool.cli.kept import labelled, required
from chippool.cli.options import Target
from chippool.cli.plots import written
from chippool.core.capacity import Purpose, capacities, share
from chippool.core.ids import PoolName
from chippool.core.outlook import DAY_S, Known, Outlook, outlook
from chippool.core.runway import Demand
from chippool.kube.client import Client
from chippool.sim.outlook_drawing import drawn
from chippool.sim.recorded import mirror_of
from chippool.state.history import DEMAND, LABEL, evidence_of, ring_of
from chippool.state.mirror import Mirror

AHEAD = (7, 30, 90)
"""Days ahead that are told."""
PAGE = 1000
"""Characters a line may have in a pipe or file: nothing is cut there."""
Histories = Mapping[PoolName, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Band:
    likely: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PoolForecast:
    """Chips are the pool's own times their efficiency, but effective_chips: those are the reference's."""

    name: str
    days_known: int
    demand: float
    """Of the last whole day."""
    stock: float
    stock_in_a_year: float
    effective_chips: Mapping[str, float]
    failures_a_year: Band
    """Of one chip."""
    ahead: Mapping[str, Band]
    """Demand by days ahead."""
    lasts_until: str | None
    earliest: str | None
    latest: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Forecasts:
    at: str
    pools: tuple[PoolForecast, ...]
    domestic_share: Mapping[str, float]
    """Of effective chips, by purpose."""
    generations: tuple[QueueGenerations, ...] = ()
    """Of queues that state what a model generation takes."""


async def forecasts(target: Target, namespace: str, plot: Path | None = None) -> Forecasts:
    """Return the outlook of every pool, and draw it if asked to; Failure: the history can't be read."""
    mirror, kept, now = await _looked(target, namespace)
    seen = {name: _outlook(mirror, name, kept.get(name, {}), now) for name in sorted(mirror.pool_records)}
    if plot is not None:
        written(plot, drawn([*seen.items()], now))
    pools = tuple(_told(name, one, _worth(mirror, name), now) for name, one in seen.items())
    known = {name: known_of(mirror, name, kept.get(name, {})) for name in mirror.pool_records}
    return Forecasts(_moment(now), pools, domestic_share(mirror), generations(mirror, known, now))


async def _looked(target: Target, namespace: str) -> tuple[Mirror, Histories, float]:
    """Return the cluster, what the operator remembers of it, and when that was so."""
    if target.snapshot is not None:
        found = opened(target.snapshot)
        return mirror_of(found.items, found.taken_at), histories_of(found.memory), found.taken_at
    async with connected(target) as client:
        return await mirrored(client), await histories(client, namespace), time.time()


async def histories(client: Client, namespace: str) -> Histories:
    """Return what the operator remembers of each pool; Failure: it can't be read."""
    return histories_of(await required(client, namespace, LABEL, "what was asked for"))


def histories_of(memory: Iterable[Mapping[str, Any]]) -> Histories:
    """Return the same of some ConfigMaps; nothing where no history is among them."""
    items = labelled(memory, LABEL)
    return {PoolName(item["metadata"]["labels"][LABEL]): item.get("data") or {} for item in items}


def _outlook(mirror: Mirror, name: PoolName, data: Mapping[str, str], now: float) -> Outlook:
    return outlook(ring_of(data) if DEMAND in data else None, known_of(mirror, name, data), now)


def _worth(mirror: Mirror, name: PoolName) -> dict[str, float]:
    yields, counts = mirror.pool_records[name].yields, mirror.pool_counts(name)
    return {one.purpose.value: round(one.chips, 3) for one in capacities(yields, counts.healthy, counts.purposes)}


def known_of(mirror: Mirror, name: PoolName, data: Mapping[str, str]) -> Known:
    """Return what the outlook of a pool is made from; `data` is what is remembered of it."""
    record, counts = mirror.pool_records[name], mirror.pool_counts(name)
    return Known(record.supply, record.yields, counts.installed, counts.healthy, counts.purposes, evidence_of(data))


def _told(name: str, seen: Outlook, worth: Mapping[str, float], now: float) -> PoolForecast:
    stock, found, rate = seen.stock, seen.runway, seen.stock.attrition
    ends = (found.likely, found.earliest, found.latest) if found else (None, None, None)
    until, earliest, latest = (None if days is None else _day(now, days) for days in ends)
    return PoolForecast(
        name=name,
        days_known=seen.days,
        demand=round(seen.today, 3),
        stock=round(stock.chips * stock.gain, 3),
        stock_in_a_year=round(float(stock.ahead(rate.rate)[364]), 1),
        effective_chips=worth,
        failures_a_year=Band(round(rate.rate, 4), round(rate.low, 4), round(rate.high, 4)),
        ahead={str(days): _band(seen.demand, days) for days in AHEAD} if seen.demand else {},
        lasts_until=until,
        earliest=earliest,
        latest=latest,
        sentence=seen.sentence,
    )


def _band(demand: Demand, days: int) -> Band:
    likely, low, high = (round(float(row[days - 1]), 1) for row in (demand.likely, demand.low, demand.high))
    return Band(likely, low, high)


def domestic_share(mirror: Mirror) -> dict[str, float]:
    """Return the part of all effective chips that pools of domestic origin have, by purpose."""
    found: dict[str, float] = {}
    for purpose in Purpose:
        worth = {
            name: (record.yields.per_chip(purpose) or 0.0) * mirror.pool_counts(name).healthy
            for name, record in mirror.pool_records.items()
        }
        home = [chips for name, chips in worth.items() if (s := mirror.pool_records[name].supply) and s.domestic]
        if any(worth.values()):
            found[purpose.value] = round(share(home, worth.values()), 4)
    return found


def show(seen: Forecasts) -> None:
    """Print a table, and a sentence for each pool."""
    ahead = [f"in {days} days (80 %)" for days in AHEAD]
    table = Table("pool", "demand", *ahead, "stock", "in a year", "lasts until (80 %)")
    for pool in seen.pools:
        bands = [_text(pool.ahead.get(str(days))) for days in AHEAD]
        table.add_row(
            pool.name, f"{pool.demand:,.0f}", *bands, f"{pool.stock:,.0f}", f"{pool.stock_in_a_year:,.0f}", _ends(pool)
        )
    for column in table.columns[1:]:
        column.justify = "right"
    console = Console(soft_wrap=True, highlight=False)
    console = console if console.is_terminal else Console(soft_wrap=True, highlight=False, width=PAGE)
    console.print(table)
    for pool in seen.pools:
        console.print(f"{pool.name}: {pool.sentence}", markup=False)
    for queue in seen.generations:
        console.print(f"{queue.queue_name}: {queue.sentence}", markup=False)
    if any(seen.domestic_share.values()):
        parts = ", ".join(f"{purpose} {part:.0%}" for purpose, part in seen.domestic_share.items())
        console.print(f"Domestic share of effective chips: {parts}.".replace("%", " %"), markup=False)


def _text(band: Band | None) -> str:
    return f"{band.likely:,.0f} ({band.low:,.0f} … {band.high:,.0f})" if band else "-"


def _ends(pool: PoolForecast) -> str:
    if not pool.ahead:
        return "-"
    return f"{pool.lasts_until or 'beyond'} ({pool.earliest or 'beyond'} … {pool.latest or 'beyond'})"


def _day(now: float, days: int) -> str:
    return datetime.fromtimestamp(now + days * DAY_S, UTC).strftime("%Y-%m-%d")


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
