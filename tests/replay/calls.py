"""Builders of audit log entries, as the API server would have written them."""

from tools.replay.audit import Call

OPERATOR = "operator"
GATES = [{"name": "chippool.io/placement"}]


def a_call(verb, resource, at, response, *, user="kwok", request=None, code=200, name=None):
    metadata = response.get("metadata", {})
    return Call(
        at,
        at + 0.001,
        user,
        verb,
        resource,
        metadata.get("namespace", ""),
        name or metadata.get("name", ""),
        code,
        request or {},
        response,
    )


def a_pod(name="w-0", *, gated=False, chips=1, to=None, phase="Pending", node=None, **more):
    spec = {
        "containers": [{"name": "c", "resources": {"requests": {"nvidia.com/gpu": str(chips), "cpu": "1"}}}],
        "schedulingGates": GATES if gated else [],
    }
    if to:
        spec["nodeSelector"] = {"kubernetes.io/hostname": to}
    if node:
        spec["nodeName"] = node
    workload = name.rpartition("-")[0]
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": more.pop("uid", f"uid-{name}"),
            "labels": {
                "chippool.io/workload": workload,
                "batch.kubernetes.io/job-completion-index": name.rpartition("-")[2],
            },
            "ownerReferences": [{"kind": "Job", "uid": f"job-{workload}"}],
            **more.pop("metadata", {}),
        },
        "spec": spec,
        "status": {"phase": phase, **more},
    }


def a_job(name="w", *, uid=None, conditions=(), suspend=False):
    return {
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": uid or f"job-{name}",
            "labels": {"chippool.io/workload": name},
        },
        "spec": {"suspend": suspend, "parallelism": 1},
        "status": {"conditions": [{"type": c, "status": "True"} for c in conditions]},
    }


def a_life(name="w-0", *, start=1.0, end=None, node="n1", chips=1, pinned_by=OPERATOR, uid=None):
    """The calls of one pod from its making to Succeeded, in order."""
    uid = uid or f"uid-{name}"
    pod = {"chips": chips, "uid": uid}
    yield a_call("create", "pods", start, a_pod(name, gated=True, **pod), user="job-controller", code=201)
    yield a_call("patch", "pods", start + 0.1, a_pod(name, to=node, **pod), user=pinned_by)
    yield a_binding(name, start + 0.2, node)
    yield a_call("patch", "pods/status", start + 0.3, a_pod(name, to=node, node=node, phase="Running", **pod))
    if end is not None:
        yield a_call("patch", "pods/status", end, a_pod(name, to=node, node=node, phase="Succeeded", **pod))


def a_binding(name, at, node):
    target = {"metadata": {"namespace": "ns", "name": name}}
    return Call(
        at,
        at + 0.001,
        "kube-scheduler",
        "create",
        "pods/binding",
        "ns",
        name,
        201,
        {**target, "target": {"name": node}},
        {"kind": "Status"},
    )


def made(name="w", *, at=0.5, uid=None):
    return a_call("create", "jobs", at, a_job(name, uid=uid), user=OPERATOR, code=201)


def ended(name="w", *, at=9.0):
    return a_call("update", "jobs/status", at, a_job(name, conditions=["Complete"]), user="job-controller")
