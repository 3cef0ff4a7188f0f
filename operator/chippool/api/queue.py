"""ChipQueue: a team or tenant, and how many chips of each pool it may hold."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from chippool.api.chips import ChipCount
from chippool.api.conditions import Conditions
from chippool.api.duration import Duration, duration_or_zero
from chippool.api.model import ApiModel, LabelValue, Metadata, ObjectName, Tenancy, rule, rules
from chippool.api.names import COOLDOWN_CAP, MIN_RUNTIME_CAP
from chippool.api.stock import Factor
from chippool.api.usage import EffectiveHours

CLASSES = rules(
    rule(
        "self.all(name, !name.startsWith('system-'))",
        "priorityClassNames must not name system classes: those are for the cluster's own components",
        reason="FieldValueForbidden",
    ),
    rule(
        "self.all(name, !name.startsWith('chippool-'))",
        "priorityClassNames must not name chippool-CLASS, the operator's own copy: name CLASS itself",
        reason="FieldValueForbidden",
    ),
    list_type="set",
)
EXPRESSION = rules(
    rule(
        "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0"
        " : !has(self.values) || size(self.values) == 0",
        "values are needed with the operators In and NotIn, and must be left out with Exists and DoesNotExist",
    )
)

QUOTA = rules(
    rule(
        "has(self.guaranteed) || has(self.limit)",
        "a quota needs guaranteed, limit or both; leave a pool out that has neither",
    ),
    rule(
        "!has(self.guaranteed) || !has(self.limit) || self.guaranteed <= self.limit",
        "guaranteed must not be more than limit",
        fieldPath=".guaranteed",
    ),
)
CHIP_HOURS = rules(
    rule(
        "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
        'chipHours must be a number above zero, such as "12000"',
    )
)
EFFECTIVE_CHIP_HOURS = rules(
    rule(
        "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
        'effectiveChipHours must be a number above zero, such as "30e6": in hours of one H100-SXM5-80GB',
    )
)
NOT_ITS_OWN_PARENT = rules(
    rule(
        "!has(self.spec.parentName) || self.spec.parentName != self.metadata.name",
        "parentName must name another queue; leave it out for a queue at the top",
        fieldPath=".spec.parentName",
    )
)


class SelectorRequirement(ApiModel):
    """A condition on one label."""

    model_config = ConfigDict(json_schema_extra=EXPRESSION)

    key: str = Field(min_length=1, max_length=317)
    """The label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label's value relates to `values`."""
    values: tuple[LabelValue, ...] = Field(default=(), max_length=64, json_schema_extra=rules(list_type="atomic"))
    """For In and NotIn."""


class LabelSelector(ApiModel):
    """Labels to look for (metav1.LabelSelector); an empty one matches everything."""

    match_labels: Mapping[str, LabelValue] = Field(default_factory=dict, max_length=64)
    """All of these labels, each with its value."""
    match_expressions: tuple[SelectorRequirement, ...] = Field(
        default=(), max_length=64, json_schema_extra=rules(list_type="atomic")
    )
    """All of these conditions."""


class Quota(ApiModel):
    """What the queue is promised of one pool, and what it may hold of it."""

    model_config = ConfigDict(json_schema_extra=QUOTA)

    pool_name: ObjectName
    """The ChipPool."""
    guaranteed: int | None = Field(default=None, ge=0, le=10_000_000)
    """Chips it gets back from those who borrow them. Left out: what the queues below it are guaranteed, together."""
    limit: int | None = Field(default=None, ge=0, le=10_000_000)
    """Chips its workloads, and those of the queues below it, may hold at most. Left out: no limit."""


class Budget(ApiModel):
    """Chip-hours the queue, and those below it, may use in a period; past that they scavenge."""

    chip_hours: str = Field(min_length=1, max_length=16, json_schema_extra=CHIP_HOURS)
    """A chip held for an hour, whatever it does, is one; of all pools together."""
    period: Literal["Day", "Week", "Month"] = "Month"
    """From midnight UTC; a week begins on Monday, a month on its first day."""


class ModelGeneration(ApiModel):
    """What training one generation of a model takes; `chippool forecast` says how many more the stock carries."""

    effective_chip_hours: str = Field(min_length=1, max_length=16, json_schema_extra=EFFECTIVE_CHIP_HOURS)
    """Of the next one, in chip-hours of the reference (H100-SXM5-80GB), as in status.effectiveChips of pools."""
    growth: Factor = "1"
    """What each takes beside the one before it: "2" is twice as much."""
    days: int = Field(default=180, ge=7, le=1095)
    """Within which one is trained; the next one follows."""


