"""The core under a virtual clock: workloads arrive, run and end, nodes fail and come back, `schedule()` decides.

What a decision costs in real life (pods that start and end) takes no time here. A gang works while it is whole; what it
did since its last checkpoint is lost with its chips.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import floor, inf

from chippool.core.cycle import schedule
from chippool.core.ids import NodeName, PoolName, WorkloadKey
from chippool.core.model import Mode, Snapshot, Workload
from chippool.core.plan import Displace, Migrate, Plan, Shrink
from chippool.core.reasons import Reason
from chippool.sim.ground import Ground
from chippool.sim.stage import Errand, Stage
from chippool.state.recheck import Taker
from chippool.state.runtimes import Runtimes

ROUNDS = 16
"""Decisions at one moment at most: what one plan's victims leave over, the next one gives away."""


@dataclass(slots=True)
class Life:
    """How far a workload has come; `done` and `saved` are seconds of work at its best, `at` when that was so."""

    errand: Errand
    waits_since: float
    done: float = 0.0
    saved: float = 0.0
    at: float = 0.0
    version: int = 0
    waits: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline; seconds since the start."""

    at: float
    what: str
    """arrives, admit, displace, shrink, migrate, place, resize, end, fail or repair."""
    about: str
    """A workload, or a node."""
    pool: str = ""
    chips: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The cluster after a decision, for whoever watches."""

    now: float
    snapshot: Snapshot
    plan: Plan
    ground: Ground


Watch = Callable[[Look], None]


