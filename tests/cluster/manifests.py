"""Objects the cluster tests apply; everything has a default, so that a test names only what it is about."""

import pytest

from tests.cluster.given import wished

PLANE = "plane.chippool.io/"
IMAGE = "registry.k8s.io/pause:3.10" if wished() else "registry.example/main:1"
"""Simulated kubelets run any; those of a given cluster have to find it."""


def a_pool(name, selector, resource="nvidia.com/gpu", **spec):
    chip = {"vendor": "nvidia", "model": name, "resourceName": resource}
    return _cluster("ChipPool", name, {"chip": chip, "nodeSelector": selector, **spec})


H800 = {"nvidia.com/gpu.product": "NVIDIA-H800"}
H20 = {"nvidia.com/gpu.product": "NVIDIA-H20"}
ASCEND = {"accelerator-type": "module-910b-8"}
NPU = "huawei.com/Ascend910B3"


def pools():
    return [a_pool("h800", H800), a_pool("h20", H20), a_pool("npu", ASCEND, NPU)]


def a_class(name, value, policy="PreemptLowerPriority"):
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    return body | {"value": value, "preemptionPolicy": policy}


CLASSES = {"revenue": 4000, "inference": 3000, "training": 2000, "batch": 1000}


def classes():
    return [a_class(name, value) for name, value in CLASSES.items()]


def a_queue(name, namespaces=None, limits=None, classes=tuple(CLASSES)):
    selector = {} if namespaces is None else {"matchLabels": {"kubernetes.io/metadata.name": namespaces}}
    quotas = [{"poolName": pool, "limit": limit} for pool, limit in (limits or {}).items()]
    spec = {"namespaceSelector": selector, "priorityClassNames": list(classes)}
    return _cluster("ChipQueue", name, spec | ({"quotas": quotas} if quotas else {}))


def a_variant(pool="h800", chips=8, name=None, **more):
    pools = [pool] if isinstance(pool, str) else list(pool)
    return {"name": name or pools[0], "poolNames": pools, "chipsPerReplica": chips, **more}


def a_workload(name, *variants, cls="training", queue="team", replicas=1, mode="Gang", pod=None, does=None, **spec):
    """A ChipWorkload; `does` says how its pods behave (plane annotations: run-for, end-after, exit-code, …)."""
    template = a_template(mode, **(does or {}))
    template["spec"] |= pod or {}
    body = {"queueName": queue, "priorityClassName": cls, "mode": mode, "replicas": replicas, "template": template}
    body |= {"variants": list(variants) or [a_variant()], **spec}
    return {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipWorkload", "metadata": {"name": name}, "spec": body}


def a_template(mode="Gang", **does):
    if does and wished():
        pytest.skip(f"needs the plane's kubelets, which let pods behave as told: {', '.join(does)}")
    container = {"name": "main", "image": IMAGE, "resources": {"requests": {"cpu": "1"}}}
    restart = "Never" if mode == "Gang" else "Always"
    spec = {"restartPolicy": restart, "terminationGracePeriodSeconds": 5, "containers": [container]}
    annotations = {PLANE + k.replace("_", "-"): str(v) for k, v in does.items()}
    return {"metadata": {"annotations": annotations}, "spec": spec}


def _cluster(kind, name, spec):
    return {"apiVersion": "chippool.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