class DisruptionLimits(ApiModel):
    """What its workloads may ask for at most."""

    min_runtime: Duration = Field(default=MIN_RUNTIME_CAP, json_schema_extra=rules(duration_or_zero("minRuntime")))
    """Of spec.disruption.minRuntime."""
    cooldown: Duration = Field(default=COOLDOWN_CAP, json_schema_extra=rules(duration_or_zero("cooldown")))
    """Of spec.disruption.cooldown."""


class QueueSpec(ApiModel):
    """Who may use the queue, and how much it may hold."""

    namespace_selector: LabelSelector | None = None
    """Workloads of these namespaces may use the queue. Left out: none; empty: those of all namespaces."""
    priority_class_names: tuple[ObjectName, ...] = Field(min_length=1, max_length=64, json_schema_extra=CLASSES)
    """Priority classes its workloads may use."""
    parent_name: ObjectName | None = None
    """The queue above it, whose limits hold for it too. Left out: it stands at the top."""
    tenancy: Tenancy = "Internal"
    """External: capacity resold to a customer. Only pools whose access says so let it in; it gives back first."""
    weight: int = Field(default=1, ge=1, le=1_000_000)
    """Its part of what is left over, beside its sisters: of equal priority, the smallest use / weight goes first."""
    quotas: tuple[Quota, ...] = Field(
        default=(), max_length=256, json_schema_extra=rules(list_type="map", list_map_keys=["poolName"])
    )
    """What it is guaranteed of a pool, and how much it may hold. A pool that is not listed has no limit."""
    closed: bool = False
    """It may hold nothing of pools that quotas does not list."""
    budget: Budget | None = None
    """Chip-hours of a period. Past it, its workloads get only what nobody else waits for, and give it back at once,
    whatever the priority; nothing is stopped. Left out: no budget.
    """
    model_generation: ModelGeneration | None = None
    """What training one model generation takes, of a queue for training. It changes no decision."""
    disruption_limits: DisruptionLimits | None = None
    """What its workloads may ask for at most. Left out: minRuntime 30m, cooldown 5m."""


class QueuePool(ApiModel):
    """The queue's chips in one pool."""

    pool_name: ObjectName
    """The ChipPool."""
    used: ChipCount = 0
    """Chips its admitted workloads hold, and those of the queues below it."""
    guaranteed: ChipCount = 0
    """Chips it is guaranteed: what it was promised, or its fair part where more was promised than there is."""
    borrowed: ChipCount = 0
    """Chips it holds beyond that."""
    pending: ChipCount = 0
    """Chips the waiting workloads ask for, each in the first pool of its first variant."""


class QueueBudget(ApiModel):
    """What the queue has used of its budget."""

    period_start: str = Field(json_schema_extra={"format": "date-time"})
    """When the running period began."""
    used_chip_hours: str = Field(max_length=32)
    """Chip-hours used in it, those of the queues below included; told in steps of a thousandth of the budget."""
    counted_until: str = Field(json_schema_extra={"format": "date-time"})
    """Until when they are counted. Another operator goes on from here, with what is still held."""


class QueueUsage(ApiModel):
    """What the queue, and those below it, have used, as the ledger has it; told at most every five minutes."""

    period_start: str = Field(json_schema_extra={"format": "date-time"})
    """When the running period began: that of its budget, else the month."""
    counted_until: str = Field(json_schema_extra={"format": "date-time"})
    """Until when it is counted."""
    chip_hours: EffectiveHours
    """Chips x hours of its pods, from bound to ended."""


class QueueStatus(ApiModel):
    """What the cluster shows of the queue; at most 10 s old."""

    admitted_workloads: int = Field(default=0, ge=0)
    """Workloads that hold chips."""
    pending_workloads: int = Field(default=0, ge=0)
    """Workloads that wait for chips."""
    pools: tuple[QueuePool, ...] = Field(
        default=(), max_length=1024, json_schema_extra=rules(list_type="map", list_map_keys=["poolName"])
    )
    """Its chips by pool."""
    share: str = Field(default="0", max_length=16)
    """The largest part of a pool it uses, divided by its weight: of equal priority, the smallest goes first."""
    budget: QueueBudget | None = None
    """What it has used of spec.budget."""
    usage: QueueUsage | None = None
    """What it has used, and what came of it."""
    conditions: Conditions = ()
    """Ready: everything the spec names exists. Oversubscribed: its guarantees are more than can be kept.

    OverBudget: its budget is spent, and it scavenges.
    """
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec this was said of."""


class ChipQueue(ApiModel):
    """A team or tenant: whose workloads it takes, of which priority classes, and how many chips they may hold."""

    model_config = ConfigDict(json_schema_extra=NOT_ITS_OWN_PARENT)

    api_version: Literal["chippool.io/v1alpha1"] = "chippool.io/v1alpha1"
    kind: Literal["ChipQueue"] = "ChipQueue"
    metadata: Metadata
    spec: QueueSpec
    status: QueueStatus = Field(default_factory=QueueStatus)
