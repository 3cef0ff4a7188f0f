"""What the API server told us and nothing else: records by uid and name, indexes, and marks of what has changed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chippool.core.ids import ClassName, Namespace, NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Bystander, Mode
from chippool.state.index import Index
from chippool.state.native import HOSTNAME, JOB, StatefulSetRecord
from chippool.state.records import (
    ClassRecord,
    MadeRecord,
    NamespaceRecord,
    NodeRecord,
    PodRecord,
    PoolRecord,
    QueueRecord,
    WorkloadRecord,
)
from chippool.state.roster import Roster


@dataclass(slots=True)
class Marks:
    """What must be looked at again."""

    nodes: set[NodeName] = field(default_factory=set)
    workloads: set[WorkloadKey] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    """Kinds that are few: taken over as a whole."""
    pinnable: set[WorkloadKey] = field(default_factory=set)
    """Workloads whose gated pods may get onto their nodes now."""
    natives: set[WorkloadKey] = field(default_factory=set)
    """Native workloads, to be put together anew."""

    def size(self) -> int:
        """Return how much there is to look at; grows with every change that matters."""
        return len(self.nodes) + len(self.workloads) + len(self.kinds) + len(self.pinnable) + len(self.natives)


class Facts:
    """The records of every kind, with indexes; what `put` and `drop` change is marked."""

    def __init__(self, marks: Marks) -> None:
        self.nodes: Roster[NodeName, NodeRecord] = Roster(lambda r: NodeName(r.name))
        self.pods: Roster[str, PodRecord] = Roster(lambda r: r.uid)
        self.jobs: Roster[WorkloadKey, MadeRecord] = Roster(key_of_made)
        self.deployments: Roster[WorkloadKey, MadeRecord] = Roster(key_of_made)
        self.stateful_sets: Roster[str, StatefulSetRecord] = Roster(lambda r: r.uid)
        self.workloads: Roster[WorkloadKey, WorkloadRecord] = Roster(lambda r: r.view.key)
        self.pools: Roster[PoolName, PoolRecord] = Roster(lambda r: r.name)
        self.queues: Roster[QueueName, QueueRecord] = Roster(lambda r: r.view.name)
        self.classes: Roster[ClassName, ClassRecord] = Roster(lambda r: r.view.name)
        self.namespaces: Roster[Namespace, NamespaceRecord] = Roster(lambda r: Namespace(r.name))
        self.bystanders: Counter[Bystander] = Counter()
        self.unready: dict[NodeName, float] = {}
        """Since when nodes are not Ready."""
        self._marks = marks
        self._bound: Index[str] = Index()
        self._pinned: Index[str] = Index()
        self._labelled: Index[WorkloadKey] = Index()
        self._hosts: dict[str, tuple[NodeName, ...]] = {}
        self._natives: Index[str] = Index()
        """Native pods by the Deployment or StatefulSet that tells how old they are."""
        self._kinds = self._by_kind()

    def _by_kind(self) -> dict[str, tuple[Roster[Any, Any], Callable[[Any, Any], None]]]:
        return {
            "Pod": (self.pods, self._pod),
            "Node": (self.nodes, self._node),
            "Job": (self.jobs, self._made),
            "Deployment": (self.deployments, self._made),
            "StatefulSet": (self.stateful_sets, self._stateful_set),
            "ChipWorkload": (self.workloads, self._workload),
            "ChipPool": (self.pools, self._pool),
            "ChipQueue": (self.queues, self._queue),
            "PriorityClass": (self.classes, self._few("PriorityClass")),
            "Namespace": (self.namespaces, self._few("Namespace")),
        }

    def put(self, kind: str, record: Any) -> Any | None:
        """Record an object as it is now; returns what its name stood for before."""
        roster, changed = self._kinds[kind]
        before = roster.put(record)
        if before != record:
            changed(before, record)
        return before

    def drop(self, kind: str, uid: str) -> Any | None:
        """Forget an object; returns it if it was the one its name stands for."""
        roster, changed = self._kinds[kind]
        before, after = roster.drop(uid)
        if before is not None:
            changed(before, after)
        return before

    def uids(self, kind: str) -> Iterable[str]:
        """Those the API server has told of."""
        return (uid for uid, record in self._kinds[kind][0].by_uid.items() if not _is_put_together(record))

    # look-ups

    def pods_of(self, key: WorkloadKey) -> Iterator[PodRecord]:
        """The pods that carry a workload's label."""
        return (self.pods.by_uid[uid] for uid in self._labelled.of(key))

    def pods_on(self, node: NodeRecord) -> Iterator[PodRecord]:
        """The unfinished pods that are bound or pinned to a node."""
        yield from (self.pods.by_uid[uid] for uid in self._bound.of(node.name))
        hostname = hostname_of(node)
        if self._hosts.get(hostname, ("",))[0] == node.name:
            yield from (self.pods.by_uid[uid] for uid in self._pinned.of(hostname))

    def node_of(self, pod: PodRecord) -> NodeName:
        """Where it is bound or pinned; a hostname nobody has is taken for a node's name."""
        return NodeName(pod.node) if pod.bound else self._hosts.get(pod.node, (NodeName(pod.node),))[0]

    def made(self, key: WorkloadKey, mode: Mode) -> MadeRecord | None:
        """Return the object that has a workload's name, whoever controls it."""
        return (self.jobs if mode is Mode.GANG else self.deployments).current.get(key)

    # what a change touches

    def _few(self, kind: str) -> Callable[[Any, Any], None]:
        return lambda _before, _after: self._marks.kinds.add(kind)

    def _pod(self, before: PodRecord | None, after: PodRecord | None) -> None:
        if before is not None:
            self._unindex(before)
        if after is not None:
            self._index(after)
        for pod in (before, after):
            if pod is not None:
                self._mark_pod(pod)

    def _index(self, pod: PodRecord) -> None:
        if pod.node and not pod.finished:
            (self._bound if pod.bound else self._pinned).add(pod.node, pod.uid)
        if pod.workload:
            self._labelled.add(key_of(pod), pod.uid)
        if root := _root(pod):
            self._natives.add(root, pod.uid)
        if pod.constraints is not None:
            self.bystanders[Bystander(pod.requests, pod.constraints)] += 1

    def _unindex(self, pod: PodRecord) -> None:
        if pod.node and not pod.finished:
            (self._bound if pod.bound else self._pinned).drop(pod.node, pod.uid)
        if pod.workload:
            self._labelled.drop(key_of(pod), pod.uid)
        if root := _root(pod):
            self._natives.drop(root, pod.uid)
        if pod.constraints is not None:
            self.bystanders[Bystander(pod.requests, pod.constraints)] -= 1

    def _mark_pod(self, pod: PodRecord) -> None:
        if pod.node:
            self._marks.nodes.add(self.node_of(pod))
        if pod.workload:
            self._marks.workloads.add(key_of(pod))
            self._marks.pinnable.add(key_of(pod))
        if pod.native:
            self._marks.natives.add(key_of(pod))
        if pod.constraints is not None:
            self._marks.kinds.add("Pod")

    def _node(self, before: NodeRecord | None, after: NodeRecord | None) -> None:
        hostnames = [hostname_of(node) if node else "" for node in (before, after)]
        if hostnames[0] != hostnames[1]:
            self._move(before, after)
        for node in (before, after):
            if node is not None:
                self._marks.nodes.add(NodeName(node.name))
                self.unready.pop(NodeName(node.name), None)
        if after is not None and after.unready_since is not None:
            self.unready[NodeName(after.name)] = after.unready_since
        if (before.devices if before else {}) != (after.devices if after else {}):
            self._renumber(before or after)

    def _renumber(self, node: NodeRecord | None) -> None:
        """Chips are told by their place among the node's."""
        assert node is not None
        self._marks.workloads.update(key_of(pod) for pod in self.pods_on(node) if pod.workload)

    def _move(self, before: NodeRecord | None, after: NodeRecord | None) -> None:
        if before is not None:
            self._rename(hostname_of(before), lambda names: names - {NodeName(before.name)})
        if after is not None:
            self._rename(hostname_of(after), lambda names: names | {NodeName(after.name)})

    def _rename(self, hostname: str, change: Callable[[set[NodeName]], set[NodeName]]) -> None:
        before = self._hosts.pop(hostname, ())
        after = tuple(sorted(change(set(before))))
        if after:
            self._hosts[hostname] = after
        self._marks.nodes.update(before, after)
        self._marks.workloads.update(key_of(self.pods.by_uid[uid]) for uid in self._pinned.of(hostname))

    def _made(self, before: MadeRecord | None, after: MadeRecord | None) -> None:
        made = after or before
        self._mark_natives(before, after)
        if made is None or key_of_made(made) not in self.workloads.current or _same_but_version(before, after):
            return
        self._marks.workloads.add(key_of_made(made))
        self._marks.pinnable.add(key_of_made(made))

    def _mark_natives(self, before: MadeRecord | None, after: MadeRecord | None) -> None:
        """A native Job says how its pods stand, a Deployment how old they are."""
        for made in (before, after):
            if made is not None and made.native:
                self._marks.natives.add(WorkloadKey(f"{made.namespace}/{JOB}:{made.name}"))
        made = after or before
        if made is not None and made.kind == "Deployment" and _created(before) != _created(after):
            self._mark_below(key_of_made(made))

    def _stateful_set(self, before: StatefulSetRecord | None, after: StatefulSetRecord | None) -> None:
        if found := after or before:
            self._mark_below(found.uid)

    def _mark_below(self, root: str) -> None:
        self._marks.natives.update(key_of(self.pods.by_uid[uid]) for uid in self._natives.of(root))

    def _workload(self, before: WorkloadRecord | None, after: WorkloadRecord | None) -> None:
        if before is not None and after is not None and _same_view(before, after):
            return
        for record in (before, after):
            if record is not None:
                self._marks.workloads.add(record.view.key)

    def _queue(self, before: QueueRecord | None, after: QueueRecord | None) -> None:
        if not (before and after and before.view == after.view):
            self._marks.kinds.add("ChipQueue")

    def _pool(self, before: PoolRecord | None, after: PoolRecord | None) -> None:
        if before and after and _same_chips(before, after) and before.view == after.view:
            if (before.yields, before.supply) != (after.yields, after.supply):
                self._marks.kinds.add("ChipPool")  # no other decision, but who shows the stock should hear of it
            return
        self._marks.kinds.add("ChipPool")
        self._marks.natives.update(key for key, record in self.workloads.current.items() if record.native)
        if not (before and after and _same_chips(before, after)):
            self._marks.nodes.update(self.nodes.current)
            self._marks.workloads.update(self.workloads.current)


