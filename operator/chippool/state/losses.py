"""What goes down with a node: pods no kubelet ends any more, and replicas whose chips are not healthy."""

from collections.abc import Callable, Iterable, Iterator

from chippool.core.ids import NodeName
from chippool.core.model import Node
from chippool.state.beliefs import WAIT_S, Beliefs
from chippool.state.facts import Facts, Marks, key_of
from chippool.state.holds import Hold, hold_of
from chippool.state.project import chips_of
from chippool.state.records import Lost, NodeRecord, PodRecord, Stuck

BACK_S = WAIT_S
"""A node that comes back first ends what was replaced elsewhere meanwhile."""


class Losses:
    """What it hands out is remembered in the beliefs; times in seconds since the epoch."""

    def __init__(self, facts: Facts, beliefs: Beliefs, marks: Marks) -> None:
        self._facts, self._beliefs, self._marks = facts, beliefs, marks

    def lost(self, now: float, after: float) -> list[Lost]:
        """Return the pods on lost nodes; from now on they count as leaving."""
        due = {name: since for name, since in self._facts.unready.items() if now - since >= after}
        self._note(due.keys(), now + min(BACK_S, after))
        found = [lost for name, since in sorted(due.items()) for lost in self._on(name, since)]
        return sorted(found, key=lambda lost: (lost.workload, lost.name))

    def _note(self, lost: Iterable[NodeName], back_until: float) -> None:
        before = self._beliefs.lost
        self._beliefs.lost = set(lost)
        for name in before - self._beliefs.lost:
            self._beliefs.avoided[name] = back_until
            self._marks.nodes.add(name)

    def _on(self, name: NodeName, since: float) -> Iterator[Lost]:
        for pod in list(self._facts.pods_on(self._facts.nodes.current[name])):
            if pod.bound and pod.workload and pod.made_uid and pod.uid not in self._beliefs.evicted:
                self._beliefs.evict(pod)
                yield Lost(pod.uid, pod.namespace, pod.name, key_of(pod), name, since)

    def crowded_out(self, now: float, after: float, view: Callable[[NodeName], Node | None]) -> list[Stuck]:
        """Return the pods that have to move; they, and reservations that have to, hold nothing there from now on."""
        found: list[Stuck] = []
        for name, since in sorted(self._beliefs.crowded.items()):
            node, record = view(name), self._facts.nodes.current.get(name)
            if node is not None and record is not None and now - since >= after:
                short = self._without_reservations(name, -node.free)
                found += self._moved(record, node, short)
        return found

    def _without_reservations(self, name: NodeName, short: int) -> int:
        """Give back as many as it takes, the last first; what is still short then."""
        for reservation in reversed(self._beliefs.reservations.at(name)):
            if short <= 0:
                break
            self._beliefs.give_back([reservation])
            short -= reservation.ask.chips
        return short

    def _moved(self, record: NodeRecord, node: Node, short: int) -> Iterator[Stuck]:
        resource = self._facts.pools.current[node.pools[0]].view.resource if node.pools else ""
        for pod in sorted(self._idle(record), key=lambda pod: (pod.namespace, pod.name), reverse=True):
            if short <= 0:
                return
            short -= chips_of(pod, resource)
            self._beliefs.evict(pod)
            yield Stuck(pod.uid, pod.namespace, pod.name, key_of(pod), node.name, LACKS)

    def _idle(self, record: NodeRecord) -> Iterator[PodRecord]:
        """Pods of ours that hold chips there and do not run: a running one has chips that work."""
        for pod in self._facts.pods_on(record):
            hold = hold_of(pod, self._beliefs.claim(key_of(pod)), self._beliefs.evicted)
            if hold is Hold.MANAGED and not pod.running:
                yield pod


LACKS = "has had fewer healthy chips than its pods ask for, for too long"
