"""The status of a ChipQueue: its chips by pool, and whether what it names exists."""

from collections.abc import Collection
from typing import Any

import orjson

from chippool.control import sentences
from chippool.control.status_conditions import Said, told
from chippool.core.ids import CHIP, ClassName, PoolName
from chippool.core.reasons import Reason
from chippool.state.records import QueueCounts, QueueRecord

Json = dict[str, Any]

READY = "Ready"


def queue_status(
    record: QueueRecord,
    counts: QueueCounts,
    pools: Collection[PoolName],
    classes: Collection[ClassName] | None,
    now: float,
) -> Json:
    """Return the whole status of a queue; equal to what it has where nothing is to be written.

    `pools` and `classes` are all the cluster has; None for classes: not looked at.
    """
    status: Json = orjson.loads(record.status or b"{}")
    said = _ready(record, pools, classes)
    return {
        **status,
        "observedGeneration": record.generation,
        "admittedWorkloads": counts.admitted_workloads,
        "pendingWorkloads": counts.pending_workloads,
        "pools": _pools(record, counts),
        "conditions": told(status.get("conditions") or [], [said], record.generation, now),
    }


def _pools(record: QueueRecord, counts: QueueCounts) -> list[Json]:
    named = {*record.view.limits, *counts.used, *counts.pending}
    return [
        {
            "poolName": name,
            "used": counts.used.get(name, 0) // CHIP,
            "pending": counts.pending.get(name, 0) // CHIP,
        }
        for name in sorted(named)
    ]


def _ready(record: QueueRecord, pools: Collection[PoolName], classes: Collection[ClassName] | None) -> Said:
    if classes is not None and (missing := sorted(set(record.view.class_names) - set(classes))):
        return Said(READY, False, Reason.UNKNOWN_CLASS, sentences.unknown_class(missing))
    if unknown := sorted(set(record.view.limits) - set(pools)):
        return Said(READY, False, Reason.UNKNOWN_POOL, sentences.unknown_pool(unknown))
    return Said(READY, True, "AllFound", sentences.QUEUE_READY)
