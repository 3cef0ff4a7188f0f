"""The same clusters at rest, and a hundred changes later: what a cycle costs while little happens."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from chippool.core.cycle import schedule
from chippool.core.ids import NodeName
from chippool.core.model import Ask, Assignment, Displaced, Node, Snapshot, Variant, Workload
from chippool.core.plan import Admit, Displace, Migrate, Resize
from tools.bench.world import NOW, Scale

_CHANGES = 100
_ROUNDS = 3
"""Plans that are carried out before the cluster counts as at rest."""


def steady(make: Callable[[Scale], Snapshot]) -> Callable[[Scale], Snapshot]:
    """The cluster that `make` makes, at rest, then half of the changes are ends and half arrivals."""

    def made(scale: Scale) -> Snapshot:
        snapshot = make(scale)
        for _ in range(_ROUNDS):
            snapshot = _carried_out(snapshot)
        return _changed(snapshot, random.Random(f"changes {scale.nodes} {scale.seed}"))

    return made


def _carried_out(snapshot: Snapshot) -> Snapshot:
    """What one plan leads to, all of it at once and everybody Ready."""
    ground, workloads = _Ground(snapshot), dict(snapshot.workloads)
    decisions = schedule(snapshot, NOW).decisions
    for decision in decisions:
        if isinstance(decision, Displace | Migrate | Resize):
            ground.leave(workloads[decision.workload])
        if isinstance(decision, Displace):
            workloads[decision.workload] = _displaced(workloads[decision.workload], decision)
    for decision in decisions:
        if isinstance(decision, Admit | Migrate):
            given = Assignment(decision.variant, decision.pool, len(decision.nodes), NOW)
            workloads[decision.workload] = _placed(workloads[decision.workload], given, decision.nodes)
        elif isinstance(decision, Resize):
            was = workloads[decision.workload]
            assert was.assignment is not None
            on = (*was.placed, *decision.nodes)[: decision.replicas]
            workloads[decision.workload] = _placed(was, replace(was.assignment, replicas=len(on)), on)
        if isinstance(decision, Admit | Migrate | Resize):
            ground.enter(workloads[decision.workload])
    return replace(snapshot, workloads=workloads, nodes=ground.nodes())


def _changed(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    ground, workloads = _Ground(snapshot), dict(snapshot.workloads)
    running = sorted(key for key, one in workloads.items() if one.assignment is not None)
    for key in chance.sample(running, _CHANGES // 2):
        ground.leave(workloads.pop(key))
    for i, key in enumerate(chance.sample(sorted(workloads), _CHANGES // 2)):
        like = replace(workloads[key], uid=f"new-{i:03d}", created=NOW, assignment=None, displaced=None, active=False)
        new = replace(like, key=type(key)(f"{like.namespace}/new-{i:03d}"), placed=(), ready=0, started=False)
        workloads[new.key] = new
    return replace(snapshot, workloads=workloads, nodes=ground.nodes())


def _placed(workload: Workload, given: Assignment, nodes: Iterable[NodeName]) -> Workload:
    on, at = tuple(nodes), given.admitted_at
    return replace(
        workload, assignment=given, placed=on, ready=len(on), active=True, started=True, clock=at, displaced=None
    )


def _displaced(workload: Workload, decision: Displace) -> Workload:
    last = Displaced(NOW, decision.reason, decision.by, 1, 0, workload.generation)
    return replace(workload, assignment=None, placed=(), ready=0, active=False, started=False, displaced=last)


class _Ground:
    """What is free on nodes while work comes and goes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._nodes = dict(snapshot.nodes)
        self._free = {name: node.free for name, node in self._nodes.items()}
        self._room = {name: dict(node.room) for name, node in self._nodes.items()}

    def nodes(self) -> dict[NodeName, Node]:
        return {name: replace(node, free=self._free[name], room=self._room[name]) for name, node in self._nodes.items()}

    def enter(self, workload: Workload) -> None:
        self._shift(workload, -1)

    def leave(self, workload: Workload) -> None:
        self._shift(workload, 1)

    def _shift(self, workload: Workload, sign: int) -> None:
        ask = _ask(workload)
        for node, count in Counter(workload.placed).items():
            self._free[node] += sign * count * ask.chips
            for resource, amount in ask.requests:
                self._room[node][resource] += sign * count * amount


def _ask(workload: Workload) -> Ask:
    given = workload.assignment
    assert given is not None
    found: Variant = next(variant for variant in workload.variants if variant.name == given.variant)
    return found.ask
