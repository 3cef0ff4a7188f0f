"""Rule 2 for several workloads at once, and rule 6c: who goes where so that the chips do most.

A chip is worth what it adds: each workload counts by its speed there relative to the best it could have, and the sum
over all is made as great as can be. Nothing of the workload's length is known or needed. Running work takes part and
keeps its place unless the sum rises by RISE for those who move, each chain of moves counted by itself: what one has
counts RISE times, so a chain that gains less is not part of a best answer. Nobody loses its chips here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from chippool.core.assignment import Effort, solve
from chippool.core.ids import Milli, PoolName, VariantName, WorkloadKey
from chippool.core.prices import DAY, shadow_prices
from chippool.core.seating import Option, Problem, Row

RISE = 1.05
"""Rule 6c: the sum of the relative speeds of those who trade places rises at least by this."""
MOVE_EVERY = 3600.0
"""Rule 6c: seconds a workload keeps its place at least since its admission or last move; whoever calls sees to it."""
SLOWEST, FASTEST = 0.05, 20.0
"""What a workload may claim of a variant, relative to its first."""
AGEING = 4 * 3600.0
"""Seconds of waiting that count as much as a workload at its best speed."""
_UNIT = 1_000_000
"""Speeds are compared in millionths, as integers: a tie is a tie on every machine."""
_STAKE = 1000
"""What a day of work that would go counts, in the same: enough to tell equals apart."""
_EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a workload: a variant on one of its pools, with the chips of all its replicas together."""

    variant: VariantName
    pool: PoolName
    chips: Milli
    speed: float
    """Of the whole workload, relative to its own best (`relative_speeds`, `worths`)."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A workload that waits, or one that runs and may move now."""

    key: WorkloadKey
    ways: tuple[Way, ...]
    priority: int = 0
    claim: float = 0.0
    """Who is served first where not all can be, in workloads at their best speed (`ageing`, `claims_in_order`)."""
    held: int | None = None
    """The way it has chips in."""
    settled: bool = True
    """Whether leaving that way costs anything: false for one that was given its chips a moment ago in the same plan."""
    lost: float = 0.0
    """Seconds of work that go if it moves: of those who might as well, who loses the least does."""


@dataclass(frozen=True, slots=True)
class Matching:
    ways: Mapping[WorkloadKey, int]
    """The way each contender is to have; whoever is not listed goes on waiting."""
    prices: Mapping[PoolName, float]
    """What one more chip would add, in workloads at their best speed."""
    exact: bool
    """Whether no better choice exists; false where the problem was too large and the answer is greedy."""


def relative_speeds(speeds: Sequence[float]) -> list[float]:
    """Each by the best of them, from ratios to the first within SLOWEST and FASTEST."""
    first = speeds[0]
    claimed = [min(max(speed / first, SLOWEST), FASTEST) if first > 0 else 1.0 for speed in speeds]
    return [speed / max(claimed) for speed in claimed]


def worths(speeds: Sequence[float]) -> list[float]:
    """The same for ways in order of preference: none counts for more than one that is named before it.

    So the first is the best there is, and nobody is moved for its own sake to where it would rather not be.
    """
    relative = relative_speeds(speeds)
    return [min(speed / relative[0], 1.0) for speed in accumulate(relative, min)]


def ageing(waited: float) -> float:
    """The claim of one that has waited for so many seconds: without end, so that wrong speeds keep nobody out."""
    return max(waited, 0.0) / AGEING


def claims_in_order(keys: Sequence[WorkloadKey], pools: int) -> dict[WorkloadKey, float]:
    """Claims that serve strictly in this order, whatever the speeds, where all take as many chips.

    A chain of moves gains less than one workload at its best speed a pool, so no later one outweighs an earlier.
    """
    return {key: float((len(keys) - place) * (pools + 1)) for place, key in enumerate(keys)}


def choose_together(
    contenders: Iterable[Contender], free: Mapping[PoolName, Milli], effort: Effort = _EFFORT
) -> Matching:
    """Choose for all of them, the highest priority first; `free` is without what contenders hold.

    Running work of lower priority comes along while a higher one chooses, so that it keeps a place as well. Costs about
    30 µs a contender beside the solving: leave out those whose turn can't come with the chips there are.
    """
    ranked = sorted(contenders, key=lambda c: (-c.priority, c.key))
    table = _Table(ranked, free)
    exact = True
    for priority in dict.fromkeys(c.priority for c in ranked):
        exact &= table.choose(priority, effort)
    return Matching(dict(table.at), table.prices(), exact)


class _Table:
    """Where everybody sits while the priorities choose one after the other."""

    def __init__(self, ranked: Sequence[Contender], free: Mapping[PoolName, Milli]) -> None:
        self.ranked = ranked
        self.pools = sorted(set(free) | {way.pool for c in ranked for way in c.ways})
        self.free = [free.get(pool, 0) for pool in self.pools]
        self.at = {c.key: c.held for c in ranked if c.held is not None}
        self._number = {pool: i for i, pool in enumerate(self.pools)}
        self._options = {c.key: self._weighed(c) for c in ranked}

    def choose(self, priority: int, effort: Effort) -> bool:
        """Seat those of one priority, and find out whether that was done exactly."""
        seats = [c for c in self.ranked if c.priority == priority or (c.priority < priority and c.key in self.at)]
        for c in seats:
            self._sit(c, sign=-1)
        answer = solve(Problem([self._row(c) for c in seats], self.free), effort)
        self.at.update({c.key: k for c, k in zip(seats, answer.taken, strict=True) if k is not None})
        for c in seats:
            self._sit(c, sign=1)
        return answer.exact

    def prices(self) -> dict[PoolName, float]:
        rows = [Row(self._options[c.key]) for c in self.ranked]
        found = shadow_prices(rows, [self.at.get(c.key) for c in self.ranked], self.free)
        return {pool: round(price / _UNIT, 4) for pool, price in zip(self.pools, found, strict=True)}

    def _sit(self, c: Contender, sign: int) -> None:
        if c.key in self.at:
            way = c.ways[self.at[c.key]]
            self.free[self._number[way.pool]] -= sign * way.chips

    def _row(self, c: Contender) -> Row:
        options = self._options[c.key]
        if c.key in self.at:
            return Row(options, self.at[c.key])
        return Row(options, claim=round(c.claim * _UNIT))

    def _weighed(self, c: Contender) -> tuple[Option, ...]:
        """Of equally fast ways the first named is liked best."""
        worth = [round(_UNIT * way.speed) - k for k, way in enumerate(c.ways)]
        if c.held is not None and c.settled:
            worth[c.held] = round(_UNIT * c.ways[c.held].speed * RISE + _STAKE * min(c.lost / DAY, 1.0)) - c.held
        numbered = zip(c.ways, worth, strict=True)
        return tuple(Option(self._number[way.pool], way.chips, max(value, 1)) for way, value in numbered)
