"""Nodes and workloads of a simulated cluster, and what decisions make of them: at once, where life takes seconds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf

from chippool.core.checks import admitted_as
from chippool.core.ids import CHIP, NodeName, WorkloadKey
from chippool.core.model import Ask, Node, Workload
from chippool.core.plan import Admit, Displace, Finish, Hold, Migrate, Place, Plan, Resize, Shrink, Stop
from chippool.core.reasons import Reason
from chippool.core.shares import added
from chippool.state.recheck import Taker
from chippool.state.standing import assumption_of, displaced_by


@dataclass(slots=True)
class Sorted:
    """A plan's decisions by what they do."""

    finished: list[Finish | Stop] = field(default_factory=list)
    displaced: list[Displace] = field(default_factory=list)
    shrunk: list[Shrink] = field(default_factory=list)
    given: list[Taker] = field(default_factory=list)
    waiting: dict[WorkloadKey, Reason] = field(default_factory=dict)


class Ground:
    """What is where."""

    def __init__(self, nodes: dict[NodeName, Node], workloads: dict[WorkloadKey, Workload] | None = None) -> None:
        self.nodes = nodes
        self.workloads = {} if workloads is None else workloads

    def sorted_out(self, plan: Plan) -> Sorted:
        """Return the plan's decisions by what they do; those that do nothing are left out."""
        found = Sorted()
        for decision in plan.decisions:
            match decision:
                case Finish() | Stop():
                    found.finished.append(decision)
                case Displace():
                    found.displaced.append(decision)
                case Shrink():
                    found.shrunk.append(decision)
                case Admit() | Migrate() | Place() | Resize():
                    found.given.append(decision)
                case Hold(workload=key, reason=reason):
                    found.waiting[key] = reason
        return found

    def chips_of(self, key: WorkloadKey) -> float:
        """Chips that a workload's replicas have."""
        one = self.workloads[key]
        return 0.0 if one.assignment is None else len(one.placed) * _ask(one).chips / CHIP

    def on(self, node: NodeName) -> list[WorkloadKey]:
        """Return who has replicas on a node."""
        return sorted(key for key, one in self.workloads.items() if node in one.placed)

    # --- what decisions do

    def carry_out(self, found: Sorted, now: float) -> None:
        """Do to those who stay what was decided; who ends is for the caller to see to."""
        for lost in found.displaced:
            self.displace(lost, now)
        for less in found.shrunk:
            self.shrink(less, now)
        for decision in found.given:
            if isinstance(decision, Migrate):
                self.move_out(decision.workload)
        for decision in found.given:
            self.give(decision, now)

    def give(self, decision: Taker, now: float) -> None:
        """Put the replicas of a decision on their nodes, or take those off that it no longer wants."""
        one = self.workloads[decision.workload]
        assumption = assumption_of(decision, one, now, inf)
        if isinstance(decision, Admit):
            assert assumption is not None
            one = replace(one, assignment=assumption.assignment, active=True, started=True, clock=now)
        elif isinstance(decision, Resize):
            assert assumption is not None
            one = replace(one, assignment=assumption.assignment)
        elif isinstance(decision, Migrate):
            assert assumption is not None
            one = replace(one, assignment=assumption.assignment, displaced=assumption.displaced, clock=now)
        self._shift(one, decision.nodes, decision.seats, 1)
        self._settle(replace(one, placed=(*one.placed, *decision.nodes), seats=(*one.seats, *decision.seats)))

    def displace(self, lost: Displace, now: float) -> None:
        """Take a workload's chips; it waits again at its old age."""
        one = self.workloads[lost.workload]
        self.leave(one.key)
        trace = displaced_by(lost, one, now)
        self.workloads[one.key] = replace(self._bare(one), displaced=trace)

    def shrink(self, decision: Shrink, now: float) -> None:
        """Take a workload's last replicas."""
        one = self.workloads[decision.workload]
        assumption = assumption_of(decision, one, now, inf)
        assert assumption is not None
        self._settle(replace(one, assignment=assumption.assignment, displaced=assumption.displaced or one.displaced))

    def move_out(self, key: WorkloadKey) -> None:
        """Take all replicas off their nodes, to be put elsewhere."""
        self.leave(key)
        self.workloads[key] = replace(self.workloads[key], placed=(), seats=())

    def leave(self, key: WorkloadKey) -> None:
        """Take all replicas of a workload off their nodes."""
        one = self.workloads[key]
        if one.assignment is not None:
            self._shift(one, one.placed, one.seats, -1)

    def fail(self, node: NodeName, now: float) -> None:
        """Take a node away, and the replicas there with it."""
        for key in self.on(node):
            one = self.workloads[key]
            stay = [i for i, name in enumerate(one.placed) if name != node]
            lost = [i for i, name in enumerate(one.placed) if name == node]
            seats = one.seats or (0,) * len(one.placed)
            self._shift(one, [node] * len(lost), [seats[i] for i in lost] if one.seats else (), -1)
            left = tuple(seats[i] for i in stay) if one.seats else ()
            since = now if one.short_since is None else one.short_since
            self._settle(replace(one, placed=tuple(one.placed[i] for i in stay), seats=left, short_since=since))
        self.nodes[node] = replace(self.nodes[node], usable=False)

    def repair(self, node: NodeName) -> None:
        """Bring a node back, as empty as it is."""
        self.nodes[node] = replace(self.nodes[node], usable=True)

    # --- bookkeeping

    def _settle(self, one: Workload) -> None:
        assert one.assignment is not None
        wanted = one.assignment.replicas - one.succeeded
        one = self._cut(one, len(one.placed) - wanted)
        missing = wanted - len(one.placed)
        since = one.short_since if missing else None
        self.workloads[one.key] = replace(one, missing=missing, ready=len(one.placed), short_since=since)

    def _cut(self, one: Workload, surplus: int) -> Workload:
        """The highest replicas go first."""
        if surplus <= 0:
            return one
        self._shift(one, one.placed[-surplus:], one.seats[-surplus:] if one.seats else (), -1)
        return replace(one, placed=one.placed[:-surplus], seats=one.seats[:-surplus])

    def _bare(self, one: Workload) -> Workload:
        return replace(
            one, assignment=None, placed=(), seats=(), missing=0, ready=0, active=False, started=False, short_since=None
        )

    def _shift(self, one: Workload, on: Iterable[NodeName], seats: Iterable[int], sign: int) -> None:
        """Count replicas on nodes (1) or off them (-1)."""
        ask, names = _ask(one), [*on]
        for name, count in Counter(names).items():
            node = self.nodes[name]
            room = {**node.room, **{r: node.room.get(r, 0) - sign * count * q for r, q in ask.requests}}
            self.nodes[name] = replace(node, free=node.free - sign * count * ask.chips, room=room)
        for name, chip in zip(names, seats, strict=False):
            shares = added(self.nodes[name].shares, chip, sign * ask.chips)
            self.nodes[name] = replace(self.nodes[name], shares=shares)


def _ask(one: Workload) -> Ask:
    variant = admitted_as(one)
    assert variant is not None
    return variant.ask
