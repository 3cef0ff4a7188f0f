"""A ChipWorkload, from what the API server says to what decisions need; what its user got wrong is a Problem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

import orjson

from chippool.api import names
from chippool.api.chips import milli_chips
from chippool.api.duration import seconds
from chippool.api.patch import merged
from chippool.api.quantity import parse
from chippool.core.capacity import Purpose
from chippool.core.constraints import Within
from chippool.core.ids import ClassName, Namespace, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import Ask, Mode, Problem, Variant, Workload
from chippool.core.reasons import Reason
from chippool.state.amounts import pod_requests
from chippool.state.annotations import time_of
from chippool.state.constraints import constraints_of, not_modelled
from chippool.state.past import past
from chippool.state.records import WorkloadRecord

Json = Mapping[str, Any]

START_TIMEOUT = "10m"
REPLACE_TIMEOUT = "10m"
NO_LONGER_READY, REPLACING = "PodsNotReady", "ReplacingReplicas"
STILL_READY = "OldPodsReady"
"""Reason of Ready True while a service moves: its new replicas have not been Ready yet."""
"""Reasons of Ready False in a workload that was Ready before, since it was admitted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a spec says, whoever's it is."""

    variants: tuple[Variant, ...]
    problems: tuple[Problem, ...]
    not_modelled: tuple[str, ...]


