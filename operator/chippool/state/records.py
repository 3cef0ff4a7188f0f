"""What the mirror remembers of each API object: small frozen records, projected once from raw JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from chippool.core.ids import Namespace
from chippool.core.model import Assignment, Constraints, Displaced, Outcome, Requests, Taint, Workload


@dataclass(frozen=True, slots=True)
class PodRecord:
    uid: str
    namespace: Namespace
    name: str
    workload: str
    """Name of its ChipWorkload, or empty for everybody else's pods."""
    made_uid: str
    """uid of its controller: the Job; for a Deployment's pod the ReplicaSet."""
    node: str
    """Where it is bound or pinned; empty while it is neither."""
    bound: bool
    gated: bool
    deleting: bool
    finished: bool
    succeeded: bool
    ready: bool
    ran: bool
    """It was Ready at some time."""
    requests: Requests
    """As kube-scheduler counts them: containers, sidecars, init containers, overhead; chips under their resource's name."""
    constraints: Constraints | None
    """Only kept for pending pods that are neither managed nor gated: kube-scheduler may place them at any moment."""
    index: int
    """Completion index of an Indexed Job's pod, else -1."""
    pinned_since: float
    """When the cluster first showed it pinned and unbound, by its PodScheduled condition; 0 otherwise."""
    unschedulable: str
    """kube-scheduler's sentence while it can't place it."""
    error: str
    """What keeps it from being Ready, in the kubelet's words."""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    uid: str
    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    ready: bool
    cordoned: bool
    capacity: Mapping[str, int]
    """Chips in devices, cpu in millicores, the rest in its own unit."""
    allocatable: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MadeRecord:
    """A Job or a Deployment, anybody's."""

    uid: str
    kind: str
    namespace: Namespace
    name: str
    version: str
    owner_uid: str
    """uid of the ChipWorkload that controls it, or empty."""
    deleting: bool
    assignment: Assignment | None
    displaced: Displaced | None
    rendered: str
    """The hash of the template it was rendered from (annotation), to see whether it can be resumed as it is."""
    suspended: bool
    """Job suspended, or Deployment at 0."""
    replicas: int
    succeeded: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class WorkloadRecord:
    """A ChipWorkload: `view` has what decisions need, `spec` and `status` the rest as JSON (kept packed: they are many)."""

    uid: str
    namespace: Namespace
    name: str
    version: str
    view: Workload
    spec: bytes
    status: bytes


@dataclass(frozen=True, slots=True)
class NamespaceRecord:
    uid: str
    name: str
    labels: Mapping[str, str]
    deleting: bool
