"""Whose the room is that pods take on a node, and what pods say of their workload."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from chippool.core.ids import NodeName
from chippool.core.model import Mode, Workload
from chippool.state.annotations import time_text
from chippool.state.records import PodRecord
from chippool.state.standing import Standing


class Hold(Enum):
    MANAGED = auto()
    LEAVING = auto()
    """Terminating, or of a workload that has no right to run."""
    UNMANAGED = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a workload's pods may stay, and which controller's pods are its own (empty: any)."""

    stays: bool
    made_uid: str = ""
    admission: str = ""
    """Of a service: which of its pods are new; those of an earlier admission are on their way out."""
    surplus: frozenset[str] = frozenset()
    """Pods beyond the replicas it has now: they are on their way out, whether they know it yet or not."""


NO_CLAIM = Claim(stays=False)
NOBODY = "nobody"
"""The controller of no pod: while a gang moves, all that is there of it is on its way out."""
UNREADABLE = Claim(stays=True)
"""Of a workload nobody understands: what runs of it is left alone."""


def claim_of(workload: Workload | None, standing: Standing) -> Claim:
    """Return the claim of a workload, None for one that does not exist."""
    if workload is None or workload.deleting or standing.finished:
        return NO_CLAIM
    stays = standing.assignment is not None and standing.outcome is None
    if standing.assignment is None or workload.mode is Mode.GANG:
        return Claim(stays, NOBODY if standing.moving else standing.made_uid)
    return Claim(stays, standing.made_uid, time_text(standing.assignment.admitted_at))


def hold_of(pod: PodRecord, claim: Claim, evicted: Container[str]) -> Hold:
    """Return whose room a bound or pinned pod takes; a label alone, without a controller, is nobody's word."""
    if pod.deleting or pod.uid in evicted or pod.uid in claim.surplus:
        return Hold.LEAVING
    if not pod.workload or not pod.made_uid:
        return Hold.UNMANAGED
    if is_old(pod, claim):
        return Hold.LEAVING
    return Hold.MANAGED if claim.stays and claim.made_uid in {"", pod.made_uid} else Hold.LEAVING


def is_old(pod: PodRecord, claim: Claim) -> bool:
    """Whether it is a service's pod of an earlier admission, which runs until the new ones are Ready."""
    return bool(claim.admission and pod.admission) and pod.admission != claim.admission


@dataclass(slots=True)
class Tally:
    """What the pods of a workload show together."""

    placed: list[NodeName] = field(default_factory=list)
    there: list[PodRecord] = field(default_factory=list)
    """The pods of `placed`."""
    ready: int = 0
    ran: int = 0
    succeeded: int = 0
    outgoing: int = 0
    """Ready pods of an earlier admission."""
    checkpointed_at: float | None = None
    waits_since: float | None = None
    """When the first of its gated pods was made."""
    errors: list[tuple[bool, str, str]] = field(default_factory=list)
    """Of pods: whether it has ended, its name, its error."""


def tally(
    pods: Iterable[PodRecord], claim: Claim, evicted: Container[str], node_of: Callable[[PodRecord], NodeName]
) -> Tally:
    """Count the pods of a workload."""
    found = Tally()
    done: set[object] = set()
    for pod in pods:
        if pod.finished:
            _finished(pod, claim, found, done)
        elif hold_of(pod, claim, evicted) is Hold.MANAGED:
            _standing(pod, found, node_of)
        elif is_old(pod, claim) and claim.stays:
            found.outgoing += pod.ready and not pod.deleting
    found.succeeded = len(done)
    return found


def _finished(pod: PodRecord, claim: Claim, found: Tally, done: set[object]) -> None:
    if not pod.made_uid or pod.made_uid != claim.made_uid:
        return
    if pod.deleting:  # asked to go, it may end well: a Job that was suspended does not count it
        return
    if pod.succeeded:
        done.add(pod.uid if pod.index < 0 else pod.index)
    elif pod.error:
        found.errors.append((True, pod.name, pod.error))


def _standing(pod: PodRecord, found: Tally, node_of: Callable[[PodRecord], NodeName]) -> None:
    if pod.node:
        found.placed.append(node_of(pod))
        found.there.append(pod)
        found.ready += pod.ready
        found.ran += pod.ran
        found.checkpointed_at = _latest(found.checkpointed_at, pod.checkpointed_at)
    elif pod.gated_since is not None and (found.waits_since is None or pod.gated_since < found.waits_since):
        found.waits_since = pod.gated_since
    if not pod.ready and (pod.error or pod.unschedulable):
        found.errors.append((False, pod.name, pod.error or pod.unschedulable))


def _latest(one: float | None, other: float | None) -> float | None:
    """Whichever replica saves the work speaks for all of them."""
    return max((moment for moment in (one, other) if moment is not None), default=None)
