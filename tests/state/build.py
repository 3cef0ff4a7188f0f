"""Raw API objects and a mirror to feed them to: everything has a default, a test names only what it is about."""

import itertools
from datetime import UTC, datetime
from typing import Any

from chippool.core.ids import NodeName, PoolName, VariantName, WorkloadKey
from chippool.core.model import Assignment, Displaced
from chippool.core.plan import Admit, Plan
from chippool.state import annotations
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror

NOW = 1_800_000_000.0
GPU = "nvidia.com/gpu"
NPU = "huawei.com/Ascend910"
PROJECT = {kind.name: kind.project for kind in KINDS}
_versions = itertools.count(1)


def key(name: str, namespace: str = "team") -> WorkloadKey:
    return WorkloadKey(f"{namespace}/{name}")


def rfc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def an_object(kind, name, namespace="", uid=None, **metadata) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {
        "kind": kind,
        "metadata": {
            "name": name,
            **place,
            "uid": uid or f"{kind}-{namespace}-{name}".lower(),
            "resourceVersion": str(next(_versions)),
            "creationTimestamp": rfc(NOW - 3600),
            **{field: value for field, value in metadata.items() if value},
        },
    }


def a_pool(name="h800", resource=GPU, selector=None, access=None, **more):
    chip = {"vendor": "nvidia", "model": name.upper(), "resourceName": resource}
    spec = {"chip": chip, "nodeSelector": selector or {"pool": name}, **more}
    return an_object("ChipPool", name, generation=1) | {"spec": spec | ({"access": access} if access else {})}


def a_queue(name="q", classes=("train",), limits=None, selector=None):
    quotas = [{"poolName": pool, "limit": limit} for pool, limit in (limits or {}).items()]
    spec = {"priorityClassNames": list(classes), "quotas": quotas}
    return an_object("ChipQueue", name, generation=1) | {
        "spec": spec | ({} if selector is None else {"namespaceSelector": selector})
    }


def a_class(name="train", value=100, policy=None):
    return an_object("PriorityClass", name) | {"value": value} | ({"preemptionPolicy": policy} if policy else {})


def a_namespace(name="team", labels=None, phase="Active"):
    return an_object("Namespace", name, labels=labels) | {"status": {"phase": phase}}


