"""A Job or Deployment, anybody's, from what the API server says to what the mirror remembers."""

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

from chippool.api import names
from chippool.core.ids import Namespace
from chippool.core.model import Outcome
from chippool.core.reasons import Reason
from chippool.state.annotations import assignment_of, displaced_of, time_of
from chippool.state.native import NativeJob, native_job
from chippool.state.records import MadeRecord

Json = Mapping[str, Any]

API_GROUP = "chippool.io/"


def job(raw: Json) -> MadeRecord:
    """Return what is kept of a Job."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    parallelism = spec.get("parallelism", 1)
    return _made(
        raw,
        "Job",
        suspended=bool(spec.get("suspend")),
        replicas=parallelism,
        succeeded=status.get("succeeded") or 0,
        outcome=_outcome(status.get("conditions") or ()),
        error="",
        ended_at=time_of(status["completionTime"]) if status.get("completionTime") else 0.0,
        native=native_job(raw),
    )


def deployment(raw: Json) -> MadeRecord:
    """Return what is kept of a Deployment."""
    replicas = (raw.get("spec") or {}).get("replicas", 1)
    conditions = (raw.get("status") or {}).get("conditions") or ()
    return _made(
        raw,
        "Deployment",
        suspended=replicas == 0,
        replicas=replicas,
        succeeded=0,
        outcome=None,
        error=next((c.get("message", "") for c in conditions if _holds(c, "ReplicaFailure")), ""),
    )


def _made(
    raw: Json,
    kind: str,
    *,
    suspended: bool,
    replicas: int,
    succeeded: int,
    outcome: Outcome | None,
    error: str,
    ended_at: float = 0.0,
    native: NativeJob | None = None,
) -> MadeRecord:
    metadata = raw["metadata"]
    said = metadata.get("annotations") or {}
    return MadeRecord(
        uid=intern(metadata["uid"]),
        kind=kind,
        namespace=Namespace(intern(metadata["namespace"])),
        name=intern(metadata["name"]),
        version=metadata["resourceVersion"],
        owner_uid=_owner(metadata.get("ownerReferences") or ()),
        deleting="deletionTimestamp" in metadata,
        assignment=assignment_of(said.get(names.ASSIGNMENT, "")),
        displaced=displaced_of(said.get(names.DISPLACED, "")),
        rendered=said.get(names.RENDERED, ""),
        suspended=suspended,
        replicas=replicas,
        succeeded=succeeded,
        outcome=outcome,
        error=error,
        ended_at=ended_at,
        created=time_of(metadata["creationTimestamp"]) if "creationTimestamp" in metadata else 0.0,
        native=native,
    )


def _owner(references: Iterable[Json]) -> str:
    for owner in references:
        if owner.get("controller") and owner["kind"] == "ChipWorkload" and owner["apiVersion"].startswith(API_GROUP):
            return str(owner["uid"])
    return ""


def _outcome(conditions: Iterable[Json]) -> Outcome | None:
    """Complete and Failed are for good; what comes before them (SuccessCriteriaMet, FailureTarget) is not the end."""
    for condition in conditions:
        if _holds(condition, "Complete"):
            return Outcome(Reason.COMPLETED, condition.get("message") or "All replicas have succeeded.")
        if _holds(condition, "Failed"):
            return Outcome(Reason.FAILED, condition.get("message") or condition.get("reason") or "Its Job has failed.")
    return None


def _holds(condition: Json, kind: str) -> bool:
    return bool(condition.get("type") == kind and condition.get("status") == "True")
