"""A pool's chips and who has them, counted from a snapshot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chippool.core.checks import admitted_as
from chippool.core.ids import ClassName, Milli, PoolName
from chippool.core.model import Node, Snapshot, Workload


@dataclass(frozen=True, slots=True)
class Use:
    """A pool's chips at one moment, in milli-chips."""

    nodes: int = 0
    installed: Milli = 0
    usable: Milli = 0
    """Healthy, on nodes that are Ready and not cordoned."""
    free: Milli = 0
    unmanaged: Milli = 0
    by_class: Mapping[ClassName, Milli] = field(default_factory=dict)


def uses(at: Snapshot) -> dict[PoolName, Use]:
    """Return what each pool has and who has it, by its name."""
    nodes: dict[PoolName, list[Node]] = {pool: [] for pool in sorted(at.pools)}
    for node in at.nodes.values():
        for pool in node.pools:
            nodes.setdefault(pool, []).append(node)
    held: dict[PoolName, Counter[ClassName]] = {pool: Counter() for pool in nodes}
    for one in at.workloads.values():
        _count(one, held)
    return {pool: _use(some, held[pool]) for pool, some in nodes.items()}


def _count(one: Workload, held: Mapping[PoolName, Counter[ClassName]]) -> None:
    given, variant = one.assignment, admitted_as(one)
    count = len(one.placed) + len(one.reserved)
    if given is not None and variant is not None and count and given.pool in held:
        held[given.pool][one.class_name] += count * variant.ask.chips


def _use(nodes: Sequence[Node], held: Mapping[ClassName, Milli]) -> Use:
    usable = [node for node in nodes if node.usable]
    return Use(
        nodes=len(nodes),
        installed=sum(node.installed for node in nodes),
        usable=sum(node.allocatable for node in usable),
        free=sum(max(node.free, 0) for node in usable),
        unmanaged=sum(node.unmanaged for node in nodes),
        by_class=dict(sorted(held.items())),
    )
