"""The status of a ChipPool: its chips in whole numbers, and what is wrong with its nodes."""

from collections.abc import Callable
from typing import Any

import orjson

from chippool.api.chips import chip_count
from chippool.control import sentences
from chippool.control.status_conditions import Said, by_type, told
from chippool.control.status_stock import effective_chips, measured, runway, stock_conditions, stock_figures
from chippool.core.attrition import Evidence
from chippool.core.guarantee import Oversold
from chippool.core.ids import Milli
from chippool.core.outlook import Outlook
from chippool.state.records import PoolCounts, PoolRecord

Json = dict[str, Any]

READY, DEGRADED, NODES_OVERLAP, OVERSUBSCRIBED = "Ready", "Degraded", "NodesOverlap", "Oversubscribed"
CHIPS = ("installed", "allocatable", "allocated", "releasing", "free", "unmanaged", "lost")


def pool_status(
    record: PoolRecord,
    counts: PoolCounts,
    oversold: Oversold | None,
    now: float,
    kept: Milli = 0,
    evidence: Evidence | None = None,
    outlook: Outlook | None = None,
) -> Json:
    """Return the whole status of a pool; equal to what it has where nothing is to be written.

    `kept` are the free chips that wait for the workload that is next there; `evidence` is how its chips failed,
    and `outlook` how long they last.
    """
    status: Json = orjson.loads(record.status or b"{}")
    before = by_type(status)
    said = [*(look(counts) for look in LOOKS), _oversubscribed(oversold), *stock_conditions(record, counts)]
    worth = [one for one in said if one.true or one.kind == READY or one.kind in before]
    return {
        **status,
        "observedGeneration": record.generation,
        "nodes": counts.nodes,
        "chips": {
            **{name: chip_count(max(0, getattr(counts, name))) for name in CHIPS},
            "reserved": chip_count(sum(entry.chips for entry in record.view.reserve) + kept),
        },
        **effective_chips(record, counts, status),
        **stock_figures(record, counts, evidence),
        **runway(record, outlook, status, now),
        **measured(counts, status),
        "conditions": told(status.get("conditions") or [], worth, record.generation, now),
    }


def _ready(counts: PoolCounts) -> Said:
    if counts.nodes == 0:
        return Said(READY, False, "NoNodes", sentences.POOL_NO_NODES)
    return Said(READY, True, "NodesFound", sentences.POOL_READY)


def _degraded(counts: PoolCounts) -> Said:
    if counts.lost:
        return Said(DEGRADED, True, "NodesLost", sentences.lost(counts.lost))
    if counts.allocatable < counts.installed:
        return Said(DEGRADED, True, "ChipsUnhealthy", sentences.degraded(counts.installed, counts.allocatable))
    return Said(DEGRADED, False, "ChipsHealthy", sentences.POOL_HEALTHY)


def _overlap(counts: PoolCounts) -> Said:
    if counts.overlaps:
        return Said(NODES_OVERLAP, True, "SharedNodes", sentences.overlap(sorted(counts.overlaps), counts.shared_node))
    return Said(NODES_OVERLAP, False, "OwnNodes", sentences.POOL_ALONE)


def _oversubscribed(oversold: Oversold | None) -> Said:
    if oversold is not None:
        said = sentences.oversold(oversold.promised, oversold.has)
        return Said(OVERSUBSCRIBED, True, "GuaranteesBeyondStock", said)
    return Said(OVERSUBSCRIBED, False, "GuaranteesWithinStock", sentences.POOL_NOT_OVERSOLD)


LOOKS: tuple[Callable[[PoolCounts], Said], ...] = (_ready, _degraded, _overlap)
