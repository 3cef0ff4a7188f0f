"""Conditions of a status (metav1.Condition): the one place that sets them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chippool.control import render_marks as marks

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What is now to be said about one thing."""

    kind: str
    """The condition's type."""
    true: bool
    reason: str
    message: str


def by_type(status: Mapping[str, Any]) -> dict[str, Json]:
    return {condition["type"]: condition for condition in status.get("conditions") or ()}


def told(old: Iterable[Json], said: Iterable[Said], generation: int, now: float) -> list[Json]:
    """Return the conditions with what is said now in them; those of others and of things not spoken of stay.

    `lastTransitionTime` moves only when `status` does; `now` in seconds since the epoch.
    """
    conditions = {condition["type"]: condition for condition in old}
    for one in said:
        conditions[one.kind] = _condition(conditions.get(one.kind, {}), one, generation, now)
    return list(conditions.values())


def _condition(old: Json, said: Said, generation: int, now: float) -> Json:
    status = "True" if said.true else "False"
    moved = old.get("status") != status
    return {
        "type": said.kind,
        "status": status,
        "reason": str(said.reason),
        "message": said.message,
        "observedGeneration": generation,
        "lastTransitionTime": marks.time_text(now) if moved else old["lastTransitionTime"],
    }
