"""Gated pods onto their reserved nodes, as soon as the room is free as observed; and pods that do not get there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chippool.api import names
from chippool.core.ids import CHIP, NodeName, WorkloadKey
from chippool.core.model import Assignment, Mode, Workload
from chippool.state import seating
from chippool.state.annotations import assignment_text
from chippool.state.beliefs import WAIT_S, Beliefs
from chippool.state.facts import Facts, hostname_of, key_of
from chippool.state.holds import Hold, hold_of, is_old
from chippool.state.project import add
from chippool.state.records import NodeRecord, Pin, PodRecord, PoolRecord, Stuck
from chippool.state.replicas import DELETION_COST
from chippool.state.reservations import WHOLE, Reservation
from chippool.state.sharing import ChipSharing

WITH_LEAVING, WITHOUT_LEAVING = frozenset({Hold.LEAVING}), frozenset[Hold]()
"""Whether what is still being given back counts as used."""
GRACE_S = 5.0
"""kube-scheduler may see a pod's end a moment later than we do, and says so until then."""


class Pinner:
    """Matches pods with nodes; what it hands out is remembered in the beliefs."""

    def __init__(self, facts: Facts, beliefs: Beliefs) -> None:
        self._facts, self._beliefs = facts, beliefs
        self._numbers: dict[WorkloadKey, int] = {}

    def pins(self, workloads: Iterable[Workload], now: float) -> list[Pin]:
        """Return the pins that are possible now, those of the first workload first."""
        return [pin for workload in workloads for pin in self._of(workload, now)]

    def _of(self, workload: Workload, now: float) -> Iterator[Pin]:
        waits = False
        pool = self._facts.pools.current.get(workload.assignment.pool) if workload.assignment else None
        sharing = pool.sharing if pool else None
        for pod, reservation in self._pairs(workload):
            node = self._facts.nodes.current.get(reservation.node)
            if node is None or not node.ready or node.cordoned or reservation.node in self._beliefs.avoided:
                continue
            chips = self._room(pod, reservation, node, pool, WITH_LEAVING)
            if chips is None:
                waits = waits or self._room(pod, reservation, node, pool, WITHOUT_LEAVING) is not None
                continue
            self._beliefs.send(reservation, pod.uid, chips, now + WAIT_S)
            marks = seating.marks(sharing, chips, sharing.stock(node)) if sharing else {}
            if workload.mode is Mode.SERVICE:
                marks = {**marks, DELETION_COST: str(-self._next_number(workload.key))}
            if pod.native and workload.assignment:
                marks = {**marks, names.ASSIGNMENT: assignment_text(workload.assignment)}
            yield _pin(pod, workload, node, marks)
        self._note(workload.key, now, waits=waits)

    def _next_number(self, key: WorkloadKey) -> int:
        """Whichever comes to its node last is the first to go; what is on its way counts, too."""
        seen = max((pod.number for pod in self._facts.pods_of(key)), default=0)
        self._numbers[key] = max(seen, self._numbers.get(key, 0)) + 1
        return self._numbers[key]

    def _note(self, key: WorkloadKey, now: float, *, waits: bool) -> None:
        if waits:
            self._beliefs.waiting.add(key)
        elif key in self._beliefs.waiting:
            self._beliefs.waiting.discard(key)
            self._beliefs.waited[key] = now
            self._beliefs.touch(key)

    def _pairs(self, workload: Workload) -> Sequence[tuple[PodRecord, Reservation]]:
        open_ = [r for r in self._beliefs.reservations.of(workload.key) if not r.pod_uid]
        if not open_ or workload.assignment is None:
            return ()
        pods = sorted(self._waiting_pods(workload), key=lambda pod: (pod.index, pod.name, pod.uid))
        ranks = self._ranks(workload, workload.assignment) if len(pods) < len(open_) else {}
        if len(ranks) == len(open_) and all(pod.index in ranks for pod in pods):
            return [(pod, open_[ranks[pod.index]]) for pod in pods]
        return list(zip(pods, open_, strict=False))

    def _waiting_pods(self, workload: Workload) -> Iterator[PodRecord]:
        record = self._facts.workloads.current[workload.key]
        own, claim = self._beliefs.own(record), self._beliefs.claim(workload.key)
        if record.native is None and (own is None or own.deleting):
            return
        for pod in self._facts.pods_of(workload.key):
            if not pod.gated or pod.node or pod.finished or self._beliefs.reservations.promised_to(pod.uid):
                continue
            if hold_of(pod, claim, self._beliefs.evicted) is Hold.MANAGED:
                yield pod

    def _ranks(self, workload: Workload, given: Assignment) -> dict[int, int]:
        """Place each index of an Indexed Job that has no node yet among those that have none."""
        there = {pod.index for pod in self._facts.pods_of(workload.key) if self._is_there(pod)}
        absent = (index for index in range(given.replicas) if index not in there)
        return {index: rank for rank, index in enumerate(absent)}

    def _is_there(self, pod: PodRecord) -> bool:
        if pod.deleting or (pod.finished and not pod.succeeded):
            return False
        return bool(pod.node) or pod.succeeded or self._beliefs.reservations.promised_to(pod.uid) is not None

    def _room(
        self,
        pod: PodRecord,
        reservation: Reservation,
        node: NodeRecord,
        pool: PoolRecord | None,
        counted: frozenset[Hold],
    ) -> tuple[int, ...] | None:
        """The chips it can have there, where they are shared; None if it does not fit."""
        sharing = pool.sharing if pool else None
        apart = sharing.resources if sharing else frozenset()
        first = self._first(reservation, node, pool.view.resource if pool else "")
        if not self._fits(pod, node, counted, apart, first):
            return None
        return () if sharing is None else self._chips(reservation, node, sharing, counted)

    def _chips(
        self, reservation: Reservation, node: NodeRecord, sharing: ChipSharing, counted: frozenset[Hold]
    ) -> tuple[int, ...] | None:
        table = seating.Table(sharing.stock(node))
        for there, hold in self._on(node):
            if hold is not Hold.LEAVING or hold in counted:
                table.put(sharing, there, stays=hold is not Hold.LEAVING)
        to_come = []
        for other in self._beliefs.reservations.at(NodeName(node.name)):
            if other.pod_uid:
                table.promise(other)
            elif other.seat not in {WHOLE, reservation.seat}:
                to_come.append(other.seat)
        return table.chips_for(reservation, to_come)

    def _on(self, node: NodeRecord) -> Iterator[tuple[PodRecord, Hold]]:
        for there in self._facts.pods_on(node):
            yield there, hold_of(there, self._beliefs.claim(key_of(there)), self._beliefs.evicted)

    def _first(self, own: Reservation, node: NodeRecord, resource: str) -> Mapping[str, int]:
        """What services that move have yet to get there: their old replicas end only when the new ones are Ready."""
        asked: defaultdict[str, int] = defaultdict(int)
        if not self._moves(own.workload):
            for other in self._beliefs.reservations.at(NodeName(node.name)):
                if not other.pod_uid and self._moves(other.workload):
                    add(asked, (*other.ask.requests, (resource, other.ask.chips // CHIP)))
        return asked

    def _moves(self, key: WorkloadKey) -> bool:
        claim = self._beliefs.claim(key)
        return any(is_old(pod, claim) for pod in self._facts.pods_of(key)) if claim.admission else False

    def _fits(
        self,
        pod: PodRecord,
        node: NodeRecord,
        counted: frozenset[Hold],
        apart: frozenset[str],
        first: Mapping[str, int],
    ) -> bool:
        """Whether the node has room beside all that is there or comes first; `counted` LEAVING pods still hold theirs.

        Resources that are looked at chip by chip stand `apart`.
        """
        used: defaultdict[str, int] = defaultdict(int, first)
        for there, hold in self._on(node):
            if hold is not Hold.LEAVING or hold in counted:
                add(used, there.requests)
        for reservation in self._beliefs.reservations.at(NodeName(node.name)):
            if reservation.pod_uid:
                add(used, self._facts.pods.by_uid[reservation.pod_uid].requests)
        rest = ((name, amount) for name, amount in pod.requests if amount and name not in apart)
        return all(node.allocatable.get(name, 0) - used[name] >= amount for name, amount in rest)

    def stuck(self, now: float, deadline: float) -> list[Stuck]:
        """Return the pinned pods that do not get onto their nodes; from now on they count as leaving."""
        late = [
            pod for uid, since in self._beliefs.pinned_at.items() if (pod := self._late(uid, now - since, deadline))
        ]
        for pod in late:
            self._beliefs.evict(pod)
        return sorted((self._stuck(pod) for pod in late), key=lambda stuck: (stuck.workload, stuck.name))

    def _late(self, uid: str, age: float, deadline: float) -> PodRecord | None:
        pod = self._facts.pods.by_uid[uid]
        if pod.native and pod.native.owner is None:
            return None  # nobody would make it anew: kube-scheduler has all the time it needs
        if hold_of(pod, self._beliefs.claim(key_of(pod)), self._beliefs.evicted) is not Hold.MANAGED:
            return None
        refused = pod.unschedulable and age >= min(GRACE_S, deadline)
        return pod if refused or age >= deadline else None

    def _stuck(self, pod: PodRecord) -> Stuck:
        node = self._facts.node_of(pod)
        return Stuck(pod.uid, pod.namespace, pod.name, key_of(pod), node, pod.unschedulable)


def _pin(pod: PodRecord, workload: Workload, node: NodeRecord, marks: Mapping[str, str]) -> Pin:
    name, hostname, said = NodeName(node.name), hostname_of(node), tuple(sorted(marks.items()))
    pool = workload.assignment.pool if workload.assignment else ""
    return Pin(pod.uid, pod.namespace, pod.name, workload.key, name, hostname, pod.other_gates, said, pool)
