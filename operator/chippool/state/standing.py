"""What a workload's object says, and what was decided and the object does not say yet."""

from dataclasses import dataclass, replace

from chippool.core.ids import WorkloadKey
from chippool.core.model import Assignment, Displaced, Outcome, Workload
from chippool.core.plan import Admit, Decision, Displace, Finish, Migrate, Resize, Shrink, Stop
from chippool.core.reasons import Reason
from chippool.core.respite import NO_LOOP_S, displacers, goes_in_parts
from chippool.state.past import deleted
from chippool.state.records import MadeRecord, WorkloadRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workload stands with its made object."""

    assignment: Assignment | None = None
    displaced: Displaced | None = None
    outcome: Outcome | None = None
    active: bool = False
    finished: bool = False
    succeeded: int = 0
    moving: bool = False
    """Its Job is stopped and is to go on elsewhere."""
    made_uid: str = ""
    """Only pods of this controller are its replicas; empty where any will do (a Deployment's, or one not seen yet)."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A decision that was taken and is to be seen in the cluster before `until` (seconds since the epoch)."""

    decision: Decision
    uid: str
    assignment: Assignment | None
    displaced: Displaced | None
    until: float


def observed(record: WorkloadRecord, made: MadeRecord | None) -> Standing:
    """Return what the cluster alone says; `made` is the workload's own object."""
    finished = record.view.finished
    if made is None:
        return Standing(finished=finished, displaced=None if finished else record.view.displaced)
    ended = made.deleting or made.outcome is not None
    return Standing(
        assignment=None if made.deleting else made.assignment,
        displaced=_lost(made),
        outcome=None if made.deleting else made.outcome,
        active=not ended and not made.suspended and made.replicas > 0,
        finished=finished,
        moving=made.kind == "Job" and made.suspended and made.assignment is not None and not (ended or finished),
        succeeded=0 if made.deleting else made.succeeded,
        made_uid=made.uid if made.kind == "Job" and not made.deleting else "",
    )


def _lost(made: MadeRecord) -> Displaced | None:
    """Return how the workload last lost its chips; one that goes while it runs was deleted by someone."""
    if made.deleting and made.assignment is not None and made.outcome is None and not made.suspended:
        return deleted(made.displaced.count if made.displaced else 0)
    return made.displaced


def assumed(standing: Standing, assumption: Assumption) -> Standing:
    """Return how it stands if what was decided is done."""
    match assumption.decision:
        case Admit() | Migrate():
            given, moving = assumption.assignment, isinstance(assumption.decision, Migrate)
            displaced = assumption.displaced or standing.displaced  # its object may be made anew in between
            return replace(standing, assignment=given, displaced=displaced, outcome=None, active=True, moving=moving)
        case Resize() | Shrink():
            lost = assumption.displaced or standing.displaced
            return replace(standing, assignment=assumption.assignment, displaced=lost)
        case Displace():
            return replace(standing, assignment=None, displaced=assumption.displaced, active=False)
        case Finish(_, reason, message):
            return replace(standing, outcome=Outcome(reason, message), active=False, finished=True)
        case Stop():
            return replace(standing, assignment=None, active=False)
        case _:
            return standing


def confirmed(assumption: Assumption, standing: Standing) -> bool:
    """Whether the cluster shows what was decided; `standing` is what it alone says."""
    match assumption.decision:
        case Admit() | Resize() | Shrink():
            return standing.assignment == assumption.assignment
        case Migrate():
            return standing.assignment == assumption.assignment and standing.active
        case Displace():
            return standing.assignment is None
        case Finish():
            return standing.finished
        case Stop():
            return not standing.active
        case _:
            return True


REMEMBERED = 16
"""Displacers kept on an object at most: its annotation must not grow without end."""


def displaced_by(decision: Displace | Migrate | Shrink, workload: Workload, now: float) -> Displaced:
    """Return the trace a displacement leaves on the made object; `workload` as it was before."""
    before, shrinks = workload.displaced, isinstance(decision, Shrink)
    return Displaced(
        at=round(now, 3),
        reason=decision.reason,
        by=decision.by,
        count=(before.count if before else 0) + (not shrinks),
        not_started=_not_started(decision, workload),
        generation=workload.generation,
        message=decision.message,
        variant=workload.assignment.variant if workload.assignment else before.variant if before else None,
        earlier=tuple((by, at) for by, at in _earlier(decision, workload) if now - at < NO_LOOP_S)[:REMEMBERED],
        kept=decision.replicas if isinstance(decision, Shrink) else 0,
    )


def _earlier(decision: Displace | Migrate | Shrink, workload: Workload) -> tuple[tuple[WorkloadKey, float], ...]:
    """By whom and when before; who only goes on with what it took last is there once."""
    before = workload.displaced
    same = before is not None and before.by == decision.by and goes_in_parts(workload)
    return before.earlier if before is not None and same else displacers(before)


def _not_started(decision: Displace | Migrate | Shrink, workload: Workload) -> int:
    before = workload.displaced
    if workload.started:
        return 0
    in_a_row = before.not_started if before and before.generation == workload.generation else 0
    return in_a_row + (decision.reason is Reason.NOT_STARTED)


def assumption_of(decision: Decision, workload: Workload, now: float, until: float) -> Assumption | None:
    """Return what a decision makes of a workload; None where nothing of it is written anywhere."""
    match decision:
        case Admit(variant=variant, pool=pool, nodes=nodes):
            replicas = len(nodes) + workload.succeeded
            given, lost = Assignment(variant, pool, replicas, now), workload.displaced
            dated = replace(lost, at=lost.at or now) if lost else None
            return Assumption(decision, workload.uid, given, dated, until)
        case Resize(replicas=replicas) | Shrink(replicas=replicas) if workload.assignment is not None:
            lost = displaced_by(decision, workload, now) if isinstance(decision, Shrink) else None
            return Assumption(decision, workload.uid, replace(workload.assignment, replicas=replicas), lost, until)
        case Migrate(variant=variant, pool=pool, nodes=nodes) if workload.assignment is not None:
            given = Assignment(variant, pool, len(nodes) + workload.succeeded, now)
            return Assumption(decision, workload.uid, given, displaced_by(decision, workload, now), until)
        case Displace():
            return Assumption(decision, workload.uid, None, displaced_by(decision, workload, now), until)
        case Finish() | Stop():
            return Assumption(decision, workload.uid, None, None, until)
        case _:
            return None
