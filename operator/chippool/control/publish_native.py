"""From decisions to writes on what others made: native pods and Jobs say what they were given; pure, as `publish`.

A Job that nobody controls is told and suspended. All others are told by a mark on their pods and displaced by the
eviction API, so that disruption budgets bind; who controls them makes them anew, gated.
"""

from typing import Any

from chippool.api import names
from chippool.control.publish_known import Known
from chippool.control.publish_object import MERGE, displace
from chippool.core.ids import WorkloadKey
from chippool.core.model import Assignment
from chippool.core.plan import Admit, Decision, Displace, Resize
from chippool.kube.writer import Urgency, Write
from chippool.state.annotations import assignment_text
from chippool.state.native_groups import anchor
from chippool.state.records import MadeRecord, PodRecord, WorkloadRecord


def native(key: WorkloadKey, known: Known) -> WorkloadRecord | None:
    """Return the record of a native workload, None for a ChipWorkload's."""
    record = known.workload(key)
    return record if record is not None and record.native is not None else None


def writes(decision: Decision, known: Known, order: int) -> list[Write]:
    """Return what carries a decision on a native workload out; it is never moved nor shrunk, and ends by itself."""
    match decision:
        case Admit() | Resize():
            return admission(decision.workload, known, order)
        case Displace():
            return _displace(decision.workload, known, order)
        case _:
            return []


def admission(key: WorkloadKey, known: Known, order: int) -> list[Write]:
    """Return the write that says what it was given, nothing where it says so already."""
    record, view = native(key, known), known.view(key)
    if record is None or record.native is None or view is None or view.assignment is None:
        return []
    if record.native.standing.assignment == view.assignment:
        return []
    if record.native.job is not None:
        return [_tell_job(record.native.job, view.assignment, order)]
    pods = known.pods(key)
    told = anchor(pods) or anchor_of_running(pods)
    return [_mark(told, assignment_text(view.assignment), order)] if told else []


def is_displaced(key: WorkloadKey, known: Known) -> bool:
    """Whether nothing of it has chips or a mark any more, but what is on its way out."""
    record = native(key, known)
    return record is None or record.native is None or record.native.standing.assignment is None


def anchor_of_running(pods: tuple[PodRecord, ...]) -> PodRecord | None:
    """Return the first pod that runs: of a group that nobody of waits."""
    return min((pod for pod in pods if not (pod.deleting or pod.finished)), key=lambda pod: pod.name, default=None)


def _displace(key: WorkloadKey, known: Known, order: int) -> list[Write]:
    record, view = native(key, known), known.view(key)
    if record is None or record.native is None or view is None:
        return []
    if record.native.job is not None:
        return [displace(record.native.job, view.displaced, order)] if view.displaced else []
    pods = sorted(known.pods(key), key=lambda pod: pod.name)
    return [write for pod in pods if not (pod.deleting or pod.finished) for write in _give_back(pod, order)]


def _give_back(pod: PodRecord, order: int) -> list[Write]:
    if not pod.gated:
        return [_evict(pod, order)]
    return [_mark(pod, None, order)] if pod.native and pod.native.assignment else []


def _tell_job(job: MadeRecord, given: Assignment, order: int) -> Write:
    """One that was suspended goes on as it was seen, or its user's own word would be lost; else its pods are there."""
    metadata = {"uid": job.uid, "annotations": {names.ASSIGNMENT: assignment_text(given)}}
    body: dict[str, Any] = {"metadata": metadata}
    if job.suspended:
        body = {"metadata": {**metadata, "resourceVersion": job.version}, "spec": {"suspend": False}}
    path = f"/apis/batch/v1/namespaces/{job.namespace}/jobs/{job.name}"
    return Write(("Job", job.namespace, job.name), "PATCH", path, body, Urgency.DECISION, order, MERGE, kind="Job")


def _mark(pod: PodRecord, text: str | None, order: int) -> Write:
    """Its key is a pin's: a pin says the same, and takes the place of one that waits to be written."""
    body: dict[str, Any] = {"metadata": {"uid": pod.uid, "annotations": {names.ASSIGNMENT: text}}}
    return Write(_key(pod), "PATCH", _path(pod), body, Urgency.DECISION, order, MERGE, kind="Pod")


def _evict(pod: PodRecord, order: int) -> Write:
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    return Write(_key(pod), "POST", f"{_path(pod)}/eviction", body, Urgency.DECISION, order, kind="evict")


def _key(pod: PodRecord) -> tuple[str, ...]:
    return ("Pod", pod.namespace, pod.name)


def _path(pod: PodRecord) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
