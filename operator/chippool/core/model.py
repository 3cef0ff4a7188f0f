"""What the core knows of a cluster: plain frozen records, made by `chippool.state` and by nobody else.

Chips are milli-chips; `cpu` is in millicores, every other resource in its own whole unit (bytes, pods, devices);
times are seconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from chippool.core.constraints import Constraints, Requirement, Taint, Within
from chippool.core.ids import ClassName, Milli, Namespace, NodeName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.reasons import Reason
from chippool.core.shares import Shares
from chippool.core.supply import RESOLD, Resale

Requests = tuple[tuple[str, int], ...]
"""Resources one replica asks for beside its chips, sorted by name; `pods: 1` is always among them."""


class Mode(StrEnum):
    GANG = "Gang"
    SERVICE = "Service"


@dataclass(frozen=True, slots=True)
class Ask:
    """What one replica needs of a node; its hash is kept, since a plan looks asks up by the hundred thousand."""

    chips: Milli
    requests: Requests
    constraints: Constraints
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.chips, self.requests, self.constraints)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Node:
    """A node with what is left on it.

    `free` and `room` count what terminating pods hold as free already; `leaving` is that share of the chips.
    Pods of anybody, and replicas that are admitted and not there yet, are taken off.
    """

    name: NodeName
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    usable: bool
    """Ready and not cordoned."""
    pools: tuple[PoolName, ...]
    """The pools that claim it; more than one is an error and nothing new is put there."""
    installed: Milli
    allocatable: Milli
    free: Milli
    leaving: Milli
    unmanaged: Milli
    capacity: Mapping[str, int]
    """Allocatable of everything but the pool's chips."""
    room: Mapping[str, int]
    shares: Shares = ()
    """Chips of it that fractions are on; `free` counts what is idle of them too."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a pool, and how; `classes` None means all of them."""

    classes: frozenset[ClassName] | None = None
    external: bool = False
    """For External queues; else for Internal ones."""
    scavenge: bool = False
    """Only what nobody with Own access waits for, and given back at once."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Chips of a pool kept free below a class; `spares` replace lost replicas of any class."""

    chips: Milli
    class_name: ClassName
    spares: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    name: PoolName
    resource: str
    access: tuple[Access, ...] = ()
    """The first entry that matches counts; none at all lets every Internal queue in."""
    deleting: bool = False
    reserve: tuple[Reserve, ...] = ()
    topology: tuple[str, ...] = ()
    """Labels of nodes, from wide to narrow."""
    fractions: frozenset[Milli] = frozenset()
    """The shares of a chip that can be asked for; none where chips are given out whole."""
    by_share: frozenset[str] = frozenset()
    """Resources that say how much of its chips a pod asks for: no room beside chips."""
    resale: Resale = RESOLD


@dataclass(frozen=True, slots=True)
class Queue:
    name: QueueName
    class_names: frozenset[ClassName]
    namespace_selector: tuple[Requirement, ...] | None
    """None selects no namespace, empty selects all."""
    limits: Mapping[PoolName, Milli] = field(default_factory=dict)
    """A pool that is not listed has no limit, or 0 in a closed queue."""
    deleting: bool = False
    parent: QueueName | None = None
    weight: int = 1
    external: bool = False
    guaranteed: Mapping[PoolName, Milli] = field(default_factory=dict)
    """A pool that is not listed is guaranteed what the children are, together."""
    closed: bool = False
    min_runtime_cap: float = inf
    cooldown_cap: float = inf
    overspent: bool = False  # past its budget of this period


@dataclass(frozen=True, slots=True)
class Class:
    """A PriorityClass; `preempts` is false for `preemptionPolicy: Never`."""

    name: ClassName
    value: int
    preempts: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a workload; `ask` counts chips of whichever of its pools is taken."""

    name: VariantName
    pools: tuple[PoolName, ...]
    replicas: int
    ask: Ask
    speed: float = 1.0
    """Output of one replica, relative to one of the first variant's."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an admitted workload was given; the annotation of its object says the same."""

    variant: VariantName
    pool: PoolName
    replicas: int
    admitted_at: float