def workload(raw: Json) -> WorkloadRecord:
    """Return what is kept of a ChipWorkload."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    packed = _shared(orjson.dumps(raw["spec"]))
    reading = _read(packed)
    return WorkloadRecord(
        uid=metadata["uid"],
        namespace=Namespace(intern(metadata["namespace"])),
        name=metadata["name"],
        version=metadata["resourceVersion"],
        view=_view(metadata, raw["spec"], status, reading),
        spec=packed,
        status=orjson.dumps(status),
        not_modelled=reading.not_modelled,
        was_ready=_was_ready(status),
        purpose=_purpose(raw["spec"]),
        family=intern((metadata.get("labels") or {}).get(names.FAMILY, "")),
    )


def variant_template(spec: Json, variant: Json) -> dict[str, Any]:
    """Return the template as a variant has it, without its chips. ValueError: the patch does not apply."""
    return dict(merged(spec["template"], variant.get("patch") or {}))


def _view(metadata: Json, spec: Json, status: Json, reading: Reading) -> Workload:
    limit, disruption = spec.get("maxRuntime"), spec.get("disruption") or {}
    interval = disruption.get("checkpointInterval")
    return Workload(
        key=WorkloadKey(intern(f"{metadata['namespace']}/{metadata['name']}")),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        namespace=Namespace(intern(metadata["namespace"])),
        queue=QueueName(intern(spec["queueName"])),
        class_name=ClassName(intern(spec["priorityClassName"])),
        mode=_mode(spec),
        replicas=spec.get("replicas", 1),
        min_replicas=_least(spec),
        variants=reading.variants,
        created=time_of(metadata["creationTimestamp"]),
        start_timeout=seconds(spec.get("startTimeout") or START_TIMEOUT),
        max_runtime=None if limit is None else seconds(limit),
        suspend=bool(spec.get("suspend")),
        deleting="deletionTimestamp" in metadata,
        finished=_condition(status, "Finished").get("status") == "True",
        problems=reading.problems,
        displaced=past(status),
        min_runtime=seconds(disruption.get("minRuntime") or "0s"),
        cooldown=seconds(disruption.get("cooldown") or "0s"),
        checkpoint_interval=None if interval is None else seconds(interval),
        topology=_within(spec.get("topology")),
        replace_timeout=seconds(disruption.get("replaceTimeout") or REPLACE_TIMEOUT),
    )


@lru_cache(maxsize=256)
def _shared_within(level: str, *, required: bool) -> Within:
    return Within(intern(level), required)


def _within(topology: Json | None) -> Within | None:
    return _shared_within(topology["within"], required=bool(topology.get("required"))) if topology else None


def _condition(status: Json, kind: str) -> Json:
    return next((entry for entry in status.get("conditions") or () if entry["type"] == kind), {})


def _was_ready(status: Json) -> float:
    ready, since = _condition(status, "Ready"), (status.get("assignment") or {}).get("admittedAt")
    if ready.get("reason") == STILL_READY:
        return 0.0
    if since and (ready.get("status") == "True" or ready.get("reason") in {NO_LONGER_READY, REPLACING}):
        return time_of(since)
    return 0.0


@lru_cache(maxsize=4096)
def _shared(packed: bytes) -> bytes:
    """Workloads of one template have one spec in memory."""
    return packed


@lru_cache(maxsize=4096)
def _read(packed: bytes) -> Reading:
    spec = orjson.loads(packed)
    problems: list[Problem] = []
    templates = [(entry, _template(spec, entry, problems)) for entry in spec["variants"]]
    left = dict.fromkeys(field for _, template in templates for field in not_modelled(template.get("spec") or {}))
    variants = tuple(_variant(spec, entry, template, problems) for entry, template in templates)
    return Reading(variants, tuple(problems), tuple(left))


def _template(spec: Json, variant: Json, problems: list[Problem]) -> Json:
    """Return the patched template; the bare one stands in where the patch does not apply."""
    try:
        return variant_template(spec, variant)
    except ValueError as error:
        sentence = f"spec.variants[{variant['name']}].patch does not apply to spec.template: {error}; correct it."
        problems.append(Problem(Reason.BAD_PATCH, sentence))
        return dict(spec["template"])


def _variant(spec: Json, variant: Json, template: Json, problems: list[Problem]) -> Variant:
    pod = template.get("spec") or {}
    problems.extend(_container_problems(spec, variant, pod))
    return Variant(
        name=VariantName(intern(variant["name"])),
        pools=tuple(PoolName(intern(pool)) for pool in variant["poolNames"]),
        replicas=_replicas(spec, variant),
        ask=_shared_ask(_ask(variant, pod, problems)),
        speed=float(parse(variant.get("speed") or "1")),
    )


def _mode(spec: Json) -> Mode:
    return Mode(spec.get("mode") or Mode.GANG)


def _purpose(spec: Json) -> Purpose:
    said = spec.get("purpose")
    if said:
        return Purpose(said)
    return Purpose.SERVING if _mode(spec) is Mode.SERVICE else Purpose.TRAINING


def _least(spec: Json) -> int | None:
    """None for a Gang of one size; a Service makes do with one replica if its spec says nothing else."""
    least = spec.get("minReplicas")
    if _mode(spec) is Mode.SERVICE:
        return least or 1
    return None if least is None else int(least)


def _replicas(spec: Json, variant: Json) -> int:
    of_all = int(spec.get("replicas", 1))
    return int(variant.get("replicas") or of_all) if _mode(spec) is Mode.GANG else of_all


def _container_problems(spec: Json, variant: Json, pod: Json) -> Iterator[Problem]:
    there = [container["name"] for container in pod.get("containers") or ()]
    wanted = spec.get("chipContainer")
    if not there:
        yield Problem(Reason.BAD_TEMPLATE, f"spec.template (variant {variant['name']}) has no container; add one.")
    elif wanted and wanted not in there:
        sentence = (
            f"spec.chipContainer: the template (variant {variant['name']}) has no container {wanted}; "
            f"name one of {', '.join(there)}."
        )
        yield Problem(Reason.UNKNOWN_CONTAINER, sentence)


def _ask(variant: Json, pod: Json, problems: list[Problem]) -> Ask:
    try:
        requests = pod_requests(pod)
    except ValueError as error:
        sentence = f"spec.template (variant {variant['name']}): resources are not quantities: {error}; correct them."
        problems.append(Problem(Reason.BAD_TEMPLATE, sentence))
        requests = pod_requests({})
    return Ask(milli_chips(variant["chipsPerReplica"]), requests, constraints_of(pod))


@lru_cache(maxsize=8192)
def _shared_ask(ask: Ask) -> Ask:
    return ask
