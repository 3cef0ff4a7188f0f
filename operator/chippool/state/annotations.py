"""What made objects say of themselves: assignment and displacement as JSON, times as RFC 3339 with milliseconds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from chippool.core.ids import PoolName, VariantName, WorkloadKey
from chippool.core.model import Assignment, Displaced
from chippool.core.reasons import Reason


def time_text(seconds: float) -> str:
    """Return a time since the epoch as RFC 3339; milliseconds survive the way there and back."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str) -> float:
    """Return the seconds since the epoch. ValueError: it is no RFC 3339 time."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def assignment_text(assignment: Assignment) -> str:
    """Return an assignment as its annotation says it."""
    said = {
        "variant": assignment.variant,
        "pool": assignment.pool,
        "replicas": assignment.replicas,
        "admittedAt": time_text(assignment.admitted_at),
    }
    return orjson.dumps(said).decode()


def assignment_of(text: str) -> Assignment | None:
    """Return the assignment an annotation says; what nobody understands is none."""
    try:
        said: Mapping[str, Any] = orjson.loads(text)
        return Assignment(
            VariantName(said["variant"]), PoolName(said["pool"]), int(said["replicas"]), time_of(said["admittedAt"])
        )
    except (ValueError, TypeError, LookupError):
        return None


def displaced_text(displaced: Displaced) -> str:
    """Return a displacement as its annotation says it."""
    said = {
        "at": time_text(displaced.at),
        "reason": displaced.reason,
        "by": displaced.by,
        "count": displaced.count,
        "notStarted": displaced.not_started,
        "generation": displaced.generation,
        "message": displaced.message,
    }
    earlier = [{"by": by, "at": time_text(at)} for by, at in displaced.earlier]
    more: dict[str, Any] = {"variant": displaced.variant} if displaced.variant else {}
    more |= {"kept": displaced.kept} if displaced.kept else {}
    return orjson.dumps(said | more | ({"earlier": earlier} if earlier else {})).decode()


def displaced_of(text: str) -> Displaced | None:
    """Return the displacement an annotation says; what nobody understands is none."""
    try:
        said: Mapping[str, Any] = orjson.loads(text)
        return Displaced(
            at=time_of(said["at"]),
            reason=Reason(said["reason"]),
            by=WorkloadKey(said["by"]) if said.get("by") else None,
            count=int(said["count"]),
            not_started=int(said["notStarted"]),
            generation=int(said["generation"]),
            message=str(said.get("message") or ""),
            variant=VariantName(said["variant"]) if said.get("variant") else None,
            earlier=tuple((WorkloadKey(one["by"]), time_of(one["at"])) for one in said.get("earlier") or ()),
            kept=int(said.get("kept") or 0),
        )
    except (ValueError, TypeError, LookupError):
        return None
