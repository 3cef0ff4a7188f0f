"""How long a pool's chips last, with the reason in one sentence: demand, stock, attrition and orders put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import fsum

from chippool.core.attrition import Attrition, Evidence, blended
from chippool.core.capacity import Purpose, Yields
from chippool.core.demand import OTHERS, Ring, totals
from chippool.core.ids import CHIP, Milli
from chippool.core.runway import HORIZON, NEEDED, Arrival, Demand, Runway, Stockpile, demand_ahead, runway
from chippool.core.supply import Supply

DAY_S = 86_400.0
_NO_LOSSES = Attrition(0.0, 0.0, 0.0)
_SOON = 60
"""Days within which a day is named; beyond them the month is."""
_STEADY = 0.001
"""Growth a week below which demand is steady."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one pool; chips are its own, times their efficiency."""

    days: int
    """Of demand that are known."""
    today: float
    """Demand of the last whole day."""
    stock: Stockpile
    demand: Demand | None
    """None while too few days are known."""
    runway: Runway | None
    sentence: str
    daily: tuple[float, ...] = ()
    """Demand of the days that are over."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the outlook of a pool is made from; `used` are chips held by purpose."""

    supply: Supply | None
    yields: Yields
    installed: Milli
    healthy: Milli
    used: Mapping[Purpose, Milli]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pool was asked for, and will be; it changes once a day, and most of an outlook's time goes into it."""

    daily: tuple[float, ...]
    """The means of the days that are known."""
    ahead: Demand | None
    """None while too few days are known."""
    who: str
    """The series that grows most, or empty."""


def outlook(ring: Ring | None, known: Known, now: float) -> Outlook:
    """The outlook at a moment, in seconds since the epoch."""
    return outlook_of(asked(ring), known, now)


def asked(ring: Ring | None) -> Asked:
    """What the days that are over say."""
    daily = totals(ring) if ring else []
    return Asked(tuple(daily), demand_ahead(daily), _grows(ring))


def outlook_of(said: Asked, known: Known, now: float) -> Outlook:
    """The outlook where demand is known already."""
    days, stock, demand = len(said.daily), stockpile(known, now), said.ahead
    found = runway(demand, stock) if demand else None
    today = said.daily[-1] if said.daily else 0.0
    told = _sentence(said.who, stock, known, demand, found, now) if demand and found else _too_few(days)
    return Outlook(days, today, stock, demand, found, told, said.daily)


def stockpile(known: Known, now: float) -> Stockpile:
    """What there is, goes and comes: repairs come back where chips are replaced, orders count as exports allow."""
    gain, supply = mean_gain(known.yields, known.used), known.supply
    healthy = known.healthy / CHIP
    if supply is None:
        return Stockpile(healthy, _NO_LOSSES, (), gain)
    in_repair = max(0, known.installed - known.healthy) / CHIP if supply.replaced else 0.0
    arrivals = tuple(
        Arrival((order.expected - now) / DAY_S, order.chips * supply.arrives)
        for order in supply.on_order
        if supply.arrives
    )
    return Stockpile(healthy + in_repair, blended(supply.failure_rate, known.evidence), arrivals, gain)


def mean_gain(yields: Yields, used: Mapping[Purpose, Milli]) -> float:
    """The efficiency of what the chips are held for; of all purposes alike where none are held."""
    held = {purpose: chips for purpose, chips in used.items() if chips > 0} or dict.fromkeys(Purpose, 1)
    return sum(yields.gain(purpose) * chips for purpose, chips in held.items()) / sum(held.values())


def _too_few(days: int) -> str:
    return f"Demand is known of {days} days; an outlook needs {NEEDED}."


def _sentence(who: str, stock: Stockpile, known: Known, demand: Demand, found: Runway, now: float) -> str:
    parts = [_growth(demand.weekly_growth, who)]
    if known.supply is not None:
        lost = f"{stock.chips * stock.attrition.rate:,.0f}"
        parts.append(f"{lost} chip{'' if lost == '1' else 's'} lost a year")
        parts += _orders(known.supply)
    else:
        parts.append("no losses counted (spec.supply states none)")
    return f"{', '.join(parts)}: {_lasts(found, now)}."


def _growth(weekly: float, who: str) -> str:
    if abs(weekly) < _STEADY:
        return "demand is steady"
    most = f" (most of it {who})" if who else ""
    return f"demand {'grows' if weekly > 0 else 'falls'} {abs(weekly):.1%} a week{most}".replace("%", " %")


def _orders(supply: Supply) -> list[str]:
    ordered = sum(order.chips for order in supply.on_order)
    if not ordered:
        return []
    match supply.arrives:
        case 1.0:
            return [f"{ordered:,} ordered"]
        case 0.0:
            return [f"{ordered:,} ordered and not counted (export is banned)"]
        case part:
            return [f"{ordered:,} ordered (counted at {part:.0%})".replace("%)", " %)")]


def _lasts(found: Runway, now: float) -> str:
    band = f"(80 %: {_when(found.earliest, now)} … {_when(found.latest, now)})"
    if found.likely is None:
        return f"stock lasts beyond {_when(HORIZON, now)} {band}"
    if found.likely == 1:
        return f"demand is past the stock already {band}"
    return f"stock lasts until {_when(found.likely, now)} {band}"


def _when(days: int | None, now: float) -> str:
    if days is None:
        return "later than " + _when(HORIZON, now)
    return datetime.fromtimestamp(now + days * DAY_S, UTC).strftime("%Y-%m-%d" if days <= _SOON else "%Y-%m")


def _grows(ring: Ring | None) -> str:
    """The series that rose most from the first half of what is remembered to the second."""
    risen: dict[str, float] = {}
    for name, means in ring.daily.items() if ring else ():
        half = len(means) // 2
        if half and name != OTHERS:
            before, after = means[-2 * half : -half], means[-half:]
            risen[name] = (fsum([mean or 0.0 for mean in after]) - fsum([mean or 0.0 for mean in before])) / half
    most = max(sorted(risen), key=lambda name: risen[name], default="")
    return most if most and risen[most] > 0 else ""
