"""Shadow PriorityClasses: what made pods carry, so that kube-scheduler never displaces by itself on their behalf."""

from chippool.control import render_marks as marks
from chippool.core.ids import ClassName
from chippool.core.model import Class, Snapshot
from chippool.kube.writer import Urgency, Write

PATH = "/apis/scheduling.k8s.io/v1/priorityclasses"


def wanted(snapshot: Snapshot) -> dict[ClassName, Class]:
    """Return the classes queues name, by the name of their shadow; one that does not exist has none."""
    named = sorted({name for queue in snapshot.queues.values() for name in queue.class_names})
    return {ClassName(marks.shadow_class(name)): snapshot.classes[name] for name in named if name in snapshot.classes}


def missing(snapshot: Snapshot) -> set[ClassName]:
    """Return the shadows that are not there as they should be."""
    return {name for name, original in wanted(snapshot).items() if not _is_right(snapshot.classes.get(name), original)}


def write(name: ClassName, snapshot: Snapshot) -> Write:
    """Return what brings a shadow nearer to what it should be; a value can't be changed, so a wrong one is deleted."""
    if name in snapshot.classes:
        return _write(name, "DELETE", f"{PATH}/{name}", None)
    return _write(name, "POST", PATH, _body(name, wanted(snapshot)[name]))


def _is_right(found: Class | None, original: Class) -> bool:
    return found is not None and found.value == original.value and not found.preempts


def _body(name: ClassName, original: Class) -> dict[str, object]:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "chippool"}},
        "value": original.value,
        "preemptionPolicy": "Never",
        "description": f"Kept by chippool for the pods it makes of class {original.name}; chippool decides who yields.",
    }


def _write(name: ClassName, method: str, path: str, body: dict[str, object] | None) -> Write:
    # as urgent as anything: without it the API server refuses the pods
    return Write(("PriorityClass", name), method, path, body, Urgency.FINISH, kind="PriorityClass")
