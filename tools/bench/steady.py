"""The same clusters at rest, and a hundred changes later: what a cycle costs while little happens."""

import random
from collections.abc import Callable
from dataclasses import replace

from chippool.core.cycle import schedule
from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.sim.ground import Ground
from tools.bench.world import NOW, Scale

_CHANGES = 100
_ROUNDS = 10
"""Plans that are carried out before the cluster counts as at rest: who is displaced displaces others in the next."""


def steady(make: Callable[[Scale], Snapshot]) -> Callable[[Scale], Snapshot]:
    """The cluster that `make` makes, at rest, then half of the changes are ends and half arrivals."""

    def made(scale: Scale) -> Snapshot:
        snapshot = make(scale)
        ground = Ground(dict(snapshot.nodes), dict(snapshot.workloads))
        for _ in range(_ROUNDS):
            _carry_out(ground, replace(snapshot, nodes=ground.nodes, workloads=ground.workloads))
        _change(ground, random.Random(f"changes {scale.nodes} {scale.seed}"))
        return replace(snapshot, nodes=ground.nodes, workloads=ground.workloads)

    return made


def _carry_out(ground: Ground, snapshot: Snapshot) -> None:
    """What one plan leads to, all of it at once and everybody Ready."""
    ground.carry_out(ground.sorted_out(schedule(snapshot, NOW)), NOW)


def _change(ground: Ground, chance: random.Random) -> None:
    running = sorted(key for key, one in ground.workloads.items() if one.assignment is not None)
    for key in chance.sample(running, _CHANGES // 2):
        ground.leave(key)
        del ground.workloads[key]
    waiting = sorted(key for key, one in ground.workloads.items() if one.assignment is None)
    for i, key in enumerate(chance.sample(waiting, _CHANGES // 2)):
        new = _arrival(ground.workloads[key], f"new-{i:03d}")
        ground.workloads[new.key] = new


def _arrival(like: Workload, name: str) -> Workload:
    return replace(like, key=WorkloadKey(f"{like.namespace}/{name}"), uid=name, created=NOW, displaced=None)
