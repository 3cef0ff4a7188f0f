"""ChipWorkload: one unit of admission, and the ways it can run."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chippool.api import workload_rules as cel
from chippool.api.chips import ChipCount, ChipsWanted
from chippool.api.conditions import Conditions
from chippool.api.duration import Duration, duration, duration_or_zero
from chippool.api.model import ApiModel, Json, LabelKey, Metadata, ObjectName, rules
from chippool.api.stock import Purpose
from chippool.api.template import patch_schema, template_schema
from chippool.api.usage import UsedHours

IntOrString = Annotated[int | str, Field(json_schema_extra={"x-kubernetes-int-or-string": True, "maxLength": 16})]


class WorkloadMode(StrEnum):
    """Gang runs to its end as an Indexed Job, Service until it is deleted as a Deployment."""

    GANG = "Gang"
    SERVICE = "Service"


class Variant(ApiModel):
    """One way to run the workload."""

    name: str = Field(min_length=1, max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    """What it is called in status, events and metrics."""
    pool_names: tuple[ObjectName, ...] = Field(min_length=1, max_length=16, json_schema_extra=rules(list_type="set"))
    """ChipPools it can run in, in order of preference; all its replicas run in one of them."""
    chips_per_replica: ChipsWanted
    """Chips one replica gets, in one container, on one node: a whole number, or a share of one chip such as "0.25".

    A share needs a pool whose spec.sharing says how it is asked for. All replicas' shares may sit on one chip.
    """
    replicas: int | None = Field(default=None, ge=1, le=100_000)
    """Replicas if it runs this way, instead of spec.replicas. For mode Gang."""
    speed: str = Field(default="1", min_length=1, max_length=16, json_schema_extra=rules(cel.SPEED))
    """Output of one replica relative to the first variant's, such as "0.62".

    What pods of its family measured (label chippool.io/family, their annotation chippool.io/throughput) corrects it.
    """
    patch: Json | None = Field(default=None, json_schema_extra=patch_schema())
    """Strategic-merge patch of the template for this way to run: image, env, command, tolerations, volumes."""


class JobFields(ApiModel):
    """Fields of the Job (batch/v1) that is made; each is passed through."""

    backoff_limit: int | None = Field(default=None, ge=0, le=2_147_483_647)
    """Pods that may fail before the Job does. Drains and displacements don't count."""
    active_deadline_seconds: int | None = Field(default=None, ge=1)
    """Seconds the Job may be active, counted anew whenever it resumes. maxRuntime ends the workload in any case."""
    pod_failure_policy: Json | None = Field(
        default=None, json_schema_extra={"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    )
    """What a pod's failure means, by its exit code and conditions. A rule that ignores disruptions comes first."""


class RollingUpdate(ApiModel):
    """How many replicas a rollout may add or take."""

    max_surge: IntOrString | None = None
    """Replicas beyond the wanted number, or percent of it. They need chips of their own."""
    max_unavailable: IntOrString | None = None
    """Replicas that may be missing, or percent of the wanted number."""


class Strategy(ApiModel):
    """How a changed template is rolled out."""

    model_config = ConfigDict(json_schema_extra=rules(cel.STRATEGY))

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    """Replace replicas in steps, or all at once."""
    rolling_update: RollingUpdate | None = None
    """How many replicas a step may add or take."""


class DeploymentFields(ApiModel):
    """Fields of the Deployment (apps/v1) that is made; each is passed through when it is next written."""

    strategy: Strategy | None = None
    """How a changed template is rolled out."""
    progress_deadline_seconds: int | None = Field(default=None, ge=1, le=2_147_483_647)
    """Seconds a rollout may take."""
    min_ready_seconds: int | None = Field(default=None, ge=0, le=2_147_483_647)
    """Seconds a pod must be Ready to count as available."""
    revision_history_limit: int | None = Field(default=None, ge=0, le=2_147_483_647)
    """Old ReplicaSets to keep."""


class Disruption(ApiModel):
    """When the workload may lose its chips to others, and how much work goes with it."""

    min_runtime: Duration = Field(default="0s", json_schema_extra=rules(duration_or_zero("minRuntime")))
    """It is not displaced so soon after its admission. Its queue caps it (spec.disruptionLimits)."""
    checkpoint_interval: Duration | None = Field(default=None, json_schema_extra=rules(duration("checkpointInterval")))
    """How often it saves its work: of equals, who loses the least is displaced.

    Its pods may say when they did, in the annotation chippool.io/checkpointed-at (RFC 3339).
    """
    cooldown: Duration = Field(default="0s", json_schema_extra=rules(duration_or_zero("cooldown")))
    """It is not displaced again so soon after it was. Its queue caps it (spec.disruptionLimits)."""
    replace_timeout: Duration = Field(default="10m", json_schema_extra=rules(duration("replaceTimeout")))
    """A Gang whose lost replicas get no other node for so long gives all its chips back and queues at its old age."""


class Topology(ApiModel):
    """How near the replicas are to be to each other."""

    within: LabelKey
    """A level of the pool's spec.topology, such as rack: all replicas in one domain of it."""
    required: bool = False
    """It waits, or displaces, until that can be. Left out, it is a wish that delays nothing and displaces nobody."""


class WorkloadSpec(ApiModel):
    """What to run, how much of it, and the ways it can run."""

    model_config = ConfigDict(json_schema_extra=rules(*cel.SPEC))

    queue_name: ObjectName
    """The ChipQueue it waits in and whose quota it uses."""
    priority_class_name: ObjectName = Field(json_schema_extra=rules(cel.CLASS))
    """A PriorityClass (scheduling.k8s.io/v1): higher ones come first and may displace lower ones."""
    mode: WorkloadMode = Field(default=WorkloadMode.GANG, json_schema_extra=rules(cel.MODE))
    """Gang: all replicas run to their end, as an Indexed Job. Service: they run on, as a Deployment."""
    purpose: Purpose | None = None
    """What the work is for: its chips count in the pool's effective chips of this purpose.

    Left out: Training for a Gang, Serving for a Service.
    """
    replicas: int = Field(default=1, ge=0, le=100_000)
    """Replicas to run. What waits for chips starts with minReplicas of them, or more if there is room."""
    min_replicas: int | None = Field(default=None, ge=1, le=100_000)
    """It starts with at least so many at once, grows to replicas while chips are free, and gives others no more than
    what it has past them before it is displaced. Left out: all replicas of a Gang, 1 of a Service.
    """
    template: Annotated[Json, Field(json_schema_extra=template_schema())]
    """The pod of every replica (PodTemplateSpec), without chips: the variant adds them."""
    chip_container: str | None = Field(default=None, min_length=1, max_length=63)
    """The container that gets the chips. Left out, the template's first."""
    variants: tuple[Variant, ...] = Field(
        min_length=1, max_length=16, json_schema_extra=rules(list_type="map", list_map_keys=["name"])
    )
    """Ways to run it, in order of preference."""
    suspend: bool = False
    """Hold it back, or take its chips if it runs."""
    max_runtime: Duration | None = Field(default=None, json_schema_extra=rules(duration("maxRuntime")))
    """It ends this long after its last admission, whether done or not, such as 24h."""
    start_timeout: Duration = Field(default="10m", json_schema_extra=rules(duration("startTimeout")))
    """It gives its chips back if not all replicas are Ready this long after admission; it is tried again later."""
    disruption: Disruption | None = None
    """When it may lose its chips to others, and how much work goes with it."""
    topology: Topology | None = None
    """How near the replicas are to be to each other. Left out: anywhere in the pool."""
    ttl_seconds_after_finished: int | None = Field(default=None, ge=0, le=2_147_483_647)
    """It is deleted this many seconds after it finished."""
    job: JobFields | None = None
    """Fields of the Job that is made. For mode Gang."""
    deployment: DeploymentFields | None = None
    """Fields of the Deployment that is made. For mode Service."""


class WorkloadAssignment(ApiModel):
    """What the workload was given."""

    variant: str = Field(max_length=63)
    """The way it runs."""
    pool: str = Field(max_length=63)
    """The ChipPool it runs in."""
    replicas: int = Field(ge=0)
    """Replicas admitted."""
    chips: ChipCount
    """Chips of all its replicas together."""
    nodes: int = Field(default=0, ge=0)
    """Nodes it is spread over."""
    admitted_at: str = Field(json_schema_extra={"format": "date-time"})
    """When it was admitted."""


class WorkloadUsage(ApiModel):
    """What it has used, as the ledger has it; told along with another change, never by itself."""

    counted_until: str = Field(json_schema_extra={"format": "date-time"})
    """Until when it is counted. Another operator goes on from here, with what is still to be seen."""
    chip_hours: UsedHours
    """Chips x hours of its pods, from bound to ended."""


class WorkloadStatus(ApiModel):
    """What the cluster shows of the workload. It follows the Job or Deployment; it never decides."""

    assignment: WorkloadAssignment | None = None
    """What it was given, while it is admitted."""
    replicas: int = Field(default=0, ge=0)
    """Replicas admitted (scale subresource)."""
    displacements: int = Field(default=0, ge=0)
    """How often it lost its chips before it ended."""
    usage: WorkloadUsage | None = None
    """Chip-hours it has used so far, in all its admissions."""
    selector: str = Field(default="", max_length=1024)
    """Selects its pods (scale subresource)."""
    conditions: Conditions = ()
    """Admitted, Ready, Finished, Displaced, NotModelled, each with a reason and a sentence."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec this was said of."""


class ChipWorkload(ApiModel):
    """Pods that want chips together: admitted, held or displaced as one, in any of several ways to run."""

    model_config = ConfigDict(json_schema_extra=rules(*cel.ROOT))

    api_version: Literal["chippool.io/v1alpha1"] = "chippool.io/v1alpha1"
    kind: Literal["ChipWorkload"] = "ChipWorkload"
    metadata: Metadata
    spec: WorkloadSpec
    status: WorkloadStatus = Field(default_factory=WorkloadStatus)
