"""Event bodies (events.k8s.io/v1): pure builders."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chippool.kube.backlog import Urgency, Write

CONTROLLER = "chippool.io/operator"
NOTE_BYTES = 1024  # the API server's limit, as for the next one
INSTANCE_CHARS = 128
NAME_CHARS = 200  # of the object, so that the event's own stays below 253


@dataclass(frozen=True, slots=True)
class Regarding:
    """The object an event is about; no namespace for cluster scope."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


def event(
    regarding: Regarding,
    reason: str,
    note: str,
    *,
    action: str,
    now: datetime,
    instance: str,
    type: str = "Normal",  # noqa: A002  the API's word
    related: Regarding | None = None,
) -> Write:
    """Return the write of one event; said twice in the same minute it is the same event, and the second POST a 409."""
    now = now.astimezone(UTC)
    namespace = regarding.namespace or "default"  # where the API server wants those of cluster-scoped objects
    name = _name(regarding, reason, note, now)
    body: dict[str, Any] = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "eventTime": micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:INSTANCE_CHARS],
        "type": type,
        "reason": reason,
        "action": action,
        "note": _shortened(note),
        "regarding": _reference(regarding),
    }
    if related is not None:
        body["related"] = _reference(related)
    path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    return Write(("Event", namespace, name), "POST", path, body, Urgency.EVENT, kind="event")


def micro_time(moment: datetime) -> str:
    """Return a moment as the API's MicroTime: RFC 3339, UTC, six digits."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _name(regarding: Regarding, reason: str, note: str, now: datetime) -> str:
    said = "\0".join((regarding.uid, reason, note, now.strftime("%Y%m%d%H%M")))
    stem = regarding.name[:NAME_CHARS].rstrip(".-")
    return f"{stem}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _shortened(note: str) -> str:
    raw = note.encode()
    if len(raw) <= NOTE_BYTES:
        return note
    return raw[: NOTE_BYTES - 3].decode(errors="ignore") + "…"


def _reference(regarding: Regarding) -> dict[str, str]:
    reference = {
        "apiVersion": regarding.api_version,
        "kind": regarding.kind,
        "namespace": regarding.namespace,
        "name": regarding.name,
        "uid": regarding.uid,
    }
    return {key: value for key, value in reference.items() if value}
