"""How a workload last lost its chips, as its status tells: for when its object, which knows better, is gone."""

from collections.abc import Mapping
from typing import Any

from chippool.core.model import Displaced
from chippool.core.reasons import Reason
from chippool.state.annotations import time_of

OBJECT_DELETED = "Its Job or Deployment was deleted by someone; it queues again at its old age."


def past(status: Mapping[str, Any]) -> Displaced | None:
    """Return what is to be believed of a workload without an object; what nobody understands is nothing."""
    try:
        told = _told(status)
        return deleted(int(status.get("displacements") or 0)) if status.get("assignment") else told
    except (ValueError, TypeError, LookupError):
        return None


def deleted(count: int) -> Displaced:
    """Return the loss of an object that carried an assignment, after `count` losses before; `at` 0: nobody saw when."""
    return Displaced(0.0, Reason.OBJECT_DELETED, None, count + 1, 0, 0, OBJECT_DELETED)


def _told(status: Mapping[str, Any]) -> Displaced | None:
    said = next((one for one in status.get("conditions") or () if one["type"] == "Displaced"), None)
    count = int(status.get("displacements") or 0)
    if said is None or said["status"] != "True" or not count:
        return None
    at, message = time_of(said["lastTransitionTime"]), str(said.get("message") or "")
    return Displaced(at, Reason(said["reason"]), None, count, 0, 0, message)
