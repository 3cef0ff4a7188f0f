"""When work that waits is thought to start, with its spread, learnt from those who waited before.

What tells how long (`core.backlog`) goes by its logarithm into a ridge regression on how long they waited, the recent
ones counting more, outliers less (Huber weights), classes and queues shrunk towards what holds for all. Who still waits
counts with what it will probably have waited (Buckley and James, 1979). How far the past predictions were off, each as
it was made, gives the spread (Kaplan and Meier, 1958): so it covers what it says, whatever the model misses.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

from chippool.core.backlog import Prospect, prospects
from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEEDED = 8
"""Waits and runs that must have ended before anything is said."""
KEPT = 500
"""Waits that are remembered, and as many that go on."""
LOW, HIGH = 0.1, 0.9
"""The quantiles of the spread: four starts of five lie within it."""
ROW = 10
"""Numbers that are known of each; the first is the work ahead, and before anything is learnt that is what is waited."""
SHORTEST, SHORT = 60.0, 400.0
"""Seconds; a shorter wait counts as one of so many, and one up to `SHORT` tells nothing of how long the others are."""
HALF, HALF_OF_ERRORS = 300.0, 100.0
"""Waits after which one counts half, and a past error."""
_RIDGE, _RIDGE_OF_NAMES, _RIDGE_OF_ALL = 20.0, 20.0, 3.0
_MOST_ABOVE = 0.9
"""With a part p of the chips in the hands of higher classes the rest waits 1 / (1 - p) as long (Cobham, 1954)."""
_ROUNDS = 6
_HUBER = 0.5
_CLOSE = 0.2
_FEW = 3
_LONGER, _TAIL = 0.35, 0.7
"""How much longer, by the logarithm, one waits that has waited longer than any; and each time a part e of such ends."""
_EXACT = 1e-9
_SUPPOSED = 0.8 * np.array([-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645])
_WEIGHT = 0.8
"""Errors there are before any is known, each worth so many: as if normal, half of them within a factor of 1.7."""


@dataclass(frozen=True, slots=True)
class Case:
    """One that had to wait: what was known of it at `at` (seconds since the epoch), and how long it then waited."""

    at: float
    class_name: str
    queue: str
    row: tuple[float, ...]
    guess: float
    """The logarithm of the seconds that were predicted, before the correction by past errors."""
    wait: float | None = None
    """None while it goes on."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What has been seen: waits in the order they began, those that go on by uid, and how long work of a kind ran."""

    ended: tuple[Case, ...] = ()
    waiting: Mapping[str, Case] = field(default_factory=dict)
    runs: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


NOTHING = Experience()


@dataclass(frozen=True, slots=True)
class Eta:
    """When it is thought to start, and between when and when in four cases of five; seconds since the epoch."""

    start: float
    low: float
    high: float


def row(prospect: Prospect) -> tuple[float, ...]:
    """What the regression goes by, as logarithms: times first."""
    times = (prospect.backlog + prospect.waited, prospect.running, prospect.oldest, prospect.typical)
    sizes = (prospect.chips, prospect.each, float(prospect.pools), 1.0 + prospect.ahead)
    crowding = -log(1 - min(prospect.above, _MOST_ABOVE))
    return (
        *[log(max(x, SHORTEST)) for x in times],
        *[log(max(x, 0.001)) for x in sizes],
        crowding,
        float(prospect.whole),
    )


def guess(experience: Experience, asked: Iterable[Prospect], now: float) -> list[float]:
    """The logarithms of the seconds they will have waited in all, before the correction by past errors."""
    model = _Model(_long(_cases(experience), now), now)
    return [model.guess(row(one), one.class_name, one.queue) for one in asked]


def expected(experience: Experience, asked: Sequence[Prospect], now: float) -> dict[WorkloadKey, Eta]:
    """When those that are asked about are thought to start; nothing of nobody while too few have waited before."""
    if known(experience) < NEEDED or not asked:
        return {}
    cases = _cases(experience)
    anybody, errors = Errors(cases, now), Errors(_long(cases, now), now)
    found: dict[WorkloadKey, Eta] = {}
    for one, middle in zip(asked, guess(experience, asked, now), strict=True):
        over = log(one.waited) - middle if one.waited > SHORTEST else -inf
        spread = (anybody.spread(over)[0], *errors.spread(over))
        soonest, low, likely, high = [max(now - one.waited + exp(middle + error), now) for error in spread]
        found[one.workload] = Eta(likely, min(soonest, low), high)
    return found


def etas(
    snapshot: Snapshot,
    waiting: Sequence[WorkloadKey],
    asked: Collection[WorkloadKey],
    experience: Experience,
    now: float,
) -> dict[WorkloadKey, Eta]:
    """Return when those that are asked about are expected to start; `waiting` in the order of its turns."""
    if known(experience) < NEEDED or not asked:
        return {}
    return expected(experience, prospects(snapshot, waiting, asked, experience.runs, now), now)


def known(experience: Experience) -> int:
    """How many waits and runs have ended."""
    return len(experience.ended) + sum([len(runs) for runs in experience.runs.values()])


