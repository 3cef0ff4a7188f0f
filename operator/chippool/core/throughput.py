"""What work of one family really does on unlike chips, from what its pods measure: ratios of pools, as robust medians.

Only ratios within a namespace count, so each may measure in a unit of its own. What lies too many median absolute
deviations away is not believed (Iglewicz and Hoaglin 1993), and what one namespace says moves nobody else's speeds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp
from statistics import median

from chippool.core.ids import Namespace, PoolName
from chippool.core.model import Variant

FEWEST = 3
"""Pods of a namespace on a pool, and namespaces that measured both pools, before anything is said."""
_FAR = 3.5
_NORMAL = 1.4826
"""Median absolute deviations that are one standard deviation of a normal distribution."""
_NEAR = 0.05
"""Logarithms as near as this are not told apart: about 5 %."""

Cell = tuple[Namespace, PoolName]
Pair = tuple[PoolName, PoolName]
"""In order of their names."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The middle of some logarithms, without what is too far from it."""

    middle: float
    kept: int
    outliers: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """What a chip of one pool does beside a chip of another."""

    ratio: float
    namespaces: int
    """Whose measurements it is made of."""
    samples: int
    """Pods of theirs."""
    outliers: int
    """Namespaces that were not believed."""

    def turned(self) -> "Ratio":
        """The other pool's beside the one's."""
        return replace(self, ratio=1.0 / self.ratio)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one family, by pairs of pools."""

    every: Mapping[Pair, Ratio]
    """From three namespaces at least: what counts for all work of the family."""
    own: Mapping[Namespace, Mapping[Pair, Ratio]]
    """What each namespace measured itself: counts for its own work where the others say nothing."""

    def beside(self, namespace: Namespace, one: PoolName, other: PoolName) -> Ratio | None:
        """What a chip of `one` does beside one of `other`, for work of a namespace."""
        pair = (one, other) if one < other else (other, one)
        found = self.every.get(pair) or self.own.get(namespace, {}).get(pair)
        return found.turned() if found is not None and pair[0] != one else found


def believed(logarithms: Sequence[float]) -> Believed | None:
    """The median of what is near the median; None where too little is left."""
    if len(logarithms) < FEWEST:
        return None
    middle = median(logarithms)
    spread = max(_NORMAL * median([abs(one - middle) for one in logarithms]), _NEAR)
    kept = [one for one in logarithms if abs(one - middle) <= _FAR * spread]
    return Believed(median(kept), len(kept), len(logarithms) - len(kept)) if len(kept) >= FEWEST else None


def measured(cells: Mapping[Cell, Sequence[float]]) -> Measured:
    """What the cells of one family say; each has the logarithms of its pods' throughput a chip."""
    middles: defaultdict[Namespace, dict[PoolName, Believed]] = defaultdict(dict)
    for (namespace, pool), logarithms in sorted(cells.items()):
        if (found := believed(logarithms)) is not None:
            middles[namespace][pool] = found
    own = {namespace: _pairs(pools) for namespace, pools in middles.items() if len(pools) > 1}
    pairs = sorted({pair for ratios in own.values() for pair in ratios})
    every = {pair: ratio for pair in pairs if (ratio := _together(pair, own)) is not None}
    alone = {name: {pair: _own(*one) for pair, one in said.items()} for name, said in own.items()}
    return Measured(every, alone)


def _pairs(pools: Mapping[PoolName, Believed]) -> dict[Pair, tuple[float, int]]:
    """The logarithm of each ratio, and how many pods said it."""
    return {
        (one, other): (pools[one].middle - pools[other].middle, pools[one].kept + pools[other].kept)
        for one, other in combinations(sorted(pools), 2)
    }


def _together(pair: Pair, own: Mapping[Namespace, Mapping[Pair, tuple[float, int]]]) -> Ratio | None:
    said = [ratios[pair] for _, ratios in sorted(own.items()) if pair in ratios]
    found = believed([logarithm for logarithm, _ in said])
    if found is None:
        return None
    return Ratio(_steady(found.middle), found.kept, sum(pods for _, pods in said), found.outliers)


def _own(logarithm: float, pods: int) -> Ratio:
    return Ratio(_steady(logarithm), 1, pods, 0)


def _steady(logarithm: float) -> float:
    """In steps that are worth a word: a speed that is measured anew by a hair is the same."""
    return exp(round(logarithm / _NEAR) * _NEAR)


def corrected(variants: Sequence[Variant], beside: Callable[[PoolName, PoolName], Ratio | None]) -> tuple[Variant, ...]:
    """The variants with measured speeds: each beside the first one before it that its pool was measured with.

    A variant of several pools goes by the first of them. What was not measured stays as it was stated.
    """
    found: list[Variant] = []
    for variant in variants:
        speed = _speed(variant, found, beside)
        found.append(variant if speed is None else replace(variant, speed=speed))
    return tuple(found)


def _speed(
    variant: Variant, before: Iterable[Variant], beside: Callable[[PoolName, PoolName], Ratio | None]
) -> float | None:
    for other in before:
        if not (variant.pools and other.pools and variant.ask.chips and other.ask.chips):
            continue
        if variant.pools[0] == other.pools[0]:
            continue
        if (ratio := beside(variant.pools[0], other.pools[0])) is not None:
            return other.speed * ratio.ratio * variant.ask.chips / other.ask.chips
    return None
