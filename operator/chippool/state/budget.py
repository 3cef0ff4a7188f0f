"""A queue's budget as its spec states it, and what was spent of it as its status says."""

from collections.abc import Mapping
from typing import Any

from chippool.api import quantity
from chippool.core.budget import Budget, Period, Spent
from chippool.state.annotations import time_of

Json = Mapping[str, Any]

OVER_BUDGET = "OverBudget"


def budget(spec: Json) -> Budget | None:
    said = spec.get("budget")
    if not said:
        return None
    return Budget(float(quantity.parse(said["chipHours"])), Period(said.get("period") or Period.MONTH))


def spent(status: Json) -> Spent | None:
    said = status.get("budget")
    if not said:
        return None
    used = float(quantity.parse(said["usedChipHours"]))
    return Spent(time_of(said["periodStart"]), time_of(said["countedUntil"]), used)


def is_overspent(raw: Json) -> bool:
    """Whether its status says that its budget is spent; of a budget it has no more, that means nothing."""
    conditions = (raw.get("status") or {}).get("conditions") or ()
    over = any(one["type"] == OVER_BUDGET and one["status"] == "True" for one in conditions)
    return over and bool(raw["spec"].get("budget"))
