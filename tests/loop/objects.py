"""Raw objects as the API server has them."""

from typing import Any

API = "chippool.io/v1alpha1"
CREATED = "2026-01-01T00:00:00Z"


def _object(kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "uid": f"{kind}-{name}",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": CREATED,
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": API, "kind": kind, "metadata": metadata, **rest}


def a_namespace(name: str = "team") -> dict[str, Any]:
    return _object("Namespace", name)


def a_class(name: str, value: int) -> dict[str, Any]:
    return {**_object("PriorityClass", name), "value": value}


def a_shadow(name: str, value: int) -> dict[str, Any]:
    return {**a_class(f"chippool-{name}", value), "preemptionPolicy": "Never"}


def a_pool(name: str = "h800", resource: str = "nvidia.com/gpu") -> dict[str, Any]:
    chip = {"vendor": "nvidia", "model": "H800", "resourceName": resource}
    return _object("ChipPool", name, spec={"chip": chip, "nodeSelector": {"pool": name}})


def a_queue(name: str = "research", *classes: str) -> dict[str, Any]:
    spec = {"namespaceSelector": {}, "priorityClassNames": list(classes or ("batch", "revenue"))}
    return _object("ChipQueue", name, spec=spec)


def a_node(name: str, pool: str = "h800", chips: int = 8) -> dict[str, Any]:
    amounts = {"nvidia.com/gpu": str(chips), "cpu": "64", "memory": "512Gi", "pods": "110"}
    node = _object("Node", name, spec={})
    node["metadata"]["labels"] = {"pool": pool, "kubernetes.io/hostname": name}
    ready = {"type": "Ready", "status": "True"}
    return {**node, "status": {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}}


def a_workload(name: str = "train", *, chips: int = 8, replicas: int = 1, class_name: str = "batch", **spec: Any):
    container = {"name": "main", "image": "train:1", "resources": {"requests": {"cpu": "1"}}}
    return _object(
        "ChipWorkload",
        name,
        "team",
        spec={
            "queueName": "research",
            "priorityClassName": class_name,
            "mode": "Gang",
            "replicas": replicas,
            "template": {"spec": {"containers": [container]}},
            "variants": [{"name": "h800", "poolNames": ["h800"], "chipsPerReplica": chips}],
            **spec,
        },
    )


def a_cluster(nodes: int = 1) -> list[dict[str, Any]]:
    classes = [a_class("batch", 10), a_class("revenue", 1000), a_shadow("batch", 10), a_shadow("revenue", 1000)]
    return [a_namespace(), *classes, a_pool(), a_queue(), *(a_node(f"n{n}") for n in range(1, nodes + 1))]


def a_gated_pod(workload: str = "train", index: int = 0, chips: int = 8) -> dict[str, Any]:
    pod = _object("Pod", f"{workload}-{index}", "team")
    job = {"kind": "Job", "name": workload, "uid": f"Job-{workload}", "controller": True, "apiVersion": "batch/v1"}
    pod["metadata"] |= {
        "labels": {"chippool.io/workload": workload},
        "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
        "ownerReferences": [job],
    }
    amounts = {"nvidia.com/gpu": str(chips), "cpu": "1"}
    containers = [{"name": "main", "image": "train:1", "resources": {"requests": amounts, "limits": amounts}}]
    return {
        **pod,
        "spec": {"containers": containers, "schedulingGates": [{"name": "chippool.io/placement"}]},
        "status": {"phase": "Pending"},
    }
