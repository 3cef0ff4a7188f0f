"""The status of a ChipWorkload: a projection of what the cluster shows of it, and of why it waits.

Law: told again from the same cluster, at whatever time, it is the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from chippool.api import names
from chippool.api.chips import chip_count
from chippool.control import render_marks as marks
from chippool.control import sentences
from chippool.control.render import chips_per_replica
from chippool.control.status_conditions import Said, by_type, told
from chippool.core.model import Assignment, Mode, Workload
from chippool.core.plan import Decision, Finish, Hold, Keep
from chippool.core.reasons import Reason
from chippool.state.records import MadeRecord, WorkloadRecord
from chippool.state.translate_workload import REPLACING, STILL_READY

Json = dict[str, Any]

ADMITTED, READY, FINISHED, DISPLACED, NOT_MODELLED = "Admitted", "Ready", "Finished", "Displaced", "NotModelled"
PODS_READY, STARTING, PODS_NOT_READY, NOT_ADMITTED = "PodsReady", "Starting", "PodsNotReady", "NotAdmitted"
LEFT_TO_SCHEDULER, MODELLED = "LeftToScheduler", "AllModelled"


@dataclass(frozen=True, slots=True)
class Seen:
    """A workload as the cluster shows it and as its status said so far."""

    record: WorkloadRecord
    view: Workload
    made: MadeRecord | None
    decision: Decision
    before: Mapping[str, Json]
    """Its conditions by type."""
    block: Mapping[str, Any]
    """status.assignment."""

    @property
    def carried(self) -> Assignment | None:
        """What its object says in the cluster."""
        if self.made is None or self.made.deleting or self.made.owner_uid != self.record.uid:
            return None
        return self.made.assignment

    @property
    def assignment(self) -> Assignment | None:
        """What it has: neither given nor taken by assumption alone."""
        return self.carried if self.view.assignment is not None else None

    @property
    def pending(self) -> bool:
        """It has nothing, and nothing is on its way to or from it."""
        return self.view.assignment is None and self.carried is None

    @property
    def under_way(self) -> bool:
        """Something was decided that the cluster does not show yet: nothing is said before it does, but an end."""
        if isinstance(self.decision, Finish):
            return False
        return self.view.finished or (self.assignment is None and not self.pending)

    def same_admission(self, assignment: Assignment) -> bool:
        """Its status speaks of this admission already."""
        return bool(self.block.get("admittedAt") == marks.time_text(assignment.admitted_at))

    def says(self, kind: str) -> bool:
        return self.before.get(kind, {}).get("status") == "True"


def status_of(record: WorkloadRecord, view: Workload, made: MadeRecord | None, decision: Decision, now: float) -> Json:
    """Return the whole status of a workload; equal to what it has where nothing is to be written."""
    status: Json = orjson.loads(record.status or b"{}")
    before = by_type(status)
    seen = Seen(record, view, made, decision, before, status.get("assignment") or {})
    if view.deleting or seen.says(FINISHED) or seen.under_way:
        return status
    said = [one for project in PROJECTIONS if (one := project(seen)) is not None]
    whole = {
        **status,
        **_figures(seen),
        "observedGeneration": view.generation,
        "conditions": told(status.get("conditions") or [], said, view.generation, now),
    }
    return {key: value for key, value in whole.items() if value is not None}


def _admitted(seen: Seen) -> Said | None:
    decision = seen.decision
    if (assignment := seen.assignment) is not None:
        waits = decision.message if isinstance(decision, Hold) else ""
        message = sentences.admitted(assignment, _wanted(seen.view, assignment), _chips(seen.view, assignment), waits)
        return Said(ADMITTED, True, Reason.ADMITTED, message)
    if isinstance(decision, Hold):
        return Said(ADMITTED, False, decision.reason, decision.message)
    lost = seen.view.displaced
    return Said(ADMITTED, False, lost.reason, lost.message) if lost and seen.says(ADMITTED) else None


def _ready(seen: Seen) -> Said | None:
    if isinstance(seen.decision, Finish):
        return Said(READY, False, seen.decision.reason, sentences.ENDED)
    if (assignment := seen.assignment) is None:
        return Said(READY, False, NOT_ADMITTED, sentences.NOT_ADMITTED)
    if isinstance(seen.decision, Keep) and seen.view.started and seen.view.missing:
        return Said(READY, False, REPLACING, f"{sentences.NOT_READY} {seen.decision.message}")
    there = seen.view.ready + (seen.view.succeeded if seen.view.mode is Mode.GANG else 0)
    needed = min(assignment.replicas, seen.view.assignment.replicas if seen.view.assignment else 0)
    if there >= needed:
        return Said(READY, True, PODS_READY, sentences.ready(assignment.replicas, _wanted(seen.view, assignment)))
    if seen.view.outgoing >= needed:
        return Said(READY, True, STILL_READY, sentences.MOVING)
    reason, sentence = STARTING, sentences.STARTING
    if seen.view.started:
        reason, sentence = PODS_NOT_READY, sentences.NOT_READY if _is_whole(seen.view) else sentences.NOT_ALL_READY
    return Said(READY, False, reason, _first_error(seen, assignment, reason, sentence))


def _first_error(seen: Seen, assignment: Assignment, reason: str, sentence: str) -> str:
    """The kubelet's words change with every try; the first ones stay until the reason changes."""
    old = seen.before.get(READY, {})
    same = old.get("reason") == reason and seen.same_admission(assignment)
    if same and old.get("message", "").startswith(sentence) and old["message"] != sentence:
        return str(old["message"])
    return sentences.starting(sentence, seen.view.error)


