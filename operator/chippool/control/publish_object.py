"""Writes on what chippool makes, and on its pods: one request each, refused if it meets another object."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chippool.api import names
from chippool.control.render import Rendered, collection
from chippool.core.model import Assignment, Displaced
from chippool.kube.writer import Urgency, Write
from chippool.state.annotations import assignment_text, displaced_text, time_text
from chippool.state.records import Lost, MadeRecord, Pin, Stuck

Json = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
UNTRACKED: list[Json] = [{}]
"""As managedFields: the server forgets who set which field, and stops keeping account of it."""


def create(rendered: Rendered, order: int) -> Write:
    return Write(_key(rendered), "POST", rendered.path, rendered.body, Urgency.DECISION, order, kind=rendered.kind)


def create_service(rendered: Rendered, order: int) -> list[Write]:
    """A gang that has one already gets a Conflict, which says just that.

    It yields to pins: made before its pods run, its endpoints would be written anew with every few of them.
    """
    if rendered.service is None:
        return []
    metadata = rendered.service["metadata"]
    key = ("Service", metadata["namespace"], metadata["name"])
    path = collection("Service", metadata["namespace"])
    return [Write(key, "POST", path, rendered.service, Urgency.SERVICE, order, kind="Service")]


def delete(made: MadeRecord, order: int) -> Write:
    """Its pods first: what comes after it must not run beside them under the same names."""
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": made.uid, "resourceVersion": made.version},
    }
    return Write(_made_key(made), "DELETE", _url(made), body, Urgency.DECISION, order, kind=made.kind)


def resume(made: MadeRecord, rendered: Rendered, order: int) -> Write:
    """Unsuspend a Job of the same rendering; its chips may be others, if it has no pods any more."""
    spec = rendered.body["spec"]
    change: Json = {key: spec[key] for key in ("suspend", "parallelism", "completions")}
    if made.rendered != rendered.stamp:
        replaced = {**rendered.chips, "resources": {"$patch": "replace", **rendered.chips["resources"]}}
        change["template"] = {"spec": {"containers": [replaced]}}
    said = rendered.body["metadata"]["annotations"]
    body = {"metadata": _as_seen(made, said), "spec": change}
    return _patch(made, body, order, STRATEGIC)


def roll_out(made: MadeRecord, rendered: Rendered, order: int, urgency: Urgency = Urgency.DECISION) -> Write:
    """Make a Deployment what is rendered now, whatever it was."""
    said: Mapping[str, str] = rendered.body["metadata"]["annotations"]
    body = [
        {"op": "replace", "path": "/metadata/uid", "value": made.uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made.version},
        *({"op": "add", "path": f"/metadata/annotations/{_escaped(key)}", "value": said[key]} for key in sorted(said)),
        {"op": "replace", "path": "/spec", "value": rendered.body["spec"]},
    ]
    return Write(_made_key(made), "PATCH", _url(made), body, urgency, order, JSON_PATCH, kind=made.kind)


def roll_over(made: MadeRecord, rendered: Rendered, order: int) -> Write:
    """Make a running Deployment what is rendered now: all new replicas are Ready before the old ones go.

    They have chips of their own, so none has to wait for an old one. Its mark says that the user's own strategy is to
    be put back.
    """
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
    body = {**rendered.body, "spec": {**rendered.body["spec"], "strategy": strategy}}
    body["metadata"] = {**body["metadata"], "annotations": _marked(rendered)}
    return roll_out(made, replace(rendered, body=body), order)


ROLLING_OVER = " rolling over"


def rolls_over(made: MadeRecord) -> bool:
    """Whether it has the strategy of `roll_over`."""
    return made.rendered.endswith(ROLLING_OVER)


def _marked(rendered: Rendered) -> Json:
    said: Json = rendered.body["metadata"]["annotations"]
    return {**said, names.RENDERED: rendered.stamp + ROLLING_OVER}


def hold(made: MadeRecord, assignment: Assignment, displaced: Displaced, order: int) -> Write:
    """Stop a Job that is to go on elsewhere: it says where already, and is resumed when its pods are gone."""
    said = {names.ASSIGNMENT: assignment_text(assignment), names.DISPLACED: displaced_text(displaced)}
    return _patch(made, {"metadata": _as_seen(made, said), "spec": _at_rest(made)}, order)


def resize(made: MadeRecord, assignment: Assignment, order: int, displaced: Displaced | None = None) -> Write:
    """Change its replicas; `displaced` says for whom, where others took some."""
    count = assignment.replicas
    spec = {"parallelism": count, "completions": count} if made.kind == "Job" else {"replicas": count}
    said: dict[str, str | None] = {names.ASSIGNMENT: assignment_text(assignment)}
    if displaced is not None:
        said[names.DISPLACED] = displaced_text(displaced)
    return _patch(made, {"metadata": _as_seen(made, said), "spec": spec}, order)


def displace(made: MadeRecord, displaced: Displaced, order: int) -> Write:
    said = {names.ASSIGNMENT: None, names.DISPLACED: displaced_text(displaced)}
    return _patch(made, {"metadata": _as_seen(made, said), "spec": _at_rest(made)}, order)


def stop(made: MadeRecord, order: int) -> Write:
    """Its assignment goes with it; right at any time, so only the uid must be the one that was meant."""
    metadata = {"uid": made.uid, "annotations": {names.ASSIGNMENT: None}}
    return _patch(made, {"metadata": metadata, "spec": _at_rest(made)}, order)


def end(made: MadeRecord, order: int) -> Write:
    """Stop what has finished; it keeps its assignment: without it it would queue again until Finished is seen."""
    return _patch(made, {"metadata": {"uid": made.uid}, "spec": _at_rest(made)}, order)


def pin(pin: Pin, order: int = 0) -> Write:
    """Send a gated pod to its node; gates of others stay.

    A pod never gets another gate after its birth, so where ours is the only one all of them go: a merge patch costs the
    server less than a strategic one. The list of who set which field goes too (docs/adr/0013).
    """
    gates = [{"$patch": "delete", "name": names.GATE}] if pin.other_gates else None
    said: Json = {"annotations": dict(pin.marks)} if pin.marks else {}
    if pin.pool and len(pin.pool) <= names.LABEL_LIMIT:
        said["labels"] = {names.POOL: pin.pool}
    body = {
        "metadata": {"uid": pin.pod_uid, "managedFields": UNTRACKED, **said},
        "spec": {"schedulingGates": gates, "nodeSelector": {HOSTNAME: pin.hostname}},
    }
    path = f"/api/v1/namespaces/{pin.namespace}/pods/{pin.name}"
    how = STRATEGIC if pin.other_gates else MERGE
    return Write(("Pod", pin.namespace, pin.name), "PATCH", path, body, Urgency.PIN, order, how, kind="pin")


def evict(stuck: Stuck) -> Write:
    """Evict a pod that does not get onto its node: a plain delete would count as its own failure."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": stuck.name, "namespace": stuck.namespace},
        "deleteOptions": {"preconditions": {"uid": stuck.pod_uid}},
    }
    path = f"/api/v1/namespaces/{stuck.namespace}/pods/{stuck.name}/eviction"
    return Write(("Pod", stuck.namespace, stuck.name), "POST", path, body, Urgency.UPKEEP, kind="evict")


