"""How many chips fail in a year: the declared rate, blended with what was seen by the amount of evidence.

Failures are a Poisson process; the declared rate is a Gamma prior worth `PRIOR` failures (Gelman et al., Bayesian Data
Analysis, section 2.6), so that few chip-years leave it as it is and many make it forgotten.
"""

from dataclasses import dataclass, replace

import scipy  # its parts load themselves when first used: commands that decide nothing do without

from chippool.core.ids import CHIP, Milli

PRIOR = 4.0
"""Failures that the declared rate is worth: right to within a factor of two."""
LONG_S = 86_400.0
"""A chip that is not healthy for so long has failed; one that comes back sooner was only restarted."""
YEAR_S = 365.0 * 86_400.0
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen until a moment; times in seconds since the epoch."""

    at: float
    level: Milli
    """Chips that are taken for healthy: those that were, as long as they are not away for too long."""
    chip_years: float = 0.0
    failures: float = 0.0
    below_since: float | None = None
    """Since when fewer are healthy."""
    best: Milli = 0
    """The most that were since then."""


@dataclass(frozen=True, slots=True)
class Attrition:
    """Failures of a chip in a year: expected, and between what bounds with a probability of 80 %."""

    rate: float
    low: float
    high: float


def watched(before: Evidence | None, healthy: Milli, owned: Milli, now: float) -> Evidence:
    """The evidence once so many chips are seen healthy; chips taken out of `owned` within `LONG_S` have not failed."""
    if before is None:
        return Evidence(now, healthy)
    held = min(before.level, healthy) / CHIP
    seen = replace(before, at=now, chip_years=before.chip_years + held * max(0.0, now - before.at) / YEAR_S)
    level = min(before.level, owned)
    if healthy >= level:
        return replace(seen, level=healthy, below_since=None, best=0)
    if before.below_since is None:
        return replace(seen, level=level, below_since=now, best=healthy)
    best = max(before.best, healthy)
    if now - before.below_since < LONG_S:
        return replace(seen, level=level, best=best)
    failed = seen.failures + (level - best) / CHIP
    again = None if healthy >= best else now
    return replace(seen, level=best, failures=failed, below_since=again, best=healthy if again else 0)


def blended(declared: float, seen: Evidence | None) -> Attrition:
    """The posterior; `declared` is the rate of a chip in a year, above zero."""
    shape = PRIOR + (seen.failures if seen else 0.0)
    years = PRIOR / declared + (seen.chip_years if seen else 0.0)
    return Attrition(shape / years, _quantile(shape, LOW) / years, _quantile(shape, HIGH) / years)


def _quantile(shape: float, part: float) -> float:
    """Of the Gamma distribution of this shape and rate 1."""
    return float(scipy.special.gammaincinv(shape, part))
