"""ChipPool: all chips of one model in the cluster."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chippool.api.chips import ChipCount
from chippool.api.conditions import Conditions
from chippool.api.hami import DIALECTS
from chippool.api.model import ApiModel, LabelKey, LabelValue, Metadata, ObjectName, Tenancy, rule, rules
from chippool.api.stock import EffectiveChips, Efficiency, MeasuredRatio, RelativeSpeed, Runway, Supply, SupplyStatus

SELECTOR = rules(
    rule("self.all(key, size(key) > 0 && size(key) <= 317)", "nodeSelector has a key that is no label name")
)
LEVELS = rules(
    rule("self.all(level, self.exists_one(other, other == level))", "topology names a level twice"), list_type="atomic"
)
RESOURCE = rules(
    rule(
        "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$')"
        " && !self.contains('kubernetes.io/')",
        "chip.resourceName must be the extended resource the device plugin advertises, such as nvidia.com/gpu",
    ),
    rule(
        "self == oldSelf",
        "chip.resourceName can't change: make another pool for other chips, move the work, delete this one",
        reason="FieldValueForbidden",
    ),
)
SHARED = rule(
    f"!has(self.sharing) || self.chip.resourceName in {sorted(DIALECTS)}",
    f"sharing by HAMi is known for chip.resourceName {', '.join(sorted(DIALECTS))}; leave sharing out for other chips",
    fieldPath=".sharing",
)


class Chip(ApiModel):
    """The accelerator, as its vendor's device plugin advertises it."""

    vendor: str = Field(min_length=1, max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    """Who makes it, in lower case: nvidia, huawei, amd, cambricon, hygon, kunlunxin, metax, …"""
    model: str = Field(min_length=1, max_length=63)
    """What it is called, such as H800-SXM5-80GB: by this name the built-in catalogue may know how fast it is."""
    resource_name: str = Field(min_length=3, max_length=253, json_schema_extra=RESOURCE)
    """The extended resource pods ask for. It need not identify the model: H800 and H20 are both nvidia.com/gpu."""
    memory_gib: int | None = Field(default=None, ge=1, le=1_000_000, alias="memoryGiB")
    """Memory of one chip, in GiB."""
    bf16_tflops: int | None = Field(default=None, ge=1, le=1_000_000)
    """Dense BF16 peak of one chip, in TFLOPS."""
    memory_bandwidth_gbs: int | None = Field(default=None, ge=1, le=1_000_000, alias="memoryBandwidthGBs")
    """Memory bandwidth of one chip, in GB/s."""
    interconnect_gbs: int | None = Field(default=None, ge=1, le=1_000_000, alias="interconnectGBs")
    """Bandwidth of one chip to the others of its node, in GB/s."""
    relative_speed: RelativeSpeed | None = None
    """What one chip does beside one H100-SXM5-80GB, by purpose. Left out: what bf16Tflops and the catalogue say."""


class Access(ApiModel):
    """Who may use the pool, and how."""

    priority_class_names: tuple[ObjectName, ...] | None = Field(
        default=None, min_length=1, max_length=64, json_schema_extra=rules(list_type="set")
    )
    """Work of these priority classes may. Left out: of any."""
    tenancy: Tenancy = "Internal"
    """Of queues of this tenancy; External queues get in only where an entry says so."""
    use: Literal["Own", "Scavenge"] = "Own"
    """Scavenge: only chips that nobody with Own waits for, and given back at once, whatever the priority."""


class Reserve(ApiModel):
    """Chips kept free for what is to come."""

    chips: int = Field(ge=1, le=10_000_000)
    """So many chips stay free."""
    priority_class_name: ObjectName
    """Below this class; work of it, and above, may have them."""
    spares: bool = False
    """They may replace lost replicas of any class too."""


class PoolSharing(ApiModel):
    """How a share of a chip is asked for."""

    type: Literal["HAMi"] = Field(json_schema_extra={"enum": ["HAMi"]})
    """HAMi: by the resource names of HAMi, whose device plugin and scheduler the cluster has."""
    split_count: int | None = Field(default=None, ge=2, le=100)
    """How many may share a chip, which is how often a node's resource counts it (HAMi's deviceSplitCount).

    Nodes that register their devices say so themselves. Left out: 10 for NVIDIA, for Ascend what its templates give.
    """


class PoolSpec(ApiModel):
    """What the pool is made of and who may use it."""

    model_config = ConfigDict(json_schema_extra=rules(SHARED))

    chip: Chip
    """What one chip of the pool is."""
    node_selector: Annotated[Mapping[str, LabelValue], Field(min_length=1, max_length=16, json_schema_extra=SELECTOR)]
    """A node is in the pool if it has all these labels and the chip's resource. A node in two pools is in neither."""
    access: tuple[Access, ...] = Field(default=(), max_length=32, json_schema_extra=rules(list_type="atomic"))
    """Who may use the pool, the first match wins. Left out: every Internal queue, as its own."""
    reserve: tuple[Reserve, ...] = Field(default=(), max_length=32, json_schema_extra=rules(list_type="atomic"))
    """Chips kept free below a priority class."""
    topology: tuple[LabelKey, ...] = Field(default=(), max_length=8, json_schema_extra=LEVELS)
    """Labels of its nodes that say how near they are to each other, from wide to narrow, such as zone, then rack.

    Ranks of a gang follow them, and spec.topology of a workload names one.
    """
    sharing: PoolSharing | None = None
    """How a share of a chip is asked for. Left out: chips are given out whole."""
    efficiency: Efficiency | None = None
    """What software makes of a chip, by purpose. Left out: 1."""
    supply: Supply | None = None
    """The stock as its owner counts it, and its outlook. Left out: what is in the nodes is all there is."""


class PoolChips(ApiModel):
    """Chips by what becomes of them."""

    installed: ChipCount = 0
    """In the nodes (their capacity)."""
    allocatable: ChipCount = 0
    """Healthy, as the device plugin counts them."""
    allocated: ChipCount = 0
    """Held by admitted workloads."""
    releasing: ChipCount = 0
    """Of pods that are terminating."""
    free: ChipCount = 0
    """Left over."""
    reserved: ChipCount = 0
    """To be kept free below some class (spec.reserve), and free ones that wait for the workload that is next."""
    unmanaged: ChipCount = 0
    """Used by pods chippool does not manage."""
    lost: ChipCount = 0
    """In nodes that have not been Ready for so long that their replicas are placed elsewhere."""


class PoolStatus(ApiModel):
    """What the cluster shows of the pool; at most 10 s old."""

    nodes: int = Field(default=0, ge=0)
    """Nodes in the pool."""
    chips: PoolChips = Field(default_factory=PoolChips)
    """Chips by what becomes of them."""
    effective_chips: tuple[EffectiveChips, ...] = Field(
        default=(), max_length=8, json_schema_extra=rules(list_type="map", list_map_keys=["purpose"])
    )
    """What they are worth, by purpose; a purpose is left out where the chip's speed is unknown."""
    supply: SupplyStatus | None = None
    """The stock as its owner counts it beside what the nodes show; with spec.supply."""
    runway: Runway | None = None
    """How long it lasts, told anew once an hour at most, or when the spec or the healthy chips change."""
    measured: tuple[MeasuredRatio, ...] = Field(default=(), max_length=32, json_schema_extra=rules(list_type="atomic"))
    """What its chips really do for families of work (label chippool.io/family), as pods of three namespaces at least
    measured it (annotation chippool.io/throughput)."""
    conditions: Conditions = ()
    """Ready, Degraded (chips that are not healthy, or lost), NodesOverlap (nodes that another pool claims too),
    Oversubscribed (more of it is guaranteed to queues than there is), StockMismatch (what is owned and what the nodes
    have disagree), ResaleEnded (External queues get nothing more of it), SpeedUnknown (its effective chips can't be
    counted)."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec this was said of."""


class ChipPool(ApiModel):
    """All chips of one model in the cluster, and who may use them."""

    api_version: Literal["chippool.io/v1alpha1"] = "chippool.io/v1alpha1"
    kind: Literal["ChipPool"] = "ChipPool"
    metadata: Metadata
    spec: PoolSpec
    status: PoolStatus = Field(default_factory=PoolStatus)
