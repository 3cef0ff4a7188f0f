"""Carries decisions out: one write each, watched until it has landed, and taken back where it could not be made."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from chippool.control import publish
from chippool.control.refusals import Refusals
from chippool.core.ids import WorkloadKey
from chippool.core.model import Mode
from chippool.core.plan import Admit, Decision, Displace, Finish, Hold, Keep, Migrate, Place, Plan, Resize, Shrink
from chippool.kube.writer import Answer, Outcome, Write, Writer
from chippool.state.mirror import Mirror
from chippool.state.native import is_native
from chippool.state.records import PodRecord

Takes = Displace | Migrate | Shrink
FIRST_S, CAP_S = 1.0, 60.0
LOOK_AGAIN_S = 0.5
"""What stands in the way of a decision may pass without changing anything the decision was made from."""

logger = logging.getLogger(__name__)


class Carrier:
    """From accepted decisions to writes; `clock` in seconds since the epoch, `instance` is this replica's identity."""

    def __init__(
        self, mirror: Mirror, writer: Writer, refusals: Refusals, *, clock: Callable[[], float], instance: str
    ) -> None:
        self._mirror, self._writer, self._refusals, self._clock = mirror, writer, refusals, clock
        self._instance = instance
        self._flying: dict[WorkloadKey, int] = {}
        self._remaking: set[WorkloadKey] = set()  # their old object must go before the new one can be made
        self._held: set[WorkloadKey] = set()  # gangs that are stopped to go on elsewhere
        self._rolled: dict[WorkloadKey, tuple[str, int, bool]] = {}
        self._owed: dict[WorkloadKey, Takes] = {}  # others have been given these chips already
        self._failures: dict[WorkloadKey, tuple[int, float]] = {}  # how often in a row, and when to try again

    def possible(self, plan: Plan) -> Plan:
        """Return the plan without what can't be carried out now, and without the displacements that were for it."""
        out = {decision.workload for decision in plan.decisions if self._must_wait(decision)}
        if not out:
            return plan
        kept = (entry for entry in plan.decisions if entry.workload not in out)
        again = self._clock() + LOOK_AGAIN_S
        wake = again if plan.wake is None else min(plan.wake, again)
        return replace(plan, decisions=tuple(entry for entry in kept if not _is_for(entry, out)), wake=wake)

    def _must_wait(self, decision: Decision) -> bool:
        """Its last write has only just failed, or pods of its last admission do not know yet that they are to go."""
        if self._clock() < self._failures.get(decision.workload, (0, 0.0))[1]:
            return True
        if not isinstance(decision, Admit):
            return False
        pods = self._mirror.pods(decision.workload)
        return any(_lingers(pod) for pod in pods)

    def wake(self) -> float | None:
        """When the next failed write is worth another try."""
        now = self._clock()
        return min((until for _, until in self._failures.values() if until > now), default=None)

    def renew(self) -> None:
        """Assumptions whose writes still wait to be sent do not run out."""
        for key in {*self._flying, *self._owed, *self._held}:
            self._mirror.renew(key)

    def forget(self) -> None:
        """Begin anew: what was left to do in an earlier reign is decided again."""
        self._remaking.clear()
        self._held.clear()
        self._owed.clear()
        self._rolled.clear()

    def carry_out(self, decisions: Iterable[Decision]) -> None:
        """Queue the writes of accepted decisions, in their order."""
        now = self._clock()
        for order, decision in enumerate(decisions):
            match decision:
                case Keep() | Hold() | Place():
                    continue
            if isinstance(decision, Takes):
                self._owed[decision.workload] = decision
            writes = self._rendered(decision.workload, partial(publish.writes, decision, self._mirror, now, order))
            then = self._when_finished(decision, now) if isinstance(decision, Finish) else []
            self._put(decision.workload, writes, admits=isinstance(decision, Admit), then=then)
            if isinstance(decision, Admit) and not any(write.method in {"POST", "PATCH"} for write in writes):
                self._remaking.add(decision.workload)

    def carry_on(self) -> None:
        """Make the objects whose predecessors have gone meanwhile, and displace what could not be displaced at once."""
        for displace in list(self._owed.values()):
            if displace.workload not in self._flying:
                self._displace_again(displace)
        for key in list(self._held):
            self._go_on(key)
        for key in list(self._remaking):
            view = self._mirror.view(key)
            if view is None or view.assignment is None:
                self._remaking.discard(key)
            elif key not in self._flying:
                self._remake(key)

    def roll_out(self, decisions: Iterable[Decision]) -> None:
        """Roll the edited templates of running Services out, once a generation; and see which gangs are to go on."""
        for decision in decisions:
            if isinstance(decision, Keep | Place | Resize | Shrink):
                self._roll_out(decision.workload)
                if publish.is_held(decision.workload, self._mirror):
                    self._held.add(decision.workload)

    def _roll_out(self, key: WorkloadKey) -> None:
        view = self._mirror.view(key)
        if view is None or view.mode is not Mode.SERVICE or view.assignment is None or key in self._flying:
            return
        stamp = (view.uid, view.generation, publish.is_rolling_over(key, self._mirror))
        if self._rolled.get(key) == stamp:
            return
        self._rolled[key] = stamp
        self._put(key, self._rendered(key, partial(publish.refresh, key, self._mirror)), admits=False)

    def _displace_again(self, displace: Takes) -> None:
        key, now = displace.workload, self._clock()
        if now < self._failures.get(key, (0, 0.0))[1]:
            return
        over = publish.is_over(displace, self._mirror)
        writes = [] if over else self._rendered(key, partial(publish.writes, displace, self._mirror, now))
        if not writes:
            self._owed.pop(key)
            return
        self._put(key, writes, admits=False)

    def _go_on(self, key: WorkloadKey) -> None:
        """Let a held gang run again; one that has to be made anew keeps its chips until it is."""
        if key in self._flying or self._clock() < self._failures.get(key, (0, 0.0))[1]:
            return
        if not publish.is_held(key, self._mirror):
            self._held.discard(key)
            return
        writes = self._rendered(key, partial(publish.go_on, key, self._mirror))
        if any(write.method == "DELETE" for write in writes):
            self._mirror.keep(key)
            self._remaking.add(key)
        self._put(key, writes, admits=False)

    def _remake(self, key: WorkloadKey) -> None:
        writes = self._rendered(key, partial(publish.admission, key, self._mirror))
        if any(write.method in {"POST", "PATCH"} for write in writes):
            self._remaking.discard(key)
        self._put(key, writes, admits=True)

    def _rendered(self, key: WorkloadKey, build: Callable[[], list[Write]]) -> list[Write]:
        """One spec that can't be rendered holds nothing else up."""
        try:
            return build()
        except (LookupError, ValueError) as error:
            record = self._mirror.workload(key)
            if record is not None:
                self._refusals.not_rendered(record.view, error)
            self._mirror.undo(key)
            return []

    def _when_finished(self, finish: Finish, now: float) -> list[Write]:
        """What is said once it is true: made now, while the old status is still to be seen."""
        return publish.tell(finish.workload, finish, self._mirror, now, self._instance)

    def _put(self, key: WorkloadKey, writes: list[Write], *, admits: bool, then: Sequence[Write] = ()) -> None:
        for place, write in enumerate(writes):
            if place:
                self._writer.put(replace(write, done=partial(_aside, write.path)))
                continue
            self._flying[key] = self._flying.get(key, 0) + 1
            self._writer.put(replace(write, done=partial(self._landed, key, write.method if admits else "", then)))

    def _landed(
        self, key: WorkloadKey, admits_by: str, then: Sequence[Write], outcome: Outcome, answer: Answer
    ) -> None:
        self._flying[key] -= 1
        if not self._flying[key]:
            del self._flying[key]
        match outcome:
            case Outcome.DONE:
                self._failures.pop(key, None)
                if not is_native(key):  # its other pods may still be protected
                    self._owed.pop(key, None)
                for write in then:
                    self._writer.put(write)
            case Outcome.SUPERSEDED:
                return
            case Outcome.GONE if is_native(key) and not admits_by:
                return  # who is gone has given everything back
            case Outcome.CONFLICT if admits_by == "POST":
                self._conflict(key)
            case Outcome.REFUSED if admits_by in {"POST", "PATCH"}:
                self._refused(key, str(answer))
            case Outcome.LAPSED | Outcome.GONE | Outcome.CONFLICT | Outcome.REFUSED:
                self._failed(key, outcome, answer)

    def _conflict(self, key: WorkloadKey) -> None:
        """A POST whose answer was lost has made the object already; any other one is somebody else's."""
        made, record = self._mirror.made(key), self._mirror.workload(key)
        if record is None or made is None or made.owner_uid == record.uid:
            return  # ours, or not to be seen yet: the watch confirms it, or the assumption runs out
        self._mirror.undo(key)  # and from now on the mirror says whose it is

    def _refused(self, key: WorkloadKey, sentence: str) -> None:
        record = self._mirror.workload(key)
        if record is not None:
            self._refusals.refused(record.view, sentence, self._clock())
        logger.warning("refused: %s: %s", key, sentence)
        self._mirror.undo(key)

    def _failed(self, key: WorkloadKey, outcome: Outcome, answer: Answer) -> None:
        self._rolled.pop(key, None)
        if outcome is Outcome.REFUSED:
            self._pause(key)
            logger.warning("refused: %s: %s", key, answer)
        refused_move = outcome is Outcome.REFUSED and isinstance(self._owed.get(key), Migrate)
        if key in self._owed and outcome in {Outcome.REFUSED, Outcome.CONFLICT} and not refused_move:
            return  # the winner counts on it: once more, on the object as it is then
        self._owed.pop(key, None)
        self._mirror.undo(key)

    def _pause(self, key: WorkloadKey) -> None:
        count = self._failures.get(key, (0, 0.0))[0] + 1
        self._failures[key] = (count, self._clock() + min(CAP_S, FIRST_S * 2 ** min(count - 1, 10)))


def _lingers(pod: PodRecord) -> bool:
    """Native pods wait at their gate before they are admitted, all others are made for it."""
    return bool(pod.made_uid) and not (pod.deleting or pod.finished or (pod.native and pod.gated))


def _is_for(decision: Decision, winners: set[WorkloadKey]) -> bool:
    return isinstance(decision, Takes) and decision.by in winners


def _aside(path: str, outcome: Outcome, answer: Answer) -> None:
    if outcome is Outcome.REFUSED:
        logger.warning("refused: %s: %s", path, answer)
