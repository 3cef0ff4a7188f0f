"""chippool's whole policy on a list of jobs: each decision is the operator's own plan of a cluster with these chips."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf

from chippool.core.constraints import Constraints
from chippool.core.cycle import schedule
from chippool.core.ids import CHIP, ClassName, Namespace, NodeName, PoolName, VariantName, WorkloadKey
from chippool.core.matching import MOVE_EVERY
from chippool.core.model import (
    Ask,
    Assignment,
    Class,
    Mode,
    NamespaceView,
    Node,
    Pool,
    Queue,
    Snapshot,
    Variant,
    Workload,
)
from chippool.core.plan import Admit, Displace, Migrate
from chippool.core.prices import running_mean
from chippool.sim.jobs import Job
from chippool.sim.rounds import ROUND, Live, Placing, Policy, Scene

_SPACE = Namespace("jobs")
_ROOM = {"pods": 1}


class Planner:
    """A cluster of servers with one chip each, as in the published runs; jobs are gangs with a variant a pool.

    `hold` are the seconds a job keeps its chips (minRuntime), `saves` those from one checkpoint to the next.
    """

    def __init__(self, hold: float = MOVE_EVERY, saves: float | None = None) -> None:
        self.prices: dict[PoolName, float] = {}
        self._hold, self._saves = hold, saves
        self._known: dict[WorkloadKey, Workload] = {}
        self._on: dict[WorkloadKey, tuple[NodeName, ...]] = {}
        self._idle: dict[NodeName, Node] = {}
        self._priced = 0.0

    def policy(self, every: float = ROUND) -> Policy:
        return Policy(self.decide, every, self._hold)

    def decide(self, scene: Scene) -> Placing:
        """Where each job is to run from now on."""
        placing = {one.job.key: one.pool for one in scene.live if one.pool is not None}
        plan = schedule(self._snapshot(scene), scene.now)
        for decision in plan.decisions:
            match decision:
                case Admit(workload=key, pool=pool, nodes=nodes) | Migrate(workload=key, pool=pool, nodes=nodes):
                    placing[key], self._on[key] = pool, nodes
                case Displace(workload=key):
                    del placing[key]
                case _:
                    pass
        # Remembering as long as the run has lasted makes it the plain mean over time.
        self.prices = running_mean(self.prices, plan.prices, scene.now - self._priced, memory=max(scene.now, ROUND))
        self._priced = scene.now
        return placing

    def _snapshot(self, scene: Scene) -> Snapshot:
        workloads = {one.job.key: self._workload(one) for one in scene.live}
        self._known = workloads
        queues, classes = {w.queue for w in workloads.values()}, {one.job.priority for one in scene.live}
        names = frozenset(map(_class_name, classes))
        return Snapshot(
            nodes=self._nodes(scene),
            pools={pool: Pool(pool, "chip") for pool in scene.chips},
            queues={queue: Queue(queue, names, ()) for queue in queues},
            classes={_class_name(value): Class(_class_name(value), value) for value in classes},
            namespaces={_SPACE: NamespaceView({})},
            workloads=workloads,
        )

    def _nodes(self, scene: Scene) -> dict[NodeName, Node]:
        if not self._idle:
            self._idle = {node.name: node for node in _servers(scene.chips)}
        taken = {name for one in scene.live if one.pool is not None for name in self._on[one.job.key]}
        return {n: replace(node, free=0, room={"pods": 0}) if n in taken else node for n, node in self._idle.items()}

    def _workload(self, one: Live) -> Workload:
        known = self._known.get(one.job.key)
        if known is None or (one.pool is None and known.assignment is not None):
            known = replace(_as_workload(one.job), min_runtime=self._hold, checkpoint_interval=self._saves)
        if one.pool is None:
            return known
        if known.assignment is not None and known.assignment.admitted_at == one.since:
            return known
        given = Assignment(VariantName(one.pool), one.pool, one.job.chips, one.since)
        return replace(known, assignment=given, placed=self._on[one.job.key], active=True, started=True)


def _servers(chips: Mapping[PoolName, int]) -> Iterator[Node]:
    for pool, count in chips.items():
        for i in range(count):
            name = NodeName(f"{pool}-{i:05d}")
            yield Node(name, {}, (), True, (pool,), CHIP, CHIP, CHIP, 0, 0, _ROOM, _ROOM)


def _as_workload(job: Job) -> Workload:
    ask = Ask(CHIP, (("pods", 1),), Constraints())
    liked = sorted(job.believed, key=lambda pool: -job.believed[pool])
    return Workload(
        key=job.key,
        uid=f"{job.key:>9}",
        generation=1,
        namespace=_SPACE,
        queue=job.queue,
        class_name=_class_name(job.priority),
        mode=Mode.GANG,
        replicas=job.chips,
        variants=tuple(Variant(VariantName(p), (p,), job.chips, ask, job.believed[p]) for p in liked),
        created=job.arrival,
        start_timeout=inf,
    )


def _class_name(value: int) -> ClassName:
    return ClassName(f"class-{value}")
