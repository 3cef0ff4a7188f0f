"""The work a measurement puts on the plane: N jobs of G pods in each of the ways that are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
RESOURCE = "nvidia.com/gpu"
NAMESPACE = "default"
GATE = "bench.example/placement"
"""A gate of the bare client's own: chippool's policies are not its business."""
POOL, QUEUE, LOW, TOP = "bench", "bench", "bench-low", "bench-top"
RACK_LABEL = "rack"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
WORKLOADS = f"/apis/chippool.io/v1alpha1/namespaces/{NAMESPACE}/chipworkloads"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@dataclass(frozen=True, slots=True)
class Load:
    """Where its objects are made, and how one looks."""

    path: str
    made: Callable[[str, int], Json]
    """From a name and the pods of one."""


def surroundings() -> list[Json]:
    """Pool, queue and classes of the chippool rounds."""
    chip = {"vendor": "nvidia", "model": "H800", "resourceName": RESOURCE}
    pool = {"chip": chip, "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H800"}}
    queue = {"namespaceSelector": {}, "priorityClassNames": [LOW, TOP]}
    api = "chippool.io/v1alpha1"
    return [
        {"apiVersion": api, "kind": "ChipPool", "metadata": {"name": POOL}, "spec": pool},
        {"apiVersion": api, "kind": "ChipQueue", "metadata": {"name": QUEUE}, "spec": queue},
        *(_class(name, value) for name, value in ((LOW, 1000), (TOP, 2000))),
    ]


def _class(name: str, value: int) -> Json:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}


def workload(name: str, gang: int, *, class_name: str = LOW, chips: int = 1) -> Json:
    """A ChipWorkload."""
    return {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipWorkload",
        "metadata": {"name": name, "labels": {"app": "load"}},
        "spec": {
            "queueName": QUEUE,
            "priorityClassName": class_name,
            "replicas": gang,
            "template": {"spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "x"}]}},
            "variants": [{"name": "any", "poolNames": [POOL], "chipsPerReplica": chips}],
        },
    }


def plain(name: str, gang: int) -> Json:
    """A Job with nothing in between."""
    chips = {RESOURCE: "1"}
    container = {"name": "c", "image": "x", "resources": {"requests": chips, "limits": chips}}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
    template = {"metadata": {"labels": {"app": "load"}}, "spec": pod}
    spec = {"parallelism": gang, "completions": gang, "completionMode": "Indexed", "template": template}
    metadata = {"name": name, "labels": {"app": "load"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def gated(name: str, gang: int) -> Json:
    """A Job whose pods are born gated."""
    job = plain(name, gang)
    job["spec"]["template"]["spec"]["schedulingGates"] = [{"name": GATE}]
    return job


def kueue_tas(name: str, gang: int) -> Json:
    """A Job for Kueue's topology-aware local queue."""
    job = plain(name, gang)
    job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "lqt"
    job["spec"]["suspend"] = True
    job["spec"]["template"]["metadata"]["annotations"] = {"kueue.x-k8s.io/podset-preferred-topology": RACK_LABEL}
    return job


LOADS = {
    "plain": Load(JOBS, plain),
    "gated": Load(JOBS, gated),
    "chippool": Load(WORKLOADS, workload),
    "kueue-tas": Load(JOBS, kueue_tas),
}