class Clockwork:
    """A cluster in time; `outages` are (when, node, seconds)."""

    def __init__(
        self, stage: Stage, watch: Watch = lambda _: None, outages: Iterable[tuple[float, NodeName, float]] = ()
    ) -> None:
        self.now = 0.0
        self.lives: dict[WorkloadKey, Life] = {}
        self.timeline: list[Happening] = []
        self.ended = 0
        self.waiting: dict[WorkloadKey, Reason] = {}
        """Who waits after the last decision, and why."""
        self.ground = Ground(dict(stage.nodes))
        self._stage, self._watch = stage, watch
        self._runtimes = Runtimes()
        self._events: list[tuple[float, int, str, str, int]] = []
        for errand in stage.errands:
            self._at(max(errand.workload.created, 0.0), "arrives", errand.workload.key)
        self._errands = {errand.workload.key: errand for errand in stage.errands}
        for when, node, seconds in outages:
            self._at(when, "fail", node)
            self._at(when + seconds, "repair", node)

    def run(self, until: float = inf, tell: Callable[[int], None] = lambda _: None) -> None:
        """Go on until nothing happens any more, or until then; `tell` hears how many workloads have ended."""
        while self._events and self._events[0][0] <= until:
            self.now = self._events[0][0]
            happened = False
            while self._events and self._events[0][0] <= self.now:
                happened |= self._happens(*heappop(self._events)[2:])
            if happened:
                self._decide()
            tell(self.ended)

    def snapshot(self) -> Snapshot:
        stage = self._stage
        return Snapshot(
            nodes=dict(self.ground.nodes),
            pools=stage.pools,
            queues=stage.queues,
            classes=stage.classes,
            namespaces=stage.namespaces,
            workloads=dict(self.ground.workloads),
            runtimes=self._runtimes.typical(),
        )

    def _at(self, when: float, what: str, about: str, version: int = 0) -> None:
        heappush(self._events, (when, _ORDER.index(what), what, about, version))

    # --- what happens

    def _happens(self, what: str, about: str, version: int) -> bool:
        match what:
            case "arrives":
                self._arrives(WorkloadKey(about))
            case "end":
                return self._ends(WorkloadKey(about), version)
            case "fail":
                self._fails(NodeName(about))
            case "repair":
                self.ground.repair(NodeName(about))
                self._tell("repair", about)
        return True

    def _arrives(self, key: WorkloadKey) -> None:
        errand = self._errands[key]
        self.ground.workloads[key] = errand.workload
        self.lives[key] = Life(errand, self.now)
        self._tell("arrives", key)
        if key in self._stage.standing:
            decision, since = self._stage.standing[key]
            self.lives[key].at = since
            self.ground.give(decision, since)
            self._credit(self.lives[key], self.ground.workloads[key])
            self._reckon(key)

    def _ends(self, key: WorkloadKey, version: int) -> bool:
        life, one = self.lives[key], self.ground.workloads.get(key)
        if life.version != version or one is None or one.assignment is None:
            return False
        self._runtimes.add(one.queue, (self.now, one.uid, max(self.now - one.assignment.admitted_at, 1.0)))
        self._gone(one, Reason.COMPLETED)
        return True

    def _gone(self, one: Workload, reason: Reason) -> None:
        pool = one.assignment.pool if one.assignment else PoolName("")
        self._tell("end", one.key, pool, reason=reason)
        self.ground.leave(one.key)
        del self.ground.workloads[one.key]
        self.ended += 1

    def _fails(self, node: NodeName) -> None:
        self._tell("fail", node)
        hit = self.ground.on(node)
        for key in hit:
            self._lose(self.lives[key], self.ground.workloads[key])
        self.ground.fail(node, self.now)
        for key in hit:
            self._reckon(key)

    # --- what is decided

    def _decide(self) -> None:
        for _ in range(ROUNDS):
            snapshot = self.snapshot()
            plan = schedule(snapshot, self.now)
            changed = self._carry_out(plan)
            self._watch(Look(self.now, snapshot, plan, self.ground))
            if not changed:
                break
        if plan.wake is not None and plan.wake > self.now:
            self._at(plan.wake, "wake", "")

    def _carry_out(self, plan: Plan) -> bool:
        found = self.ground.sorted_out(plan)
        self.waiting = found.waiting
        for ended in found.finished:
            self._gone(self.ground.workloads[ended.workload], ended.reason)
        for lost in found.displaced:
            self._displaced(lost)
        for less in found.shrunk:
            self._shrunk(less)
        for decision in found.given:
            if isinstance(decision, Migrate):
                self._lose(self.lives[decision.workload], self.ground.workloads[decision.workload])
                self.ground.move_out(decision.workload)
        for decision in found.given:
            self._given(decision)
        return bool(found.finished or found.displaced or found.shrunk or found.given)

    def _displaced(self, lost: Displace) -> None:
        life, one = self.lives[lost.workload], self.ground.workloads[lost.workload]
        self._lose(life, one)
        life.version += 1
        life.waits_since = self.now
        pool = one.assignment.pool if one.assignment else ""
        self._tell("displace", one.key, pool, reason=lost.reason)
        self.ground.displace(lost, self.now)

    def _shrunk(self, decision: Shrink) -> None:
        key = decision.workload
        self._credit(self.lives[key], self.ground.workloads[key])
        self.ground.shrink(decision, self.now)
        self._tell("shrink", key, chips=self.ground.chips_of(key), reason=decision.reason)
        self._reckon(key)

    def _given(self, decision: Taker) -> None:
        key = decision.workload
        life = self.lives[key]
        before = self.ground.workloads[key]
        self._credit(life, before)
        self.ground.give(decision, self.now)
        after = self.ground.workloads[key]
        if before.assignment is None:
            life.waits.append(self.now - life.waits_since)
        assert after.assignment is not None
        self._tell(type(decision).__name__.lower(), key, after.assignment.pool, self.ground.chips_of(key))
        self._reckon(key)

    # --- work

    def _reckon(self, key: WorkloadKey) -> None:
        """Say anew when it ends."""
        life, one = self.lives[key], self.ground.workloads[key]
        life.version += 1
        life.at = self.now
        rate = _rate(life, one)
        if rate and life.errand.length < inf:
            self._at(self.now + max(life.errand.length - life.done, 0.0) / rate, "end", key, life.version)

    def _credit(self, life: Life, one: Workload) -> None:
        """Count the work since it was last looked at."""
        rate, spent = _rate(life, one), self.now - life.at
        if rate and one.checkpoint_interval:
            life.saved = life.done + floor(spent / one.checkpoint_interval) * one.checkpoint_interval * rate
        life.done += rate * spent
        life.at = self.now

    def _lose(self, life: Life, one: Workload) -> None:
        """Go back to what was saved; a service has nothing to lose."""
        self._credit(life, one)
        if one.mode is Mode.GANG:
            life.done = min(life.done, life.saved)

    def _tell(self, what: str, about: str, pool: str = "", chips: float = 0.0, reason: str = "") -> None:
        self.timeline.append(Happening(self.now, what, about, pool, chips, reason))


_ORDER = ("end", "repair", "fail", "arrives", "wake")
"""What happens first of several things at one moment."""


def _rate(life: Life, one: Workload) -> float:
    """Seconds of work a second."""
    given = one.assignment
    if given is None or not given.replicas or (one.mode is Mode.GANG and one.missing):
        return 0.0
    if one.mode is Mode.SERVICE:
        return 1.0
    asked = next(v.replicas for v in one.variants if v.name == given.variant)
    return life.errand.speeds.get(given.variant, 1.0) * given.replicas / max(asked, 1)
