"""Rule 1: who is asked first."""

from chippool.core.ids import ClassName
from chippool.core.model import Class, Snapshot, Workload

_UNKNOWN = Class(ClassName(""), value=0, preempts=False)


def class_of(snapshot: Snapshot, workload: Workload) -> Class:
    """The workload's PriorityClass; one that vanished counts as 0 and displaces nobody."""
    return snapshot.classes.get(workload.class_name, _UNKNOWN)


def waits_since(workload: Workload) -> float:
    """When it was made, or last lost its chips."""
    lost = workload.displaced
    return lost.at if lost is not None and lost.at else workload.created


def order(snapshot: Snapshot, workload: Workload) -> tuple[int, float, str]:
    """Priority value, then age, then uid."""
    return (-class_of(snapshot, workload).value, workload.created, workload.uid)
