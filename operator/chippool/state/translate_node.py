"""A Node, from what the API server says to what the mirror remembers; equal parts of nodes are kept once."""

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Any

from chippool.core.constraints import Taint
from chippool.state.amounts import amounts
from chippool.state.annotations import time_of
from chippool.state.devices import devices_of
from chippool.state.records import NodeRecord

Json = Mapping[str, Any]


def node(raw: Json) -> NodeRecord:
    """Return what is kept of a Node."""
    metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    readiness: Json = next((entry for entry in status.get("conditions") or () if entry["type"] == "Ready"), {})
    return NodeRecord(
        uid=metadata["uid"],
        name=intern(metadata["name"]),
        labels={intern(key): intern(value) for key, value in (metadata.get("labels") or {}).items()},
        taints=_taints(tuple(map(_taint, spec.get("taints") or ()))),
        ready=readiness.get("status") == "True" and "deletionTimestamp" not in metadata,
        cordoned=bool(spec.get("unschedulable")),
        capacity=_shared(tuple(sorted(amounts(status.get("capacity")).items()))),
        allocatable=_shared(tuple(sorted(amounts(status.get("allocatable")).items()))),
        devices=devices_of(metadata.get("annotations") or {}),
        unready_since=_unready_since(readiness),
    )


def _unready_since(readiness: Json) -> float | None:
    since = readiness.get("lastTransitionTime")
    return time_of(since) if since and readiness.get("status") != "True" else None


def _taint(entry: Json) -> Taint:
    return Taint(intern(entry["key"]), intern(entry.get("value") or ""), intern(entry["effect"]))


@lru_cache(maxsize=1024)
def _taints(taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    return taints


@lru_cache(maxsize=4096)
def _shared(resources: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return {intern(name): count for name, count in resources}
