"""A cluster some decisions later: what `schedule()` says is carried out, at once, until nothing changes any more."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chippool.core.cycle import schedule
from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.core.plan import Decision, Displace, Finish, Plan, Shrink, Stop
from chippool.core.whatif import bereft
from chippool.sim.ground import Ground
from chippool.state.recheck import Taker

ROUNDS = 32
"""Plans at one moment at most: what one plan's victims leave over, the next one gives away."""
MOMENTS = 1000
"""Moments that are looked at at most."""

Deed = Taker | Displace | Shrink | Finish | Stop


@dataclass(slots=True)
class Settled:
    """What has become of a cluster, and how."""

    snapshot: Snapshot
    plan: Plan
    """The last one: who runs, and why the others wait."""
    deeds: defaultdict[WorkloadKey, list[Deed]] = field(default_factory=lambda: defaultdict(list))
    """What was decided on the way, by workload."""
    rounds: int = 0
    """Plans that were made."""
    at_rest: bool = True
    """Nothing changes any more; else it was given up."""


def settled(
    snapshot: Snapshot, now: float, tell: Callable[[int], None] = lambda _: None, within: float = 0.0
) -> Settled:
    """Carry decisions out until there is nothing to do; `tell` hears of every plan. `now` in seconds since the epoch.

    Pods start and end in no time. For `within` seconds the clock goes on: what a timeout or a cooldown puts off until
    then is done. Nobody ends but at its maxRuntime.
    """
    ground = Ground(dict(snapshot.nodes), {key: _gathered(one, snapshot) for key, one in snapshot.workloads.items()})
    found, until = Settled(snapshot, Plan(())), now + within
    for _ in range(MOMENTS):
        _settle(ground, found, now, tell)
        wake = found.plan.wake
        if not found.at_rest or wake is None or not now < wake <= until:
            return found
        now = wake
    found.at_rest = False
    return found


def _settle(ground: Ground, found: Settled, now: float, tell: Callable[[int], None]) -> None:
    for _ in range(ROUNDS):
        seen = replace(found.snapshot, nodes=dict(ground.nodes), workloads=dict(ground.workloads))
        found.snapshot, found.plan = seen, schedule(seen, now)
        found.rounds += 1
        tell(found.rounds)
        done = _carried_out(ground, found.plan, now)
        if not done:
            return
        for deed in done:
            found.deeds[deed.workload].append(deed)
    found.at_rest = False


def _gathered(one: Workload, snapshot: Snapshot) -> Workload:
    """With what is reserved among what is placed, the last to go last, and nothing on nodes that are not there."""
    if one.assignment is None:
        return one
    gone = frozenset((*one.placed, *one.reserved)).difference(snapshot.nodes)
    one = bereft(one, gone, one.assignment.admitted_at) if gone else one
    if not one.reserved and not one.indexes:
        return one
    held = (*one.placed, *one.reserved)
    turn = sorted(range(len(held)), key=lambda place: (one.indexes[place] if one.indexes else place, place))
    seats = tuple(one.seats[place] for place in turn) if one.seats else ()
    return replace(one, placed=tuple(held[place] for place in turn), reserved=(), indexes=(), seats=seats)


def _carried_out(ground: Ground, plan: Plan, now: float) -> list[Deed]:
    found = ground.sorted_out(plan)
    for ended in found.finished:
        _end(ground, ended)
    ground.carry_out(found, now)
    return [*found.finished, *found.displaced, *found.shrunk, *found.given]


def _end(ground: Ground, ended: Finish | Stop) -> None:
    one = ground.workloads[ended.workload]
    ground.leave(one.key)
    finished = one.finished or isinstance(ended, Finish)
    ground.workloads[one.key] = replace(
        one, assignment=None, placed=(), seats=(), missing=0, ready=0, active=False, outcome=None, finished=finished
    )


def decision_of(plan: Plan) -> dict[WorkloadKey, Decision]:
    """Return the plan's decisions by workload."""
    return {decision.workload: decision for decision in plan.decisions}
