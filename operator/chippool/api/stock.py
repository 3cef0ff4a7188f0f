"""The stock of a pool: what there is of it, what is to come, and what its chips yield for each purpose."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chippool.api.chips import ChipCount
from chippool.api.model import ApiModel, ObjectName, rule, rules

Purpose = Literal["Training", "Serving", "Batch"]
"""What work is for: chips differ in what they are good at."""

FACTOR = rules(
    rule(
        "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))"
        " && !quantity(self).isGreaterThan(quantity('1000'))",
        'a factor must be a number above zero and at most 1000, such as "0.62"',
    )
)
Factor = Annotated[str, Field(min_length=1, max_length=16, json_schema_extra=FACTOR)]


RATE = rules(
    rule(
        "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))"
        " && !quantity(self).isGreaterThan(quantity('10'))",
        'annualFailureRate must be a number above zero and at most 10, such as "0.09": of a chip in a year',
    )
)
PROBABILITY = rules(
    rule(
        "isQuantity(self) && !quantity(self).isLessThan(quantity('0')) && !quantity(self).isGreaterThan(quantity('1'))",
        'licenceProbability must be a number from 0 to 1, such as "0.5"',
    )
)
BAN = rules(
    rule(
        "!has(self.export) || self.export != 'Banned' || has(self.graceUntil)",
        "graceUntil is needed with export Banned: until when External queues give the pool back",
        fieldPath=".graceUntil",
    )
)


class ChipOrder(ApiModel):
    """Chips that were ordered and are not here yet."""

    chips: int = Field(ge=1, le=10_000_000)
    """How many."""
    expected: str = Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"})
    """The day they are expected, such as 2026-12-01."""


class Supply(ApiModel):
    """The stock as its owner counts it, and its outlook."""

    model_config = ConfigDict(json_schema_extra=BAN)

    owned: int = Field(ge=0, le=10_000_000)
    """Chips there are of this model, wherever they are. Lower it for chips that were sold or moved elsewhere."""
    origin: Literal["Domestic", "Imported"] = "Imported"
    """Whether they can be had at home; the domestic share of effective chips counts by it."""
    export: Literal["Unrestricted", "LicenceRequired", "Banned"] = "Unrestricted"
    """Whether more can be bought. LicenceRequired: orders count at licenceProbability.

    Banned: no order and no replacement is counted; External queues get nothing more of the pool and give back what they
    have at graceUntil; its spares (spec.reserve) replace lost replicas and serve nothing else.
    """
    resale: bool = True
    """External queues may have its chips, where spec.access lets them in. False: they get nothing more of it."""
    annual_failure_rate: str = Field(default="0.09", min_length=1, max_length=16, json_schema_extra=RATE)
    """Chips that fail, of one chip in a year."""
    on_order: tuple[ChipOrder, ...] = Field(default=(), max_length=64, json_schema_extra=rules(list_type="atomic"))
    """Chips to come. Take an order out once its chips are counted in owned."""
    licence_probability: str = Field(default="0.5", min_length=1, max_length=16, json_schema_extra=PROBABILITY)
    """How likely an order is to arrive while export is LicenceRequired."""
    grace_until: str | None = Field(default=None, json_schema_extra={"format": "date-time"})
    """With export Banned: when External queues give back what they have of the pool. Else it means nothing."""


class SupplyStatus(ApiModel):
    """The stock as its owner counts it beside what the nodes show."""

    owned: ChipCount = 0
    """As spec.supply.owned says."""
    installed: ChipCount = 0
    """In nodes."""
    healthy: ChipCount = 0
    """Allocatable, and not in a node that has not been Ready for too long."""
    in_repair: ChipCount = 0
    """In nodes, and not healthy."""
    lost: ChipCount = 0
    """Owned, and in no node."""
    arriving: str = Field(default="0", max_length=32)
    """On order; each order counts at the probability its export status gives it."""
    annual_failure_rate: str = Field(default="0", max_length=32)
    """Of one chip: the declared rate, blended with the failures seen by how many chip-years they were seen in."""
    failures: str = Field(default="0", max_length=32)
    """Seen: chips that were healthy, and then gone or not healthy for a day."""
    losses_per_year: str = Field(default="0", max_length=32)
    """Healthy chips that are expected to fail in a year."""


class Efficiency(ApiModel):
    """What software makes of a chip, by purpose: "2" means that one chip does the work of two."""

    training: Factor = "1"
    """For workloads of purpose Training."""
    serving: Factor = "1"
    """For workloads of purpose Serving."""
    batch: Factor = "1"
    """For workloads of purpose Batch."""


class RelativeSpeed(ApiModel):
    """What one chip does beside one H100-SXM5-80GB, by purpose. Left out: what the built-in catalogue knows."""

    training: Factor | None = None
    """Of purpose Training. Left out: by the dense BF16 peak."""
    serving: Factor | None = None
    """Of purpose Serving. Left out: by published decoding throughput, where there is any, else by the BF16 peak."""
    batch: Factor | None = None
    """Of purpose Batch. Left out: by the dense BF16 peak."""


class EffectiveChips(ApiModel):
    """What the pool's chips are worth for one purpose, in chips of the reference (H100-SXM5-80GB)."""

    purpose: Purpose
    """For workloads of this purpose."""
    chips: str = Field(max_length=32)
    """Of all its healthy chips."""
    per_chip: str = Field(max_length=32)
    """Of one: its relative speed x spec.efficiency."""
    used: str = Field(default="0", max_length=32)
    """Of those that admitted workloads of this purpose hold."""


class Runway(ApiModel):
    """The first day on which demand is expected to be more than the stock, after what fails and what arrives.

    Each is a day in UTC, such as 2027-05-03; Later: not within three years; Unknown: too few days of demand are known.
    """

    until: str = Field(default="Unknown", max_length=16)
    """As expected."""
    earliest: str = Field(default="Unknown", max_length=16)
    """The first day of the 80 % interval."""
    latest: str = Field(default="Unknown", max_length=16)
    """The last day of it."""
    message: str = Field(default="", max_length=1024)
    """Why, in a sentence."""


class MeasuredRatio(ApiModel):
    """What one chip of the pool does for a family of work beside one chip of another pool."""

    family: str = Field(max_length=63)
    """As the label chippool.io/family of its workloads says."""
    pool_name: ObjectName
    """The other pool."""
    ratio: str = Field(max_length=32)
    """The median of what namespaces measured."""
    namespaces: int = Field(ge=0)
    """Whose measurements it is made of."""
    outliers: int = Field(default=0, ge=0)
    """Namespaces whose measurement is too far from all others and was not believed."""
