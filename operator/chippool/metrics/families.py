"""Every metric there is: name, kind, labels and what it means; docs/reference/metrics.md is made from this file.

No label names a workload, pod or node: their number has no bound. Nodes have a page of their own, off by default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CYCLE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WAIT_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 86400.0, 7 * 86400.0)

Labels = tuple[str, ...]
Numbers = Mapping[Labels, float]


class Kind(StrEnum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric; a counter's `name` lacks the `_total` that is added when it is shown."""

    name: str
    kind: Kind
    help: str
    labels: Labels = ()
    buckets: tuple[float, ...] = ()

    @property
    def shown(self) -> str:
        """The name as queries write it, of a histogram the part before `_bucket`, `_sum` and `_count`."""
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name


def _gauge(name: str, help_text: str, *labels: str) -> Family:
    return Family(f"chippool_{name}", Kind.GAUGE, help_text, labels)


def _counter(name: str, help_text: str, *labels: str) -> Family:
    return Family(f"chippool_{name}", Kind.COUNTER, help_text, labels)


def _histogram(name: str, help_text: str, buckets: tuple[float, ...], *labels: str) -> Family:
    return Family(f"chippool_{name}", Kind.HISTOGRAM, help_text, labels, buckets)


COUNTED_STATES = ("installed", "allocatable", "allocated", "releasing", "free", "unmanaged", "lost")
"""Those that the mirror counts; the others follow from them."""
SUPPLY_STATES = ("owned", "healthy", "in_repair", "lost", "arriving")
DISPLACEMENT_KINDS = ("shrink", "migrate", "evict")