def _root(pod: PodRecord) -> str:
    """What a native pod's age depends on beside itself."""
    if pod.native is None or pod.native.owner is None:
        return ""
    if pod.native.deployment:
        return f"{pod.namespace}/{pod.native.deployment}"
    return pod.native.owner.uid if pod.native.owner.kind == "StatefulSet" else ""


def _created(made: MadeRecord | None) -> float | None:
    return made.created if made else None


def _is_put_together(record: Any) -> bool:
    return isinstance(record, WorkloadRecord) and record.native is not None


def _same_chips(before: PoolRecord, after: PoolRecord) -> bool:
    one, other = before.view.resource, after.view.resource
    return (one, before.selector, before.sharing) == (other, after.selector, after.sharing)


def key_of(pod: PodRecord) -> WorkloadKey:
    """Return the workload a pod's label names."""
    return WorkloadKey(f"{pod.namespace}/{pod.workload}")


def key_of_made(made: MadeRecord) -> WorkloadKey:
    """Return the workload an object's name belongs to."""
    return WorkloadKey(f"{made.namespace}/{made.name}")


def hostname_of(node: NodeRecord) -> str:
    """Return the value that pins a pod to the node."""
    return node.labels.get(HOSTNAME, node.name)


def _same_but_version(before: MadeRecord | None, after: MadeRecord | None) -> bool:
    return before is not None and after is not None and _decisive(before) == _decisive(after)


def _decisive(made: MadeRecord) -> tuple[object, ...]:
    ends = (made.deleting, made.suspended, made.replicas, made.succeeded, made.outcome, made.error)
    return (made.owner_uid, made.assignment, made.displaced, *ends)


def _same_view(before: WorkloadRecord, after: WorkloadRecord) -> bool:
    if before.native is not None and after.native is not None and before.native.standing != after.native.standing:
        return False
    same = before.was_ready == after.was_ready and before.family == after.family
    return same and before.view == after.view
