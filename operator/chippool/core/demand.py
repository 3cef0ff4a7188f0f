"""What a pool was asked for: hourly means of the last weeks and daily means of the last year, by series, in a ring.

Hours and days are counted from the epoch, in UTC. An hour in which nobody looked is None; a day is the mean of its
hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

HOUR_S = 3600.0
HOURS = 14 * 24
"""Hourly means that are kept."""
DAYS = 400
"""Daily means that are kept."""
SERIES = 16
"""Series that are told apart; what comes later is counted together as `OTHERS`."""
OTHERS = "*"

Mean = float | None
Means = Mapping[str, tuple[Mean, ...]]


@dataclass(frozen=True, slots=True)
class Ring:
    """Complete hours and days, and the hour that runs; series begin with the first hour that has them."""

    hour: int
    """The hour that runs: the last of `hourly` is the one before."""
    hourly: Means = field(default_factory=dict)
    daily: Means = field(default_factory=dict)
    """The last is the day before the one that runs."""
    running: Mapping[str, float] = field(default_factory=dict)
    """Demand x seconds in the hour that runs."""
    seen_s: float = 0.0
    """Seconds of it in which somebody looked."""

    @property
    def day(self) -> int:
        """The day that runs."""
        return self.hour // 24


def begun(now: float) -> Ring:
    """A ring that knows nothing yet; `now` in seconds since the epoch."""
    return Ring(int(now // HOUR_S))


def noted(ring: Ring, since: float, now: float, demand: Mapping[str, float]) -> Ring:
    """The ring when so much was asked for from `since` to `now`; both in seconds since the epoch, in order."""
    ring = advanced(ring, int(since // HOUR_S))
    while int(now // HOUR_S) > ring.hour:
        end = (ring.hour + 1) * HOUR_S
        ring = advanced(_looked(ring, end - since, demand), ring.hour + 1)
        since = end
    return _looked(ring, now - since, demand)


def advanced(ring: Ring, hour: int) -> Ring:
    """The ring once that hour runs; hours between them nobody looked at."""
    if hour - ring.hour > DAYS * 24:
        return Ring(hour)
    while ring.hour < hour:
        ring = _closed(ring)
    return ring


def totals(ring: Ring) -> list[float]:
    """The pool's daily means, all series together; a day that nobody saw is as the one before."""
    days = max((len(means) for means in ring.daily.values()), default=0)
    found: list[float] = []
    for at in range(-days, 0):
        seen = [means[at] for means in ring.daily.values() if len(means) >= -at]
        known = [mean for mean in seen if mean is not None]
        if known:
            found.append(sum(known))
        elif found:
            found.append(found[-1])
    return found


def _looked(ring: Ring, seconds: float, demand: Mapping[str, float]) -> Ring:
    if seconds <= 0:
        return ring
    running = {OTHERS: 0.0, **ring.running}
    for name, chips in sorted(demand.items()):
        known = {*running, *ring.hourly, *ring.daily}
        named = name if name in known or len(known) < SERIES else OTHERS
        running[named] = running.get(named, 0.0) + chips * seconds
    return replace(ring, running=running, seen_s=ring.seen_s + seconds)


def _closed(ring: Ring) -> Ring:
    """The next hour runs; if it is the first of a day, the day before is complete as well."""
    hourly: dict[str, tuple[Mean, ...]] = {}
    for name in {**ring.hourly, **ring.running}:
        mean = round(ring.running.get(name, 0.0) / ring.seen_s, 3) if ring.seen_s else None
        hourly[name] = (*ring.hourly.get(name, _nothing_today(ring)), mean)[-HOURS:]
    after = replace(ring, hour=ring.hour + 1, hourly=hourly, running={}, seen_s=0.0)
    return _day_closed(after) if after.hour % 24 == 0 else after


def _nothing_today(ring: Ring) -> tuple[Mean, ...]:
    """What a series had in the hours of today before it was first seen; `OTHERS` is always there to tell."""
    hours = ring.hour % 24
    today = ring.hourly.get(OTHERS, ())[-hours:] if hours else ()
    return tuple(None if mean is None else 0.0 for mean in today)


def _day_closed(ring: Ring) -> Ring:
    """Series in which there was nothing for as long as is remembered are forgotten."""
    daily: dict[str, tuple[Mean, ...]] = {}
    for name in {**ring.daily, **ring.hourly}:
        mean = _mean(ring.hourly.get(name, ())[-24:])
        daily[name] = (*ring.daily.get(name, ()), mean)[-DAYS:]
    kept = {name: means for name, means in daily.items() if name == OTHERS or any(means)}
    return replace(ring, hourly={name: means for name, means in ring.hourly.items() if name in kept}, daily=kept)


def _mean(hours: Sequence[Mean]) -> Mean:
    known = [hour for hour in hours if hour is not None]
    return round(sum(known) / len(known), 3) if known else None