POOL_INFO = _gauge(
    "pool_info",
    "Always 1: what the chips of a pool are.",
    "pool", "model", "resource",
)  # fmt: skip
POOL_CHIPS = _gauge(
    "pool_chips",
    "Chips of a pool by state: installed, which is the sum of allocated (to managed work), releasing (their pods are "
    "ending), unmanaged (used by pods chippool does not manage), free (on usable nodes) and unusable (broken, or on "
    "nodes that are not Ready, cordoned or avoided). Beside these allocatable, which are the healthy ones; reserved, "
    "kept of the free ones for a class, for spares or for whoever is next; and lost, in nodes given up.",
    "pool", "state",
)  # fmt: skip
POOL_NODES = _gauge("pool_nodes", "Nodes of a pool: usable, or not Ready, cordoned or avoided.", "pool", "state")
POOL_FRAGMENTATION = _gauge(
    "pool_fragmentation_ratio",
    "Part of a pool's free chips that are on nodes of which something is in use: 0 where only whole nodes are free.",
    "pool",
)
POOL_PRICE = _gauge(
    "pool_shadow_price",
    "What one more chip of a pool would add, in workloads at their best speed: a mean in which a day ago counts 1/e.",
    "pool",
)
POOL_SUPPLY = _gauge(
    "pool_supply_chips",
    "Chips of a pool that states a supply: owned; healthy; in_repair, which are in nodes and not healthy; lost, which "
    "are owned and in no node; arriving, which are on order, each order at its probability.",
    "pool", "state",
)  # fmt: skip
POOL_EFFECTIVE = _gauge(
    "pool_effective_chips",
    "What the healthy chips of a pool are worth by purpose, in chips of the reference (H100-SXM5-80GB): relative speed "
    "x efficiency; no series: the speed is unknown.",
    "pool", "purpose",
)  # fmt: skip
POOL_EFFECTIVE_USED = _gauge(
    "pool_effective_chips_used", "Those that admitted workloads of the purpose hold.", "pool", "purpose"
)
DOMESTIC = _gauge(
    "domestic_effective_chips_ratio",
    "Part of all effective chips that pools of domestic origin have (spec.supply.origin).",
    "purpose",
)
RUNWAY = _gauge(
    "pool_runway_days",
    "Days until the demand for a pool passes its stock, after what fails and what arrives: expected (quantile 0.5) and "
    "the ends of the 80 % interval (0.1 and 0.9); 1095, which is as far as is looked, also where it is later. No "
    "series: demand of too few days is known, or this replica does not lead.",
    "pool", "quantile",
)  # fmt: skip
QUEUE_INFO = _gauge("queue_info", "Always 1: where a queue hangs; parent is empty at the top.", "queue", "parent")
QUEUE_USED = _gauge(
    "queue_used_chips", "Chips of admitted workloads of a queue and the queues below it.", "queue", "pool"
)
QUEUE_GUARANTEED = _gauge("queue_guaranteed_chips", "Chips a queue gets back whenever it needs them.", "queue", "pool")
QUEUE_BORROWED = _gauge("queue_borrowed_chips", "Chips a queue uses beyond its guarantee.", "queue", "pool")
QUEUE_LIMIT = _gauge("queue_limit_chips", "Chips a queue may use at most; no series: no limit.", "queue", "pool")
QUEUE_PENDING = _gauge(
    "queue_pending_chips",
    "Chips that waiting workloads of a queue and the queues below it ask for, by the first pool of the variant they "
    "prefer.",
    "queue", "pool",
)  # fmt: skip
QUEUE_SHARE = _gauge(
    "queue_share_ratio",
    "Weighted dominant share of a queue: the largest part it uses of any pool, divided by its weight.",
    "queue",
)
QUEUE_BUDGET = _gauge(
    "queue_budget_chip_seconds",
    "Chips x seconds a queue and those below it may use in a period of spec.budget.",
    "queue",
)
QUEUE_SPENT = _gauge(
    "queue_budget_used_chip_seconds", "Those used in the period that runs, as the queue's status says.", "queue"
)
QUEUE_WAIT = _gauge(
    "queue_longest_wait_seconds",
    "How long the workload has waited that waits longest in a queue or one below it; no series: nobody waits.",
    "queue",
)
WORKLOADS = _gauge(
    "workloads",
    "ChipWorkloads of a queue alone: pending, admitted (not all replicas Ready), ready, suspended or finished.",
    "queue", "priority_class", "state",
)  # fmt: skip
CLASS_CHIPS = _gauge(
    "class_chips",
    "Chips of a priority class: running, of admitted workloads; pending, by the first pool of the variant they prefer.",
    "priority_class", "pool", "state",
)  # fmt: skip
ADMISSION_WAIT = _histogram(
    "admission_wait_seconds",
    "Time from the creation, or the last displacement, of a workload to its admission.",
    WAIT_BUCKETS,
    "priority_class",
)
DISPLACEMENTS = _counter(
    "displacements",
    "Admitted workloads that lost chips to others, or went elsewhere, by kind: shrink, migrate or evict. Why, and who "
    "lost its chips for another reason, is among the decisions.",
    "priority_class", "kind",
)  # fmt: skip
WORK_LOST = _counter(
    "work_lost_seconds",
    "Work that displaced gangs must do again: what each had done since it last saved it, not multiplied by its chips.",
    "priority_class",
)
STINT_STATES = ("starting", "running", "lost")
LEDGER_POOL = _counter(
    "pool_chip_seconds",
    "Chips x seconds of pods that chippool placed, from bound to ended: starting, until they are Ready; running, from "
    "then on; and lost, the part of running since work was last saved by gangs that were displaced or failed. Since "
    "this replica leads, and what was to be made up for from before.",
    "pool", "purpose", "state",
)  # fmt: skip
LEDGER_EFFECTIVE = _counter(
    "pool_effective_chip_seconds",
    "The same in chips of the reference, as they were worth at the time; 0 where the speed is unknown.",
    "pool", "purpose", "state",
)  # fmt: skip
LEDGER_STOCK = _counter(
    "pool_stock_chip_seconds",
    "Chips x seconds of a pool: installed, healthy, and unmanaged, used by pods chippool does not manage. Idle are the "
    "healthy ones that were neither those nor held.",
    "pool", "state",
)  # fmt: skip
LEDGER_QUEUE = _counter(
    "queue_chip_seconds", "Those that workloads of a queue alone held, in any pool.", "queue", "state"
)
LEDGER_CLASS = _counter(
    "class_chip_seconds", "Those that workloads of a priority class held, in any pool.", "priority_class", "state"
)
LEDGER_DOUBT = _counter(
    "pool_doubtful_chip_seconds",
    "By how much those held in a pool may be wrong, either way: what ended while no operator looked.",
    "pool",
)
DECISIONS = _counter("decisions", "Decisions taken and accepted.", "kind", "reason")
HOLDS = _gauge("holds", "ChipWorkloads that wait, by reason.", "reason")
CYCLE = _histogram("cycle_seconds", "Time of one decision cycle, waiting for changes not included.", CYCLE_BUCKETS)
CYCLE_FAILURES = _counter("cycle_failures", "Decision cycles that ended in an error.")
UNSTUCK = _counter("pods_unstuck", "Pinned pods that were not bound in time and evicted.")
LOST = _counter("pods_lost", "Pods of lost nodes that were failed and removed.")
FEED_AGE = _gauge("feed_age_seconds", "Time since the API server was last heard; stale beyond 180 s.", "kind")
FEED_EVENTS = _counter("feed_events", "Changes the API server told of.", "kind")
FEED_RESTARTS = _counter("feed_restarts", "Watches begun anew.", "kind", "reason")
FEED_SPOILED = _gauge("feed_spoiled_objects", "Objects that exist and could not be understood.", "kind")
WRITES = _counter("writes", "Writes to the API server, by what became of them.", "kind", "outcome")
WRITE_RETRIES = _counter("write_retries", "Writes tried again because the API server was away or busy.")
WRITES_PENDING = _gauge("writes_pending", "Writes waiting or in flight.", "urgency")
LEADER = _gauge("leader", "1 where this replica holds the Lease.")
BUILD_INFO = _gauge("build_info", "Always 1: what runs.", "version", "python")

