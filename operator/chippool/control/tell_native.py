"""Tells users what was decided of native pods and Jobs: they have no status of ours, so events say it, each once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chippool.control.sentences import in_native_words
from chippool.core.ids import WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Decision, Displace, Hold
from chippool.core.reasons import MISTAKES, Reason
from chippool.kube.events import Regarding, event
from chippool.kube.writer import Write, Writer
from chippool.state.mirror import Mirror
from chippool.state.records import WorkloadRecord

SETTLED_S = 3.0
"""So long it has to wait for the same reason before that is worth an event: pods come one by one."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be said; the same reason again is not said again."""

    reason: Reason
    message: str
    since: float
    done: bool = False


class NativeTeller:
    """`clock` in seconds since the epoch; `instance` is this replica's identity."""

    def __init__(self, mirror: Mirror, writer: Writer, *, clock: Callable[[], float], instance: str) -> None:
        self._mirror, self._writer, self._clock, self._instance = mirror, writer, clock, instance
        self._said: dict[WorkloadKey, Said] = {}

    def forget(self, known: Mapping[WorkloadKey, object] | None = None) -> None:
        """Forget all but these."""
        kept = known or {}
        self._said = {key: said for key, said in self._said.items() if key in kept}

    def tell(self, record: WorkloadRecord, view: Workload, decision: Decision) -> bool:
        """Tell what is new of a workload; returns whether it has to be looked at again."""
        now = self._clock()
        said = _said(view, decision, now)
        before = self._said.get(view.key)
        if before is None or before.reason != said.reason:
            before = self._said[view.key] = said
        if before.done:
            return False
        if isinstance(decision, Hold) and now - before.since < SETTLED_S:
            return True
        self._said[view.key] = replace(said, done=True)
        self._put(record, said.reason, said.message, warns=said.reason in MISTAKES)
        return False

    def _put(self, record: WorkloadRecord, reason: Reason, message: str, *, warns: bool) -> None:
        regarding = self._regarding(record)
        if regarding is not None:
            self._writer.put(self._event(regarding, reason, message, warns=warns))

    def _event(self, regarding: Regarding, reason: Reason, message: str, *, warns: bool) -> Write:
        return event(
            regarding,
            reason,
            in_native_words(message),
            action="Queue",
            now=datetime.fromtimestamp(self._clock(), UTC),
            instance=self._instance,
            type="Warning" if warns else "Normal",
        )

    def _regarding(self, record: WorkloadRecord) -> Regarding | None:
        """The Job, or the first of the pods."""
        job = record.native.job if record.native else None
        if job is not None:
            return Regarding("batch/v1", "Job", job.namespace, job.name, job.uid)
        pods = [pod for pod in self._mirror.pods(record.view.key) if not pod.finished]
        first = min(pods, key=lambda pod: (pod.deleting, pod.name), default=None)
        return Regarding("v1", "Pod", first.namespace, first.name, first.uid) if first else None


def _said(view: Workload, decision: Decision, now: float) -> Said:
    given = view.assignment
    if given is None or isinstance(decision, Hold | Displace):
        return Said(decision.reason, decision.message, now)
    replicas = f"{given.replicas} pod{'s'[: given.replicas != 1]}"
    return Said(Reason.ADMITTED, f"Has its chips: {replicas} in pool {given.pool}.", now)
