"""Months into minutes: run times by their logarithm, arrivals by one factor, found so that demand peaks high enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

_SHORTEST_S, _LONGEST_S, _LONGEST_ORIGINAL_S = 5.0, 60.0, 1e7
_LONGEST_GAP_S = 2.0
"""Idle weeks at the begin of the lists would be minutes of nothing."""
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Times:
    """When each arrives, and how long it runs, in seconds of the replay."""

    arrivals: tuple[float, ...]
    runs: tuple[float, ...]
    factor: float
    """The list's seconds in one of ours."""


def run_time(original: float) -> float:
    """5 to 60 s, growing with the logarithm: the order of lengths stays, months don't last."""
    share = math.log10(max(original, 1.0)) / math.log10(_LONGEST_ORIGINAL_S)
    return _SHORTEST_S + (_LONGEST_S - _SHORTEST_S) * min(share, 1.0)


def squeeze(created: Sequence[float], lasted: Sequence[float], chips: Sequence[int], peak: float) -> Times:
    """The mildest factor at which the chips asked for at the same time, were all granted at once, reach `peak`.

    ValueError: all of them together would not.
    """
    runs = tuple(run_time(each) for each in lasted)
    if sum(chips) < peak:
        raise ValueError(f"{sum(chips)} chips in all can't be {peak:g} at once; replay more pods on fewer nodes")
    low, high = 0.0, 8.0  # powers of ten
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if demand_peak(arrivals(created, 10**middle), runs, chips) >= peak:
            high = middle
        else:
            low = middle
    return Times(arrivals(created, 10**high), runs, 10**high)


def arrivals(created: Sequence[float], factor: float) -> tuple[float, ...]:
    gaps = (min((after - before) / factor, _LONGEST_GAP_S) for before, after in pairwise(created))
    return tuple(accumulate(gaps, initial=0.0))


def demand_peak(starts: Sequence[float], runs: Sequence[float], chips: Sequence[int]) -> int:
    """The most chips wanted at one moment."""
    moves = [(start, count) for start, count in zip(starts, chips, strict=True)]
    moves += [(start + run, -count) for start, run, count in zip(starts, runs, chips, strict=True)]
    return max(accumulate(count for _, count in sorted(moves)), default=0)
