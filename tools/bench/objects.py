"""A large cluster as the API server has it: raw objects, as a watch brings them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chippool.api import names
from chippool.core.ids import PoolName, VariantName
from chippool.core.model import Assignment
from chippool.state.annotations import assignment_text
from tools.bench.world import CHIPS

Json = dict[str, Any]
NOW = 1_800_000_000.0
STATES = ("pending", "admitted", "ready", "suspended", "finished")
_GPU = "nvidia.com/gpu"
_CREATED = datetime.fromtimestamp(NOW - 7200, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Size:
    nodes: int = 15_000
    queues: int = 200
    classes: int = 10
    pools: int = 6

    @property
    def workloads(self) -> int:
        """One in each state, for each queue and class."""
        return self.queues * self.classes * len(STATES)


def everything(size: Size) -> Iterator[Json]:
    """All objects of a cluster of this size."""
    yield _object("Namespace", "team") | {"status": {"phase": "Active"}}
    for i in range(size.classes):
        yield _object("PriorityClass", f"class-{i}") | {"value": 1000 * i}
    for i in range(size.pools):
        chip = {"vendor": "nvidia", "model": f"model-{i}", "resourceName": _GPU}
        yield _object("ChipPool", f"pool-{i}") | {"spec": {"chip": chip, "nodeSelector": {"pool": f"pool-{i}"}}}
    yield from (_queue(size, i) for i in range(size.queues))
    yield from (_node(i, i % size.pools) for i in range(size.nodes))
    for i in range(size.workloads):
        yield from _workload(size, i)


def _object(kind: str, name: str, namespace: str = "") -> Json:
    place = {"namespace": namespace} if namespace else {}
    made = {"uid": f"{kind}-{name}", "resourceVersion": "1", "generation": 1, "creationTimestamp": _CREATED}
    return {"kind": kind, "metadata": {"name": name, **place, **made}}


def _queue(size: Size, number: int) -> Json:
    """Below one of ten others; each is guaranteed and limited in every pool."""
    quotas = [{"poolName": f"pool-{i}", "guaranteed": 8, "limit": 8000} for i in range(size.pools)]
    parent = {"parentName": f"queue-{number % 10}"} if number >= 10 else {}
    classes = [f"class-{i}" for i in range(size.classes)]
    spec = {"namespaceSelector": {}, "priorityClassNames": classes, "quotas": quotas, **parent}
    return _object("ChipQueue", f"queue-{number}") | {"spec": spec}


def _node(number: int, pool: int) -> Json:
    name = f"node-{number:05d}"
    size = {"cpu": "192", "memory": "2048Gi", "pods": "110", _GPU: str(CHIPS)}
    node = _object("Node", name)
    node["metadata"]["labels"] = {"kubernetes.io/hostname": name, "pool": f"pool-{pool}"}
    ready = [{"type": "Ready", "status": "True"}]
    return node | {"spec": {}, "status": {"capacity": size, "allocatable": size, "conditions": ready}}


def _workload(size: Size, number: int) -> Iterator[Json]:
    queue, rest = divmod(number, size.classes * len(STATES))
    class_, state = divmod(rest, len(STATES))
    name, pool, said = f"w-{number:05d}", number % size.pools, STATES[state]
    container = {"name": "main", "image": "train:1", "resources": {"requests": {"cpu": "1"}}}
    done = [{"type": "Finished", "status": "True", "reason": "Completed", "lastTransitionTime": _CREATED}]
    yield _object("ChipWorkload", name, "team") | {
        "spec": {
            "queueName": f"queue-{queue}",
            "priorityClassName": f"class-{class_}",
            "mode": "Gang",
            "replicas": 1,
            "suspend": said == "suspended",
            "template": {"spec": {"containers": [container]}},
            "variants": [{"name": "only", "poolNames": [f"pool-{pool}"], "chipsPerReplica": 1}],
        },
        "status": {"conditions": done} if said == "finished" else {},
    }
    if said in {"admitted", "ready"}:
        yield _job(name, pool)
    if said == "ready":
        yield _pod(name, f"node-{number % size.nodes:05d}")


def _job(name: str, pool: int) -> Json:
    job = _object("Job", name, "team")
    given = Assignment(VariantName("only"), PoolName(f"pool-{pool}"), 1, NOW - 3600)
    owner = {"kind": "ChipWorkload", "name": name, "uid": f"ChipWorkload-{name}", "controller": True,
             "apiVersion": names.API_VERSION}  # fmt: skip
    job["metadata"] |= {"annotations": {names.ASSIGNMENT: assignment_text(given)}, "ownerReferences": [owner]}
    return job | {"spec": {"parallelism": 1, "completions": 1, "completionMode": "Indexed"}, "status": {}}


def _pod(name: str, node: str) -> Json:
    pod = _object("Pod", f"{name}-0", "team")
    owner = {"kind": "Job", "name": name, "uid": f"Job-{name}", "controller": True, "apiVersion": "batch/v1"}
    pod["metadata"] |= {"labels": {names.WORKLOAD: name}, "ownerReferences": [owner],
                        "annotations": {"batch.kubernetes.io/job-completion-index": "0"}}  # fmt: skip
    amounts = {_GPU: "1", "cpu": "1"}
    container = {"name": "main", "image": "train:1", "resources": {"requests": amounts, "limits": amounts}}
    ready = [{"type": "Ready", "status": "True"}]
    spec = {"nodeName": node, "containers": [container]}
    return pod | {"spec": spec, "status": {"phase": "Running", "conditions": ready}}
