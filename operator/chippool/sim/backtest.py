"""The forecaster on what has been: from day 28 on, each of the next 7 daily means, from what was known by then."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chippool.core.forecast import DAYS, FIRST, Floats, Forecast, rolled

HOUR = "hour"
ORIGIN = 28
"""Days that are known when the first forecast that counts is made."""
_DAY = 24
_ROUNDING = 1e-6
"""What sums of demand may be below zero by."""


class BadListError(Exception):
    """A list that can't be read, as a sentence that names the line and the column."""


@dataclass(frozen=True, slots=True)
class Score:
    """A figure over all origins, and over the last third of them."""

    overall: float
    last_third: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """By chip, the mean absolute error in chips, and the share of days within the 80 % band."""

    mae: Mapping[str, Score]
    coverage: Mapping[str, Score]
    origins: int
    first_over: Mapping[str, int]
    """The first day (from 0) whose mean is over the stock, of chips whose stock is known and was passed."""


def read_demand(path: Path) -> dict[str, list[float]]:
    """Daily means by chip from hourly demand, whole days alone; columns: hour, then one for each chip."""
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        chips = [name for name in rows.fieldnames or () if name != HOUR]
        if HOUR not in (rows.fieldnames or ()) or not chips:
            raise BadListError(f"the first line must name the column {HOUR} and one for each chip")
        hourly = [_hour(row, n, chips) for n, row in enumerate(rows)]
    whole = len(hourly) // _DAY
    if whole < ORIGIN + DAYS:
        raise BadListError(f"{ORIGIN + DAYS} whole days are needed, there are {whole}")
    daily = np.array(hourly[: whole * _DAY]).reshape(whole, _DAY, len(chips)).mean(axis=1)
    return {chip: daily[:, i].tolist() for i, chip in enumerate(chips)}


def _hour(row: dict[str, str], expected: int, chips: Sequence[str]) -> list[float]:
    where = f"line {expected + 2}"
    if row[HOUR] != str(expected):
        raise BadListError(f"{where}: {HOUR} is {row[HOUR]!r}; it must count on, {expected} comes here")
    return [_number(row[chip], where, chip) for chip in chips]


def _number(said: str | None, where: str, column: str) -> float:
    """An hour in which a chip is not named had no demand for it."""
    try:
        found = float(said or 0)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or found < -_ROUNDING:
        raise BadListError(f"{where}: {column} is {said!r}; it must be a number of chips, 0 or more")
    return max(found, 0.0)


def backtest(demand: Mapping[str, Sequence[float]], stock: Mapping[str, float]) -> Backtest:
    """Forecast and compare; `stock` are the chips there are, of those that are asked for."""
    mae, coverage, origins = dict[str, Score](), dict[str, Score](), 0
    for chip, daily in demand.items():
        errors, within = zip(*_compared(daily), strict=True)
        origins = len(errors)
        mae[chip], coverage[chip] = _score(errors), _score(within)
    over = {chip: day for chip, chips in stock.items() if (day := _first_over(demand[chip], chips)) is not None}
    return Backtest(mae, coverage, origins, over)


def _compared(daily: Sequence[float]) -> Iterator[tuple[Floats, Floats]]:
    """By origin, how far each of the next days was off, and whether it lay within the band."""
    made = rolled(daily)
    for origin in range(ORIGIN, len(daily) - DAYS + 1):
        seen, said = np.asarray(daily[origin : origin + DAYS]), made[origin - FIRST]
        yield np.abs(seen - said.likely), _within(seen, said)


def _within(seen: Floats, said: Forecast) -> Floats:
    return ((said.low <= seen) & (seen <= said.high)).astype(np.float64)


def _score(by_origin: Sequence[Floats]) -> Score:
    last = by_origin[len(by_origin) - len(by_origin) // 3 :]
    return Score(round(float(np.mean(by_origin)), 3), round(float(np.mean(last or by_origin)), 3))


def _first_over(daily: Sequence[float], chips: float) -> int | None:
    return next((day for day, mean in enumerate(daily) if mean > chips), None)
