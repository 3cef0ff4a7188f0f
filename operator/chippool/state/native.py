"""What pods and Jobs of anybody's own say of themselves when a label asks a queue for their chips."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

from chippool.api import names
from chippool.core.constraints import Constraints
from chippool.core.ids import ClassName, Namespace, QueueName, WorkloadKey
from chippool.core.model import Assignment, Requests
from chippool.state.amounts import pod_requests
from chippool.state.annotations import assignment_of, time_of
from chippool.state.constraints import constraints_of

Json = Mapping[str, Any]

HOSTNAME = "kubernetes.io/hostname"
TEMPLATE_HASH = "pod-template-hash"
JOB, GROUP, POD = "job", "group", "pod"
"""What a native workload is of; its name is `KIND:NAME`, and no name in Kubernetes has a colon."""
NO_SIZE = -1
"""Of a group whose size nobody says, or not as a number."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one pod asks for, and by which right."""

    queue: QueueName
    class_name: ClassName
    requests: Requests
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller of a pod or Job."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class NativePod:
    """A pod that is gated by chippool, or was sent to its node by it."""

    name: str
    """Of its workload."""
    wish: Wish
    created: float
    size: int = 0
    """Of its group, as its label says; 0 where it names none."""
    owner: Owner | None = None
    deployment: str = ""
    """Name of the Deployment behind its ReplicaSet."""
    held: bool = False
    assignment: Assignment | None = None
    """What its group was given, in the word of the pod's annotation."""


@dataclass(frozen=True, slots=True)
class NativeJob:
    """A Job whose template asks a queue for chips; its pods start together, `parallelism` of them."""

    wish: Wish
    parallelism: int
    completions: int | None
    owner: Owner | None
    grouped: bool
    """Its pods belong to a group of another name."""
    held: bool


@dataclass(frozen=True, slots=True)
class StatefulSetRecord:
    uid: str
    namespace: Namespace
    name: str
    created: float
    ordered: bool
    """It makes a pod only once the one before is Ready."""


def is_native(key: WorkloadKey) -> bool:
    """Whether it is no ChipWorkload's."""
    return ":" in key


def native_pod(metadata: Json, spec: Json) -> NativePod | None:
    """Return what a pod says; None for one that asks no queue, or that runs without chippool."""
    labels, said = metadata.get("labels") or {}, metadata.get("annotations") or {}
    queue, assignment = labels.get(names.QUEUE_NAME), assignment_of(said.get(names.ASSIGNMENT, ""))
    gated = any(gate["name"] == names.GATE for gate in spec.get("schedulingGates") or ())
    if not queue or not (gated or assignment):
        return None
    owner = owner_of(metadata)
    return NativePod(
        name=intern(_name(metadata, labels, owner)),
        wish=_wish(queue, spec, without="" if gated else HOSTNAME),
        created=time_of(metadata["creationTimestamp"]),
        size=_size(labels) if names.POD_GROUP in labels else 0,
        owner=owner,
        deployment=intern(_deployment(labels, owner)),
        held=names.HOLD in labels or names.HOLD in said,
        assignment=assignment,
    )


def native_job(raw: Json) -> NativeJob | None:
    """Return what a Job's template says; None for one that asks no queue, or is made for a ChipWorkload."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    template = spec.get("template") or {}
    said = template.get("metadata") or {}
    labels = said.get("labels") or {}
    if names.QUEUE_NAME not in labels or names.WORKLOAD in labels:
        return None
    marks = (labels, said.get("annotations") or {}, metadata.get("labels") or {}, metadata.get("annotations") or {})
    return NativeJob(
        wish=_wish(labels[names.QUEUE_NAME], template["spec"]),
        parallelism=spec.get("parallelism", 1),
        completions=spec.get("completions"),
        owner=owner_of(metadata),
        grouped=names.POD_GROUP in labels,
        held=any(names.HOLD in some for some in marks),
    )


def stateful_set(raw: Json) -> StatefulSetRecord:
    """Return what is kept of a StatefulSet."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    return StatefulSetRecord(
        metadata["uid"],
        Namespace(intern(metadata["namespace"])),
        metadata["name"],
        time_of(metadata["creationTimestamp"]),
        ordered=spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady",
    )


def owner_of(metadata: Json) -> Owner | None:
    """Return the controller of an object."""
    for entry in metadata.get("ownerReferences") or ():
        if entry.get("controller"):
            return _owner(entry.get("apiVersion", ""), entry["kind"], entry.get("name", ""), entry["uid"])
    return None


@lru_cache(maxsize=4096)
def _owner(api_version: str, kind: str, name: str, uid: str) -> Owner:
    return Owner(api_version, kind, name, uid)


def _name(metadata: Json, labels: Json, owner: Owner | None) -> str:
    if names.POD_GROUP in labels:
        return f"{GROUP}:{labels[names.POD_GROUP]}"
    return f"{JOB}:{owner.name}" if owner and owner.kind == "Job" else f"{POD}:{metadata['name']}"


def _size(labels: Json) -> int:
    text = labels.get(names.POD_GROUP_SIZE, "")
    return int(text) if text.isdecimal() and int(text) else NO_SIZE


def _deployment(labels: Json, owner: Owner | None) -> str:
    """A ReplicaSet is called after its Deployment and the hash of its template."""
    hashed = f"-{labels.get(TEMPLATE_HASH, '')}"
    if owner is None or owner.kind != "ReplicaSet" or len(hashed) == 1 or not owner.name.endswith(hashed):
        return ""
    return owner.name.removesuffix(hashed)


def _wish(queue: str, spec: Json, without: str = "") -> Wish:
    named = str(spec.get("priorityClassName") or "").removeprefix(names.SHADOW_PREFIX)
    return _shared(
        Wish(
            QueueName(intern(queue)),
            ClassName(intern(named)),
            pod_requests(spec),
            constraints_of(spec, without=without),
        )
    )


@lru_cache(maxsize=4096)
def _shared(wish: Wish) -> Wish:
    return wish
