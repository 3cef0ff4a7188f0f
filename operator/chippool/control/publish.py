"""From what was decided to what is written: pure builders, nothing here waits, asks the cluster or reads a clock.

Each returns writes without `done`; the loop adds its own with `dataclasses.replace`.
Call after `mirror.assume(plan)`: `view(key).assignment` and `.displaced` are then what the made object is to carry.
"""

import orjson

from chippool.control import publish_move as moves
from chippool.control import publish_native as natives
from chippool.control import publish_object as objects
from chippool.control.publish_known import Known
from chippool.control.publish_object import evict, fail, pin, remove
from chippool.control.publish_status import tell, tell_pool, tell_queue
from chippool.control.render import Rendered, render, same_but_chips
from chippool.control.status import status_of
from chippool.control.status_write import of_workload, status_write
from chippool.core.ids import WorkloadKey
from chippool.core.plan import Admit, Decision, Displace, Finish, Migrate, Resize, Shrink, Stop
from chippool.kube.writer import Urgency, Write
from chippool.state.records import MadeRecord

__all__ = [
    "Known",
    "admission",
    "evict",
    "fail",
    "go_on",
    "is_held",
    "is_over",
    "is_rolling_over",
    "pin",
    "refresh",
    "remove",
    "service",
    "tell",
    "tell_pool",
    "tell_queue",
    "writes",
]


def writes(decision: Decision, known: Known, now: float, order: int = 0) -> list[Write]:
    """Return what carries a decision out: its object first; nothing for Place, Keep and Hold.

    LookupError or ValueError: the spec has become one that can't be rendered (see `render`).
    """
    if natives.native(decision.workload, known) is not None:
        return natives.writes(decision, known, order)
    return _on_made(decision, known, now, order)


def _on_made(decision: Decision, known: Known, now: float, order: int) -> list[Write]:
    key = decision.workload
    match decision:
        case Admit():
            return admission(key, known, order)
        case Resize() | Shrink():
            return _resize(decision, known, order)
        case Displace() | Migrate():
            change = _displace if isinstance(decision, Displace) else _migrate
            return change(key, known, order)
        case Finish():
            return _finish(decision, known, now, order)
        case Stop():
            return [objects.stop(made, order) for made in _own(key, known)]
        case _:
            return []


def admission(key: WorkloadKey, known: Known, order: int = 0) -> list[Write]:
    """Return what brings the made object to its workload's (assumed) assignment, nothing where it is on its way.

    No object: a POST. Suspended or at 0 and of the same rendering: one PATCH, for other chips as soon as a Job's old
    pods are gone. Of another rendering: its DELETE, and the POST once it is gone. Where there is no POST or PATCH yet,
    call again in later cycles, as long as the assumption holds. Deleting, ended or not ours: nothing.
    """
    if natives.native(key, known) is not None:
        return natives.admission(key, known, order)
    rendered = _rendered(key, known)
    if rendered is None:
        return []
    if known.made(key) is None:
        return [objects.create(rendered, order), *objects.create_service(rendered, order)]
    return [write for made in _own(key, known) for write in _adapt(key, known, made, rendered, order)]


def service(key: WorkloadKey, known: Known) -> list[Write]:
    """Return what makes the headless Service of an admitted gang, nothing where it needs none.

    LookupError or ValueError: the spec has become one that can't be rendered.
    """
    rendered = _rendered(key, known) if _own(key, known) else None
    return objects.create_service(rendered, 0) if rendered else []


def refresh(key: WorkloadKey, known: Known) -> list[Write]:
    """Return the write that rolls an edited template out to a running Service, nothing where it is rolled out."""
    rendered = _rendered(key, known)
    if rendered is None or rendered.kind != "Deployment":
        return []
    stale = (
        made
        for made in _own(key, known)
        if made.assignment is not None
        and made.rendered != rendered.stamp
        and not moves.is_rolling_over(key, known, made)
    )
    return [objects.roll_out(made, rendered, 0, Urgency.UPKEEP) for made in stale]


