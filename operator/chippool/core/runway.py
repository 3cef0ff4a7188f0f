"""How long the stock lasts: the first day demand passes it, after attrition and arrivals, as a day and a band.

The next week is `core.forecast`'s. Beyond it demand goes on along the trend of its weekly means: the median of the
slopes between all pairs of weeks (Theil 1950), with Sen's interval for it (1968), beside the week's own error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np

from chippool.core.attrition import Attrition
from chippool.core.forecast import DAYS as NEAR
from chippool.core.forecast import Floats, forecast

HORIZON = 3 * 365
"""Days that are looked ahead."""
WEEKS = 26
"""The trend is that of so many weeks at most."""
FEWEST_WEEKS = 4
NEEDED = 7 * FEWEST_WEEKS
"""Days that have to be known."""
_Z80 = 1.2816
_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Chips that are expected so many days ahead, counted at their probability."""

    days: float
    chips: float


@dataclass(frozen=True, slots=True)
class Stockpile:
    """What there is, what goes and what comes; `gain` makes effective chips of them (the efficiency)."""

    chips: float
    attrition: Attrition
    arrivals: tuple[Arrival, ...] = ()
    gain: float = 1.0

    def ahead(self, rate: float) -> Floats:
        """Effective chips by days ahead, if so many fail in a year."""
        days = np.arange(1, HORIZON + 1, dtype=np.float64)
        left = self.chips * np.exp(-rate * days / _YEAR)
        for arrival in self.arrivals:
            since = days - max(arrival.days, 0.0)
            left += np.where(since >= 0, arrival.chips * np.exp(-rate * np.maximum(since, 0.0) / _YEAR), 0.0)
        return np.asarray(left * self.gain, np.float64)


@dataclass(frozen=True, slots=True)
class Demand:
    """By days ahead: expected, and between what bounds with a probability of 80 %."""

    likely: Floats
    low: Floats
    high: Floats
    weekly_growth: float
    """Of today's demand, along the trend."""


@dataclass(frozen=True, slots=True)
class Runway:
    """Days until demand passes the stock, from 1; None: not within `HORIZON`."""

    likely: int | None
    earliest: int | None
    latest: int | None


def demand_ahead(daily: Sequence[float]) -> Demand | None:
    """Demand from its daily means; None while fewer than `NEEDED` days are known."""
    if len(daily) < NEEDED:
        return None
    near = forecast(daily)
    slope, low, high = _trend(daily)
    beyond = np.maximum(np.arange(1, HORIZON + 1, dtype=np.float64) - NEAR, 0.0)
    base = [_extended(near.likely), _extended(near.low), _extended(near.high)]
    ahead = [np.maximum(b + s * beyond, 0.0) for b, s in zip(base, (slope, low, high), strict=True)]
    level = float(near.likely[-1])
    return Demand(ahead[0], ahead[1], ahead[2], 7 * slope / level if level else 0.0)


def runway(demand: Demand, stock: Stockpile) -> Runway:
    """When demand passes the stock: as expected, at the earliest and at the latest (80 %)."""
    expected = stock.ahead(stock.attrition.rate)
    worst, best = stock.ahead(stock.attrition.high), stock.ahead(stock.attrition.low)
    return Runway(_first(demand.likely > expected), _first(demand.high > worst), _first(demand.low > best))


def _first(passed: np.typing.NDArray[np.bool_]) -> int | None:
    where = np.flatnonzero(passed)
    return int(where[0]) + 1 if len(where) else None


def _extended(near: Floats) -> Floats:
    """The last of the near days goes on."""
    return np.concatenate((near, np.full(HORIZON - NEAR, near[-1])))


def _trend(daily: Sequence[float]) -> tuple[float, float, float]:
    """Slope in chips a day: the median over pairs of weeks, and its 80 % interval."""
    weeks = min(len(daily) // 7, WEEKS)
    means = np.asarray(daily[-7 * weeks :], np.float64).reshape(weeks, 7).mean(axis=1)
    first, second = np.triu_indices(weeks, 1)
    slopes = np.sort((means[second] - means[first]) / (7.0 * (second - first)))
    spread = _Z80 * sqrt(weeks * (weeks - 1) * (2 * weeks + 5) / 18)
    low = max(floor((len(slopes) - spread) / 2), 0)
    high = min(ceil((len(slopes) + spread) / 2), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])
