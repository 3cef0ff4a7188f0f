"""What decisions see, kept up from the facts and beliefs: only what is marked is looked at again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chippool.core.ids import NodeName, PoolName, WorkloadKey
from chippool.core.model import Bystander, NamespaceView, Node, Snapshot, Workload
from chippool.state.asked import AskedSums
from chippool.state.beliefs import Beliefs
from chippool.state.chipwise import beyond, seat_of, seated, shares_a_chip
from chippool.state.counts import PoolSums, QueueSums
from chippool.state.facts import Facts, Marks, key_of
from chippool.state.holds import hold_of
from chippool.state.native_groups import Natives
from chippool.state.project import chips_of, pools_of, project_node, project_workload
from chippool.state.purposes import PurposeSums
from chippool.state.recheck import Holding
from chippool.state.records import NodeRecord, PodRecord, PoolCounts, PoolRecord
from chippool.state.replicas import in_order
from chippool.state.reservations import Reservation
from chippool.state.roster import Table
from chippool.state.runtimes import Runtimes
from chippool.state.sharing import NO_STOCK, ChipSharing, Stock, is_whole
from chippool.state.tallies import Tallies
from chippool.state.throughputs import Throughputs


class Views:
    """Nodes and workloads as a snapshot shows them, and sums over them; `since`: when we began to look."""

    def __init__(self, facts: Facts, beliefs: Beliefs, marks: Marks, *, since: float) -> None:
        self.nodes: Table[NodeName, Node] = Table()
        self.workloads: Table[WorkloadKey, Workload] = Table()
        self.pool_sums = PoolSums()
        self.queue_sums = QueueSums()
        self.tallies = Tallies()
        self.purpose_sums = PurposeSums()
        self.asked_sums = AskedSums()
        self.runtimes = Runtimes()
        self.throughputs = Throughputs()
        self._facts, self._beliefs, self._marks, self._since = facts, beliefs, marks, since
        self._natives = Natives(facts, marks)
        self._pools: tuple[PoolRecord, ...] = ()
        self._few: dict[str, Any] = {"Pod": (), "ChipPool": {}, "ChipQueue": {}, "PriorityClass": {}, "Namespace": {}}

    def snapshot(self, last: Snapshot | None) -> Snapshot:
        """Return the view as of now; `last` itself if it says the same."""
        self._marks.workloads.update(self._beliefs.waiting)  # their clocks go on
        self.refresh()
        now = Snapshot(
            nodes=self.nodes.handed(),
            pools=self._few["ChipPool"],
            queues=self._few["ChipQueue"],
            classes=self._few["PriorityClass"],
            namespaces=self._few["Namespace"],
            workloads=self.workloads.handed(),
            bystanders=self._few["Pod"],
            runtimes=self.runtimes.typical(),
        )
        return last if last is not None and _same(last, now) else now

    def refresh(self) -> None:
        """Look again at whatever is marked."""
        marks = self._marks
        for key in self._natives.regroup():
            self._beliefs.saw_object(key)
        for kind in marks.kinds:
            self._take_over(kind)
        marks.kinds.clear()
        keys = set(marks.workloads)
        for key in keys:
            self._beliefs.settle(key)
        names = set(marks.nodes)
        for name in names:
            self._node(name)
        for key in keys | marks.workloads:
            self._workload(key)
        for key in self.throughputs.settled():
            self._workload(key)
        marks.nodes.clear()
        marks.workloads.clear()

    def pool_counts(self, pool: PoolName) -> PoolCounts:
        nodes = [node for name in self._beliefs.lost if (node := self.nodes.get(name)) and pool in node.pools]
        sums = self.pool_sums.of(pool)
        return replace(
            sums,
            lost=sum(node.installed for node in nodes),
            healthy=sums.allocatable - sum(node.allocatable for node in nodes),
            purposes=self.purpose_sums.of(pool),
            measured=self.throughputs.of_pool(pool),
        )

    def holding(self, pod: PodRecord) -> Iterator[Holding]:
        """Return what a pod on a node holds of it; parts of chips one by one."""
        name = self._facts.node_of(pod)
        view, node = self.nodes.get(name), self._facts.nodes.current.get(name)
        pool = self._facts.pools.current.get(view.pools[0]) if view and view.pools else None
        if node is None or pool is None or pool.sharing is None:
            yield name, chips_of(pod, pool.view.resource if pool else ""), pod.requests, None
            return
        yield name, 0, pod.requests, None
        for part in pool.sharing.parts(pod, pool.sharing.stock(node)):
            yield name, part.milli, (), None if is_whole(part) else seat_of(part, pod)

    def by_urgency(self, keys: Iterable[WorkloadKey]) -> list[Workload]:
        """Return admitted workloads, highest priority first, then who was admitted first."""
        found = (self.workloads.get(key) for key in keys)
        return sorted((workload for workload in found if workload and workload.assignment), key=self._urgency)

    def _urgency(self, workload: Workload) -> tuple[int, float, WorkloadKey]:
        assert workload.assignment is not None
        known = self._facts.classes.current.get(workload.class_name)
        return (-known.view.value if known else 0, workload.assignment.admitted_at, workload.key)

    def _node(self, name: NodeName) -> None:
        reserved = self._beliefs.reservations.at(name)
        self._marks.pinnable.update(reservation.workload for reservation in reserved)
        record = self._facts.nodes.current.get(name)
        if record is None:
            self._beliefs.give_back(reserved)
            self._beliefs.note_crowd(name, crowded=False)
            self.pool_sums.replace(self.nodes.drop(name), None)
            return
        view = self._project(record)
        while (late := _too_much(view, reserved)) is not None:
            self._beliefs.give_back([late])
            reserved = self._beliefs.reservations.at(name)
            view = self._project(record)
        self._beliefs.note_crowd(name, crowded=view.free < 0)
        self.pool_sums.replace(self.nodes.put(name, view), view)

    def _project(self, record: NodeRecord) -> Node:
        claim, evicted = self._beliefs.claim, self._beliefs.evicted
        name = NodeName(record.name)
        return project_node(
            record,
            pools_of(record, self._pools),
            ((pod, hold_of(pod, claim(key_of(pod)), evicted)) for pod in self._facts.pods_on(record)),
            self._beliefs.reservations.at(name),
            avoided=name in self._beliefs.avoided,
        )

    def _workload(self, key: WorkloadKey) -> None:
        record = self._facts.workloads.current.get(key)
        if record is None:
            self._recount(self.workloads.drop(key), None)
            self.purpose_sums.forget(key)
            self.asked_sums.forget(key)
            self.throughputs.forget(key)
            return
        standing, tally = self._beliefs.standing(record), self._beliefs.tally(key)
        reserved = self._beliefs.reservations.of(key)
        made = self._facts.made(key, record.view.mode)
        self.runtimes.learn(record.view, made)
        view = project_workload(
            record,
            made,
            standing,
            tally,
            tuple(reservation.node for reservation in reserved),
            self._facts.pools.current,
            clock=self._clock(key, standing.assignment.admitted_at) if standing.assignment else 0.0,
        )
        if view.assignment is not None and shares_a_chip(view):
            sharing = self.sharing(view.assignment.pool)
            view = seated(view, sharing, self._located(sharing, in_order(tally.there, view.mode)), reserved)
        if record.family:
            self.throughputs.learn(view, record.family, tally.there)
            view = self.throughputs.corrected(view, record.family)
        self._recount(self.workloads.put(key, view), view)
        self.purpose_sums.note(view, record.purpose)
        self.asked_sums.note(view, record.purpose)

    def _recount(self, before: Workload | None, after: Workload | None) -> None:
        self.queue_sums.replace(before, after)
        self.tallies.replace(before, after)

    def sharing(self, pool: PoolName) -> ChipSharing | None:
        """Return how a pool's chips are shared."""
        record = self._facts.pools.current.get(pool)
        return record.sharing if record else None

    def _located(
        self, sharing: ChipSharing | None, pods: Iterable[PodRecord]
    ) -> Iterator[tuple[PodRecord, NodeName, Stock]]:
        for pod in pods if sharing else ():
            name = self._facts.node_of(pod)
            node = self._facts.nodes.current.get(name)
            yield pod, name, sharing.stock(node) if sharing and node else NO_STOCK

    def _clock(self, key: WorkloadKey, admitted_at: float) -> float:
        return self._beliefs.clock_of(key, admitted_at, self._since)

    def _take_over(self, kind: str) -> None:
        now = self._taken_over(kind)
        if now != self._few[kind]:
            self._few[kind] = now

    def _taken_over(self, kind: str) -> object:
        facts = self._facts
        match kind:
            case "ChipPool":
                self._pools = tuple(sorted(facts.pools.current.values(), key=lambda pool: pool.name))
                return {name: record.view for name, record in facts.pools.current.items()}
            case "ChipQueue":
                self.runtimes.forget(facts.queues.current)
                return {name: record.view for name, record in facts.queues.current.items()}
            case "PriorityClass":
                return {name: record.view for name, record in facts.classes.current.items()}
            case "Namespace":
                return {name: NamespaceView(r.labels, r.deleting) for name, r in facts.namespaces.current.items()}
            case _:
                return _distinct(facts.bystanders)


def _distinct(bystanders: Mapping[Bystander, int]) -> tuple[Bystander, ...]:
    return tuple(sorted((one for one, count in bystanders.items() if count), key=repr))


def _too_much(node: Node, reserved: Sequence[Reservation]) -> Reservation | None:
    """The last reservation that can't stay."""
    if reserved and (not node.usable or _overcommitted(node)):
        return reserved[-1]
    return beyond(node, reserved)


def _overcommitted(node: Node) -> bool:
    """More is promised than is there; chips that are only unhealthy for a moment are still there."""
    return node.allocatable - node.free > node.installed or any(amount < 0 for amount in node.room.values())


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (
        one.nodes is other.nodes
        and one.workloads is other.workloads
        and one.pools is other.pools
        and one.queues is other.queues
        and one.classes is other.classes
        and one.namespaces is other.namespaces
        and one.bystanders is other.bystanders
        and one.runtimes is other.runtimes
    )