@dataclass(frozen=True, slots=True)
class Displaced:
    """How a workload last lost its chips; kept on its object."""

    at: float
    reason: Reason
    by: WorkloadKey | None
    count: int
    not_started: int
    """Times in a row it was admitted and did not start."""
    generation: int
    """The workload's generation at that time."""
    message: str = ""
    variant: VariantName | None = None
    """What it ran as."""
    earlier: tuple[tuple[WorkloadKey, float], ...] = ()
    """By whom else and when, as far back as it matters."""
    kept: int = 0
    """Replicas it went on with, where it was only shrunk."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the made object ended."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A user's mistake that only shows beside the rest of the cluster."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A ChipWorkload with what the cluster shows of it."""

    key: WorkloadKey
    uid: str
    generation: int
    namespace: Namespace
    queue: QueueName
    class_name: ClassName
    mode: Mode
    replicas: int
    """Of the spec; a variant may name its own number."""
    variants: tuple[Variant, ...]
    created: float
    start_timeout: float
    min_replicas: int | None = None
    """Those it starts with at least and is never shrunk below; None: all of them."""
    max_runtime: float | None = None
    suspend: bool = False
    deleting: bool = False
    finished: bool = False
    """Its Finished condition says so: for good."""
    problems: tuple[Problem, ...] = ()
    assignment: Assignment | None = None
    displaced: Displaced | None = None
    outcome: Outcome | None = None
    active: bool = False
    """Its object would run pods: neither suspended nor at 0 replicas nor ended."""
    placed: tuple[NodeName, ...] = ()
    """A node per replica that is bound or pinned and not terminating."""
    reserved: tuple[NodeName, ...] = ()
    """A node per replica that is decided and has no pod there yet."""
    seats: tuple[int, ...] = ()
    """Of fractions, the chip of each replica in `placed` and then `reserved`, by its number in `Node.shares`."""
    indexes: tuple[int, ...] = ()
    """Of elastic work, which replica each in `placed` and then `reserved` is; the highest goes first. Else in order."""
    size: int | None = None
    """Of a gang that waits and some of whose indexes have succeeded: the replicas it ran with, and needs again."""
    missing: int = 0
    """Replicas of its assignment that are neither placed, reserved nor succeeded."""
    succeeded: int = 0
    ready: int = 0
    outgoing: int = 0
    """Ready replicas of a service that moves which run until the new ones are Ready; not among the others."""
    started: bool = False
    """All its replicas were Ready at some time since it was admitted."""
    clock: float = 0.0
    """Since when its start counts: its admission, or the last moment it waited for releasing chips."""
    error: str = ""
    """What keeps its pods from being Ready, in the cluster's own words."""
    min_runtime: float = 0.0
    cooldown: float = 0.0
    """Not displaced so soon after its admission, and after its last displacement; its queue may allow less."""
    checkpoint_interval: float | None = None
    checkpointed_at: float | None = None
    """When its pods last said that they saved their work."""
    topology: Within | None = None
    replace_timeout: float = 600.0
    stays_put: bool = False
    """It may be displaced, and is never moved: whoever made its pods knows nothing of moving."""
    short_since: float | None = None
    """Since when pods wait in the place of replicas that are missing, while there are any."""


@dataclass(frozen=True, slots=True)
class Bystander:
    """A pending pod that chippool does not manage and kube-scheduler may put on a node at any moment."""

    resources: Requests
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class NamespaceView:
    labels: Mapping[str, str]
    deleting: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What a pool's arrivals taught (`core.worth`); the default knows nothing: a part of a chip is worth its share."""

    table: tuple[int, ...] = tuple(range(0, 1_000_001, 10_000))
    """Worth of a hole by hundredths of a chip that are idle, in millionths of a chip."""
    typical: Mapping[str, int] = field(default_factory=dict)
    """What goes with one chip of each other resource, in the units of `Requests`."""
    loads: tuple[tuple[Constraints, Milli], ...] = ()
    """Milli-chips asked for under the same constraints, the heaviest first."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view of the cluster; nothing in it changes once it is made."""

    nodes: Mapping[NodeName, Node]
    pools: Mapping[PoolName, Pool]
    queues: Mapping[QueueName, Queue]
    classes: Mapping[ClassName, Class]
    namespaces: Mapping[Namespace, NamespaceView]
    workloads: Mapping[WorkloadKey, Workload]
    bystanders: tuple[Bystander, ...] = ()
    worths: Mapping[PoolName, Worth] = field(default_factory=dict)
    """What was learnt of each pool's demand; of a pool that is not listed, nothing."""
    runtimes: Mapping[QueueName, float] = field(default_factory=dict)
    """Seconds that gangs of a queue typically took; of a queue that is not listed, nobody knows."""
