"""How classes, assignments, displacements and moments are written onto objects."""

from datetime import UTC, datetime

import orjson

from chippool.api.names import API_VERSION, SHADOW_PREFIX
from chippool.core.model import Assignment, Displaced

ROOT = f"/apis/{API_VERSION}"


def shadow_class(name: str) -> str:
    """The PriorityClass of a class's pods: of the same value, and never preempting by itself."""
    return SHADOW_PREFIX + name


def assignment_text(assignment: Assignment) -> str:
    return _text(
        {
            "variant": assignment.variant,
            "pool": assignment.pool,
            "replicas": assignment.replicas,
            "admittedAt": precise_time_text(assignment.admitted_at),
        }
    )


def displaced_text(displaced: Displaced) -> str:
    return _text(
        {
            "at": precise_time_text(displaced.at),
            "by": displaced.by,
            "reason": displaced.reason,
            "count": displaced.count,
            "notStarted": displaced.not_started,
            "generation": displaced.generation,
            "message": displaced.message,
        }
    )


def time_text(seconds: float) -> str:
    """RFC 3339 in whole seconds, as the API's Time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_time_text(seconds: float) -> str:
    """RFC 3339 in milliseconds: the precision in which decisions are remembered."""
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(said: dict[str, object]) -> str:
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
