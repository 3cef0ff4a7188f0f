"""What the status of a ChipQueue says of its budget."""

from typing import Any

from chippool.control import sentences
from chippool.control.status_conditions import Said
from chippool.core.budget import Budget, Spent, ends
from chippool.state.annotations import time_text
from chippool.state.budget import OVER_BUDGET
from chippool.state.records import QueueRecord

Json = dict[str, Any]

STEP = 0.001
"""The part of a budget that has to be used before its status is told anew."""


def budget_block(record: QueueRecord, spent: Spent | None) -> Json:
    """Return status.budget: as it is until it moves by a step, None without a budget; nothing while none is counted."""
    if record.budget is None:
        return {"budget": None}
    if spent is None or not _moved(record.budget, record.spent, spent):
        return {}
    return {
        "budget": {
            "periodStart": time_text(spent.since),
            "usedChipHours": f"{spent.chip_hours:.6f}".rstrip("0").rstrip("."),
            "countedUntil": time_text(spent.until),
        }
    }


def _moved(budget: Budget, told: Spent | None, now: Spent) -> bool:
    if told is None or told.since != now.since or told.is_beyond(budget) != now.is_beyond(budget):
        return True
    return now.chip_hours - told.chip_hours >= STEP * budget.chip_hours


def over_budget(record: QueueRecord, spent: Spent | None) -> Said | None:
    """None while nothing is counted: what was said stays."""
    budget = record.budget
    if budget is None:
        return Said(OVER_BUDGET, False, "NoBudget", sentences.NO_BUDGET)
    if spent is None:
        return None
    if spent.is_beyond(budget):
        until = time_text(ends(budget.period, spent.since))
        said = sentences.over_budget(budget.chip_hours, budget.period.lower(), until)
        return Said(OVER_BUDGET, True, "BudgetSpent", said)
    return Said(OVER_BUDGET, False, "WithinBudget", sentences.WITHIN_BUDGET)
