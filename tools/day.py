"""A random day of a cluster under the virtual clock: nodes fail, queues share, everything is used; nothing may break.

`python -m tools.day --hours 24 --seed 1` decides it twice, the second time with everything in another order: both must
be the same, and after each decision all that `tools.day_audit` recounts must hold.
"""

import argparse
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chippool.core.constraints import Constraints
from chippool.core.ids import CHIP, ClassName, Namespace, NodeName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import (
    Access,
    Ask,
    Class,
    Mode,
    NamespaceView,
    Node,
    Pool,
    Queue,
    Reserve,
    Variant,
    Workload,
)
from chippool.sim.clockwork import Clockwork, Look
from chippool.sim.outlook import Occupancy, outlook, stock
from chippool.sim.stage import Errand, Stage
from tools.bench.machine import machine, today
from tools.day_audit import HOUR, Audit
from tools.report import add_output, tell

POOLS = {"h800": (8, 8), "h20": (6, 8), "npu": (6, 8)}
"""Nodes, and chips a node."""
CLASSES = {"ads": (1000, True), "serve": (800, False), "train": (500, True), "batch": (100, True)}
LOAD = 1.15
"""Chip-hours that arrive for each there is."""


def a_stage(rng: random.Random, hours: float) -> Stage:
    """A cluster in which every feature of the policy is used, and more work than it can do."""
    stage = Stage(namespaces={Namespace("ns"): NamespaceView({})})
    for pool, (count, chips) in POOLS.items():
        stage.nodes |= {node.name: node for node in (_a_node(f"{pool}-{i}", pool, chips) for i in range(count))}
    stage.pools = {pool.name: pool for pool in _pools()}
    stage.queues = {queue.name: queue for queue in _queues()}
    stage.classes = {ClassName(n): Class(ClassName(n), value, preempts) for n, (value, preempts) in CLASSES.items()}
    work, room = 0.0, LOAD * hours * HOUR * sum(count * chips for count, chips in POOLS.values())
    while work < room:
        errand = _an_errand(rng, len(stage.errands), hours)
        first = errand.workload.variants[0]
        work += min(errand.length, hours * HOUR) * first.replicas * first.ask.chips / CHIP
        stage.errands.append(errand)
    stage.errands.sort(key=lambda one: one.workload.created)
    return stage


def _a_node(name: str, pool: str, chips: int) -> Node:
    room = {"cpu": 128_000, "memory": 1 << 40, "pods": 110}
    size = chips * CHIP
    return Node(NodeName(name), {}, (), True, (PoolName(pool),), size, size, size, 0, 0, room, room)


def _pools() -> list[Pool]:
    batch, anybody, resold = Access(frozenset({ClassName("batch")}), scavenge=True), Access(), Access(external=True)
    spares = (Reserve(8 * CHIP, ClassName("ads"), spares=True),)
    return [
        Pool(PoolName("h800"), "nvidia.com/gpu", (batch, anybody), reserve=spares),
        Pool(PoolName("h20"), "nvidia.com/gpu", (anybody, replace(resold, scavenge=True))),
        Pool(PoolName("npu"), "huawei.com/Ascend910", (anybody, resold), fractions=frozenset({250, 500})),
    ]


def _queues() -> list[Queue]:
    def queue(name: str, parent: str | None = None, guaranteed: int = 0, limit: int = 0, **more: Any) -> Queue:
        quota = {PoolName("h800"): guaranteed * CHIP} if guaranteed else {}
        limits = {PoolName("h800"): limit * CHIP} if limit else {}
        above = None if parent is None else QueueName(parent)
        return Queue(
            QueueName(name), frozenset(map(ClassName, CLASSES)), (), limits, False, above, guaranteed=quota, **more
        )

    return [
        queue("org", guaranteed=40),
        queue("org-ads", "org", guaranteed=16),
        queue("org-search", "org", guaranteed=16, limit=48),
        queue("lab", guaranteed=16, weight=2, min_runtime_cap=1800.0, cooldown_cap=600.0),
        queue("guest", external=True, limit=16),
    ]


