"""A large cluster as the API server has it, to be looked at: racks, running, starting, waiting and ended workloads."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chippool.api import names
from chippool.core.demand import OTHERS, Ring
from chippool.core.ids import PoolName, VariantName
from chippool.core.model import Assignment
from chippool.sim.recorded import mirror_of
from chippool.state.annotations import assignment_text
from chippool.state.history import data_of
from chippool.state.mirror import Mirror

Json = dict[str, Any]
CHIPS = 8
GPU, NPU = "nvidia.com/gpu", "huawei.com/Ascend910"
POOLS = {"nvidia-h800": GPU, "nvidia-h20": GPU, "nvidia-a800": GPU, "ascend-910b": NPU}
MODELS = dict(zip(POOLS, ("H800-SXM5-80GB", "H20-96GB", "A800-SXM4-80GB", "Ascend-910B3"), strict=True))
PARTS = {"nvidia-h800": 40, "nvidia-h20": 32, "nvidia-a800": 12, "ascend-910b": 16}
"""Of a hundred nodes."""
RACK = 16
TOPOLOGY = ["topology.example.com/hall", "topology.example.com/rack"]
CLASSES = {"revenue": 1000, "serving": 800, "training": 500, "research": 300, "scavenger": 10}
QUEUES = {
    "serving": ("revenue", "serving"),
    "foundation": ("training", "research"),
    "research": ("research", "scavenger"),
}
NAMESPACES = ("ads", "chat", "vision", "speech", "base-model", "lab")
SIZES = (1, 1, 1, 2, 2, 4, 4, 8, 16)
"""Nodes of a workload that has some."""
LARGE = (32, 48, 64)
"""Nodes of one that waits."""
SPARE = 24
"""Nodes of a pool that nobody has."""


@dataclass(frozen=True, slots=True)
class Size:
    nodes: int = 5_000
    workloads: int = 2_000
    now: float = 1_800_000_000.0


@dataclass(slots=True)
class Stock:
    """Nodes that are still free, by pool."""

    free: dict[str, list[str]] = field(default_factory=dict)

    def take(self, pool: str, count: int) -> list[str] | None:
        left = self.free[pool]
        if len(left) < count + SPARE:
            return None
        taken, self.free[pool] = left[:count], left[count:]
        return taken


def mirror(size: Size) -> Mirror:
    """What the operator's own mirror makes of it."""
    return mirror_of(everything(size), size.now)


def everything(size: Size) -> Iterator[Json]:
    """All objects; the same for the same size."""
    for name in NAMESPACES:
        yield _object("Namespace", name, size.now) | {"status": {"phase": "Active"}}
    for name, value in CLASSES.items():
        yield _object("PriorityClass", name, size.now) | {"value": value}
    for name, resource in POOLS.items():
        chip = {"vendor": name.partition("-")[0], "model": MODELS[name], "resourceName": resource}
        supply = {
            "owned": size.nodes * PARTS[name] // 100 * CHIPS,
            "origin": "Domestic" if "ascend" in name else "Imported",
        }
        spec = {"chip": chip, "nodeSelector": {"pool": name}, "topology": TOPOLOGY, "supply": supply}
        yield _object("ChipPool", name, size.now) | {"spec": spec}
    for name, classes in QUEUES.items():
        yield _object("ChipQueue", name, size.now) | {
            "spec": {"namespaceSelector": {}, "priorityClassNames": [*classes]}
        }
    stock = Stock({name: [] for name in POOLS})
    yield from _nodes(size, stock)
    yield from _workloads(size, stock)


def histories(size: Size) -> dict[PoolName, dict[str, str]]:
    """What the operator would remember of each pool: half a year of demand that grows, a little less at weekends."""
    dice, found = random.Random(3), {}
    for name, part in PARTS.items():
        stock, hour = size.nodes * part // 100 * CHIPS, int(size.now // 3600)
        week = (1.0, 1.02, 1.02, 1.01, 1.0, 0.96, 0.95)
        grown = (stock * (0.62 + 0.0015 * day) * week[day % 7] * dice.uniform(0.98, 1.02) for day in range(180))
        ring = Ring(hour, {}, {"training": tuple(round(chips, 1) for chips in grown), OTHERS: (0.0,) * 180})
        found[PoolName(name)] = data_of(ring, None)
    return found


def _object(kind: str, name: str, created: float, namespace: str = "") -> Json:
    place = {"namespace": namespace} if namespace else {}
    at = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = {"uid": f"{kind}-{namespace}-{name}", "resourceVersion": "1", "generation": 1, "creationTimestamp": at}
    return {"kind": kind, "metadata": {"name": name, **place, **made}}