SECTIONS: Mapping[str, tuple[Family, ...]] = {
    "Pools": (POOL_INFO, POOL_CHIPS, POOL_NODES, POOL_FRAGMENTATION, POOL_PRICE),
    "The stock": (POOL_SUPPLY, POOL_EFFECTIVE, POOL_EFFECTIVE_USED, DOMESTIC, RUNWAY),
    "Queues": (
        QUEUE_INFO,
        QUEUE_USED,
        QUEUE_GUARANTEED,
        QUEUE_BORROWED,
        QUEUE_LIMIT,
        QUEUE_PENDING,
        QUEUE_SHARE,
        QUEUE_WAIT,
        QUEUE_BUDGET,
        QUEUE_SPENT,
    ),
    "The ledger": (LEDGER_POOL, LEDGER_EFFECTIVE, LEDGER_STOCK, LEDGER_QUEUE, LEDGER_CLASS, LEDGER_DOUBT),
    "Workloads and priority classes": (WORKLOADS, CLASS_CHIPS, ADMISSION_WAIT, DISPLACEMENTS, WORK_LOST),
    "Decisions": (DECISIONS, HOLDS, CYCLE, CYCLE_FAILURES, UNSTUCK, LOST),
    "The operator and the API server": (
        FEED_AGE,
        FEED_EVENTS,
        FEED_RESTARTS,
        FEED_SPOILED,
        WRITES,
        WRITE_RETRIES,
        WRITES_PENDING,
        LEADER,
        BUILD_INFO,
    ),
}
NODE_CHIPS = _gauge(
    "node_chips",
    "Chips of a node by state: installed, allocatable, free where the node is usable, releasing, unmanaged.",
    "node", "pool", "state",
)  # fmt: skip
NODE_USABLE = _gauge("node_usable", "1 where a node is Ready, not cordoned and not avoided.", "node", "pool")
OF_NODES: tuple[Family, ...] = (NODE_CHIPS, NODE_USABLE)
"""Only on /metrics/nodes, and only where it was asked for."""
FAMILIES: tuple[Family, ...] = tuple(family for section in SECTIONS.values() for family in section)
