"""Pools, queues, priority classes and namespaces, from what the API server says to what the mirror remembers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from sys import intern
from typing import Any

import orjson

from chippool.api.duration import seconds
from chippool.api.names import COOLDOWN_CAP, EXTERNAL, MIN_RUNTIME_CAP, SCAVENGE
from chippool.core.constraints import Requirement
from chippool.core.ids import CHIP, ClassName, Milli, PoolName, QueueName
from chippool.core.model import Access, Class, Pool, Queue, Reserve
from chippool.core.supply import resale_of
from chippool.state.budget import budget, is_overspent, spent
from chippool.state.constraints import requirements
from chippool.state.generations import model_generation
from chippool.state.hami import hami
from chippool.state.records import ClassRecord, NamespaceRecord, PoolRecord, QueueRecord
from chippool.state.sharing import ChipSharing
from chippool.state.stock import supply, yields

Json = Mapping[str, Any]


def pool(raw: Json) -> PoolRecord:
    """Return what is kept of a ChipPool."""
    metadata, spec = raw["metadata"], raw["spec"]
    name = PoolName(intern(metadata["name"]))
    sharing, stated = _sharing(spec), supply(spec)
    return PoolRecord(
        uid=metadata["uid"],
        name=name,
        version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        view=Pool(
            name,
            intern(spec["chip"]["resourceName"]),
            tuple(map(_access, spec.get("access") or ())),
            deleting="deletionTimestamp" in metadata,
            reserve=tuple(map(_reserve, spec.get("reserve") or ())),
            topology=tuple(map(intern, spec.get("topology") or ())),
            fractions=sharing.fractions if sharing else frozenset(),
            by_share=sharing.resources - {spec["chip"]["resourceName"]} if sharing else frozenset(),
            resale=resale_of(stated),
        ),
        selector=tuple(sorted((spec.get("nodeSelector") or {}).items())),
        model=spec["chip"].get("model") or "",
        status=orjson.dumps(raw.get("status") or {}),
        sharing=sharing,
        yields=yields(spec),
        supply=stated,
    )


def _sharing(spec: Json) -> ChipSharing | None:
    """Of the ways to share there are, the one the pool names."""
    said = spec.get("sharing") or {}
    match said.get("type"):
        case "HAMi":
            return hami(spec["chip"]["resourceName"], said.get("splitCount"))
        case _:
            return None


def _access(entry: Json) -> Access:
    classes = _classes(entry) if entry.get("priorityClassNames") else None
    return Access(classes, entry.get("tenancy") == EXTERNAL, entry.get("use") == SCAVENGE)


def _reserve(entry: Json) -> Reserve:
    name = ClassName(intern(entry["priorityClassName"]))
    return Reserve(int(entry["chips"]) * CHIP, name, bool(entry.get("spares")))


def _classes(entry: Json) -> frozenset[ClassName]:
    return frozenset(ClassName(intern(name)) for name in entry.get("priorityClassNames") or ())


def queue(raw: Json) -> QueueRecord:
    """Return what is kept of a ChipQueue."""
    metadata, spec = raw["metadata"], raw["spec"]
    name = QueueName(intern(metadata["name"]))
    return QueueRecord(
        uid=metadata["uid"],
        name=metadata["name"],
        version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        view=replace(_queue(name, spec, deleting="deletionTimestamp" in metadata), overspent=is_overspent(raw)),
        status=orjson.dumps(raw.get("status") or {}),
        budget=budget(spec),
        spent=spent(raw.get("status") or {}),
        model_generation=model_generation(spec),
    )


def _queue(name: QueueName, spec: Json, *, deleting: bool) -> Queue:
    caps = spec.get("disruptionLimits") or {}
    return Queue(
        name=name,
        class_names=_classes(spec),
        namespace_selector=_label_selector(spec.get("namespaceSelector")),
        limits=dict(_quotas(spec, "limit")),
        deleting=deleting,
        parent=QueueName(intern(spec["parentName"])) if spec.get("parentName") else None,
        weight=spec.get("weight", 1),
        external=spec.get("tenancy") == EXTERNAL,
        guaranteed=dict(_quotas(spec, "guaranteed")),
        closed=bool(spec.get("closed")),
        min_runtime_cap=seconds(caps.get("minRuntime") or MIN_RUNTIME_CAP),
        cooldown_cap=seconds(caps.get("cooldown") or COOLDOWN_CAP),
    )


def _label_selector(selector: Json | None) -> tuple[Requirement, ...] | None:
    """As metav1.LabelSelector: none selects nothing, an empty one everything."""
    if selector is None:
        return None
    exact = (Requirement(key, "In", (value,)) for key, value in sorted((selector.get("matchLabels") or {}).items()))
    return (*exact, *requirements(selector.get("matchExpressions")))


def _quotas(spec: Json, field: str) -> Iterator[tuple[PoolName, Milli]]:
    for quota in spec.get("quotas") or ():
        if quota.get(field) is not None:
            yield PoolName(intern(quota["poolName"])), int(quota[field]) * CHIP


def priority_class(raw: Json) -> ClassRecord:
    """Return what is kept of a PriorityClass."""
    metadata = raw["metadata"]
    preempts = raw.get("preemptionPolicy") != "Never"
    return ClassRecord(
        metadata["uid"], metadata["name"], Class(ClassName(intern(metadata["name"])), raw.get("value", 0), preempts)
    )


def namespace(raw: Json) -> NamespaceRecord:
    """Return what is kept of a Namespace."""
    metadata = raw["metadata"]
    deleting = "deletionTimestamp" in metadata or (raw.get("status") or {}).get("phase") == "Terminating"
    return NamespaceRecord(metadata["uid"], metadata["name"], dict(metadata.get("labels") or {}), deleting)
