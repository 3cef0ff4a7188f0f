"""One write of a status: only what differs, and only onto the object as it was seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chippool.control import render_marks as marks
from chippool.kube.writer import Urgency, Write
from chippool.state.records import PoolRecord, QueueRecord, WorkloadRecord

MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Target:
    """The object whose status it is; `version` as last seen, lest a stale leader takes back what a newer one said."""

    kind: str
    path: str
    key: tuple[str, ...]
    uid: str
    version: str


def of_workload(record: WorkloadRecord) -> Target:
    path = f"{marks.ROOT}/namespaces/{record.namespace}/chipworkloads/{record.name}"
    return Target("ChipWorkload", path, (record.namespace, record.name), record.uid, record.version)


def of_pool(record: PoolRecord) -> Target:
    return Target("ChipPool", f"{marks.ROOT}/chippools/{record.name}", (record.name,), record.uid, record.version)


def of_queue(record: QueueRecord) -> Target:
    return Target("ChipQueue", f"{marks.ROOT}/chipqueues/{record.name}", (record.name,), record.uid, record.version)


def status_write(
    target: Target,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    urgency: Urgency = Urgency.STATUS,
    order: int = 0,
) -> list[Write]:
    """Return the write that makes the old status the new one, or none; a value of None takes the field away."""
    moved = {key: new.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}
    if not moved:
        return []
    body = {"metadata": {"uid": target.uid, "resourceVersion": target.version}, "status": moved}
    return [
        Write(
            key=(target.kind, *target.key, "status"),
            method="PATCH",
            path=f"{target.path}/status",
            body=body,
            urgency=urgency,
            order=order,
            content_type=MERGE,
            kind="status",
        )
    ]
