"""What a status says of use: a queue's anew every five minutes, if there is more; a workload's along with others."""

from collections.abc import Mapping
from typing import Any

from chippool.core.ledger import CHIP_HOUR, NOTHING, Sums, Used
from chippool.state.annotations import time_of, time_text

Json = dict[str, Any]

EVERY_S = 300.0


def usage_block(status: Mapping[str, Any], used: Used | None) -> Json:
    """Return status.usage; nothing where it stays as it is."""
    before = status.get("usage")
    if used is None or (before is None and used.sums == NOTHING):
        return {}
    hours = {**hours_of(used.sums), "effective": _hours(used.sums.effective_useful)}
    start = time_text(used.since)
    if before and before["periodStart"] == start:
        fresh = 0 <= used.until - time_of(before["countedUntil"]) < EVERY_S
        if fresh or before["chipHours"] == hours:
            return {}
    return {"usage": {"periodStart": start, "countedUntil": time_text(used.until), "chipHours": hours}}


def hours_of(sums: Sums) -> Json:
    """Return chip-hours by what came of them."""
    return {
        "useful": _hours(sums.useful),
        "starting": _hours(sums.starting),
        "lost": _hours(sums.lost),
        "uncertain": _hours(sums.doubt + sums.lost_doubt),
    }


def workload_usage(sums: Sums, until: float) -> Json:
    """Return status.usage of a workload."""
    return {"countedUntil": time_text(until), "chipHours": hours_of(sums)}


def _hours(units: int) -> str:
    return f"{units / CHIP_HOUR:.3f}".rstrip("0").rstrip(".")
