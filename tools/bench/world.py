"""A large cluster as the core sees it: three pools, four classes, six queues, and work of many sizes.

The full one is filled by arrivals, then half of what runs is replaced by others, so that what is free is scattered.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from chippool.core.constraints import Constraints, Toleration
from chippool.core.ids import ClassName, Namespace, NodeName, PoolName, QueueName, VariantName, WorkloadKey
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

NOW = 1_800_000_000.0
CHIPS = 8
_GIB = 2**30
_NODE_ROOM = {"cpu": 192_000, "memory": 2048 * _GIB, "pods": 110, "ephemeral-storage": 7 * 2**40}
_POOLS = {"nvidia-h800": 0.5, "nvidia-h20": 0.3, "ascend-910b": 0.2}
_RESOURCES = {"nvidia-h800": "nvidia.com/gpu", "nvidia-h20": "nvidia.com/gpu", "ascend-910b": "huawei.com/Ascend910B3"}
_CLASSES = {"revenue": 4000, "online-inference": 3000, "llm-training": 2000, "batch": 1000}
_CLASS_SHARES = (10, 30, 30, 30)
_QUEUES = ("ads", "search", "recommend", "research", "platform", "lab")
_LIMITED = {"research": 0.4, "lab": 0.2, "search": 0.5}
"""Share of every pool these queues may use at most."""
_SIZES = (
    (30, 1, 1), (15, 1, 2), (10, 1, 4), (15, 1, 8), (8, 2, 8), (6, 4, 8), (3, 8, 8), (1, 16, 8), (6, 4, 1), (6, 4, 2),
)  # fmt: skip
"""How often, replicas, chips a replica: singles, and gangs of whole and of partial nodes."""
_SHAPES = ((4_000, 16), (8_000, 64), (12_000, 120), (20_000, 200))
"""cpu in millicores and memory in GiB that go with one chip."""
_TOLERATED = Toleration("chip", "Exists", "", "NoSchedule")


@dataclass(frozen=True, slots=True)
class Scale:
    nodes: int
    pending: int
    full: bool
    seed: int = 0

    def __str__(self) -> str:
        state = "95 % full" if self.full else "empty"
        return f"{self.nodes} nodes, {self.pending} pending, {state}"


def a_world(scale: Scale) -> Snapshot:
    """The snapshot of a cluster of this scale; the same scale gives the same one."""
    chance = random.Random(f"{scale.nodes} {scale.full} {scale.seed}")
    nodes = list(_nodes(scale.nodes))
    queues = {QueueName(q): _queue(q, nodes) for q in _QUEUES}
    settled = _Settlement(nodes, chance)
    if scale.full:
        settled.settle()
    waiting = (_workload(chance, f"p{i}", NOW - chance.uniform(0, 3600)) for i in range(scale.pending))
    workloads = [*settled.admitted.values(), *waiting]
    return Snapshot(
        nodes={n.name: n for n in settled.nodes()},
        pools={PoolName(p): Pool(PoolName(p), _RESOURCES[p]) for p in _POOLS},
        queues=queues,
        classes={ClassName(c): Class(ClassName(c), value) for c, value in _CLASSES.items()},
        namespaces={Namespace(f"team-{q}"): NamespaceView({"team": q}) for q in _QUEUES},
        workloads={w.key: w for w in workloads},
    )


def _nodes(count: int) -> Iterator[Node]:
    for i in range(count):
        pool = PoolName(_pool_at(i / count))
        name = NodeName(f"{pool}-{i:05d}")
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/rack": f"r{i // 8}", "model": pool}
        chips = CHIPS * 1000
        yield Node(
            name, labels, (), True, (pool,), chips, chips, chips, 0, 0, _NODE_ROOM, dict(_NODE_ROOM)
        )  # fmt: skip


def _pool_at(share: float) -> str:
    for pool, part in _POOLS.items():
        share -= part
        if share < -1e-9:
            return pool
    return pool


def _queue(name: str, nodes: list[Node]) -> Queue:
    sizes = Counter(n.pools[0] for n in nodes)
    share = _LIMITED.get(name)
    limits = {p: int(count * CHIPS * share) * 1000 for p, count in sizes.items()} if share else {}
    return Queue(QueueName(name), frozenset(ClassName(c) for c in _CLASSES), (), limits)


def _workload(chance: random.Random, name: str, created: float) -> Workload:
    queue = chance.choice(_QUEUES)
    _, replicas, chips = chance.choices(_SIZES, [s[0] for s in _SIZES])[0]
    return Workload(
        key=WorkloadKey(f"team-{queue}/{name}"),
        uid=f"{chance.getrandbits(64):016x}",
        generation=1,
        namespace=Namespace(f"team-{queue}"),
        queue=QueueName(queue),
        class_name=ClassName(chance.choices(list(_CLASSES), _CLASS_SHARES)[0]),
        mode=Mode.GANG,
        replicas=replicas,
        variants=tuple(_variants(chance, replicas, chips)),
        created=created,
        start_timeout=600.0,
    )


def _variants(chance: random.Random, replicas: int, chips: int) -> Iterator[Variant]:
    cpu, memory = chance.choice(_SHAPES)
    pools = chance.choices(list(_POOLS), list(_POOLS.values()))
    if chance.random() < 0.4:
        others = [p for p in _POOLS if p not in pools]
        pools += chance.sample(others, chance.randint(1, 2))
    for pool in pools:
        yield Variant(VariantName(pool), (PoolName(pool),), replicas, _ask(chips, cpu, memory))


@cache
def _ask(chips: int, cpu: int, memory: int) -> Ask:
    """Equal asks are one, as in the operator's mirror."""
    requests = (("cpu", cpu * chips), ("memory", memory * chips * _GIB), ("pods", 1))
    return Ask(chips * 1000, requests, Constraints(tolerations=(_TOLERATED,)))