def fail(lost: Lost, now: float) -> Write:
    """Say of a pod that it has failed, by no fault of its own; `now` in seconds since the epoch."""
    at = time_text(now)
    why = {"reason": "NodeLost", "message": f"chippool: node {lost.node} is not Ready for too long."}
    condition = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": at, **why}
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": at, "reason": "PodFailed"}
    status = {"phase": "Failed", **why, "conditions": [condition, ready]}
    body = {"metadata": {"uid": lost.pod_uid}, "status": status}
    return Write(_lost_key(lost), "PATCH", f"{_pod_url(lost)}/status", body, Urgency.PIN, 0, STRATEGIC, kind="lost")


def remove(lost: Lost) -> Write:
    """Take a failed pod away at once: the kubelet that should confirm its end is gone."""
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    body = {**options, "preconditions": {"uid": lost.pod_uid}}
    return Write(_lost_key(lost), "DELETE", _pod_url(lost), body, Urgency.PIN, kind="lost")


def _lost_key(lost: Lost) -> tuple[str, ...]:
    return ("Pod", lost.namespace, lost.name)


def _pod_url(lost: Lost) -> str:
    return f"/api/v1/namespaces/{lost.namespace}/pods/{lost.name}"


def _patch(made: MadeRecord, body: Json, order: int, content_type: str = MERGE) -> Write:
    return Write(_made_key(made), "PATCH", _url(made), body, Urgency.DECISION, order, content_type, kind=made.kind)


def _as_seen(made: MadeRecord, said: Mapping[str, str | None]) -> Json:
    return {"uid": made.uid, "resourceVersion": made.version, "annotations": dict(said)}


def _at_rest(made: MadeRecord) -> Json:
    return {"suspend": True} if made.kind == "Job" else {"replicas": 0}


def _key(rendered: Rendered) -> tuple[str, ...]:
    metadata = rendered.body["metadata"]
    return (rendered.kind, metadata["namespace"], metadata["name"])


def _made_key(made: MadeRecord) -> tuple[str, ...]:
    return (made.kind, made.namespace, made.name)


def _url(made: MadeRecord) -> str:
    return f"{collection(made.kind, made.namespace)}/{made.name}"


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
