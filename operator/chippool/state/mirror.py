"""What we believe the cluster is: fed by the watch, asked by the loop, with what was decided on top."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chippool.core.ids import NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.core.plan import Admit, Decision, Migrate, Place, Plan, Resize
from chippool.core.sharing import Sharing
from chippool.state.beliefs import WAIT_S, Beliefs
from chippool.state.facts import Facts, Marks, key_of_made
from chippool.state.losses import Losses
from chippool.state.pinning import Pinner
from chippool.state.recheck import Holding, Recheck, World, asked_by
from chippool.state.records import (
    Lost,
    MadeRecord,
    NodeRecord,
    Pin,
    PodRecord,
    PoolCounts,
    PoolRecord,
    QueueCounts,
    QueueRecord,
    Spoiled,
    Stuck,
    WorkloadRecord,
)
from chippool.state.replicas import in_order, numbers
from chippool.state.reservations import WHOLE, Reservation
from chippool.state.standing import Assumption, assumption_of
from chippool.state.views import Views


class Mirror:
    """The cluster as the watch shows it, and on top what was decided; not to be used by two threads at once.

    `clock` gives seconds since the epoch. `on_change` is called when something came in that can change a decision.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.on_change: Callable[[], None] | None = None
        self.on_pod: Callable[[str, PodRecord | None, PodRecord | None], None] = lambda *_: None
        self._clock = clock
        self._marks = Marks()
        self._facts = Facts(self._marks)
        self._beliefs = Beliefs(self._facts, self._marks, clock)
        self._views = Views(self._facts, self._beliefs, self._marks, since=clock())
        self._pinner = Pinner(self._facts, self._beliefs)
        self._losses = Losses(self._facts, self._beliefs, self._marks)
        self._spoiled: dict[tuple[str, str], Spoiled] = {}
        self._given: Snapshot | None = None
        self._changed = False

    # what the feed tells

    def apply(self, kind: str, uid: str, record: Any) -> None:
        """Take an object as it is now."""
        size = self._marks.size()
        self._understood(kind, uid)
        before = self._facts.put(kind, record)
        self._believe(kind, uid, before, record)
        self._tell(size)

    def remove(self, kind: str, uid: str) -> None:
        """Forget a deleted object; it may be one that was never applied."""
        size = self._marks.size()
        self._understood(kind, uid)
        before = self._facts.drop(kind, uid)
        self._believe(kind, uid, before, None)
        self._tell(size)

    def _believe(self, kind: str, uid: str, before: Any, after: Any) -> None:
        match kind:
            case "Pod":
                self._beliefs.saw_pod(uid, before, after)
                self.on_pod(uid, before, after)
            case "Job" | "Deployment" if made := after or before:
                self._beliefs.saw_object(key_of_made(made))
            case "ChipWorkload" if record := after or before:
                self._beliefs.saw_object(record.view.key)

    def sweep(self, kind: str, uids: set[str]) -> None:
        """Forget everything of a kind that is not among `uids`, which are all there are."""
        known = {*self._facts.uids(kind), *(uid for other, uid in self._spoiled if other == kind)}
        for uid in known - uids:
            self.remove(kind, uid)

    def spoiled(self, kind: str, uid: str, namespace: str, name: str, error: str) -> None:
        """Note an object that exists and nobody understands; what was known of it holds no longer."""
        self.remove(kind, uid)
        self._spoiled[kind, uid] = Spoiled(kind, namespace, name, error)
        if kind == "ChipWorkload":
            self._beliefs.unreadable.add(WorkloadKey(f"{namespace}/{name}"))
            self._marks.workloads.add(WorkloadKey(f"{namespace}/{name}"))

    def _understood(self, kind: str, uid: str) -> None:
        spoiled = self._spoiled.pop((kind, uid), None)
        if spoiled is not None and kind == "ChipWorkload":
            key = WorkloadKey(f"{spoiled.namespace}/{spoiled.name}")
            self._beliefs.unreadable.discard(key)
            self._marks.workloads.add(key)

    def _tell(self, size: int) -> None:
        if self._marks.size() == size:
            return
        self._changed = True
        if self.on_change is not None:
            self.on_change()

    # what the loop asks

    @property
    def changed(self) -> bool:
        """Something that can change a decision came in since the last snapshot."""
        return self._changed

    def snapshot(self) -> Snapshot:
        """Return one consistent view; the same object again while nothing differs."""
        self._changed = False
        self._given = self._views.snapshot(self._given)
        return self._given

    def look(self) -> Snapshot:
        """Return the view as of now for others than the loop: `assume` goes on from the loop's own `snapshot`."""
        return self._views.snapshot(self._given)

    def assume(self, plan: Plan) -> tuple[Decision, ...]:
        """Take for true what is still right of a plan made from the last snapshot; what is returned is to be written.

        `view(key).assignment` and `.displaced` then say what to write onto the made object.
        """
        if self._given is None:
            return ()
        self._views.refresh()
        world = World(self._given.workloads, self._views.workloads.get, self._views.nodes.get, self._holdings)
        accepted = Recheck(world).accepted(plan.decisions)
        now = round(self._clock(), 3)  # as its annotation will say it
        for decision in accepted:
            self._take_for_true(decision, now)
        return accepted

    def _take_for_true(self, decision: Decision, now: float) -> None:
        workload = self._views.workloads.get(decision.workload)
        assert workload is not None
        assumption = assumption_of(decision, workload, now, now + WAIT_S)
        if assumption is not None:
            self._beliefs.assume(decision.workload, assumption)
        given = (assumption.assignment if assumption else None) or workload.assignment
        if isinstance(decision, Admit | Migrate | Place | Resize) and given and (asked := asked_by(decision, workload)):
            seats = decision.seats or (WHOLE,) * len(decision.nodes)
            for node, seat in zip(decision.nodes, seats, strict=True):
                self._beliefs.reserve(Reservation(decision.workload, node, asked[1], given.admitted_at, seat=seat))
            self._beliefs.touch(decision.workload)

    def _holdings(self, key: WorkloadKey, beyond: int) -> Iterator[Holding]:
        record, tally = self._facts.workloads.current[key], self._beliefs.tally(key)
        pods, reserved = in_order(tally.there, record.view.mode), self._beliefs.reservations.of(key)
        number = numbers(pods, len(reserved), record.view.mode) if beyond else (0,) * (len(pods) + len(reserved))
        for pod, index in zip(pods, number, strict=False):
            yield from self._views.holding(pod) if index >= beyond else ()
        for reservation, index in zip(reserved, number[len(pods) :], strict=True):
            if index < beyond:
                continue
            seat = None if reservation.seat == WHOLE else reservation.seat
            yield reservation.node, reservation.ask.chips, reservation.ask.requests, seat

    def undo(self, key: WorkloadKey) -> None:
        """Take back what was assumed of a workload: its write failed, was refused or met a conflict."""
        size = self._marks.size()
        self._beliefs.undo(key)
        self._tell(size)

    def renew(self, key: WorkloadKey) -> None:
        self._beliefs.renew(key)  # 60 s more: its write is still waiting to be sent

    def keep(self, key: WorkloadKey) -> None:
        """Take for true that a workload keeps its assignment while its object is made anew."""
        self._views.refresh()
        workload = self._views.workloads.get(key)
        if workload is None or workload.assignment is None:
            return
        given = workload.assignment
        move = Migrate(key, given.variant, given.pool, 0, (), None, "")
        until = self._clock() + WAIT_S
        self._beliefs.assume(key, Assumption(move, workload.uid, given, workload.displaced, until))

    def expire(self, now: float) -> list[WorkloadKey]:
        """Undo what the watch has not confirmed in time; returns the workloads whose assumption it was."""
        size = self._marks.size()
        late = self._beliefs.expire(now)
        self._tell(size)
        return late

    def pins(self, now: float) -> list[Pin]:
        """Match gated pods with reserved nodes whose room is free as observed; each is handed out once."""
        self._views.refresh()
        keys, self._marks.pinnable = self._marks.pinnable, set()
        return self._pinner.pins(self._views.by_urgency(keys), now)

    def unpin(self, pod_uid: str) -> None:
        """Take a pin back: its write failed."""
        size = self._marks.size()
        promised = self._beliefs.reservations.promised_to(pod_uid)
        if promised is not None:
            self._beliefs.release(promised)
        self._tell(size)

    def stuck(self, now: float, deadline: float) -> list[Stuck]:
        """Return pods to evict: pinned `deadline` seconds ago and not bound, or refused by kube-scheduler.

        Each is handed out once a minute, and its replica counts as missing from now on.
        """
        self._views.refresh()
        size = self._marks.size()
        found = self._pinner.stuck(now, deadline)
        self._tell(size)
        return found

    def lost(self, now: float, after: float) -> list[Lost]:
        """Return, once a minute each, pods of ours on nodes not Ready for `after` seconds: to be failed and removed."""
        size = self._marks.size()
        found = self._losses.lost(now, after)
        self._tell(size)
        return found

    def displaced_by_damage(self, now: float, after: float) -> list[Stuck]:
        """Return pods that don't run and whose node has lacked healthy chips for `after` seconds: to be evicted.

        Replicas that have no pod there yet give their reservations back.
        """
        self._views.refresh()
        size = self._marks.size()
        found = self._losses.crowded_out(now, after, self._views.nodes.get)
        self._tell(size)
        return found

    def avoid(self, node: NodeName, until: float) -> None:
        """Put nothing new on a node until then."""
        self._beliefs.avoided[node] = until
        self._marks.nodes.add(node)

    # look-ups, as of now

    def view(self, key: WorkloadKey) -> Workload | None:
        """Return what a snapshot would say of a workload now."""
        self._views.refresh()
        return self._views.workloads.get(key)

    def workload(self, key: WorkloadKey) -> WorkloadRecord | None:
        return self._facts.workloads.current.get(key)

    def made(self, key: WorkloadKey) -> MadeRecord | None:
        """Return the Job or Deployment of a workload's name and mode, whoever controls it."""
        record = self.workload(key)
        return self._facts.made(key, record.view.mode) if record else None

    def pods(self, key: WorkloadKey) -> tuple[PodRecord, ...]:
        """Return the pods that carry a workload's label."""
        return tuple(self._facts.pods_of(key))

    def node(self, name: NodeName) -> NodeRecord | None:
        return self._facts.nodes.current.get(name)

    @property
    def workload_records(self) -> Mapping[WorkloadKey, WorkloadRecord]:
        return self._facts.workloads.current

    @property
    def pool_records(self) -> Mapping[PoolName, PoolRecord]:
        return self._facts.pools.current

    @property
    def queue_records(self) -> Mapping[QueueName, QueueRecord]:
        return self._facts.queues.current

    @property
    def spoiled_objects(self) -> tuple[Spoiled, ...]:
        return tuple(self._spoiled.values())

    def pool_counts(self, name: PoolName) -> PoolCounts:
        return self.seen().pool_counts(name)

    def queue_counts(self, name: QueueName) -> QueueCounts:
        return self.seen().queue_sums.of(name)

    def seen(self) -> Views:
        """Return what decisions would see now, to be read alone."""
        self._views.refresh()
        return self._views

    def sharing(self) -> Sharing:
        """Return what queues are guaranteed and use, through the whole tree."""
        counts = {name: self.queue_counts(name) for name in self.queue_records}
        return Sharing(
            {name: record.view for name, record in self.queue_records.items()},
            {name: self.pool_counts(name).installed for name in self.pool_records},
            {name: count.used for name, count in counts.items()},
            {name: count.pending for name, count in counts.items()},
        )
