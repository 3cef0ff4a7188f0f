"""Work that is ahead of what waits, by pool and limit, in seconds of all the chips there: a fluid model of the queue.

Who waits is gone through in order; each takes the way with the least work before it, and adds its own, by how long its
class ran before. What lower classes run is in nobody's way: they give it back. Nodes, failures and later arrivals are
not looked at: how far it is off is learnt (`core.eta`).
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from chippool.core.checks import admitted_as, pool_problem
from chippool.core.elastic import least
from chippool.core.ids import CHIP, ClassName, Milli, PoolName, WorkloadKey
from chippool.core.model import Snapshot, Variant, Workload
from chippool.core.ordering import class_of, waits_since
from chippool.core.tree import Tree, limit_of

Runs = Mapping[str, Sequence[float]]
"""Seconds that work of a kind ran until it ended, the latest last."""
Meter = tuple[int, PoolName]
"""Something that has so many chips: a limit, by its place in the tree of queues, or the pool itself (-1)."""
UNKNOWN_RUN = 1800.0
"""What a run is taken for while none has ended."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known of somebody who waits that tells how long; times in seconds."""

    workload: WorkloadKey
    class_name: str
    queue: str
    waited: float
    backlog: float
    """Until the work ahead is done in the pool and limit that are soonest through, were chips a fluid."""
    running: float
    """The same of what runs alone."""
    oldest: float
    """How long the one of its class has waited that has waited longest."""
    typical: float
    """How long they have waited in the median."""
    ahead: int
    chips: float
    """That it asks for, in the way that takes fewest."""
    each: float
    """Of one replica."""
    pools: int
    above: float
    """Part of the chips of a pool that higher classes hold, where that is least."""
    whole: bool
    """A replica takes more than half of any node it may run on."""


@dataclass(frozen=True, slots=True)
class _Way:
    meters: tuple[Meter, ...]
    chips: Milli
    each: Milli


def kind(workload: Workload) -> str:
    """Work that is expected to run as long as each other."""
    return f"{workload.class_name}/{workload.mode.value}"


def prospects(
    snapshot: Snapshot, waiting: Sequence[WorkloadKey], asked: Collection[WorkloadKey], runs: Runs, now: float
) -> list[Prospect]:
    """Return what is known of those that are asked about; `waiting` is in the order of its turns."""
    yard, wanted, found = _Yard(snapshot, runs, now), frozenset(asked), []
    ages = _ages(snapshot, waiting, now)
    for place, key in enumerate(waiting):
        one = snapshot.workloads[key]
        ways = yard.turn_of(one)
        if key in wanted and ways:
            found.append(_prospect(one, ways, yard, ages, place, now))
        yard.expect(one, ways)
    return found


def _ages(snapshot: Snapshot, waiting: Sequence[WorkloadKey], now: float) -> dict[ClassName, list[float]]:
    """How long those of each class have waited, the shortest first."""
    ages: defaultdict[ClassName, list[float]] = defaultdict(list)
    for key in waiting:
        one = snapshot.workloads[key]
        ages[one.class_name].append(max(now - waits_since(one), 0.0))
    return {name: sorted(some) for name, some in ages.items()}


