"""What the mirror remembers of each API object: small frozen records, projected once from raw JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chippool.core.budget import Budget, Spent
from chippool.core.capacity import Purpose, Yields
from chippool.core.constraints import Constraints, Taint
from chippool.core.generations import ModelGeneration
from chippool.core.ids import Milli, Namespace, NodeName, PoolName, WorkloadKey
from chippool.core.model import Assignment, Class, Displaced, Outcome, Pool, Queue, Requests, Workload
from chippool.core.supply import Supply
from chippool.state.devices import NO_PARTS, Device, Parts
from chippool.state.native import NativeJob, NativePod

if TYPE_CHECKING:
    from chippool.state.native_groups import Native
    from chippool.state.sharing import ChipSharing
    from chippool.state.throughputs import PoolRatio


@dataclass(frozen=True, slots=True)
class PodRecord:
    uid: str
    namespace: Namespace
    name: str
    workload: str
    """Name of its workload: of a ChipWorkload or `native.name`; empty for everybody else's pods."""
    made_uid: str
    """uid of its controller: the Job; for a Deployment's pod the ReplicaSet; for a native pod without one its own."""
    node: str
    """Where it is bound or pinned; empty while it is neither."""
    bound: bool
    gated: bool
    other_gates: bool
    """It has gates that are not chippool's."""
    deleting: bool
    finished: bool
    succeeded: bool
    ready: bool
    ran: bool
    """It was Ready at some time."""
    requests: Requests
    """As kube-scheduler counts them, sidecars and overhead included; chips under their resource's name."""
    constraints: Constraints | None
    """Only kept for pending pods that are neither managed nor gated: kube-scheduler may place them at any moment."""
    index: int
    """Completion index of an Indexed Job's pod, else -1."""
    unschedulable: str
    """kube-scheduler's sentence while it can't place it."""
    error: str
    """What keeps it from being Ready, in the kubelet's words."""
    number: int = 0
    """Of a Deployment's pod, the order in which it came to its node: the highest goes first."""
    checkpointed_at: float | None = None
    """When it says that it last saved its work."""
    admission: str = ""
    """Of a service's pod: for which admission it was made."""
    parts: Parts = NO_PARTS
    """What it says of single chips, in a cluster that shares them."""
    running: bool = False
    gated_since: float | None = None
    """When it was made, while it is gated."""
    throughput: float = 0.0
    """What it says it does, in units a second of its own, to two digits; 0 where it says nothing."""
    native: NativePod | None = None
    """What it says of itself, where no ChipWorkload does."""
    moments: tuple[float | None, float | None, float | None] = (None, None, None)
    """Of a pod that has a workload: when it was bound, last became Ready, and ended, as it says, in whole seconds."""


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
    devices: Mapping[str, tuple[Device, ...]] = field(default_factory=dict)
    """Chips that are registered one by one, by the annotation that does."""
    unready_since: float | None = None
    """Since when it is not Ready, as its condition says; None while it is, or where it says nothing."""


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
    error: str = ""
    """Why a Deployment can't make its pods, in the API server's words."""
    ended_at: float = 0.0
    """When a Job completed, seconds since the epoch; 0 for all others."""
    created: float = 0.0
    native: NativeJob | None = None
    """What a Job of anybody's own says whose template asks a queue for chips."""


@dataclass(frozen=True, slots=True)
class WorkloadRecord:
    """A ChipWorkload: `view` has what decisions need, `spec` and `status` the rest as JSON (packed: they are many).

    Native pods that start together have one, too, made of what they say; `spec` and `status` are empty then.

    `view.displaced` is how its status says it lost its chips: for when it has no object that says so itself.
    """

    uid: str
    namespace: Namespace
    name: str
    version: str
    view: Workload
    spec: bytes
    status: bytes
    not_modelled: tuple[str, ...] = ()
    """Fields of the template, or of a variant's patch, that are left to kube-scheduler."""
    was_ready: float = 0.0
    """The admission (its admittedAt) in which its status says all replicas were Ready at some time; 0 for none."""
    native: "Native | None" = None
    purpose: Purpose = Purpose.TRAINING
    family: str = ""
    """Work that is alike: what its pods measure tells of the others; empty: of none."""


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """A ChipPool; `selector` are the labels its nodes must carry beside having the resource."""

    uid: str
    name: PoolName
    version: str
    generation: int
    view: Pool
    selector: tuple[tuple[str, str], ...]
    model: str
    status: bytes
    sharing: "ChipSharing | None" = None
    """How a share of its chips is asked for; None: they are given out whole."""
    yields: Yields = field(default_factory=Yields)
    supply: Supply | None = None


@dataclass(frozen=True, slots=True)
class QueueRecord:
    uid: str
    name: str
    version: str
    generation: int
    view: Queue
    status: bytes
    budget: Budget | None = None
    spent: Spent | None = None
    """Of its budget, as its status says."""
    model_generation: ModelGeneration | None = None


@dataclass(frozen=True, slots=True)
class ClassRecord:
    uid: str
    name: str
    view: Class


@dataclass(frozen=True, slots=True)
class NamespaceRecord:
    uid: str
    name: str
    labels: Mapping[str, str]
    deleting: bool


@dataclass(frozen=True, slots=True)
class Spoiled:
    """An object that exists and could not be understood."""

    kind: str
    namespace: str
    name: str
    error: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A gated pod that may go to its node: to be written as one patch."""

    pod_uid: str
    namespace: Namespace
    name: str
    workload: WorkloadKey
    node: NodeName
    hostname: str
    """Value of the node's label kubernetes.io/hostname."""
    other_gates: bool = False
    """It has gates of others too, which stay."""
    marks: tuple[tuple[str, str], ...] = ()
    """Annotations that say which chips of the node it is sent to."""
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A pinned pod that does not get onto its node: to be evicted, and the node to be avoided."""

    pod_uid: str
    namespace: Namespace
    name: str
    workload: WorkloadKey
    node: NodeName
    message: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A pod on a lost node, where no kubelet ends it: to be failed and removed."""

    pod_uid: str
    namespace: Namespace
    name: str
    workload: WorkloadKey
    node: NodeName
    since: float
    """Since when the node is not Ready."""


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """Milli-chips of a pool; they add up to `allocatable` while all its nodes are usable and none has lost chips.

    `allocated` are the chips of managed pods, and of admitted replicas without a pod; `free` counts only usable nodes.
    """

    nodes: int = 0
    installed: Milli = 0
    allocatable: Milli = 0
    allocated: Milli = 0
    releasing: Milli = 0
    free: Milli = 0
    unmanaged: Milli = 0
    lost: Milli = 0
    """In nodes that have not been Ready for so long that their replicas are placed elsewhere."""
    usable_nodes: int = 0
    free_whole: Milli = 0
    """Free chips on nodes that are free as a whole."""
    healthy: Milli = 0
    """Allocatable, and not in such nodes."""
    overlaps: tuple[PoolName, ...] = ()
    """Other pools that claim some of its nodes."""
    shared_node: str = ""
    """The first, by name, of the nodes that others claim too."""
    purposes: Mapping[Purpose, Milli] = field(default_factory=dict)
    """Chips that admitted workloads hold, by what they are for."""
    measured: "tuple[PoolRatio, ...]" = ()


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Milli-chips by pool: of admitted workloads, and of pending ones by their preferred variant's first pool."""

    used: Mapping[PoolName, Milli]
    pending: Mapping[PoolName, Milli]
    admitted_workloads: int = 0
    pending_workloads: int = 0