def _finished(seen: Seen) -> Said | None:
    if not isinstance(seen.decision, Finish):
        return None
    return Said(FINISHED, True, seen.decision.reason, seen.decision.message)


def _displaced(seen: Seen) -> Said | None:
    if seen.assignment is not None:
        return _has_again(seen)
    lost = seen.view.displaced
    return Said(DISPLACED, True, lost.reason, lost.message or str(lost.reason)) if lost else None


def _has_again(seen: Seen) -> Said | None:
    lost = seen.made.displaced if seen.made else None
    if lost is None:
        return Said(DISPLACED, False, Reason.ADMITTED, sentences.ADMITTED_AGAIN) if seen.says(DISPLACED) else None
    if lost.reason is Reason.OBJECT_DELETED:
        return Said(DISPLACED, False, lost.reason, sentences.MADE_AGAIN)
    if lost.reason is Reason.MIGRATED:
        return Said(DISPLACED, False, lost.reason, lost.message)
    if lost.reason is Reason.SHRUNK:
        gave = seen.assignment is not None and seen.assignment.replicas <= lost.kept
        return Said(DISPLACED, False, *((lost.reason, lost.message) if gave else (Reason.ADMITTED, sentences.GROWN)))
    return Said(DISPLACED, False, Reason.ADMITTED, sentences.admitted_again(lost))


def _not_modelled(seen: Seen) -> Said | None:
    if seen.record.not_modelled:
        return Said(NOT_MODELLED, True, LEFT_TO_SCHEDULER, sentences.not_modelled(seen.record.not_modelled))
    return Said(NOT_MODELLED, False, MODELLED, sentences.MODELLED) if NOT_MODELLED in seen.before else None


PROJECTIONS: tuple[Callable[[Seen], Said | None], ...] = (_admitted, _ready, _finished, _displaced, _not_modelled)


def _figures(seen: Seen) -> Json:
    figures: Json = {"selector": f"{names.WORKLOAD}={seen.record.name}"}
    if isinstance(seen.decision, Finish):
        return {**figures, "replicas": 0}
    if (lost := seen.view.displaced) is not None:
        figures["displacements"] = lost.count
    if (assignment := seen.assignment) is not None:
        return {**figures, "replicas": assignment.replicas, "assignment": _block(seen, assignment)}
    return {**figures, "replicas": 0, "assignment": None}


def _block(seen: Seen, assignment: Assignment) -> Json:
    return {
        "variant": assignment.variant,
        "pool": assignment.pool,
        "replicas": assignment.replicas,
        "chips": chip_count(_chips(seen.view, assignment) * assignment.replicas),
        "nodes": _nodes(seen, assignment),
        "admittedAt": marks.time_text(assignment.admitted_at),
    }


def _nodes(seen: Seen, assignment: Assignment) -> int:
    """Counted while every replica has a node; replicas that end, or have to move, leave it as it is."""
    given = (*seen.view.placed, *seen.view.reserved)
    if len(given) < assignment.replicas and "nodes" in seen.block:
        return int(seen.block["nodes"])
    return len(set(given))


def _wanted(view: Workload, assignment: Assignment) -> int:
    """Replicas it asks for as the variant it runs as; no fewer than it has, while others are on their way out."""
    asked = {v.name: v.replicas for v in view.variants} if view.mode is Mode.GANG else {}
    return max(asked.get(assignment.variant, view.replicas), assignment.replicas)


def _is_whole(view: Workload) -> bool:
    """It is of one size: nobody adds replicas to it."""
    return view.min_replicas is None or view.min_replicas >= view.replicas


def _chips(view: Workload, assignment: Assignment) -> int:
    return chips_per_replica(view, assignment.variant)
