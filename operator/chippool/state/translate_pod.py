"""A Pod, from what the API server says to what the mirror remembers."""

from collections.abc import Iterator, Mapping
from math import inf
from sys import intern
from typing import Any

from chippool.api import names
from chippool.core.ids import Namespace
from chippool.state.amounts import pod_requests
from chippool.state.annotations import time_of
from chippool.state.constraints import constraints_of
from chippool.state.devices import parts_of
from chippool.state.native import HOSTNAME, native_pod
from chippool.state.records import PodRecord
from chippool.state.replicas import DELETION_COST

Json = Mapping[str, Any]

INDEX = "batch.kubernetes.io/job-completion-index"
ENDED = frozenset({"Succeeded", "Failed"})
STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
RESIZING = frozenset({"PodResizePending", "PodResizeInProgress"})
Moments = tuple[float | None, float | None, float | None]
NEVER: Moments = (None, None, None)
ONCE_READY = "PodCompleted"
"""Reason of Ready False in a pod whose containers have all ended well."""


def pod(raw: Json) -> PodRecord:
    """Return what is kept of a Pod."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    conditions = {entry["type"]: entry for entry in status.get("conditions") or ()}
    workload = intern((metadata.get("labels") or {}).get(names.WORKLOAD, ""))
    native = None if workload else native_pod(metadata, spec)
    workload = native.name if native else workload
    phase = status.get("phase", "")
    bound, gated, finished = bool(spec.get("nodeName")), bool(spec.get("schedulingGates")), phase in ENDED
    ready, deleting = _says(conditions, "Ready"), "deletionTimestamp" in metadata
    requests, annotations = pod_requests(spec, _resizing(conditions, status)), metadata.get("annotations") or {}
    return PodRecord(
        uid=metadata["uid"],
        namespace=Namespace(intern(metadata["namespace"])),
        name=metadata["name"],
        workload=workload,
        made_uid=intern(_controller(metadata) or (metadata["uid"] if native else "")),
        node=intern(spec.get("nodeName") or _pinned_to(spec, workload, gated=gated)),
        bound=bound,
        gated=gated,
        other_gates=any(gate["name"] != names.GATE for gate in spec.get("schedulingGates") or ()),
        deleting=deleting,
        finished=finished,
        succeeded=phase == "Succeeded",
        ready=ready,
        ran=ready or phase == "Succeeded" or conditions.get("Ready", {}).get("reason") == ONCE_READY,
        requests=requests,
        constraints=None if workload or bound or gated or finished or deleting else constraints_of(spec),
        index=_index(annotations),
        number=_number(annotations) if workload else 0,
        unschedulable="" if bound or finished else _unschedulable(conditions),
        checkpointed_at=_checkpointed_at(annotations) if workload else None,
        running=phase == "Running",
        throughput=_throughput(annotations) if workload else 0.0,
        gated_since=time_of(metadata["creationTimestamp"]) if workload and gated else None,
        admission=annotations.get(names.ADMITTED_AT, "") if workload else "",
        error="" if ready or phase == "Succeeded" else next(_errors(status), ""),
        parts=parts_of(spec, annotations, dict(requests)),
        native=native,
        moments=_moments(conditions, status) if workload and bound else NEVER,
    )


def _moments(conditions: Mapping[str, Json], status: Json) -> Moments:
    """When it was bound, last became Ready, and ended; what is not said is None."""
    bound = _since(conditions, "PodScheduled", "True") or _time(status.get("startTime"))
    ready = _since(conditions, "Ready", "True")
    return bound, ready, _ended(conditions, status) if status.get("phase") in ENDED else None


def _ended(conditions: Mapping[str, Json], status: Json) -> float | None:
    """Its last container's end; where no kubelet is left to tell, when it was given up."""
    states = [entry.get("state") or {} for entry in status.get("containerStatuses") or ()]
    ends = [_time((state.get("terminated") or {}).get("finishedAt")) for state in states]
    known = [end for end in ends if end is not None]
    return max(known) if known else _since(conditions, "DisruptionTarget", "True")


def _since(conditions: Mapping[str, Json], kind: str, status: str) -> float | None:
    said = conditions.get(kind, {})
    return _time(said.get("lastTransitionTime")) if said.get("status") == status else None


def _time(text: str | None) -> float | None:
    """What is no time says nothing."""
    try:
        return time_of(text) if text else None
    except (ValueError, OverflowError):
        return None


def _says(conditions: Mapping[str, Json], kind: str) -> bool:
    return bool(conditions.get(kind, {}).get("status") == "True")


def _controller(metadata: Json) -> str:
    owners = metadata.get("ownerReferences") or ()
    return str(next((owner["uid"] for owner in owners if owner.get("controller")), ""))


def _pinned_to(spec: Json, workload: str, *, gated: bool) -> str:
    """A pod of ours whose gate is off goes where its hostname selector says."""
    if not workload or gated:
        return ""
    return str((spec.get("nodeSelector") or {}).get(HOSTNAME, ""))


def _index(annotations: Mapping[str, str]) -> int:
    text = annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else -1


def _number(annotations: Mapping[str, str]) -> int:
    """What its ReplicaSet reads as its cost, the other way round; what is no number counts as none there too."""
    try:
        return -int(annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _checkpointed_at(annotations: Mapping[str, str]) -> float | None:
    """A pod's own word; what is no time is no checkpoint."""
    return _time(annotations.get(names.CHECKPOINTED_AT))


def _throughput(annotations: Mapping[str, str]) -> float:
    """A pod's own word, to two digits, lest every measurement is news; what is no number above zero counts as none."""
    text = annotations.get(names.THROUGHPUT)
    try:
        said = float(f"{float(text):.2g}") if text else 0.0
    except ValueError:
        return 0.0
    return said if 0.0 < said < inf else 0.0


def _resizing(conditions: Mapping[str, Json], status: Json) -> dict[str, Json] | None:
    if RESIZING.isdisjoint(conditions):
        return None
    return {entry["name"]: entry for entry in status.get("containerStatuses") or ()}


def _unschedulable(conditions: Mapping[str, Json]) -> str:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") != "False" or scheduled.get("reason") == "SchedulingGated":
        return ""
    return str(scheduled.get("message") or scheduled.get("reason") or "")


def _errors(status: Json) -> Iterator[str]:
    for entry in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = entry.get("state") or {}
        if (waiting := state.get("waiting")) and waiting.get("reason", "") not in STARTING:
            yield _sentence(f"container {entry['name']}: {waiting['reason']}", waiting)
        if (ended := state.get("terminated")) and ended.get("exitCode"):
            yield _sentence(f"container {entry['name']} ended with exit code {ended['exitCode']}", ended)
    if status.get("reason") or (status.get("message") and status.get("phase") == "Failed"):
        yield _sentence(f"pod {status.get('reason') or 'failed'}", status)


def _sentence(start: str, said: Json) -> str:
    message = " ".join(str(said.get("message") or "").split())
    return f"{start}: {message}" if message else start
