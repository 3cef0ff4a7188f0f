"""Alibaba's openb lists, as published, into a fleet, pools, queues, classes and ChipWorkloads.

Columns of the node list: sn, cpu_milli, memory_mib, gpu, model. Of a pod list: name, cpu_milli, memory_mib, num_gpu,
gpu_milli, gpu_spec (models, separated by |), qos, pod_phase, creation_time, deletion_time, scheduled_time (seconds).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.plane.fleet import Fleet, NodePool

NODES, PODS = "openb_node_list_gpu_node.csv", "openb_pod_list_{}.csv"
RESOURCE = "nvidia.com/gpu"
MODEL_LABEL = "nvidia.com/gpu.product"
NAMESPACE = "openb"
CLASSES = {"openb-latency": 3000, "openb-burstable": 2000, "openb-batch": 1000}
_CLASS_OF_QOS = {
    "LS": "openb-latency",
    "Guaranteed": "openb-burstable",
    "Burstable": "openb-burstable",
    "BE": "openb-batch",
}
_LARGE = ("G2", "G3")
"""Models of the nodes with eight chips; those who may run anywhere prefer them or the rest, by class."""
_BATCH_SHARE = 0.8
"""Of every pool of more than 20 chips, the most the batch queue may hold: so that limits bind as well."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenbNode:
    name: str
    cpu_milli: int
    memory_mib: int
    chips: int
    model: str


@dataclass(frozen=True, slots=True)
class OpenbPod:
    """`created` and `lasted` are the list's own seconds."""

    name: str
    cpu_milli: int
    memory_mib: int
    num_gpu: int
    gpu_milli: int
    models: tuple[str, ...]
    qos: str
    created: int
    lasted: int

    @property
    def fractional(self) -> bool:
        return self.num_gpu == 1 and self.gpu_milli < 1000

    @property
    def class_name(self) -> str:
        return _CLASS_OF_QOS[self.qos]


def read_nodes(folder: Path, every: int) -> list[OpenbNode]:
    """Every so many rows of the node list, from the first on."""
    with (folder / NODES).open(newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    return [
        OpenbNode(r["sn"], int(r["cpu_milli"]), int(r["memory_mib"]), int(r["gpu"]), r["model"]) for r in rows
    ]  # fmt: skip


def read_pods(folder: Path, count: int, which: str = "default") -> list[OpenbPod]:
    """The first so many pods that ask for a GPU, by arrival, in the list's order among equals."""
    with (folder / PODS.format(which)).open(newline="") as file:
        asking = (row for row in csv.DictReader(file) if int(row["num_gpu"]) > 0)
        chosen = [pod for pod, _ in zip((_pod(row) for row in asking), range(count), strict=False)]
    return sorted(chosen, key=lambda pod: pod.created)


def _pod(row: Mapping[str, str]) -> OpenbPod:
    created, deleted = int(float(row["creation_time"])), int(float(row["deletion_time"]))
    models = tuple(dict.fromkeys(m for m in row["gpu_spec"].split("|") if m))
    return OpenbPod(
        row["name"],
        int(row["cpu_milli"]),
        int(row["memory_mib"]),
        int(row["num_gpu"]),
        int(row["gpu_milli"]),
        models,
        row["qos"],
        created,
        max(deleted - created, 1),
    )


def pool_name(model: str) -> str:
    return f"openb-{model.lower()}"


def fleet(nodes: Sequence[OpenbNode]) -> Fleet:
    """The nodes under their own names, those of equal make together."""
    makes: dict[tuple[str, int, int, int], list[str]] = {}
    for node in nodes:
        makes.setdefault((node.model, node.cpu_milli, node.memory_mib, node.chips), []).append(node.name)
    return Fleet(tuple(_node_pool(make, names) for make, names in makes.items()))


def _node_pool(make: tuple[str, int, int, int], names: list[str]) -> NodePool:
    model, cpu, memory, chips = make
    return NodePool(
        name=f"{pool_name(model)}-{cpu // 1000}c-{memory // 1024}g-{chips}",
        names=tuple(names),
        count=len(names),
        resource=RESOURCE,
        chips=chips,
        cpu=f"{cpu}m",
        memory=f"{memory}Mi",
        labels={MODEL_LABEL: model},
    )


def surroundings(nodes: Sequence[OpenbNode]) -> Iterator[Json]:
    """Namespace, classes, pools and queues: all that must be there before the first workload."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    for name, value in CLASSES.items():
        yield {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
        }
    for model in dict.fromkeys(node.model for node in nodes):
        yield _pool(model)
    for name in CLASSES:
        yield _queue(name, nodes)


def _pool(model: str) -> Json:
    return {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipPool",
        "metadata": {"name": pool_name(model)},
        "spec": {
            "chip": {"vendor": "nvidia", "model": model, "resourceName": RESOURCE},
            "nodeSelector": {MODEL_LABEL: model},
        },
    }


def _queue(class_name: str, nodes: Sequence[OpenbNode]) -> Json:
    spec: Json = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
        "priorityClassNames": [class_name],
    }
    if class_name == "openb-batch":
        spec["quotas"] = list(_quotas(nodes))
    return {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipQueue", "metadata": {"name": class_name}, "spec": spec}


def _quotas(nodes: Sequence[OpenbNode]) -> Iterator[Json]:
    for model in dict.fromkeys(node.model for node in nodes):
        chips = sum(node.chips for node in nodes if node.model == model)
        if chips > 20:
            yield {"poolName": pool_name(model), "limit": int(chips * _BATCH_SHARE)}


def workload(pod: OpenbPod, run_s: float, end_s: float, models: Sequence[str]) -> Json:
    """A gang of one pod with whole chips; `models` are those the fleet has, `run_s` and `end_s` how the pod behaves."""
    return {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipWorkload",
        "metadata": {"name": pod.name, "namespace": NAMESPACE},
        "spec": {
            "queueName": pod.class_name,
            "priorityClassName": pod.class_name,
            "mode": "Gang",
            "replicas": 1,
            "template": _template(pod, run_s, end_s),
            "variants": list(_variants(pod, models)),
        },
    }


def _template(pod: OpenbPod, run_s: float, end_s: float) -> Json:
    behaviour = {"plane.chippool.io/run-for": f"{run_s:.1f}s", "plane.chippool.io/end-after": f"{end_s:.1f}s"}
    room = {"cpu": f"{pod.cpu_milli}m", "memory": f"{pod.memory_mib}Mi"}
    container = {"name": "main", "image": "openb/task", "resources": {"requests": room}}
    return {
        "metadata": {"annotations": behaviour},
        "spec": {"terminationGracePeriodSeconds": 5, "containers": [container]},
    }


def _variants(pod: OpenbPod, models: Sequence[str]) -> Iterator[Json]:
    if pod.models:
        yield _variant("asked", [m for m in pod.models if m in models] or list(pod.models), pod)
        return
    large = [m for m in models if m in _LARGE]
    small = [m for m in models if m not in _LARGE]
    ways = [("large", large), ("small", small)]
    for name, some in ways if pod.qos == "LS" else reversed(ways):
        if some:
            yield _variant(name, some, pod)


def _variant(name: str, models: Sequence[str], pod: OpenbPod) -> Json:
    return {"name": name, "poolNames": [pool_name(m) for m in models], "chipsPerReplica": pod.num_gpu}
