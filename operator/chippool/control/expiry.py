"""ttlSecondsAfterFinished: a finished workload is deleted when its time has come."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from chippool.control import render_marks as marks
from chippool.core.ids import WorkloadKey
from chippool.kube.writer import Urgency, Write
from chippool.state.records import WorkloadRecord

NEVER = float("inf")


class Expiry:
    """Remembers when each finished workload is due, so that a status is parsed once a version."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[str, float]] = {}

    def due(self, records: Mapping[WorkloadKey, WorkloadRecord], now: float) -> Iterator[Write]:
        """Yield the deletion of every finished workload whose time has come; `now` in seconds since the epoch."""
        finished = [record for record in records.values() if record.view.finished and not record.view.deleting]
        self._due = {record.uid: self._moment(record) for record in finished}
        for record in finished:
            if self._due[record.uid][1] <= now:
                yield _deletion(record)

    def _moment(self, record: WorkloadRecord) -> tuple[str, float]:
        known = self._due.get(record.uid)
        return known if known is not None and known[0] == record.version else (record.version, due_at(record))


def due_at(record: WorkloadRecord) -> float:
    """Return when a finished workload is to be deleted, seconds since the epoch; infinity for never."""
    ttl = orjson.loads(record.spec).get("ttlSecondsAfterFinished")
    conditions: list[dict[str, Any]] = orjson.loads(record.status or b"{}").get("conditions", [])
    ended = [entry["lastTransitionTime"] for entry in conditions if entry["type"] == "Finished"]
    if ttl is None or not ended:
        return NEVER
    return datetime.fromisoformat(ended[0]).timestamp() + float(ttl)


def _deletion(record: WorkloadRecord) -> Write:
    return Write(
        ("ChipWorkload", record.namespace, record.name),
        "DELETE",
        f"{marks.ROOT}/namespaces/{record.namespace}/chipworkloads/{record.name}",
        {"preconditions": {"uid": record.uid}, "propagationPolicy": "Background"},
        Urgency.UPKEEP,
        kind="ChipWorkload",
    )
