"""Raw pods and Jobs of anybody's own that ask a queue for chips."""

from tests.state import build
from tests.state.build import NOW, rfc

GATE = {"name": "chippool.io/placement"}


def a_wish(chips=8, cls="train", resource=build.GPU, **spec):
    asked = {"cpu": "1", "memory": "1Gi", resource: str(chips)}
    named = {"priorityClassName": cls} if cls else {}
    return {"containers": [build.a_container(limits=asked)], **named, **spec}


def the_labels(group=None, size=None, **labels):
    more = {"chippool.io/group": group, "chippool.io/group-size": None if size is None else str(size)}
    return {"chippool.io/queue-name": "q", **{key: value for key, value in more.items() if value}, **labels}


def a_native_job(name="j", parallelism=1, *, given=None, displaced=None, suspended=False, labels=None, said=None,
                 completions=None, succeeded=0, born=NOW - 600, owners=(), conditions=(), deleting=False,
                 **wish):  # fmt: skip
    """A Job as its user made it; what chippool wrote on it is `given` and `displaced`."""
    raw = build.a_job(
        name, given, owner="", displaced=displaced, suspended=suspended, parallelism=parallelism, succeeded=succeeded,
        said=said, conditions=conditions, deleting=deleting,
    )  # fmt: skip
    raw["metadata"] |= {"creationTimestamp": rfc(born), "ownerReferences": list(owners)}
    raw["spec"] |= {"completions": parallelism if completions is None else completions}
    raw["spec"]["template"] = {"metadata": {"labels": labels or the_labels()}, "spec": a_wish(**wish)}
    return raw


def a_native_pod(name="p", *, owner=None, labels=None, given=None, node="", pinned="", gated=None, phase="Pending",
                 deleting=False, ready=False, born=NOW - 300, said=None, uid=None, **wish):  # fmt: skip
    """A pod that waits at its gate, or was let go to a node with the mark of what its group was given."""
    raw = build.a_pod(
        name, "", uid=uid, node=node, deleting=deleting, phase=phase, ready=ready,
        said={**build._said(given, None), **(said or {})},
    )  # fmt: skip
    raw["metadata"] |= {"labels": labels or the_labels(), "creationTimestamp": rfc(born)}
    raw["metadata"]["ownerReferences"] = [owner] if owner else []
    waits = not (node or pinned) if gated is None else gated
    where = {"nodeName": node} if node else {"nodeSelector": {"kubernetes.io/hostname": pinned}} if pinned else {}
    raw["spec"] = {**a_wish(**wish), **where, **({"schedulingGates": [GATE]} if waits else {})}
    return raw


def a_stateful_set(name, policy="OrderedReady", born=NOW - 600):
    raw = build.an_object("StatefulSet", name, "team", f"statefulset-{name}")
    raw["metadata"]["creationTimestamp"] = rfc(born)
    return raw | {"spec": {"podManagementPolicy": policy}}


def the_job(name="j"):
    return an_owner("Job", name, uid=f"job-team-{name}")


def an_owner(kind, name, uid=None):
    return {"apiVersion": "v1", "kind": kind, "name": name, "uid": uid or f"{kind}-{name}".lower(), "controller": True}


def the_pods(count, **more):
    return [a_native_pod(f"p{n}", **more) for n in range(count)]
