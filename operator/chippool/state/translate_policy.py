"""Pools, queues, priority classes and namespaces, from what the API server says to what the mirror remembers."""

from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

import orjson

from chippool.core.ids import CHIP, ClassName, Milli, PoolName, QueueName
from chippool.core.model import Class, Pool, Queue, Requirement
from chippool.state.constraints import requirements
from chippool.state.records import ClassRecord, NamespaceRecord, PoolRecord, QueueRecord

Json = Mapping[str, Any]


def pool(raw: Json) -> PoolRecord:
    """Return what is kept of a ChipPool."""
    metadata, spec = raw["metadata"], raw["spec"]
    name = PoolName(intern(metadata["name"]))
    return PoolRecord(
        uid=metadata["uid"],
        name=name,
        version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        view=Pool(
            name,
            intern(spec["chip"]["resourceName"]),
            tuple(map(_entry, spec.get("access") or ())),
            deleting="deletionTimestamp" in metadata,
        ),
        selector=tuple(sorted((spec.get("nodeSelector") or {}).items())),
        model=spec["chip"].get("model") or "",
        status=orjson.dumps(raw.get("status") or {}),
    )


def _entry(entry: Json) -> frozenset[ClassName]:
    return frozenset(ClassName(name) for name in entry.get("priorityClassNames") or ())


def queue(raw: Json) -> QueueRecord:
    """Return what is kept of a ChipQueue."""
    metadata, spec = raw["metadata"], raw["spec"]
    return QueueRecord(
        uid=metadata["uid"],
        name=metadata["name"],
        version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        view=Queue(
            name=QueueName(intern(metadata["name"])),
            class_names=_entry(spec),
            namespace_selector=_label_selector(spec.get("namespaceSelector")),
            limits=dict(_limits(spec)),
            deleting="deletionTimestamp" in metadata,
        ),
        status=orjson.dumps(raw.get("status") or {}),
    )


def _label_selector(selector: Json | None) -> tuple[Requirement, ...] | None:
    """As metav1.LabelSelector: none selects nothing, an empty one everything."""
    if selector is None:
        return None
    exact = (Requirement(key, "In", (value,)) for key, value in sorted((selector.get("matchLabels") or {}).items()))
    return (*exact, *requirements(selector.get("matchExpressions")))


def _limits(spec: Json) -> Iterator[tuple[PoolName, Milli]]:
    for quota in spec.get("quotas") or ():
        if quota.get("limit") is not None:
            yield PoolName(intern(quota["poolName"])), int(quota["limit"]) * CHIP


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