def is_held(key: WorkloadKey, known: Known) -> bool:
    """Whether a gang was stopped to go on elsewhere, and has not gone on yet."""
    view = known.view(key)
    moves_on = view is not None and view.assignment is not None and not view.finished
    return moves_on and any(moves.is_held(made) for made in _own(key, known))


def is_rolling_over(key: WorkloadKey, known: Known) -> bool:
    """Whether old replicas of a service that moves still run."""
    return any(moves.is_rolling_over(key, known, made) for made in _own(key, known))


def is_over(decision: Displace | Migrate | Shrink, known: Known) -> bool:
    """Whether what a decision takes is given back, or there is nobody left to give it."""
    if natives.native(decision.workload, known) is not None:
        return natives.is_displaced(decision.workload, known)
    made = known.made(decision.workload)
    if made is None or made.outcome or made.assignment is None:
        return True
    return isinstance(decision, Shrink) and made.assignment.replicas <= decision.replicas


def go_on(key: WorkloadKey, known: Known) -> list[Write]:
    """Return what lets a held gang go on, nothing while its pods are in the way; LookupError or ValueError as above."""
    rendered = _rendered(key, known)
    own = [made for made in _own(key, known) if moves.is_held(made)]
    return [write for made in own for write in moves.go_on(key, known, made, rendered)] if rendered else []


def _migrate(key: WorkloadKey, known: Known, order: int) -> list[Write]:
    rendered = _rendered(key, known)
    if rendered is None:
        return []
    return [write for made in _own(key, known) for write in moves.move(key, known, made, rendered, order)]


def _adapt(key: WorkloadKey, known: Known, made: MadeRecord, rendered: Rendered, order: int) -> list[Write]:
    view = known.view(key)
    if made.outcome is not None or view is None or made.assignment == view.assignment:
        return []
    if made.kind == "Deployment":
        return [objects.roll_out(made, rendered, order)]
    if made.rendered == rendered.stamp:
        return [objects.resume(made, rendered, order)]
    if not same_but_chips(made.rendered, rendered.stamp):
        return [objects.delete(made, order)]
    return [] if _has_pods(key, known, made) else [objects.resume(made, rendered, order)]


def _has_pods(key: WorkloadKey, known: Known, made: MadeRecord) -> bool:
    """While it has, its chips can't be changed; none vanishes before the Job's own status says so."""
    return any(pod.made_uid == made.uid and (pod.deleting or not pod.finished) for pod in known.pods(key))


def _resize(decision: Resize | Shrink, known: Known, order: int) -> list[Write]:
    view = known.view(decision.workload)
    if view is None or view.assignment is None:
        return []
    lost = view.displaced if isinstance(decision, Shrink) else None
    return [objects.resize(made, view.assignment, order, lost) for made in _own(decision.workload, known)]


def _displace(key: WorkloadKey, known: Known, order: int) -> list[Write]:
    view = known.view(key)
    if view is None or view.displaced is None:
        return []
    return [objects.displace(made, view.displaced, order) for made in _own(key, known)]


def _finish(decision: Finish, known: Known, now: float, order: int) -> list[Write]:
    """Say it first: an object that has stopped and not finished would run again."""
    record, view = known.workload(decision.workload), known.view(decision.workload)
    if record is None or view is None:
        return []
    own = _own(decision.workload, known)
    status = status_of(record, view, own[0] if own else None, decision, now)
    said = status_write(
        of_workload(record), orjson.loads(record.status or b"{}"), status, urgency=Urgency.FINISH, order=order
    )
    return [*said, *(objects.end(made, order) for made in own if made.outcome is None and not made.suspended)]


def _own(key: WorkloadKey, known: Known) -> list[MadeRecord]:
    """The object, if it is the workload's own and is to stay."""
    record, made = known.workload(key), known.made(key)
    if record is None or made is None or made.owner_uid != record.uid or made.deleting:
        return []
    return [made]


def _rendered(key: WorkloadKey, known: Known) -> Rendered | None:
    record, view = known.workload(key), known.view(key)
    if record is None or view is None or view.assignment is None:
        return None
    pool = known.pool_records.get(view.assignment.pool)
    return None if pool is None else render(record, view.assignment, pool, view.displaced)
