"""What the metrics read of the stock at every scrape: only pools that state one, chips that are known, and budgets."""

from collections.abc import Callable, Iterator

from chippool.core.budget import HOUR_S
from chippool.core.capacity import Purpose, capacities
from chippool.core.ids import CHIP, PoolName
from chippool.core.outlook import Outlook
from chippool.core.runway import HORIZON
from chippool.core.supply import stock_of
from chippool.metrics import Labels, Numbers
from chippool.metrics import families as f
from chippool.metrics.families import Family
from chippool.state.mirror import Mirror

Readings = Iterator[tuple[Family, Numbers]]


def stock(mirror: Mirror) -> Readings:
    """Answer supply, effective chips and their domestic part."""
    supply: dict[Labels, float] = {}
    effective: dict[Labels, float] = {}
    used: dict[Labels, float] = {}
    for name, record in mirror.pool_records.items():
        counts = mirror.pool_counts(name)
        for one in capacities(record.yields, max(0, counts.healthy), counts.purposes):
            effective[name, one.purpose.value], used[name, one.purpose.value] = one.chips, one.used
        if record.supply is not None:
            there = stock_of(record.supply, counts.installed, counts.healthy)
            supply |= {(name, state): getattr(there, state) / CHIP for state in f.SUPPLY_STATES if state != "arriving"}
            supply[name, "arriving"] = there.arriving
    yield f.POOL_SUPPLY, supply
    yield f.POOL_EFFECTIVE, effective
    yield f.POOL_EFFECTIVE_USED, used
    yield f.DOMESTIC, {(purpose,): part for purpose, part in _domestic(mirror, effective).items()}


def runways(mirror: Mirror, outlook: Callable[[PoolName], Outlook | None]) -> Readings:
    """Answer how long pools last, of which enough is known."""
    days: dict[Labels, float] = {}
    for name in mirror.pool_records:
        if (seen := outlook(name)) is not None and (found := seen.runway) is not None:
            ends = (("0.1", found.earliest), ("0.5", found.likely), ("0.9", found.latest))
            days |= {(name, quantile): float(HORIZON if day is None else day) for quantile, day in ends}
    yield f.RUNWAY, days


def budgets(mirror: Mirror) -> Readings:
    """Answer budgets and what is spent of them, as the queues' status says."""
    named = {name: record for name, record in mirror.queue_records.items() if record.budget is not None}
    yield f.QUEUE_BUDGET, {(name,): one.budget.chip_hours * HOUR_S for name, one in named.items() if one.budget}
    yield f.QUEUE_SPENT, {(name,): one.spent.chip_hours * HOUR_S for name, one in named.items() if one.spent}


def _domestic(mirror: Mirror, effective: Numbers) -> dict[str, float]:
    """Of all effective chips, the part that is of domestic origin, by purpose."""
    shares: dict[str, float] = {}
    for purpose in Purpose:
        of_pools = {pool: chips for (pool, what), chips in effective.items() if what == purpose}
        total = sum(of_pools.values())
        if total:
            home = sum(chips for pool, chips in of_pools.items() if _is_domestic(mirror, pool))
            shares[purpose.value] = home / total
    return shares


def _is_domestic(mirror: Mirror, pool: str) -> bool:
    supply = mirror.pool_records[PoolName(pool)].supply
    return supply is not None and supply.domestic
