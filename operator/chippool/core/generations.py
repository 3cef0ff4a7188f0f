"""How many model generations the stock carries: each takes more effective chip-hours than the one before it.

They follow one another without a pause, each in the same number of days; the stock carries one if it yields as much in
those days as training it takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from chippool.core.forecast import Floats
from chippool.core.outlook import DAY_S
from chippool.core.runway import HORIZON, Stockpile


@dataclass(frozen=True, slots=True)
class ModelGeneration:
    """What training the next one takes, in hours of a chip of the reference."""

    chip_hours: float
    growth: float = 1.0
    """Of what one takes, to the next."""
    days: int = 180
    """Within which one is trained."""


@dataclass(frozen=True, slots=True)
class Part:
    """What there is of one pool, each chip worth `per_chip` of the reference; `limit` in chips, None: all of it."""

    stock: Stockpile
    per_chip: float
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """Generations as expected, and the ends of the 80 % interval of what fails; `beyond`: more were not looked at."""

    likely: int
    low: int
    high: int
    beyond: bool
    needs: float
    """Effective chip-hours of the first that is not carried."""
    yields: float
    """What the stock yields in its days."""
    sentence: str


def carried(wanted: ModelGeneration, parts: Sequence[Part], now: float) -> Carried:
    """Return how many the stock carries, one after the other from `now` (seconds since the epoch) on."""
    rates = ("rate", "high", "low")
    likely, worst, best = [_count(wanted, _chip_hours(parts, rate)) for rate in rates]
    number, needs, yields = likely
    beyond = number == HORIZON // wanted.days
    found = Carried(number, worst[0], best[0], beyond, needs, yields, "")
    return replace(found, sentence=_sentence(wanted, found, now))


def _chip_hours(parts: Sequence[Part], rate: str) -> Floats:
    """Effective chip-hours from today until the end of each day, from 0 on."""
    daily = np.zeros(HORIZON, np.float64)
    for part in parts:
        chips = replace(part.stock, gain=1.0).ahead(getattr(part.stock.attrition, rate))
        daily += (chips if part.limit is None else np.minimum(chips, part.limit)) * part.per_chip * 24.0
    return np.concatenate((np.zeros(1, np.float64), np.cumsum(daily)))


def _count(wanted: ModelGeneration, until: Floats) -> tuple[int, float, float]:
    """How many are carried; then what the next would take, and what there would be of it."""
    needs, most = wanted.chip_hours, HORIZON // wanted.days
    for number in range(most):
        yields = float(until[(number + 1) * wanted.days] - until[number * wanted.days])
        if yields < needs:
            return number, needs, yields
        needs *= wanted.growth
    return most, needs, 0.0


def _sentence(wanted: ModelGeneration, found: Carried, now: float) -> str:
    if found.beyond:
        return f"The stock carries {_more(found.likely)} at least: three years are looked ahead."
    begins = datetime.fromtimestamp(now + found.likely * wanted.days * DAY_S, UTC).strftime("%Y-%m")
    first = f"The stock carries {_more(found.likely)} (80 %: {found.low} … {found.high})"
    takes = (
        f"takes {found.needs:,.0f} effective chip-hours in {wanted.days} days, and there will be {found.yields:,.0f}"
    )
    return f"{first}: the one after, from {begins} on, {takes}."


def _more(count: int) -> str:
    return f"{count or 'no'} more model generation{'' if count == 1 else 's'}"
