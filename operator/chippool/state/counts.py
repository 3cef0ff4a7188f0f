"""Sums over nodes and workloads, kept up as one of them changes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from chippool.core.ids import Milli, NodeName, PoolName, QueueName
from chippool.core.model import Node, Workload
from chippool.state.records import PoolCounts, QueueCounts


class PoolSums:
    """Chips by pool; a node in two pools counts in both."""

    def __init__(self) -> None:
        self._sums: defaultdict[PoolName, Counter[str]] = defaultdict(Counter)
        self._shared: defaultdict[PoolName, dict[NodeName, tuple[PoolName, ...]]] = defaultdict(dict)

    def replace(self, before: Node | None, after: Node | None) -> None:
        """Count `after` instead of `before`."""
        for node, sign in ((before, -1), (after, 1)):
            for pool in node.pools if node else ():
                self._add(pool, node, sign)

    def of(self, pool: PoolName) -> PoolCounts:
        sums: Mapping[str, Any] = self._sums.get(pool, {})
        shared = self._shared.get(pool) or {}
        overlaps = sorted({other for pools in shared.values() for other in pools if other != pool})
        return PoolCounts(**sums, overlaps=tuple(overlaps), shared_node=min(shared, default=""))

    def _add(self, pool: PoolName, node: Node | None, sign: int) -> None:
        assert node is not None
        sums = self._sums[pool]
        for name, amount in _parts(node):
            sums[name] += sign * amount
        if len(node.pools) > 1 and sign > 0:
            self._shared[pool][node.name] = node.pools
        elif len(node.pools) > 1:
            del self._shared[pool][node.name]


def _parts(node: Node) -> Iterator[tuple[str, int]]:
    yield "nodes", 1
    yield "usable_nodes", int(node.usable)
    yield "installed", node.installed
    yield "allocatable", node.allocatable
    yield "allocated", node.allocatable - node.free - node.unmanaged
    yield "releasing", node.leaving
    free = max(0, node.free - node.leaving) if node.usable else 0
    yield "free", free
    yield "free_whole", free if free == node.allocatable else 0
    yield "unmanaged", node.unmanaged


class QueueSums:
    """Chips and workloads by queue."""

    def __init__(self) -> None:
        self._used: defaultdict[QueueName, Counter[PoolName]] = defaultdict(Counter)
        self._pending: defaultdict[QueueName, Counter[PoolName]] = defaultdict(Counter)
        self._counts: Counter[tuple[QueueName, str]] = Counter()

    def replace(self, before: Workload | None, after: Workload | None) -> None:
        """Count `after` instead of `before`."""
        for workload, sign in ((before, -1), (after, 1)):
            if workload is not None:
                self._add(workload, sign)

    def of(self, queue: QueueName) -> QueueCounts:
        return QueueCounts(
            used=_positive(self._used[queue]),
            pending=_positive(self._pending[queue]),
            admitted_workloads=self._counts[queue, "admitted"],
            pending_workloads=self._counts[queue, "pending"],
        )

    def _add(self, workload: Workload, sign: int) -> None:
        if workload.finished or workload.deleting:
            return
        if given := chips_given(workload):
            pool, chips = given
            self._counts[workload.queue, "admitted"] += sign
            self._used[workload.queue][pool] += sign * chips
        elif not workload.suspend:
            self._counts[workload.queue, "pending"] += sign
            if wanted := preferred(workload):
                pool, chips = wanted
                self._pending[workload.queue][pool] += sign * chips


def chips_given(workload: Workload) -> tuple[PoolName, Milli] | None:
    """Return where an admitted workload is, and the chips of its replicas that have not succeeded."""
    given = workload.assignment
    if given is None:
        return None
    return given.pool, max(0, given.replicas - workload.succeeded) * _chips(workload, given.variant)


def preferred(workload: Workload) -> tuple[PoolName, Milli] | None:
    """Return the first pool of the variant it prefers, and the chips it would take there."""
    for variant in workload.variants[:1]:
        for pool in variant.pools[:1]:
            return pool, max(0, variant.replicas - workload.succeeded) * variant.ask.chips
    return None


def _chips(workload: Workload, variant: str) -> Milli:
    return next((v.ask.chips for v in workload.variants if v.name == variant), 0)


def _positive(sums: Counter[PoolName]) -> dict[PoolName, Milli]:
    return {pool: chips for pool, chips in sums.items() if chips}
