"""What somebody with rights in one namespace gets: the workload's own conditions, and what else there would be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

UNSEEN = "the pools' free chips, who holds them, the place in the order, and what other variants lack now"


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: str
    reason: str
    message: str
    last_transition_time: str


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A workload as its own status tells it."""

    namespace: str
    name: str
    queue_name: str
    priority_class_name: str
    conditions: tuple[Condition, ...]
    assignment: dict[str, Any] | None
    forbidden: tuple[str, ...]
    """Kinds the user may not list in all namespaces, which is why there is no more."""


def own_words(raw: dict[str, Any], forbidden: Sequence[str]) -> OwnWords:
    """Return what a raw ChipWorkload says of itself."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    return OwnWords(
        namespace=metadata["namespace"],
        name=metadata["name"],
        queue_name=spec.get("queueName", ""),
        priority_class_name=spec.get("priorityClassName", ""),
        conditions=tuple(_condition(one) for one in status.get("conditions") or ()),
        assignment=status.get("assignment"),
        forbidden=tuple(forbidden),
    )


def sentences(found: OwnWords) -> Iterator[str]:
    """Yield lines; the last one says what the user may not see."""
    yield f"{found.namespace}/{found.name} says of itself:"
    yield f"  Queue {found.queue_name}, priority class {found.priority_class_name}."
    if not found.conditions:
        yield "  Nothing yet. If that stays so, the operator does not run: ask who runs the cluster."
    for one in found.conditions:
        yield f"  {one.type} is {one.status} since {one.last_transition_time} ({one.reason}): {one.message}"
    kinds = ", ".join(found.forbidden)
    yield f"You may not list {kinds} in all namespaces, so you do not see {UNSEEN}."


def _condition(raw: dict[str, str]) -> Condition:
    rest = (raw.get(key, "") for key in ("reason", "message", "lastTransitionTime"))
    return Condition(raw["type"], raw["status"], *rest)