def _prospect(
    one: Workload, ways: list[_Way], yard: "_Yard", ages: Mapping[ClassName, list[float]], place: int, now: float
) -> Prospect:
    waited = max(now - waits_since(one), 0.0)
    others = ages[one.class_name]
    own = bisect_left(others, waited)
    return Prospect(
        workload=one.key,
        class_name=one.class_name,
        queue=one.queue,
        waited=waited,
        backlog=min([yard.level(way) for way in ways]),
        running=min([yard.running(way) for way in ways]),
        oldest=_nth(others, own, len(others) - 2),
        typical=(_nth(others, own, (len(others) - 2) // 2) + _nth(others, own, (len(others) - 1) // 2)) / 2,
        ahead=place,
        chips=min([way.chips for way in ways]) / CHIP,
        each=min([way.each for way in ways]) / CHIP,
        pools=len({way.meters[0] for way in ways}),
        above=min([yard.above(one, way) for way in ways]),
        whole=all(2 * way.each > yard.largest[way.meters[0][1]] for way in ways),
    )


def _nth(ages: Sequence[float], own: int, n: int) -> float:
    """The nth of the others, from the shortest; 0 where there are none."""
    if len(ages) < 2:
        return 0.0
    return ages[n if n < own else n + 1]


class _Yard:
    """Seconds of work by meter, as one after the other has had its turn."""

    def __init__(self, snapshot: Snapshot, runs: Runs, now: float) -> None:
        self._snapshot, self._now = snapshot, now
        self._tree = Tree(snapshot.queues)
        self._runs = {name: sorted(some) for name, some in runs.items() if some}
        self._all = sorted([run for some in self._runs.values() for run in some]) or [UNKNOWN_RUN]
        self.largest: defaultdict[PoolName, Milli] = defaultdict(int)
        self._stock: defaultdict[PoolName, Milli] = defaultdict(int)
        for node in snapshot.nodes.values():
            if node.usable and len(node.pools) == 1:
                self._stock[node.pools[0]] += max(node.allocatable - node.unmanaged, 0)
                self.largest[node.pools[0]] = max(self.largest[node.pools[0]], node.allocatable)
        running = [w for w in snapshot.workloads.values() if w.assignment is not None and not w.finished]
        ranked = [(class_of(snapshot, w).value, w.key) for w in running]
        self._left = [snapshot.workloads[key] for _, key in sorted(ranked)]  # the lowest class first
        self._levels: defaultdict[Meter, float] = defaultdict(float)
        self._held: defaultdict[tuple[PoolName, int], Milli] = defaultdict(int)
        self._busy: defaultdict[Meter, float] = defaultdict(float)
        self._meters: dict[tuple[str, PoolName], tuple[Meter, ...]] = {}
        self._allowed: dict[tuple[str, bool, PoolName, Milli], bool] = {}

    def turn_of(self, one: Workload) -> list[_Way]:
        """Its ways to run, once what runs with its priority or a higher one is counted."""
        value = class_of(self._snapshot, one).value
        while self._left and class_of(self._snapshot, self._left[-1]).value >= value:
            self._run(self._left.pop())
        return [
            _Way(self._meters_of(one, pool), least(one, v) * v.ask.chips, v.ask.chips)
            for v in one.variants
            for pool in v.pools
            if self._may(one, v, pool)
        ]

    def expect(self, one: Workload, ways: list[_Way]) -> None:
        """Count its work where there is least ahead of it."""
        if ways:
            best = min(ways, key=self.level)
            self._add(self._levels, best.meters, best.chips * self._length(one, 0.0))

    def level(self, way: _Way) -> float:
        return max([self._levels[meter] for meter in way.meters])

    def running(self, way: _Way) -> float:
        return max([self._busy[meter] for meter in way.meters])

    def above(self, one: Workload, way: _Way) -> float:
        """Part of the pool's chips that what runs with a higher priority than its own holds."""
        value, (_, pool) = class_of(self._snapshot, one).value, way.meters[0]
        held = sum([chips for (name, other), chips in self._held.items() if name == pool and other > value])
        return held / max(self._stock[pool], CHIP)

    def _run(self, one: Workload) -> None:
        variant, given = admitted_as(one), one.assignment
        if variant is None or given is None:
            return
        chips = max(given.replicas - one.succeeded, 0) * variant.ask.chips
        self._held[given.pool, class_of(self._snapshot, one).value] += chips
        work = chips * self._length(one, max(self._now - given.admitted_at, 0.0))
        for levels in (self._levels, self._busy):
            self._add(levels, self._meters_of(one, given.pool), work)

    def _add(self, levels: dict[Meter, float], meters: tuple[Meter, ...], work: float) -> None:
        for meter in meters:
            levels[meter] += work / max(self._size(meter), CHIP)

    def _length(self, one: Workload, ran: float) -> float:
        """Seconds it is expected to go on: the mean of those that ran longer; past the longest, as long again."""
        runs = self._runs.get(kind(one), self._all)
        longer = runs[bisect_right(runs, ran) :]
        left = fmean(longer) - ran if longer else ran
        return left if one.max_runtime is None else max(min(left, one.max_runtime - ran), 0.0)

    def _meters_of(self, one: Workload, pool: PoolName) -> tuple[Meter, ...]:
        key = (one.queue, pool)
        if key not in self._meters:
            limits = [(i, pool) for i in self._tree.paths.get(one.queue, ()) if self._limit(i, pool) is not None]
            self._meters[key] = ((-1, pool), *limits)
        return self._meters[key]

    def _size(self, meter: Meter) -> Milli:
        place, pool = meter
        return self._stock[pool] if place < 0 else self._limit(place, pool) or 0

    def _limit(self, place: int, pool: PoolName) -> Milli | None:
        return limit_of(self._tree.branches[place].queue, pool)

    def _may(self, one: Workload, variant: Variant, pool: PoolName) -> bool:
        external = one.queue in self._tree.external
        key = (one.class_name, external, pool, variant.ask.chips)
        if key not in self._allowed:
            problem = pool_problem(self._snapshot, one.class_name, variant, pool, external=external)
            self._allowed[key] = problem is None
        return self._allowed[key]
