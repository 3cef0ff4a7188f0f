"""Jobs on pools of chips under a virtual clock that ticks in rounds: the protocol of Gavel (OSDI '20).

Chips change hands between rounds only, and moving costs nothing. A job that ends within a round ends at its moment,
and its chips are free from the next round on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chippool.core.ids import PoolName, WorkloadKey
from chippool.sim.jobs import Job

ROUND = 360.0
"""Seconds."""
Placing = Mapping[WorkloadKey, PoolName]


@dataclass(slots=True)
class Live:
    """A job that has arrived and not ended; `since` when it last got chips, or began to wait for them."""

    job: Job
    left: float
    since: float
    pool: PoolName | None = None
    moves: int = 0
    longest_wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a policy sees: `live` in order of arrival, and all chips of each pool, held or free."""

    now: float
    live: Sequence[Live]
    chips: Mapping[PoolName, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """`decide` says where each job is to run from now on; who isn't named waits."""

    decide: Callable[[Scene], Placing]
    every: float = ROUND
    """Seconds between decisions, in whole rounds rounded up."""
    hold: float = 0.0
    """Seconds a job keeps its chips; `decide` leaves those alone that have them for less."""


@dataclass(frozen=True, slots=True)
class Ended:
    job: Job
    seconds: float
    """From its arrival to its end."""
    moves: int


@dataclass(slots=True)
class World:
    """The state of a run."""

    chips: Mapping[PoolName, int]
    now: float = 0.0
    arrived: int = 0
    live: dict[WorkloadKey, Live] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    longest_wait: float = 0.0
    changed: bool = True


def run(
    jobs: Sequence[Job],
    chips: Mapping[PoolName, int],
    policy: Policy,
    measured: frozenset[WorkloadKey],
    tell: Callable[[int], None] = lambda _: None,
) -> World:
    """Run until all measured jobs have ended, while the others keep arriving; `tell` hears how many have."""
    world = World(chips)
    every = max(-(-policy.every // ROUND), 1)
    left, turn = len(measured), 0
    while left:
        _arrive(world, jobs)
        if turn % every == 0 and _due(world, policy.hold, every * ROUND):
            _place(world, policy.decide(Scene(world.now, tuple(world.live.values()), chips)))
            world.changed = False
        done = sum(one.job.key in measured for one in _work(world))
        left -= done
        if done:
            tell(len(measured) - left)
        turn += 1
        world.now = turn * ROUND
    world.longest_wait = max([world.longest_wait, *(world.now - one.since for one in _waiting(world))])
    return world


def _arrive(world: World, jobs: Sequence[Job]) -> None:
    while world.arrived < len(jobs) and jobs[world.arrived].arrival <= world.now:
        job = jobs[world.arrived]
        world.live[job.key] = Live(job, job.steps, job.arrival)
        world.arrived += 1
        world.changed = True


def _due(world: World, hold: float, lapse: float) -> bool:
    """Whether there is anything to decide: a change, somebody who waits, or one who may move since the last turn."""
    moved_at = (one.since for one in world.live.values())
    return world.changed or bool(_waiting(world)) or any(hold <= world.now - at < hold + lapse for at in moved_at)


def _waiting(world: World) -> list[Live]:
    return [one for one in world.live.values() if one.pool is None]


def _place(world: World, placing: Placing) -> None:
    for key, one in world.live.items():
        pool = placing.get(key)
        if pool == one.pool:
            continue
        if one.pool is None:
            world.longest_wait = max(world.longest_wait, world.now - one.since)
        else:
            one.moves += 1
        one.pool, one.since = pool, world.now
    _check(world)


def _check(world: World) -> None:
    """No chip is given twice, whatever the policy says."""
    used = dict.fromkeys(world.chips, 0)
    for one in world.live.values():
        if one.pool is not None:
            used[one.pool] += one.job.chips
    assert all(used[pool] <= world.chips[pool] for pool in used), "a policy gave more chips than there are"


def _work(world: World) -> list[Ended]:
    """One round of work; returns who ended in it."""
    ended = []
    for one in [one for one in world.live.values() if one.pool is not None]:
        rate = one.job.rates[one.pool]  # type: ignore[index]  # the list above has only those with a pool
        if one.left > ROUND * rate:
            one.left -= ROUND * rate
            continue
        ended.append(Ended(one.job, world.now + one.left / rate - one.job.arrival, one.moves))
        del world.live[one.job.key]
        world.changed = True
    world.ended += ended
    return ended