def _cases(experience: Experience) -> list[Case]:
    """All there are, the oldest first."""
    return sorted([*experience.ended, *experience.waiting.values()], key=lambda c: (c.at, c.row, c.class_name, c.queue))


def _long(cases: Sequence[Case], now: float) -> list[Case]:
    """Those that have waited for longer than a moment by now."""
    return [case for case in cases if (now - case.at if case.wait is None else case.wait) > SHORT]


def _logarithms(cases: Sequence[Case], now: float) -> tuple[Floats, Flags]:
    """How long they waited, or have waited until now, and which have ended."""
    waits = np.array([max(now - c.at if c.wait is None else c.wait, SHORTEST) for c in cases], np.float64)
    return np.log(waits), np.array([c.wait is not None for c in cases], np.bool_)


def _recent(count: int, half: float) -> Floats:
    """Weights of cases by how many came later."""
    faded: Floats = 0.5 ** (np.arange(count, 0.0, -1.0) / half)
    return faded


class _Model:
    """The regression; without cases the work ahead is the guess."""

    def __init__(self, cases: Sequence[Case], now: float) -> None:
        names = sorted({name for case in cases for name in _names(case.class_name, case.queue)})
        self._place = {name: 1 + ROW + i for i, name in enumerate(names)}
        self._factors = np.zeros(1 + ROW + len(names))
        self._factors[1] = 1.0
        if cases:
            self._factors = self._fitted(cases, now)

    def guess(self, numbers: tuple[float, ...], class_name: str, queue: str) -> float:
        return float(self._line(numbers, class_name, queue) @ self._factors)

    def _line(self, numbers: tuple[float, ...], class_name: str, queue: str) -> Floats:
        line = np.zeros(len(self._factors))
        line[0] = 1.0
        line[1 : 1 + ROW] = numbers
        for name in _names(class_name, queue):
            if name in self._place:
                line[self._place[name]] = 1.0
        return line

    def _fitted(self, cases: Sequence[Case], now: float) -> Floats:
        """Iteratively reweighted least squares, shrunk towards what is there before anything is learnt."""
        table = np.array([self._line(c.row, c.class_name, c.queue) for c in cases])
        seen, ended = _logarithms(cases, now)
        prior, recent = self._factors, _recent(len(cases), HALF)
        ridge = np.diag([_RIDGE_OF_ALL] + [_RIDGE] * ROW + [_RIDGE_OF_NAMES] * len(self._place))
        factors = prior
        for _ in range(_ROUNDS):
            line = table @ factors
            waits = _imputed(seen, ended, line)
            off = np.abs(waits - line)
            scale = max(1.4826 * float(np.median(off)), _CLOSE)
            weighted = table.T * (recent / np.maximum(off / scale, _HUBER))
            factors = np.linalg.solve(weighted @ table + ridge, weighted @ waits + ridge @ prior)
        return factors


def _names(class_name: str, queue: str) -> tuple[str, str]:
    return f"class {class_name}", f"queue {queue}"


def _imputed(seen: Floats, ended: Flags, line: Floats) -> Floats:
    """Waits with those that go on as long as the median of those that were further off than they are by now."""
    offs, waits = sorted((seen - line)[ended].tolist()), seen.copy()
    for i in np.flatnonzero(~ended):
        gap = float(seen[i] - line[i])
        longer = offs[bisect_right(offs, gap) :]
        waits[i] = line[i] + (longer[len(longer) // 2] if len(longer) >= _FEW else max(gap + _LONGER, 0.0))
    return waits


class Errors:
    """How far past predictions were off, by the logarithm, those of waits that go on as far as is known by now."""

    def __init__(self, cases: Sequence[Case], now: float) -> None:
        seen, ended = _logarithms(cases, now)
        offs = np.concatenate([seen - np.array([c.guess for c in cases], np.float64), _SUPPOSED])
        ended = np.concatenate([ended, np.ones(len(_SUPPOSED), np.bool_)])
        weights = np.concatenate([_recent(len(cases), HALF_OF_ERRORS), np.full(len(_SUPPOSED), _WEIGHT)])
        order = np.lexsort((~ended, offs))
        self._offs, self._ended, self._weights = offs[order], ended[order], weights[order]

    def spread(self, over: float) -> tuple[float, float, float]:
        """Quantiles among those that are more than `over` (Kaplan and Meier)."""
        first = int(np.searchsorted(self._offs, over, side="right"))
        offs, ended, weights = self._offs[first:], self._ended[first:], self._weights[first:]
        if not len(offs):
            return over, over + log(2), over + 2 * log(2)
        at_risk = np.cumsum(weights[::-1])[::-1]
        left: Floats = np.cumprod(np.where(ended, 1.0 - weights / at_risk, 1.0)).astype(np.float64)
        low, likely, high = [_quantile(offs, left, part) for part in (LOW, 0.5, HIGH)]
        return low, likely, high


def _quantile(offs: Floats, left: Floats, part: float) -> float:
    """Beyond what has ended, each halving of those that are left takes as long again as until then."""
    i = int(np.searchsorted(-left, part - 1 - _EXACT))
    if i < len(offs):
        return float(offs[i])
    return float(offs[-1]) + _TAIL * log(max(float(left[-1]), _EXACT) / (1 - part))
