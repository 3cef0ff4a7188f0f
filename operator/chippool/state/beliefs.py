"""Rule 9: what was decided and the cluster does not show yet, kept in memory with a deadline each."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from chippool.core.ids import NodeName, WorkloadKey
from chippool.core.model import Workload
from chippool.state.facts import Facts, Marks, key_of
from chippool.state.holds import NO_CLAIM, UNREADABLE, Claim, Hold, Tally, claim_of, hold_of, tally
from chippool.state.project import missing, succeeded
from chippool.state.records import MadeRecord, PodRecord, WorkloadRecord
from chippool.state.replicas import surplus
from chippool.state.reservations import WHOLE, Reservation, Reservations
from chippool.state.seating import move
from chippool.state.standing import Assumption, Standing, assumed, confirmed, observed

WAIT_S = 60.0
"""How long anything that was decided may take to be seen."""


class Beliefs:
    """Assumptions, reservations and pins on top of the facts; times in seconds since the epoch."""

    def __init__(self, facts: Facts, marks: Marks, clock: Callable[[], float]) -> None:
        self.assumptions: dict[WorkloadKey, Assumption] = {}
        self.reservations = Reservations()
        self.evicted: dict[str, float] = {}
        """Pods we asked to go, until when we trust that they will."""
        self.avoided: dict[NodeName, float] = {}
        self.lost: set[NodeName] = set()
        """Nodes that have not been Ready for too long."""
        self.crowded: dict[NodeName, float] = {}
        """Nodes whose chips are fewer than what is on them asks for, and since when."""
        self.waiting: set[WorkloadKey] = set()
        """Workloads with a gated pod whose room is still being given back."""
        self.waited: dict[WorkloadKey, float] = {}
        self.pinned_at: dict[str, float] = {}
        self.unreadable: set[WorkloadKey] = set()
        self._claims: dict[WorkloadKey, Claim] = {}
        self._facts, self._marks, self._clock = facts, marks, clock

    # how a workload stands

    def own(self, record: WorkloadRecord) -> MadeRecord | None:
        """Return the object a workload controls."""
        made = self._facts.made(record.view.key, record.view.mode)
        return made if made is not None and made.owner_uid == record.uid else None

    def seen(self, record: WorkloadRecord) -> Standing:
        """Return how a workload stands as the cluster alone says."""
        return record.native.standing if record.native else observed(record, self.own(record))

    def standing(self, record: WorkloadRecord) -> Standing:
        """Return how a workload stands, assumptions included."""
        seen, assumption = self.seen(record), self.assumptions.get(record.view.key)
        return assumed(seen, assumption) if assumption else seen

    def claim(self, key: WorkloadKey) -> Claim:
        return self._claims.get(key, NO_CLAIM)

    def tally(self, key: WorkloadKey) -> Tally:
        return tally(self._facts.pods_of(key), self.claim(key), self.evicted, self._facts.node_of)

    def clock_of(self, key: WorkloadKey, admitted_at: float, since: float) -> float:
        """Return since when its start counts; `since` is when we began to look."""
        if key in self.waiting:
            return self._clock()
        return max(admitted_at, since, self.waited.get(key, 0.0))

    def note_crowd(self, node: NodeName, *, crowded: bool) -> None:
        """Remember since when a node has fewer healthy chips than are in use there: nothing in the cluster says so."""
        if crowded:
            self.crowded.setdefault(node, self._clock())
        else:
            self.crowded.pop(node, None)

    # what is decided

    def assume(self, key: WorkloadKey, assumption: Assumption) -> None:
        self.assumptions[key] = assumption
        self.touch(key)

    def reserve(self, reservation: Reservation) -> None:
        self.reservations.add(reservation)
        self._marks.nodes.add(reservation.node)
        self._marks.pinnable.add(reservation.workload)

    def give_back(self, reservations: Iterable[Reservation]) -> None:
        """Drop reservations: their replicas are to be decided again."""
        for reservation in reservations:
            self.reservations.drop(reservation)
            self._marks.nodes.add(reservation.node)
            self.touch(reservation.workload)

    def undo(self, key: WorkloadKey) -> None:
        if self.assumptions.pop(key, None) is not None:
            self.touch(key)
            self.settle(key)

    def renew(self, key: WorkloadKey) -> None:
        assumption = self.assumptions.get(key)
        if assumption is not None:
            self.assumptions[key] = replace(assumption, until=self._clock() + WAIT_S)

    def release(self, reservation: Reservation) -> None:
        """Open a reservation to other pods of its workload."""
        self.reservations.release(reservation)
        self._marks.pinnable.add(reservation.workload)

    def send(self, reservation: Reservation, pod_uid: str, chips: tuple[int, ...], until: float) -> None:
        """Keep a reservation for a pod whose pin is on its way, to these chips; those beside it come along."""
        if reservation.seat not in {WHOLE, *chips}:
            here = self.reservations.at(reservation.node)
            move(here, reservation.seat, chips[0])
            self._marks.nodes.add(reservation.node)
            for one in here:
                self.touch(one.workload)
        reservation.chips = chips
        self.reservations.promise(reservation, pod_uid, until)

    def touch(self, key: WorkloadKey) -> None:
        self._marks.workloads.add(key)
        self._marks.pinnable.add(key)

    # what the cluster shows

    def saw_object(self, key: WorkloadKey) -> None:
        """Confirm what a workload, or what is made of it, shows: its next state may be another one."""
        assumption, record = self.assumptions.get(key), self._facts.workloads.current.get(key)
        if assumption is None:
            return
        gone = record is None or record.uid != assumption.uid
        if gone or (record and confirmed(assumption, self.seen(record))):
            del self.assumptions[key]
            self.touch(key)

    def saw_pod(self, uid: str, before: PodRecord | None, after: PodRecord | None) -> None:
        """Settle what a pod uses up, and what ends with it."""
        if after is None or after.deleting or after.finished:
            self._ended(uid)
        elif after.workload and after.node:
            self._arrived(after, new=before is None or not before.node)

    def _arrived(self, pod: PodRecord, *, new: bool) -> None:
        if pod.bound:
            self.pinned_at.pop(pod.uid, None)
        else:
            self.pinned_at.setdefault(pod.uid, self._clock())
        used = self.reservations.taken_by(pod.uid, key_of(pod), self._facts.node_of(pod)) if new else None
        if used is not None:
            self.give_back([used])

    def _ended(self, uid: str) -> None:
        self.evicted.pop(uid, None)
        self.pinned_at.pop(uid, None)
        promised = self.reservations.promised_to(uid)
        if promised is not None:
            self.release(promised)

    def settle(self, key: WorkloadKey) -> None:
        """Let go of what a workload has no right to, or no need of, any more."""
        record = self._facts.workloads.current.get(key)
        standing = self.standing(record) if record else Standing()
        unreadable = record is None and key in self.unreadable
        claim = UNREADABLE if unreadable else claim_of(record.view if record else None, standing)
        makes = record is not None and record.native is None  # who else scales says so by what is there
        self._set_claim(key, self._with_surplus(record.view, claim, standing) if record and makes else claim)
        if self.reservations.of(key):
            self._let_go(key, record, standing)
        if record is None or standing.assignment is None:
            self.waiting.discard(key)
            self.waited.pop(key, None)

    def _with_surplus(self, view: Workload, claim: Claim, standing: Standing) -> Claim:
        """The claim without what there is beyond its replicas."""
        if not claim.stays or standing.assignment is None:
            return claim
        pods = [p for p in self._facts.pods_of(view.key) if not p.finished and self._is_managed(p, claim)]
        beyond = surplus(pods, standing.assignment.replicas, view.mode)
        return replace(claim, surplus=beyond) if beyond else claim

    def _is_managed(self, pod: PodRecord, claim: Claim) -> bool:
        return hold_of(pod, claim, self.evicted) is Hold.MANAGED

    def _set_claim(self, key: WorkloadKey, claim: Claim) -> None:
        if self.claim(key) != claim:
            self._marks.nodes.update(self._facts.node_of(pod) for pod in self._facts.pods_of(key) if pod.node)
            self._marks.nodes.update(reservation.node for reservation in self.reservations.of(key))
        if claim == NO_CLAIM:
            self._claims.pop(key, None)
        else:
            self._claims[key] = claim

    def _let_go(self, key: WorkloadKey, record: WorkloadRecord | None, standing: Standing) -> None:
        """Keep the reservations of this very admission, as many as replicas still need one."""
        admitted_at = standing.assignment.admitted_at if standing.assignment and self.claim(key).stays else -1.0
        self.give_back(r for r in self.reservations.of(key) if r.admitted_at != admitted_at)
        if record is not None and self.reservations.of(key):
            self._trim(record, standing)

    def _trim(self, record: WorkloadRecord, standing: Standing) -> None:
        """Pods that came by themselves need no reservation; the last ones go first."""
        found = self.tally(record.view.key)
        there = len(found.placed) + succeeded(record, standing, found)
        held = self.reservations.of(record.view.key)
        self.give_back(held[missing(record.view, standing, there) :])

    # deadlines

    def expire(self, now: float) -> list[WorkloadKey]:
        """Undo what was not seen in time; returns the workloads whose assumption it was."""
        late = [key for key, assumption in self.assumptions.items() if assumption.until <= now]
        for key in late:
            self.undo(key)
        for reservation in self.reservations.promised():
            if reservation.until <= now:
                self.release(reservation)
        for uid in [uid for uid, until in self.evicted.items() if until <= now]:
            self.spare(uid)
        for node in [node for node, until in self.avoided.items() if until <= now]:
            del self.avoided[node]
            self._marks.nodes.add(node)
        return late

    def evict(self, pod: PodRecord) -> None:
        """Count a pod as on its way out."""
        self.evicted[pod.uid] = self._clock() + WAIT_S
        self._touch_pod(pod)

    def spare(self, uid: str) -> None:
        """Count a pod that did not go as staying."""
        del self.evicted[uid]
        pod = self._facts.pods.by_uid.get(uid)
        if pod is not None:
            self._touch_pod(pod)

    def _touch_pod(self, pod: PodRecord) -> None:
        self._marks.nodes.add(self._facts.node_of(pod))
        self.touch(key_of(pod))
