"""Tells users what was decided: status and events, each once, and never on top of a status that has not landed yet."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from chippool.control.publish_status import tell
from chippool.control.tell_native import NativeTeller
from chippool.core.ids import WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Decision, Finish
from chippool.core.reasons import Reason
from chippool.kube.writer import Answer, Outcome, Urgency, Write, Writer
from chippool.state.mirror import Mirror
from chippool.state.records import MadeRecord, WorkloadRecord

Seen = tuple[type[Decision], Reason, str, Workload | None, WorkloadRecord, MadeRecord | None]
Key = tuple[str, ...]

START_S = 3.0
"""So long a workload may say nothing of its start."""


@dataclass(slots=True)
class Unlanded:
    """A status on its way: its write, the version it was made from, and the events that go with it."""

    key: Key
    version: str
    events: set[Key] = field(default_factory=set)
    landed: bool = False


class Teller:
    """`clock` in seconds since the epoch; `instance` is this replica's identity."""

    def __init__(self, mirror: Mirror, writer: Writer, *, clock: Callable[[], float], instance: str) -> None:
        self._mirror, self._writer, self._clock, self._instance = mirror, writer, clock, instance
        self._last: dict[WorkloadKey, Decision] = {}
        self._views: Mapping[WorkloadKey, Workload] = {}
        self._told: dict[WorkloadKey, Seen] = {}
        self._unlanded: dict[WorkloadKey, Unlanded] = {}
        self._later: set[WorkloadKey] = set()  # to be compared again soon
        self._natives = NativeTeller(mirror, writer, clock=clock, instance=instance)

    def forget(self) -> None:
        """Begin anew: somebody else may have told other things meanwhile."""
        self._last.clear()
        self._told.clear()
        self._natives.forget()

    def tell(self, decisions: Iterable[Decision], views: Mapping[WorkloadKey, Workload]) -> None:
        """Tell what is new in these, the latest decisions of every workload; a Finish is told by its own write."""
        self._views = views
        self._last = {decision.workload: decision for decision in decisions if not isinstance(decision, Finish)}
        self._told = {key: seen for key, seen in self._told.items() if key in self._last}
        self._unlanded = {key: sent for key, sent in self._unlanded.items() if key in self._last}
        self._natives.forget(self._last)
        for decision in self._last.values():
            self._tell(decision)

    def tell_again(self) -> None:
        """Compare once more where a status has landed since, or could not."""
        keys = {*self._later, *(key for key, sent in self._unlanded.items() if sent.landed)}
        self._later.clear()
        for key in keys & self._last.keys():
            self._tell(self._last[key])

    def _tell(self, decision: Decision) -> None:
        key = decision.workload
        record = self._mirror.workload(key)
        if record is None or self._is_under_way(key, record):
            return
        view = self._views.get(key)
        if record.native is not None:
            if view is not None and self._natives.tell(record, view, decision):
                self._later.add(key)
            return
        if view is not None and _is_just_starting(view, self._clock()):
            self._later.add(key)
            return
        shown = (view, record, self._mirror.made(key))
        seen = (type(decision), decision.reason, decision.message, *shown)
        if self._told.get(key) == seen:
            return
        self._told[key] = seen
        self._put(key, record, tell(key, decision, self._mirror, self._clock(), self._instance))

    def _is_under_way(self, key: WorkloadKey, record: WorkloadRecord) -> bool:
        """A status is being written, or the watch does not show it yet: what it says can't be compared."""
        sent = self._unlanded.get(key)
        if sent is None or self._writer.waits(sent.key):
            return False
        if sent.landed and sent.version != record.version:
            del self._unlanded[key]
            return False
        return True

    def _put(self, key: WorkloadKey, record: WorkloadRecord, writes: list[Write]) -> None:
        for write in writes:
            if write.urgency is Urgency.EVENT:
                self._put_event(key, write)
                continue
            sent = self._unlanded.setdefault(key, Unlanded(write.key, record.version))
            self._writer.put(replace(write, done=partial(self._done, key, sent)))

    def _put_event(self, key: WorkloadKey, write: Write) -> None:
        """Once for each status, however often that is replaced while it waits."""
        sent = self._unlanded.get(key)
        said = (write.path, write.body["reason"], write.body["note"])  # its name moves with the minute
        if sent is None or said not in sent.events:
            self._writer.put(write)
        if sent is not None:
            sent.events.add(said)

    def _done(self, key: WorkloadKey, sent: Unlanded, outcome: Outcome, answer: Answer) -> None:
        if outcome is Outcome.SUPERSEDED or self._unlanded.get(key) is not sent:
            return
        if outcome is Outcome.DONE and _version(answer) != sent.version:
            sent.landed = True
            return
        del self._unlanded[key]
        if outcome is not Outcome.REFUSED:
            self._told.pop(key, None)
            self._later.add(key)


def _is_just_starting(view: Workload, now: float) -> bool:
    """Pods that start at once need one status instead of two."""
    given = view.assignment
    return given is not None and not view.started and not view.error and now - given.admitted_at < START_S


def _version(answer: Answer) -> str:
    return str(answer["metadata"]["resourceVersion"]) if isinstance(answer, dict) else ""
