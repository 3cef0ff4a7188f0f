"""The status of a ChipQueue: its chips by pool, and whether what it names exists."""

from collections.abc import Collection
from typing import Any

import orjson

from chippool.api.chips import chip_count
from chippool.control import sentences
from chippool.control.status_budget import budget_block, over_budget
from chippool.control.status_conditions import Said, by_type, told
from chippool.control.status_usage import usage_block
from chippool.core.budget import Spent
from chippool.core.ids import ClassName, PoolName
from chippool.core.ledger import Used
from chippool.core.reasons import Reason
from chippool.core.sharing import Sharing
from chippool.state.records import QueueCounts, QueueRecord

Json = dict[str, Any]

READY, OVERSUBSCRIBED = "Ready", "Oversubscribed"


def queue_status(
    record: QueueRecord,
    counts: QueueCounts,
    sharing: Sharing,
    pools: Collection[PoolName],
    classes: Collection[ClassName] | None,
    now: float,
    spent: Spent | None = None,
    used: Used | None = None,
) -> Json:
    """Return the whole status of a queue; equal to what it has where nothing is to be written.

    `pools` and `classes` are all the cluster has; None for classes: not looked at. `spent` is what it has used of its
    budget, None: not counted; `used` what the ledger has of it.
    """
    status: Json = orjson.loads(record.status or b"{}")
    before, said = by_type(status), _ready(record, sharing, pools, classes)
    over = _oversubscribed(record, sharing)
    more = [one for one in (over, over_budget(record, spent)) if one and (one.true or one.kind in before)]
    return {
        **status,
        "observedGeneration": record.generation,
        "admittedWorkloads": counts.admitted_workloads,
        "pendingWorkloads": counts.pending_workloads,
        "pools": _pools(record, sharing),
        "share": f"{sharing.share(record.view.name):.3g}",
        **budget_block(record, spent),
        **usage_block(status, used),
        "conditions": told(status.get("conditions") or [], [said, *more], record.generation, now),
    }


def _pools(record: QueueRecord, sharing: Sharing) -> list[Json]:
    return [
        {
            "poolName": name,
            "used": chip_count(use.used),
            "guaranteed": chip_count(use.guaranteed),
            "borrowed": chip_count(use.borrowed),
            "pending": chip_count(use.pending),
        }
        for name, use in sharing.of(record.view.name).items()
    ]


def _ready(
    record: QueueRecord, sharing: Sharing, pools: Collection[PoolName], classes: Collection[ClassName] | None
) -> Said:
    if problem := sharing.problem(record.view.name):
        return Said(READY, False, problem.reason, problem.message)
    if classes is not None and (missing := sorted(set(record.view.class_names) - set(classes))):
        return Said(READY, False, Reason.UNKNOWN_CLASS, sentences.unknown_class(missing))
    if unknown := sorted({*record.view.limits, *record.view.guaranteed} - set(pools)):
        return Said(READY, False, Reason.UNKNOWN_POOL, sentences.unknown_pool(unknown))
    return Said(READY, True, "AllFound", sentences.QUEUE_READY)


def _oversubscribed(record: QueueRecord, sharing: Sharing) -> Said:
    if shrunk := sharing.shrunk(record.view.name):
        return Said(OVERSUBSCRIBED, True, "GuaranteesShrunk", sentences.shrunk(shrunk))
    return Said(OVERSUBSCRIBED, False, "GuaranteesKept", sentences.GUARANTEES_KEPT)
