"""Demand of the next days from its daily means: the median of four plain forecasts, and a band that learns.

The four: simple smoothing; the last day, shrunk toward the mean of two weeks, and of eight; a line through four weeks.
The band is conformal on past errors, by days ahead, its level adapted to how often it missed (Gibbs and Candes 2021).
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAYS = 7
"""Ahead, unless more are asked for."""
COVERAGE = 0.8
"""The share of days that are to lie within the band."""
FIRST = 14
"""Days of history before the first forecast is made."""
_SMOOTHING, _SHRINKING = 0.4, 0.7
_SHORT, _LONG, _LINE = 14, 56, 28
"""Days that are looked back on."""
_ADAPTING = 0.05
"""How far one miss moves the level of the band."""
_FEWEST = 5
"""Errors before there is a band."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Demand by days ahead, and between what bounds it lies with a probability of `COVERAGE`; no bound is infinite."""

    likely: Floats
    low: Floats
    high: Floats


def forecast(daily: Sequence[float], days: int = DAYS) -> Forecast:
    """Return what follows the last of these days. ValueError: there are fewer than `FIRST`."""
    if len(daily) < FIRST:
        raise ValueError(f"a forecast needs {FIRST} days, there are {len(daily)}")
    return rolled(daily, days)[-1]


def rolled(daily: Sequence[float], days: int = DAYS) -> list[Forecast]:
    """The forecasts made after each day from the `FIRST` on, each from what was known by then alone."""
    history = np.asarray(daily, np.float64)
    bands = [_Band() for _ in range(days)]
    made = list[Forecast]()
    for known in range(FIRST, len(history) + 1):
        _learn(bands, made, float(history[known - 1]), known)
        likely = expected(history[:known], days)
        reach = np.array([band.reach() for band in bands])
        made.append(Forecast(likely, np.maximum(likely - reach, 0.0), likely + reach))
    return made


def expected(history: Floats, days: int) -> Floats:
    """The median of the four, never below zero."""
    ahead = np.arange(1, days + 1)
    each = (
        np.full(days, _smoothed(history)),
        _shrunk(history, _SHORT, ahead),
        _shrunk(history, _LONG, ahead),
        _on_line(history[-_LINE:], ahead),
    )
    return np.asarray(np.maximum(np.median(each, axis=0), 0.0), np.float64)


def _smoothed(history: Floats) -> float:
    level = float(history[0])
    for value in history[1:]:
        level += _SMOOTHING * (float(value) - level)
    return level


def _shrunk(history: Floats, days: int, ahead: NDArray[np.int64]) -> Floats:
    mean = history[-days:].mean()
    return np.asarray(mean + (history[-1] - mean) * _SHRINKING**ahead, np.float64)


def _on_line(history: Floats, ahead: NDArray[np.int64]) -> Floats:
    days = np.arange(len(history)) - (len(history) - 1)
    slope = float(((days - days.mean()) * history).sum() / ((days - days.mean()) ** 2).sum())
    return np.asarray(history.mean() + slope * (ahead - days.mean()), np.float64)


def _learn(bands: list["_Band"], made: list[Forecast], seen: float, known: int) -> None:
    """Tell each band how far the forecast for the last known day was off."""
    for ahead, band in enumerate(bands, start=1):
        at = known - ahead - FIRST
        if at >= 0:
            past = made[at]
            band.learn(abs(seen - float(past.likely[ahead - 1])), float(past.high[ahead - 1] - past.likely[ahead - 1]))


class _Band:
    """How far forecasts for so many days ahead are off."""

    def __init__(self) -> None:
        self._errors = list[float]()
        self._outside = 1.0 - COVERAGE
        """The share of errors that may be larger, as adapted."""

    def learn(self, error: float, reach: float) -> None:
        """Take in an error, and the reach of the band as it was then; an infinite one says that there was none."""
        if reach != float("inf"):
            self._outside += _ADAPTING * (1.0 - COVERAGE - (error > reach))
        insort(self._errors, error)

    def reach(self) -> float:
        """How far the band reaches to either side now."""
        count = len(self._errors)
        if count < _FEWEST:
            return float("inf")
        place = ceil((1.0 - self._outside) * (count + 1))
        return self._errors[min(max(place, 1), count) - 1]
