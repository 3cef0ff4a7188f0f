"""Events of what has changed in a workload's status: said once, because a status changes once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chippool.api import names
from chippool.control import sentences
from chippool.control.status import ADMITTED, DISPLACED, FINISHED
from chippool.control.status_conditions import by_type
from chippool.core.ids import WorkloadKey
from chippool.core.model import Workload
from chippool.core.reasons import MISTAKES, Reason
from chippool.kube.events import Regarding, event
from chippool.kube.writer import Write
from chippool.state.records import WorkloadRecord

Json = dict[str, Any]

NORMAL, WARNING = "Normal", "Warning"
EXPECTED = frozenset({Reason.SUSPENDED, Reason.PREEMPTED, Reason.RECLAIMED, Reason.SCAVENGED, Reason.MIGRATED})
"""Nothing is wrong when chips go for these reasons."""


@dataclass(frozen=True, slots=True)
class Change:
    """A workload whose status moves from one state to the next; `instance` is the operator that says so."""

    record: WorkloadRecord
    view: Workload
    before: Mapping[str, Json]
    after: Mapping[str, Json]
    """Conditions by type."""
    find: Callable[[WorkloadKey], WorkloadRecord | None]
    now: float
    instance: str

    def became(self, kind: str, status: str) -> Json | None:
        """The condition, if its status or reason is new and its status is this."""
        old, new = self.before.get(kind, {}), self.after.get(kind, {})
        moved = (old.get("status"), old.get("reason")) != (new.get("status"), new.get("reason"))
        return new if moved and new.get("status") == status else None

    def winner(self) -> WorkloadRecord | None:
        by = self.view.displaced.by if self.view.displaced is not None else None
        return self.find(by) if by is not None else None


def events_of(
    record: WorkloadRecord,
    view: Workload,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    find: Callable[[WorkloadKey], WorkloadRecord | None],
    now: float,
    instance: str,
) -> list[Write]:
    """Return the events of a status that moves from `old` to `new`; `now` in seconds since the epoch."""
    change = Change(record, view, by_type(old), by_type(new), find, now, instance)
    return [write for look in LOOKS for write in look(change)]


def _admitted(change: Change) -> list[Write]:
    said = change.became(ADMITTED, "True")
    return [_event(change, change.record, "Admitted", said, NORMAL)] if said else []


def _misconfigured(change: Change) -> list[Write]:
    said = change.became(ADMITTED, "False")
    if said is None or said["reason"] not in MISTAKES:
        return []
    return [_event(change, change.record, "Misconfigured", said, WARNING)]


def _displaced(change: Change) -> list[Write]:
    said = change.became(DISPLACED, "True")
    if said is None:
        return []
    if said["reason"] == Reason.NOT_STARTED:
        return [_event(change, change.record, "NotStarted", said, WARNING)]
    kind = NORMAL if said["reason"] in EXPECTED else WARNING
    return [_event(change, change.record, "Displaced", said, kind, change.winner()), *_on_the_winner(change, said)]


def _shrunk(change: Change) -> list[Write]:
    """Its message tells one time from the next."""
    said = change.after.get(DISPLACED, {})
    if said.get("reason") != Reason.SHRUNK or said.get("message") == change.before.get(DISPLACED, {}).get("message"):
        return []
    return [_event(change, change.record, "Shrunk", said, NORMAL, change.winner()), *_on_the_winner(change, said)]


def _on_the_winner(change: Change, said: Json) -> list[Write]:
    winner = change.winner()
    if winner is None:
        return []
    told = {"reason": said["reason"], "message": sentences.displaced_other(change.record, winner, said["reason"])}
    return [_event(change, winner, "Displacing", told, NORMAL, change.record)]


def _finished(change: Change) -> list[Write]:
    said = change.became(FINISHED, "True")
    if said is None:
        return []
    kind = NORMAL if said["reason"] == Reason.COMPLETED else WARNING
    return [_event(change, change.record, "Finished", said, kind)]


def _made_again(change: Change) -> list[Write]:
    said = change.became(DISPLACED, "False")
    told = change.before.get(DISPLACED, {}).get("reason") == Reason.OBJECT_DELETED
    if said is None or said["reason"] != Reason.OBJECT_DELETED or told:
        return []
    return [_event(change, change.record, "Displaced", said, WARNING)]


def _moved(change: Change) -> list[Write]:
    said = change.became(DISPLACED, "False")
    if said is None or said["reason"] != Reason.MIGRATED:
        return []
    moved = _event(change, change.record, "Migrated", said, NORMAL, change.winner())
    return [moved, *_on_the_winner(change, said)]


LOOKS: tuple[Callable[[Change], list[Write]], ...] = (
    _admitted,
    _misconfigured,
    _displaced,
    _shrunk,
    _made_again,
    _moved,
    _finished,
)


def _event(
    change: Change,
    record: WorkloadRecord,
    reason: str,
    said: Mapping[str, str],
    kind: str,
    other: WorkloadRecord | None = None,
) -> Write:
    """Its action is the reason of the condition; names of other namespaces are not told."""
    near = other is not None and other.namespace == record.namespace
    return event(
        _regarding(record),
        reason,
        said["message"],
        action=said["reason"],
        now=datetime.fromtimestamp(change.now, UTC),
        instance=change.instance,
        type=kind,
        related=_regarding(other) if other is not None and near else None,
    )


def _regarding(record: WorkloadRecord) -> Regarding:
    return Regarding(names.API_VERSION, "ChipWorkload", record.namespace, record.name, record.uid)
