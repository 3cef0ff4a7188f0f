"""What chippool makes of an admitted workload: an Indexed Job of a gang, a Deployment of a service."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from chippool.api import names
from chippool.control.render_pod import Json, Order, chip_container, chip_container_name, pod_template
from chippool.core.ids import CHIP, Milli, VariantName, shown
from chippool.core.model import Assignment, Displaced, Mode, Workload
from chippool.core.shares import is_fraction
from chippool.state.annotations import assignment_text, displaced_text, time_text
from chippool.state.records import PoolRecord, WorkloadRecord

DRAINS_ARE_NOBODYS_FAULT = {
    "action": "Ignore",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}
IN_PLACE: Json = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}
MOVES = ("replicas", "parallelism", "completions", "suspend")  # may differ in an object that is resumed as it is


@dataclass(frozen=True, slots=True)
class Rendered:
    """An object as it is to be made; `stamp` is its digest without chips and numbers, then its chips."""

    kind: str
    path: str
    """Of its collection."""
    body: Json
    stamp: str
    chips: Json
    """Name and resources of the container that has the chips."""
    service: Json | None = None
    """The headless Service of a gang of several replicas."""

    @property
    def url(self) -> str:
        """Path of the object itself."""
        return f"{self.path}/{self.body['metadata']['name']}"


def render(
    record: WorkloadRecord, assignment: Assignment, pool: PoolRecord, inherited: Displaced | None = None
) -> Rendered:
    """Return the object of an admitted workload.

    LookupError: the variant or the chip container is not in the spec, or the pool has no such share of a chip;
    ValueError: the patch does not apply.
    """
    spec = orjson.loads(record.spec)
    order = _order(record, spec, assignment, pool)
    template = pod_template(spec, _chosen(spec, assignment), order)
    shape = _job(spec, template, order) if order.gang else _deployment(spec, template, order)
    chips = _chips(template["spec"], order.container)
    asked = ",".join(f"{resource}={amount}" for resource, amount in order.chips.items())
    stamp = f"{_digest(shape, chips['name'], order.chips)} {asked}"
    kind = "Job" if order.gang else "Deployment"
    return Rendered(
        kind=kind,
        path=collection(kind, record.namespace),
        body=_object(record, kind, shape, annotations(assignment, inherited, stamp)),
        stamp=stamp,
        chips=chips,
        service=_service(record, template) if order.coordinated else None,
    )


def collection(kind: str, namespace: str) -> str:
    """Path of the Jobs, Deployments or Services of a namespace."""
    prefix = {"Job": "/apis/batch/v1", "Deployment": "/apis/apps/v1", "Service": "/api/v1"}[kind]
    return f"{prefix}/namespaces/{namespace}/{kind.lower()}s"


def same_but_chips(stamp: str, other: str) -> bool:
    """Two renderings differ in nothing, or in their chips alone."""
    return stamp.partition(" ")[0] == other.partition(" ")[0]


def annotations(assignment: Assignment, displaced: Displaced | None, stamp: str) -> dict[str, str]:
    """What a made object says of itself."""
    said = {names.ASSIGNMENT: assignment_text(assignment), names.RENDERED: stamp}
    return said | ({names.DISPLACED: displaced_text(displaced)} if displaced else {})


def _order(record: WorkloadRecord, spec: Mapping[str, Any], assignment: Assignment, pool: PoolRecord) -> Order:
    return Order(
        name=record.name,
        namespace=record.namespace,
        class_name=record.view.class_name,
        chips=_asked(pool, chips_per_replica(record.view, assignment.variant)),
        replicas=assignment.replicas,
        most=_most(record.view, assignment.variant),
        gang=record.view.mode is Mode.GANG,
        container=chip_container_name(spec),
        admission="" if record.view.mode is Mode.GANG else time_text(assignment.admitted_at),
    )


def _asked(pool: PoolRecord, chips: Milli) -> Mapping[str, str]:
    """What a container asks for; LookupError: the pool has no such share of a chip."""
    if is_fraction(chips) and chips not in pool.view.fractions:
        raise LookupError(f"ChipPool {pool.name} has no share of {shown(chips)} chips")
    return pool.sharing.asks(chips) if pool.sharing else {pool.view.resource: str(chips // CHIP)}


def chips_per_replica(view: Workload, name: VariantName) -> Milli:
    """LookupError: the workload has no such variant."""
    return {variant.name: variant.ask.chips for variant in view.variants}[name]


def _most(view: Workload, name: VariantName) -> int:
    """Of an elastic gang all replicas; any other is made with all it has."""
    return 0 if view.min_replicas is None else {variant.name: variant.replicas for variant in view.variants}[name]


def _chosen(spec: Mapping[str, Any], assignment: Assignment) -> Json:
    by_name: dict[str, Json] = {variant["name"]: variant for variant in spec["variants"]}
    return by_name[assignment.variant]


def _job(spec: Mapping[str, Any], template: Json, order: Order) -> Json:
    given = dict(spec.get("job") or {})
    for ours in ("ttlSecondsAfterFinished", "podFailurePolicy"):
        given.pop(ours, None)
    return {
        **given,
        **_failure_policy(spec.get("job") or {}, template),
        "completionMode": "Indexed",
        "parallelism": order.replicas,
        "completions": order.replicas,
        "podReplacementPolicy": "Failed",
        "suspend": False,
        "template": template,
    }


def _failure_policy(given: Mapping[str, Any], template: Json) -> Json:
    """The API server refuses one where containers restart in place."""
    if template["spec"]["restartPolicy"] != "Never":
        return {}
    rules = (given.get("podFailurePolicy") or {}).get("rules") or []
    return {"podFailurePolicy": {"rules": [DRAINS_ARE_NOBODYS_FAULT, *rules]}}


def _deployment(spec: Mapping[str, Any], template: Json, order: Order) -> Json:
    return {
        "strategy": IN_PLACE,
        **(spec.get("deployment") or {}),
        "replicas": order.replicas,
        "selector": {"matchLabels": {names.WORKLOAD: order.name}},
        "template": template,
    }


def _object(record: WorkloadRecord, kind: str, shape: Json, said: dict[str, str]) -> Json:
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {**_metadata(record), "annotations": said},
        "spec": shape,
    }


def _service(record: WorkloadRecord, template: Json) -> Json | None:
    """None where the user named a subdomain: that one is of a Service of their own."""
    if template["spec"]["subdomain"] != record.name:
        return None
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(record),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {names.WORKLOAD: record.name},
        },
    }


def _metadata(record: WorkloadRecord) -> Json:
    owner = {
        "apiVersion": names.API_VERSION,
        "kind": "ChipWorkload",
        "name": record.name,
        "uid": record.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "name": record.name,
        "namespace": record.namespace,
        "labels": {names.WORKLOAD: record.name},
        "ownerReferences": [owner],
    }


def _chips(pod: Mapping[str, Any], container: str) -> Json:
    chosen = chip_container(pod, container)
    return {"name": chosen["name"], "resources": chosen["resources"]}


def _digest(shape: Mapping[str, Any], container: str, chips: Mapping[str, str]) -> str:
    bare = orjson.loads(orjson.dumps({key: value for key, value in shape.items() if key not in MOVES}))
    bare["template"]["metadata"].get("annotations", {}).pop(names.ADMITTED_AT, None)
    resources = chip_container(bare["template"]["spec"], container)["resources"]
    for part in ("limits", "requests"):
        for resource in chips:
            resources[part].pop(resource)
    return hashlib.sha256(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