def a_node(
    name,
    chips=8,
    pool="h800",
    *,
    resource=GPU,
    labels=None,
    installed=None,
    ready=True,
    cordoned=False,
    taints=(),
    cpu="64",
    said=None,
):
    size = {"cpu": cpu, "memory": "512Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": name, "pool": pool, **(labels or {})}
    return an_object("Node", name, labels=labels, annotations=said) | {
        "spec": {"unschedulable": cordoned, "taints": list(taints)},
        "status": {
            "capacity": {**size, resource: str(chips if installed is None else installed)},
            "allocatable": {**size, resource: str(chips)},
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def a_container(name="main", requests=None, limits=None, **more):
    resources = {field: value for field, value in (("requests", requests), ("limits", limits)) if value}
    return {"name": name, "image": "train:1", "resources": resources, **more}


def a_variant(name="h800", pools=("h800",), chips=8, **more):
    return {"name": name, "poolNames": list(pools), "chipsPerReplica": chips, **more}


def a_workload(
    name="w", replicas=1, mode="Gang", variants=None, *, namespace="team", uid=None, pod=None, status=None,
    generation=1, deleting=False, **spec,
):  # fmt: skip
    template = {"spec": pod or {"containers": [a_container(requests={"cpu": "1", "memory": "1Gi"})]}}
    gone = {"deletionTimestamp": rfc(NOW)} if deleting else {}
    raw = an_object("ChipWorkload", name, namespace, uid or f"uid-{namespace}-{name}", generation=generation, **gone)
    return raw | {
        "spec": {
            "queueName": "q",
            "priorityClassName": "train",
            "mode": mode,
            "replicas": replicas,
            "template": template,
            "variants": variants or [a_variant()],
            **spec,
        },
        "status": status or {},
    }


def an_assignment(replicas=1, variant="h800", pool="h800", at=NOW - 60):
    return Assignment(VariantName(variant), PoolName(pool), replicas, at)


def _owned(name, namespace, owner) -> list[dict[str, Any]]:
    uid = f"uid-{namespace}-{name}" if owner is None else owner
    if not uid:
        return []
    return [
        {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipWorkload", "name": name, "uid": uid, "controller": True}
    ]


def _said(assignment: Assignment | None, displaced: Displaced | None) -> dict[str, str]:
    said = {}
    if assignment is not None:
        said["chippool.io/assignment"] = annotations.assignment_text(assignment)
    if displaced is not None:
        said["chippool.io/displaced"] = annotations.displaced_text(displaced)
    return said


def a_job(
    name="w", assignment=None, *, namespace="team", uid=None, owner=None, displaced=None, suspended=False,
    deleting=False, parallelism=1, succeeded=0, conditions=(), said=None,
):  # fmt: skip
    gone = {"deletionTimestamp": rfc(NOW)} if deleting else {}
    notes = {**_said(assignment, displaced), **(said or {})}
    raw = an_object(
        "Job", name, namespace, uid, annotations=notes, ownerReferences=_owned(name, namespace, owner), **gone
    )
    return raw | {
        "spec": {"parallelism": parallelism, "suspend": suspended},
        "status": {"succeeded": succeeded, "conditions": list(conditions)},
    }


def a_deployment(name="w", assignment=None, *, namespace="team", owner=None, replicas=1, conditions=(), displaced=None):
    owners = _owned(name, namespace, owner)
    raw = an_object("Deployment", name, namespace, annotations=_said(assignment, displaced), ownerReferences=owners)
    return raw | {"spec": {"replicas": replicas}, "status": {"conditions": list(conditions)}}


def a_pod(
    name, workload="w", *, namespace="team", uid=None, job=None, node="", pinned="", gated=False, deleting=False,
    phase="Pending", ready=False, chips=8, resource=GPU, requests=None, index=None, conditions=(), statuses=(),
    selector=None, said=None,
):  # fmt: skip
    made = f"job-{namespace}-{workload}" if job is None else job
    owners = [{"kind": "Job", "uid": made, "controller": True}] if workload and made else []
    gone = {"deletionTimestamp": rfc(NOW)} if deleting else {}
    labels = {"chippool.io/workload": workload} if workload else {}
    notes = {} if index is None else {"batch.kubernetes.io/job-completion-index": str(index)}
    notes |= said or {}
    raw = an_object("Pod", name, namespace, uid, labels=labels, annotations=notes, ownerReferences=owners, **gone)
    asked = requests if requests is not None else {"cpu": "1", "memory": "1Gi", resource: str(chips)}
    said = [*conditions, *([{"type": "Ready", "status": "True"}] if ready else [])]
    return raw | {
        "spec": {
            "containers": [a_container(requests=asked)],
            **({"nodeName": node} if node else {}),
            **({"nodeSelector": {"kubernetes.io/hostname": pinned}} if pinned else {}),
            **({"nodeSelector": selector} if selector else {}),
            **({"schedulingGates": [{"name": "chippool.io/placement"}]} if gated else {}),
        },
        "status": {"phase": phase, "conditions": said, "containerStatuses": list(statuses)},
    }


class Cluster:
    """A mirror that is fed raw objects, and the clock it looks at."""

    def __init__(self, *raw, now=NOW) -> None:
        self.now = now
        self.changes = 0
        self.mirror = Mirror(lambda: self.now)
        self.mirror.on_change = self._changed
        self.shows(*raw)

    def _changed(self) -> None:
        self.changes += 1

    def shows(self, *objects) -> "Cluster":
        for raw in objects:
            kind = raw["kind"]
            self.mirror.apply(kind, raw["metadata"]["uid"], PROJECT[kind](raw))
        return self

    def loses(self, *objects) -> "Cluster":
        for raw in objects:
            self.mirror.remove(raw["kind"], raw["metadata"]["uid"])
        return self

    def workload(self, name="w"):
        return self.mirror.snapshot().workloads[key(name)]

    def node(self, name="n1"):
        return self.mirror.snapshot().nodes[NodeName(name)]

    def admits(self, name="w", nodes=("n1",), victims=(), chips=8, others=()):
        """Assume an admission as schedule() would have decided it."""
        self.mirror.snapshot()
        return self.mirror.assume(Plan((admit(name, nodes, victims, chips), *others)))

    def pins(self):
        return [(pin.name, pin.node) for pin in self.mirror.pins(self.now)]


def admit(name="w", nodes=("n1",), victims=(), chips=8):
    places, losers = tuple(map(NodeName, nodes)), tuple(map(key, victims))
    variant, pool = VariantName("h800"), PoolName("h800")
    return Admit(key(name), variant, pool, chips * 1000, places, waits=False, message="", victims=losers)


def basics():
    return a_pool(), a_queue(selector={}), a_class(), a_namespace()