class _Settlement:
    """Work put on nodes at random, as a cluster that has run for long shows it."""

    def __init__(self, nodes: list[Node], chance: random.Random) -> None:
        self._chance = chance
        self._nodes = nodes
        self._free = [n.free for n in nodes]
        self._room = [dict(n.room) for n in nodes]
        self._members: defaultdict[str, list[int]] = defaultdict(list)
        for i, node in enumerate(nodes):
            self._members[node.pools[0]].append(i)
        self._used, self._total = 0, sum(self._free)
        self._names = 0
        self._spots: dict[WorkloadKey, tuple[Ask, list[int]]] = {}
        self.admitted: dict[WorkloadKey, Workload] = {}

    def settle(self) -> None:
        """Fill to 95 %, replace half, and fill again."""
        self._fill(0.95)
        for key in self._chance.sample(sorted(self.admitted), len(self.admitted) // 2):
            self._leave(key)
        self._fill(0.95)

    def nodes(self) -> Iterator[Node]:
        for node, free, room in zip(self._nodes, self._free, self._room, strict=True):
            yield replace(node, free=free, room=room)

    def _fill(self, share: float) -> None:
        while self._used < share * self._total:
            self._names += 1
            workload = _workload(self._chance, f"a{self._names}", NOW - self._chance.uniform(0, 1e6))
            self._arrive(workload)

    def _arrive(self, workload: Workload) -> None:
        variant = workload.variants[0]
        spots: list[int] = []
        for _ in range(variant.replicas):
            spot = self._spot(variant)
            if spot is None:
                self._move(variant.ask, spots, 1)
                return
            self._move(variant.ask, [spot], -1)
            spots.append(spot)
        given = Assignment(variant.name, variant.pools[0], variant.replicas, workload.created + 60)
        names = tuple(self._nodes[i].name for i in spots)
        self._spots[workload.key] = variant.ask, spots
        self.admitted[workload.key] = replace(
            workload,
            assignment=given,
            active=True,
            placed=names,
            ready=len(names),
            started=True,
            clock=given.admitted_at,
        )

    def _spot(self, variant: Variant) -> int | None:
        """The tightest of a few nodes drawn at random that have the room."""
        drawn = self._chance.choices(self._members[variant.pools[0]], k=40)
        fitting = [i for i in drawn if self._fits(i, variant.ask)]
        return min(fitting, key=lambda i: self._free[i], default=None)

    def _fits(self, i: int, ask: Ask) -> bool:
        return self._free[i] >= ask.chips and all(self._room[i][r] >= amount for r, amount in ask.requests)

    def _leave(self, key: WorkloadKey) -> None:
        del self.admitted[key]
        ask, spots = self._spots.pop(key)
        self._move(ask, spots, 1)

    def _move(self, ask: Ask, spots: list[int], sign: int) -> None:
        for i in spots:
            self._free[i] += sign * ask.chips
            self._used -= sign * ask.chips
            for resource, amount in ask.requests:
                self._room[i][resource] += sign * amount
