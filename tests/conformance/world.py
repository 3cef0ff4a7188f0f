"""A world small enough to read: it does what a plan says at once, and asks again until nothing changes."""

from collections import Counter
from dataclasses import dataclass, field, replace

from chippool.core.cycle import schedule
from chippool.core.ids import CHIP
from chippool.core.model import Assignment, Bystander, Displaced
from chippool.core.plan import Admit, Displace, Migrate, Place, Resize, Shrink
from chippool.core.respite import goes_in_parts
from chippool.core.shares import added, is_fraction, unused
from tests.core.build import ANYWHERE, a_snapshot

ROUND_S = 60.0
ROUNDS = 12
"""More than any case needs: a world that still moves then goes round in circles."""


@dataclass
class Pod:
    """A pod that chippool doesn't manage; `on` None while it waits."""

    job: str
    requests: tuple
    on: str | None


@dataclass
class World:
    nodes: list
    pools: list
    queues: list
    classes: list
    workloads: dict
    leaving: Counter = field(default_factory=Counter)
    """Milli-chips of terminating pods by node; they are gone after one round."""
    stuck: Counter = field(default_factory=Counter)
    """The same of pods that never go."""
    others: list = field(default_factory=list)
    """Unmanaged pods."""
    now: float = 1000.0
    restless: bool = False

    def __post_init__(self):
        self._sit()

    @classmethod
    def of(cls, snapshot, now, **changes):
        """A snapshot's cluster, to go on from; what is on its nodes follows from its workloads."""
        return cls(
            nodes=[replace(n, free=n.installed, room=dict(n.capacity)) for n in snapshot.nodes.values()],
            pools=list(snapshot.pools.values()),
            queues=list(snapshot.queues.values()),
            classes=list(snapshot.classes.values()),
            workloads={k: replace(w, indexes=(), **changes) for k, w in snapshot.workloads.items()},
            now=now,
        )

    def _sit(self):
        """What a device plugin does with fractions: each sits on the fullest chip that has room for it."""
        shares = {}
        fractions = [w for _, w in sorted(self.workloads.items()) if is_fraction(w.variants[0].ask.chips)]
        for workload in fractions:
            for name, chip in zip(workload.placed, workload.seats, strict=False):
                shares[name] = added(shares.get(name, ()), chip, workload.variants[0].ask.chips)
        for workload in fractions:
            chips, seats = workload.variants[0].ask.chips, list(workload.seats)
            for name in workload.placed[len(seats) :]:
                open_ = [(used, -chip) for chip, used in shares.get(name, ()) if used + chips <= CHIP]
                seats.append(-max(open_)[1] if open_ else unused(shares.get(name, ())))
                shares[name] = added(shares.get(name, ()), seats[-1], chips)
            self.workloads[workload.key] = replace(workload, seats=tuple(seats))

    def snapshot(self):
        nodes = [replace(n, leaving=self.leaving[n.name] + self.stuck[n.name]) for n in map(self._beside, self.nodes)]
        waiting = [Bystander(pod.requests, ANYWHERE) for pod in self.others if pod.on is None]
        return a_snapshot(
            nodes,
            list(self.workloads.values()),
            pools=self.pools,
            queues=self.queues,
            classes=self.classes,
            bystanders=waiting,
        )

    def _beside(self, node):
        """The node without what unmanaged pods take of it."""
        taken = Counter()
        for pod in self.others:
            taken.update(dict(pod.requests) if pod.on == node.name else {})
        return replace(node, room={r: amount - taken[r] for r, amount in node.room.items()})

    def _schedule_others(self):
        """What kube-scheduler does with unmanaged pods: the first node with room."""
        for pod in self.others:
            if pod.on is None:
                fits = (n.name for n in self.snapshot().nodes.values() if _has_room(n, pod))
                pod.on = next(fits, None)

    def round(self):
        """One cycle, and all of it done."""
        plan = schedule(self.snapshot(), self.now)
        self.now += ROUND_S
        self.leaving.clear()
        for decision in plan.decisions:
            workload = self.workloads[decision.workload]
            self.workloads[decision.workload] = _after(workload, decision, self.now)
        self._sit()
        self._schedule_others()
        return plan

    def settle(self):
        """Rounds until a plan changes nothing; the first plan is given back."""
        first = plan = self.round()
        for _ in range(ROUNDS):
            if not any(isinstance(d, Admit | Displace | Migrate | Place | Resize | Shrink) for d in plan.decisions):
                if not any(w.missing for w in self.workloads.values()):
                    return first
                self.now = plan.wake  # it is replaced, or gives up
            plan = self.round()
        self.restless = True
        return first

    def running(self, name):
        """Replicas of a workload that run: those whose chips no pod that never goes sits on."""
        workload = self.workloads.get(f"ns/{name}")
        if workload is None:
            return sum(pod.job == name and pod.on is not None for pod in self.others)
        if workload.assignment is None:
            return 0
        chips = workload.variants[0].ask.chips
        free = {n.name: n.free - self.stuck[n.name] for n in self.snapshot().nodes.values()}
        waits = sum(min(count, -(-max(-free[on], 0) // chips)) for on, count in Counter(workload.placed).items())
        return len(workload.placed) - waits


def _has_room(node, pod):
    return all(node.room[resource] >= amount for resource, amount in pod.requests)


def _after(workload, decision, now):
    match decision:
        case Admit(variant=variant, pool=pool, nodes=nodes):
            return admitted(workload, variant, pool, nodes, now)
        case Place(nodes=nodes):
            return replace(workload, placed=(*workload.placed, *nodes), missing=0, short_since=None)
        case Resize(replicas=replicas, nodes=nodes):
            placed = (*workload.placed, *nodes)[:replicas]
            given, seats = replace(workload.assignment, replicas=replicas), workload.seats[:replicas]
            return replace(workload, assignment=given, placed=placed, seats=seats, ready=len(placed))
        case Shrink(replicas=replicas, reason=reason, by=by):
            return shrunk(workload, replicas, reason, by, now)
        case Displace(reason=reason, by=by):
            return displaced(workload, reason, by, now)
        case Migrate(variant=variant, pool=pool, nodes=nodes, reason=reason, by=by):
            return admitted(displaced(workload, reason, by, now), variant, pool, nodes, now)
    return workload


def admitted(workload, variant, pool, nodes, now):
    given = Assignment(variant, pool, len(nodes), now)
    return replace(
        workload, assignment=given, placed=tuple(nodes), active=True, started=True, ready=len(nodes), clock=now
    )


def displaced(workload, reason, by, now):
    last = workload.displaced
    earlier = ((last.by, last.at), *last.earlier) if last and last.by else ()
    record = Displaced(now, reason, by, (last.count if last else 0) + 1, 0, workload.generation, earlier=earlier)
    return replace(
        workload,
        assignment=None,
        placed=(),
        seats=(),
        missing=0,
        short_since=None,
        active=False,
        started=False,
        displaced=record,
    )


def shrunk(workload, replicas, reason, by, now):
    last = workload.displaced
    earlier = ((last.by, last.at), *last.earlier) if last and last.by and not goes_in_parts(workload) else ()
    count = last.count if last else 0
    record = Displaced(now, reason, by, count, 0, workload.generation, earlier=earlier, kept=replicas)
    given, stay = replace(workload.assignment, replicas=replicas), len(workload.placed[:replicas])
    return replace(
        workload, assignment=given, placed=workload.placed[:stay], seats=workload.seats[:stay], displaced=record
    )


def milli(chips):
    return round(chips * CHIP)


def weight(said):
    """Weights may be parts of one, and nothing: that is next to nothing here. None is one."""
    return max(1, round(1000 * float(1 if said is None else said)))
