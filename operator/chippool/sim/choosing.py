"""Who runs where: choosing together with any of its rules left out, and a plain policy to compare with."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chippool.core.ids import PoolName, QueueName, VariantName, WorkloadKey, chips
from chippool.core.matching import MOVE_EVERY, Contender, Way, ageing, choose_together, claims_in_order, relative_speeds
from chippool.core.prices import running_mean
from chippool.sim.jobs import Job
from chippool.sim.planning import Planner
from chippool.sim.rounds import ROUND, Live, Placing, Policy, Scene


class PolicyName(StrEnum):
    FIFO = "fifo"
    """By arrival each its best free chip, all placed anew each time."""
    MATCHING = "matching"
    """Choosing together and trading alone; who is served first is not ordered."""
    CHIPPOOL = "chippool"
    """All rules: each decision is the operator's own plan."""


class Serving(StrEnum):
    """Who is served first where not all can be."""

    MOST = "whoever adds most"
    AGED = "whoever adds most, with ageing"
    ORDER = "priority, share, age"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that can be left out, for showing what each contributes."""

    serving: Serving = Serving.ORDER
    together: bool = True
    """Choose for all at once; else each in turn takes its best free chip."""
    trade: bool = True
    """Rule 6c: running jobs take part."""
    rise: bool = True
    """They move only for the rise that rule 6c asks."""
    hold: float = MOVE_EVERY


def chooser(name: PolicyName) -> "Chooser | Planner | None":
    """Whoever chooses under that name; nobody who remembers anything for FIFO."""
    match name:
        case PolicyName.FIFO:
            return None
        case PolicyName.MATCHING:
            return Chooser(Rules(serving=Serving.MOST))
        case PolicyName.CHIPPOOL:
            return Planner()


def fifo(scene: Scene) -> Placing:
    """Published as the fair beginning of the comparison: FIFO on the best chip."""
    return _each_its_best(scene.live, dict(scene.chips))


def _each_its_best(order: Sequence[Live], free: dict[PoolName, int]) -> dict[WorkloadKey, PoolName]:
    placed = {}
    for one in order:
        fits = [pool for pool in one.job.believed if free[pool] >= one.job.chips]
        if fits:
            best = max(fits, key=lambda pool: one.job.believed[pool])
            free[best] -= one.job.chips
            placed[one.job.key] = best
    return placed


class Chooser:
    """Choosing together by itself; it remembers what chips were worth, in the mean over time."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.prices: dict[PoolName, float] = {}
        self._priced = 0.0

    def policy(self, every: float = ROUND) -> Policy:
        return Policy(self.decide, every, self.rules.hold)

    def decide(self, scene: Scene) -> Placing:
        running = {one.job.key: one.pool for one in scene.live if one.pool is not None}
        waiting = [one for one in scene.live if one.pool is None]
        may_move = [one for one in scene.live if one.pool and self.rules.trade and self._may_move(one, scene.now)]
        free = _free(scene)
        if not self.rules.together:
            return running | _each_its_best(_in_order(waiting, scene), free)
        claims = self._claims(waiting, scene)
        contenders = [self._contender(one, claims) for one in (*waiting, *may_move)]
        found = choose_together(contenders, {pool: chips(count) for pool, count in free.items()})
        # Remembering as long as the run has lasted makes it the plain mean over time.
        self.prices = running_mean(self.prices, found.prices, scene.now - self._priced, memory=max(scene.now, ROUND))
        self._priced = scene.now
        ways = {c.key: c.ways for c in contenders}
        return running | {key: ways[key][k].pool for key, k in found.ways.items()}

    def _may_move(self, one: Live, now: float) -> bool:
        return now - one.since >= self.rules.hold

    def _claims(self, waiting: Sequence[Live], scene: Scene) -> dict[WorkloadKey, float]:
        match self.rules.serving:
            case Serving.MOST:
                return {}
            case Serving.AGED:
                return {one.job.key: ageing(scene.now - one.since) for one in waiting}
            case Serving.ORDER:
                return claims_in_order([one.job.key for one in _in_order(waiting, scene)], len(scene.chips))

    def _contender(self, one: Live, claims: dict[WorkloadKey, float]) -> Contender:
        job = one.job
        priority = job.priority if self.rules.serving is Serving.ORDER else 0
        pools = list(job.believed)
        held = pools.index(one.pool) if one.pool else None
        return Contender(job.key, _ways(job), priority, claims.get(job.key, 0.0), held, settled=self.rules.rise)


def _ways(job: Job) -> tuple[Way, ...]:
    speeds = zip(job.believed, relative_speeds(list(job.believed.values())), strict=True)
    return tuple(Way(VariantName(pool), pool, chips(job.chips), speed) for pool, speed in speeds)


def _free(scene: Scene) -> dict[PoolName, int]:
    free = dict(scene.chips)
    for one in scene.live:
        if one.pool is not None:
            free[one.pool] -= one.job.chips
    return free


def _in_order(waiting: Sequence[Live], scene: Scene) -> list[Live]:
    """Rule 1, each in turn counted to its queue as if it got its best chip."""
    used: defaultdict[QueueName, Counter[PoolName]] = defaultdict(Counter)
    for one in scene.live:
        if one.pool is not None:
            used[one.job.queue][one.pool] += one.job.chips
    lines: defaultdict[tuple[int, QueueName], list[Live]] = defaultdict(list)
    for one in waiting:
        lines[-one.job.priority, one.job.queue].append(one)
    order: list[Live] = []
    while lines:
        line = min(lines, key=lambda at: (at[0], _share(used[at[1]], scene), lines[at][0].job.arrival, at))
        one = lines[line].pop(0)
        order.append(one)
        used[one.job.queue][max(one.job.believed, key=one.job.believed.__getitem__)] += one.job.chips
        if not lines[line]:
            del lines[line]
    return order


def _share(used: Counter[PoolName], scene: Scene) -> float:
    """The dominant share: the largest part of any one pool that the queue uses."""
    return max((count / scene.chips[pool] for pool, count in used.items()), default=0.0)