def _an_errand(rng: random.Random, number: int, hours: float) -> Errand:
    variants = _variants(rng)
    length = rng.expovariate(1 / 2700) + 60
    mode = Mode.SERVICE if rng.random() < 0.15 else Mode.GANG
    workload = Workload(
        key=WorkloadKey(f"ns/w{number:05}"),
        uid=f"{number:05}",
        generation=1,
        namespace=Namespace("ns"),
        queue=QueueName(rng.choice(["org", "org-ads", "org-search", "lab", "lab", "guest"])),
        class_name=ClassName(rng.choices([*CLASSES], [1, 2, 6, 4])[0]),
        mode=mode,
        replicas=variants[0].replicas,
        variants=variants,
        created=round(rng.uniform(0, hours * HOUR), 3),
        start_timeout=600.0,
        max_runtime=rng.choice([None, None, 1.5 * length, 0.8 * length]),
        min_runtime=rng.choice([0.0, 0.0, 600.0, 3600.0]),
        cooldown=rng.choice([0.0, 300.0]),
        checkpoint_interval=rng.choice([None, 300.0, 900.0]),
        replace_timeout=rng.choice([60.0, 600.0]),
    )
    return Errand(workload, length, {v.name: 1.0 if i == 0 else rng.uniform(0.4, 1.0) for i, v in enumerate(variants)})


def _variants(rng: random.Random) -> tuple[Variant, ...]:
    if rng.random() < 0.15:
        return (_variant("share", ["npu"], rng.choice([250, 500]), rng.randint(1, 4)),)
    chips, replicas = rng.choice([1, 2, 4, 8, 8]) * CHIP, rng.choices([1, 2, 4, 6], [8, 3, 2, 1])[0]
    pools = rng.sample([*POOLS], rng.randint(1, 2))
    first = _variant("first", pools, chips, replicas)
    if rng.random() < 0.5:
        return (first,)
    return first, _variant("other", [rng.choice([*POOLS])], chips, replicas)


def _variant(name: str, pools: list[str], chips: int, replicas: int) -> Variant:
    ask = Ask(chips, (("cpu", 4000), ("memory", 1 << 34), ("pods", 1)), Constraints())
    return Variant(VariantName(name), tuple(map(PoolName, pools)), replicas, ask)


def outages(rng: random.Random, stage: Stage, hours: float) -> list[tuple[float, NodeName, float]]:
    """One node in two fails once in a day, for a minute or for hours; none fails again while it is away."""
    found: list[tuple[float, NodeName, float]] = []
    away: dict[NodeName, float] = {}
    for when in sorted(rng.uniform(0, hours * HOUR) for _ in range(round(len(stage.nodes) * hours / 48) or 1)):
        name = rng.choice(sorted(stage.nodes))
        if when > away.get(name, -1.0):
            lasts = rng.choice([60.0, 900.0, 3 * HOUR])
            found.append((when, name, lasts))
            away[name] = when + lasts + 1.0
    return found


def simulated(seed: int, hours: float, tell: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Run the day; `violations` lists whatever did not hold."""
    audit, seen = Audit(a_stage(random.Random(seed), hours).nodes), Occupancy({})
    work = _run(seed, hours, (audit.watch, seen.watch), tell, seen)
    again = _run(seed, hours, (), tell, None, shuffled=True)
    if _digest(work) != _digest(again):
        audit.violations.append("the order in which things are listed makes a difference")
    said = outlook(work, seen)
    happened = Counter(one["what"] for one in said.pop("timeline"))
    return {
        "seed": seed,
        "hours": round(said.pop("seconds") / HOUR, 2),
        "happened": dict(sorted(happened.items())),
        "checks": audit.checks,
        "violations": audit.violations[:50],
        "digest": _digest(work),
        **said,
    }


def _run(
    seed: int,
    hours: float,
    watchers: tuple[Callable[[Look], None], ...],
    tell: Callable[[int], None],
    seen: Occupancy | None,
    *,
    shuffled: bool = False,
) -> Clockwork:
    rng = random.Random(seed)
    stage = a_stage(rng, hours)
    failures = outages(rng, stage, hours)
    if shuffled:
        for table in (stage.nodes, stage.pools, stage.queues, stage.classes):
            items = [*table.items()][::-1]
            table.clear()
            table.update(items)

    def watch(look: Look) -> None:
        for one in watchers:
            one(look)

    work = Clockwork(stage, watch, failures)
    if seen is not None:
        seen.stock = stock(work)
    work.run(hours * HOUR, tell)
    return work


def _digest(work: Clockwork) -> str:
    lines = "\n".join(f"{one.at:.3f} {one.what} {one.about} {one.pool} {one.reason}" for one in work.timeline)
    return hashlib.sha256(lines.encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.day", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    add_output(parser)
    asked = parser.parse_args()
    command = f"python -m tools.day --hours {asked.hours:g} --seed {asked.seed}"
    report = {"command": command, "date": today(), "machine": machine(), **simulated(asked.seed, asked.hours)}
    tell(report, asked.output)
    for wrong in report["violations"]:
        print(wrong, file=sys.stderr)
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
