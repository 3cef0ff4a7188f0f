"""Names chippool puts on objects, and the bounds a schema gives to names."""

GROUP = "chippool.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

ASSIGNMENT = "chippool.io/assignment"
"""Annotation of a made object, or of native pods and Jobs: JSON {variant, pool, replicas, admittedAt}; who has it is
admitted."""
DISPLACED = "chippool.io/displaced"
"""Annotation of a made object: JSON {at, by, reason, count, notStarted, generation, …}; how it last lost its chips."""
RENDERED = "chippool.io/rendered"
"""Annotation of a made object: digest of what it was rendered from."""
CHECKPOINTED_AT = "chippool.io/checkpointed-at"
"""Annotation of a pod, set by itself: when it last saved its work, as RFC 3339."""
THROUGHPUT = "chippool.io/throughput"
"""Annotation of a pod, set by itself: what it does, in units a second; any unit, the same for the family's pods of a
namespace."""
FAMILY = "chippool.io/family"
"""Label of a ChipWorkload: work that is alike, whose throughput on one chip and another compares them."""
CHIPS = "chippool.io/chips"
"""Annotation of a pod in a pool with shared chips: the chips of its node it was sent to, by id or number."""
ADMITTED_AT = "chippool.io/admitted-at"
"""Annotation of a service's pods: the admission they were made for, as its assignment says it. While a service moves,
it tells the new replicas from the old ones, which run on until those are Ready."""
WORKLOAD = "chippool.io/workload"
"""Label of made objects and their pods: the name of their ChipWorkload."""
POOL = "chippool.io/pool"
"""Label of pods, from the moment they are sent to a node: the ChipPool; it joins metrics of chips with chippool's."""
GATE = "chippool.io/placement"
"""Scheduling gate of pods that wait for their node."""
QUEUE_NAME = "chippool.io/queue-name"
"""Label of a pod of anybody's own: the ChipQueue it asks for its chips."""
POD_GROUP = "chippool.io/group"
POD_GROUP_SIZE = "chippool.io/group-size"
"""Labels of such pods that start together, and how many of them there are."""
HOLD = "chippool.io/hold"
"""Label or annotation that keeps such pods, or a Job's, out of the queue."""
FINALIZER = "chippool.io/in-use"
"""On pools and queues that something still uses."""

SHADOW_PREFIX = "chippool-"
"""`chippool-CLASS` is the operator's copy of a PriorityClass, which never makes kube-scheduler preempt."""
COORDINATOR = "CHIPPOOL_COORDINATOR"
"""Environment variable of a gang's pods: the address of replica 0."""

NAME_LIMIT = 52
"""Of a ChipWorkload's name: a pod's host name adds an index, and has 63 characters."""
LABEL_LIMIT = 63
SUBDOMAIN_LIMIT = 253

EXTERNAL = "External"
"""Tenancy of those to whom capacity is resold."""
SCAVENGE = "Scavenge"
"""Use of a pool that takes only what nobody else waits for."""
MIN_RUNTIME_CAP = "30m"
COOLDOWN_CAP = "5m"
"""What a queue allows its workloads to ask for if it does not say: else a tenant could ask never to be displaced."""
