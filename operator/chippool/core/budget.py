"""Budgets: chip-hours of a calendar period (UTC) beyond which a queue only gets what nobody else waits for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chippool.core.ids import CHIP, Milli

HOUR_S = 3600.0


class Period(StrEnum):
    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"


@dataclass(frozen=True, slots=True)
class Budget:
    chip_hours: float
    period: Period


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used of a period until a moment; times in seconds since the epoch."""

    since: float
    """When the period began."""
    until: float
    chip_hours: float = 0.0

    def is_beyond(self, budget: Budget) -> bool:
        return self.chip_hours >= budget.chip_hours


def begun(period: Period, now: float) -> float:
    """When the running period began: at midnight UTC, a week's on Monday."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case Period.DAY:
            return today.timestamp()
        case Period.WEEK:
            return (today - timedelta(days=today.weekday())).timestamp()
        case Period.MONTH:
            return today.replace(day=1).timestamp()


def ends(period: Period, since: float) -> float:
    """When a period that began then is over."""
    first = datetime.fromtimestamp(since, UTC)
    match period:
        case Period.DAY:
            return (first + timedelta(days=1)).timestamp()
        case Period.WEEK:
            return (first + timedelta(days=7)).timestamp()
        case Period.MONTH:
            return (first + timedelta(days=32)).replace(day=1).timestamp()


def spent(before: Spent | None, budget: Budget, now: float, held: Iterable[tuple[Milli, float]]) -> Spent:
    """What is spent now, if these chips were held, each since a moment; what was counted before is not counted again.

    Counting begins when a budget is first seen. What a period before this one used is forgotten.
    """
    since = begun(budget.period, now)
    if before is None:
        return Spent(since, now)
    kept = before.chip_hours if before.since == since else 0.0
    start = max(since, before.until)
    more = sum(chips * max(0.0, now - max(start, at)) for chips, at in held)
    return Spent(since, max(now, before.until), kept + more / CHIP / HOUR_S)