def _nodes(size: Size, stock: Stock) -> Iterator[Json]:
    dice = random.Random(1)
    for pool, part in PARTS.items():
        for number in range(size.nodes * part // 100):
            name, state = f"{pool}-{number:04d}", dice.random()
            if state > 0.02:
                stock.free[pool].append(name)
            yield _node(pool, number, size.now - 90 * 86_400, ready=state > 0.01, cordoned=0.01 < state <= 0.02)


def _node(pool: str, number: int, created: float, *, ready: bool, cordoned: bool) -> Json:
    node = _object("Node", f"{pool}-{number:04d}", created)
    rack = number // RACK
    labels = {"pool": pool, TOPOLOGY[0]: f"hall-{rack // 20 + 1}", TOPOLOGY[1]: f"{pool}-rack-{rack + 1:03d}"}
    node["metadata"]["labels"] = {"kubernetes.io/hostname": f"{pool}-{number:04d}", **labels}
    amounts = {"cpu": "192", "memory": "2048Gi", "pods": "110", POOLS[pool]: str(CHIPS)}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    spec = {"unschedulable": True} if cordoned else {}
    return node | {"spec": spec, "status": {"capacity": amounts, "allocatable": amounts, "conditions": conditions}}


def _workloads(size: Size, stock: Stock) -> Iterator[Json]:
    """The urgent ones have chips; those that wait ask for more nodes than are free."""
    dice = random.Random(2)
    ranked = sorted((dice.choice([*CLASSES]) for _ in range(size.workloads)), key=CLASSES.__getitem__, reverse=True)
    for number, class_name in enumerate(ranked):
        pool = dice.choices([*PARTS], [*PARTS.values()])[0]
        replicas, suspended = dice.choice(SIZES), number % 40 == 0
        nodes = None if suspended else stock.take(pool, replicas)
        one = a_workload(
            f"{class_name}-{number:04d}",
            namespace=dice.choice(NAMESPACES),
            queue=dice.choice([name for name, classes in QUEUES.items() if class_name in classes]),
            class_name=class_name,
            pool=pool,
            replicas=replicas if nodes or suspended else dice.choice(LARGE),
            created=size.now - dice.randrange(60, 5 * 86_400),
        )
        one["spec"]["suspend"] = suspended
        yield one
        if nodes is not None:
            yield from given(one, pool, nodes, ready=number % 30 != 2)


def a_workload(
    name: str, *, namespace: str, queue: str, class_name: str, pool: str, replicas: int, created: float
) -> Json:
    """One that waits."""
    container = {"name": "main", "image": "train:1", "resources": {"requests": {"cpu": "8"}}}
    return _object("ChipWorkload", name, created, namespace) | {
        "spec": {
            "queueName": queue,
            "priorityClassName": class_name,
            "mode": "Gang",
            "replicas": replicas,
            "template": {"spec": {"containers": [container]}},
            "variants": [{"name": "only", "poolNames": [pool], "chipsPerReplica": CHIPS}],
        },
        "status": {},
    }


def given(one: Json, pool: str, nodes: list[str], *, ready: bool = True) -> Iterator[Json]:
    """Its Job and its pods, on these nodes."""
    name, namespace, uid = one["metadata"]["name"], one["metadata"]["namespace"], one["metadata"]["uid"]
    at = datetime.fromisoformat(one["metadata"]["creationTimestamp"]).timestamp() + 30
    job = _object("Job", name, at, namespace)
    owner = {"kind": "ChipWorkload", "name": name, "uid": uid, "controller": True, "apiVersion": names.API_VERSION}
    assignment = assignment_text(Assignment(VariantName("only"), PoolName(pool), len(nodes), at))
    job["metadata"] |= {"annotations": {names.ASSIGNMENT: assignment}, "ownerReferences": [owner]}
    count = len(nodes)
    yield job | {"spec": {"parallelism": count, "completions": count, "completionMode": "Indexed"}, "status": {}}
    for index, node in enumerate(nodes):
        yield _pod(job, index, node, POOLS[pool], at, ready=ready)


def _pod(job: Json, index: int, node: str, resource: str, created: float, *, ready: bool) -> Json:
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    pod = _object("Pod", f"{name}-{index}", created, namespace)
    owner = {"kind": "Job", "name": name, "uid": job["metadata"]["uid"], "controller": True, "apiVersion": "batch/v1"}
    pod["metadata"] |= {
        "labels": {names.WORKLOAD: name},
        "ownerReferences": [owner],
        "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
    }
    amounts = {resource: str(CHIPS), "cpu": "8"}
    container = {"name": "main", "image": "train:1", "resources": {"requests": amounts, "limits": amounts}}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    phase = "Running" if ready else "Pending"
    return pod | {
        "spec": {"nodeName": node, "containers": [container]},
        "status": {"phase": phase, "conditions": conditions},
    }
