"""The tree of queues by position: paths from the root down, what hangs on nothing, and what holds along a path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chippool.core.ids import Milli, PoolName, QueueName
from chippool.core.model import Problem, Queue
from chippool.core.reasons import Reason

Path = tuple[int, ...]
"""Positions in the tree, root first; the last one is a leaf, where workloads sit."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One place of the tree; workloads of a queue that has children sit on a leaf of their own below it."""

    queue: Queue | None
    """None for such a leaf."""
    parent: int | None
    children: tuple[int, ...]
    weight: int


class Tree:
    """Queues and their paths; a queue that hangs on nothing stands as a root, and `broken` says what is wrong."""

    def __init__(self, queues: Mapping[QueueName, Queue]) -> None:
        self.broken = {name: wrong for name in sorted(queues) if (wrong := _broken(queues, name)) is not None}
        parents = {name: _parent(queues, name) for name in sorted(queues)}
        self._position = {name: i for i, name in enumerate(parents)}
        self.branches = tuple(self._grown(queues, parents))
        self.paths = {name: self._path(name) for name in parents}
        self.roots = tuple(i for i, branch in enumerate(self.branches) if branch.parent is None)
        spent = any(queue.overspent for queue in queues.values())
        self.overspent = frozenset(name for name in parents if spent and any(q.overspent for q in self.above(name)))
        """Queues that are past their budget, or below one that is."""
        self.external = frozenset(name for name in parents if any(q.external for q in self.above(name)))

    def above(self, name: QueueName) -> list[Queue]:
        """The queue's ancestors and itself, root first."""
        return [queue for i in self.paths.get(name, ()) if (queue := self.branches[i].queue) is not None]

    def _grown(
        self, queues: Mapping[QueueName, Queue], parents: Mapping[QueueName, QueueName | None]
    ) -> Iterator[Branch]:
        below: dict[QueueName, list[int]] = {}
        for name, parent in parents.items():
            if parent is not None:
                below.setdefault(parent, []).append(self._position[name])
        inner = [name for name in parents if name in below]
        leaf = {name: len(parents) + i for i, name in enumerate(inner)}
        for name, parent in parents.items():
            children = (*below[name], leaf[name]) if name in below else ()
            yield Branch(
                queues[name], None if parent is None else self._position[parent], children, max(queues[name].weight, 1)
            )
        for name in inner:
            yield Branch(None, self._position[name], (), 1)

    def _path(self, name: QueueName) -> Path:
        start = self.branches[self._position[name]]
        path = [self._position[name], start.children[-1]] if start.children else [self._position[name]]
        while (parent := self.branches[path[0]].parent) is not None:
            path.insert(0, parent)
        return tuple(path)


def _parent(queues: Mapping[QueueName, Queue], name: QueueName) -> QueueName | None:
    parent = queues[name].parent
    return parent if parent in queues and not _in_cycle(queues, name) else None


def _chain(queues: Mapping[QueueName, Queue], name: QueueName) -> Iterator[QueueName]:
    """The queue and its ancestors, as far as there are any and none comes twice."""
    seen: set[QueueName] = set()
    at: QueueName | None = name
    while at is not None and at in queues and at not in seen:
        yield at
        seen.add(at)
        at = queues[at].parent


def limit_of(queue: Queue | None, pool: PoolName) -> Milli | None:
    """What the queue's own spec allows of a pool, nothing where it is closed and does not list it; None: no limit."""
    return None if queue is None else queue.limits.get(pool, 0 if queue.closed else None)


def is_external(queues: Mapping[QueueName, Queue], name: QueueName) -> bool:
    """Whether the queue, or one above it, is a customer's."""
    return any(queues[one].external for one in _chain(queues, name))


def _in_cycle(queues: Mapping[QueueName, Queue], name: QueueName) -> bool:
    return queues[[*_chain(queues, name)][-1]].parent == name


def _broken(queues: Mapping[QueueName, Queue], name: QueueName) -> Problem | None:
    chain = [*_chain(queues, name)]
    last = queues[chain[-1]]
    if last.parent is None:
        return None
    if last.parent in queues:
        ring = chain[chain.index(last.parent) :]
        return Problem(
            Reason.QUEUE_CYCLE,
            f"ChipQueue {' > '.join(ring)} > {last.parent} goes round in a circle (spec.parentName); "
            "give one of them another parent, or none.",
        )
    return Problem(
        Reason.UNKNOWN_PARENT,
        f"spec.parentName of ChipQueue {last.name}: there is no ChipQueue {last.parent}; create it, name another, "
        "or leave parentName out.",
    )
