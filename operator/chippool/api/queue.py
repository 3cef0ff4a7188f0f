"""ChipQueue: a team or tenant, and how many chips of each pool it may hold."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from chippool.api.conditions import Conditions
from chippool.api.model import ApiModel, LabelValue, Metadata, ObjectName, rule, rules

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
    """What the queue may hold of one pool."""

    pool_name: ObjectName
    """The ChipPool."""
    limit: int = Field(ge=0, le=10_000_000)
    """Chips its workloads may hold at most."""


class QueueSpec(ApiModel):
    """Who may use the queue, and how much it may hold."""

    namespace_selector: LabelSelector | None = None
    """Workloads of these namespaces may use the queue. Left out: none; empty: those of all namespaces."""
    priority_class_names: tuple[ObjectName, ...] = Field(min_length=1, max_length=64, json_schema_extra=CLASSES)
    """Priority classes its workloads may use."""
    quotas: tuple[Quota, ...] = Field(
        default=(), max_length=256, json_schema_extra=rules(list_type="map", list_map_keys=["poolName"])
    )
    """How many chips of a pool it may hold. A pool that is not listed has no limit."""


class QueuePool(ApiModel):
    """The queue's chips in one pool."""

    pool_name: ObjectName
    """The ChipPool."""
    used: int = Field(default=0, ge=0)
    """Chips its admitted workloads hold."""
    pending: int = Field(default=0, ge=0)
    """Chips its waiting workloads ask for, each in the first pool of its first variant."""


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
    conditions: Conditions = ()
    """Ready: everything the spec names exists."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec this was said of."""


class ChipQueue(ApiModel):
    """A team or tenant: whose workloads it takes, of which priority classes, and how many chips they may hold."""

    api_version: Literal["chippool.io/v1alpha1"] = "chippool.io/v1alpha1"
    kind: Literal["ChipQueue"] = "ChipQueue"
    metadata: Metadata
    spec: QueueSpec
    status: QueueStatus = Field(default_factory=QueueStatus)
