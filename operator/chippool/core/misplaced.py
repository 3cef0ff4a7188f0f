"""Who sits on a chip that others wait for and could do its work on another one: where it would go, what that frees."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chippool.core.access import access_of
from chippool.core.checks import admitted_as
from chippool.core.constraints import Constraints
from chippool.core.feasibility import Eligibility
from chippool.core.ids import CHIP, Milli, PoolName, VariantName, WorkloadKey
from chippool.core.model import Ask, Node, Snapshot, Variant, Workload
from chippool.core.tree import is_external


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A workload and the best of the other ways it has; prices as `core.prices` has them."""

    workload: WorkloadKey
    pool: PoolName
    variant: VariantName
    to_pool: PoolName
    to_variant: VariantName
    freed: Milli
    """Chips of the scarce pool."""
    slower: float
    """Part of its output that it would lose; below 0: it would gain."""
    gain: float
    """What all would gain, in workloads at their best speed."""


def misplaced(snapshot: Snapshot, prices: Mapping[PoolName, float]) -> list[Misplaced]:
    """Those whose move would add something, the most first; every move by itself.

    Whether a queue's limit or a checkpoint stands against it is left to the decision. Nothing if nobody waits.
    """
    rooms = _Rooms(snapshot)
    found = [best for workload in snapshot.workloads.values() if (best := _best(workload, rooms, prices))]
    return sorted(found, key=lambda one: (-one.gain, one.workload))


def _best(workload: Workload, rooms: "_Rooms", prices: Mapping[PoolName, float]) -> Misplaced | None:
    given = workload.assignment
    if given is None or workload.finished or workload.deleting or workload.stays_put or not prices.get(given.pool):
        return None
    variant = admitted_as(workload)
    if variant is None:
        return None
    ways = [_move(workload, variant, other, pool, prices) for other, pool in rooms.others(workload)]
    best = min(ways, key=lambda one: (-one.gain, one.to_pool, one.to_variant), default=None)
    return best if best is not None and best.gain > 0 else None


def _move(
    workload: Workload, now: Variant, then: Variant, pool: PoolName, prices: Mapping[PoolName, float]
) -> Misplaced:
    given = workload.assignment
    assert given is not None
    best = max(one.speed * one.replicas for one in workload.variants) or 1.0
    freed = given.replicas * now.ask.chips
    before, after = now.speed * given.replicas, then.speed * then.replicas
    worth = prices[given.pool] * freed / CHIP - prices.get(pool, 0.0) * then.replicas * then.ask.chips / CHIP
    slower = 1 - after / before if before else 0.0
    return Misplaced(
        workload.key, given.pool, given.variant, pool, then.name, freed, slower, worth + (after - before) / best
    )


class _Rooms:
    """Replicas that would find room in a pool as it is."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._nodes: dict[PoolName, list[Node]] = {pool: [] for pool in snapshot.pools}
        for name in sorted(snapshot.nodes):
            node = snapshot.nodes[name]
            if node.usable and len(node.pools) == 1 and node.pools[0] in self._nodes and node.free > node.leaving:
                self._nodes[node.pools[0]].append(node)
        self._fitting = {pool: Eligibility(nodes) for pool, nodes in self._nodes.items()}
        self._known: dict[tuple[PoolName, Ask], int] = {}

    def others(self, workload: Workload) -> Iterator[tuple[Variant, PoolName]]:
        """Ways into other pools that it may use, with room for all of it."""
        given, external = workload.assignment, is_external(self._snapshot.queues, workload.queue)
        for variant in workload.variants:
            for name in variant.pools:
                pool = self._snapshot.pools.get(name)
                if pool is None or given is None or name == given.pool or variant.replicas < 1:
                    continue
                if access_of(pool, workload.class_name, external=external) and self._holds(name, variant):
                    yield variant, name

    def _holds(self, pool: PoolName, variant: Variant) -> bool:
        key = (pool, variant.ask)
        if key not in self._known:
            self._known[key] = sum(
                _replicas(node, variant.ask) for node in self._eligible(pool, variant.ask.constraints)
            )
        return self._known[key] >= variant.replicas

    def _eligible(self, pool: PoolName, constraints: Constraints) -> list[Node]:
        mask = self._fitting[pool].mask(constraints)
        return [node for i, node in enumerate(self._nodes[pool]) if mask >> i & 1]


def _replicas(node: Node, ask: Ask) -> int:
    """How many more of them a node holds; a share of a chip counts by the chips that are free altogether."""
    most = (node.free - node.leaving) // max(1, ask.chips)
    return max(0, min([most, *(node.room.get(name, 0) // amount for name, amount in ask.requests if amount)]))
