"""The nodes of a pool by its topology, with their chips by state. Pure, from a reading of the cluster."""

from collections.abc import Iterable
from typing import Any

from chippool.core.ids import Milli, PoolName
from chippool.core.model import Node, Pool
from chippool.visibility.document import as_chips
from chippool.visibility.reading import Reading

Json = dict[str, Any]
Path = tuple[str, ...]
STATES = ("used", "releasing", "unmanaged", "free", "unusable")
"""Of a node's chips; together they are what is installed."""
NOWHERE = ""
"""The value of a node that lacks the label of a level."""


def racks(reading: Reading, name: PoolName) -> Json | None:
    """Return the map of a pool, None if there is none of that name; domains by name, nodes by name within."""
    pool = reading.snapshot.pools.get(name)
    if pool is None:
        return None
    domains: dict[Path, list[Node]] = {}
    for node in reading.snapshot.nodes.values():
        if name in node.pools:
            domains.setdefault(_path(pool, node), []).append(node)
    return {
        "pool": name,
        "levels": list(pool.topology),
        "states": list(STATES),
        "domains": [_domain(path, domains[path]) for path in sorted(domains)],
    }


def _path(pool: Pool, node: Node) -> Path:
    return tuple(node.labels.get(label, NOWHERE) for label in pool.topology)


def _domain(path: Path, nodes: Iterable[Node]) -> Json:
    return {"path": list(path), "nodes": [_node(node) for node in sorted(nodes, key=lambda node: node.name)]}


def _node(node: Node) -> list[Any]:
    """Name, then chips in the order of STATES."""
    return [node.name, *map(as_chips, _chips(node))]


def _chips(node: Node) -> tuple[Milli, ...]:
    """As the pool's own sums have it: of a node that is cordoned or not Ready nothing is free."""
    used = max(0, node.allocatable - node.free - node.unmanaged)
    free = max(0, node.free - node.leaving) if node.usable else 0
    rest = max(0, node.installed - used - node.leaving - node.unmanaged - free)
    return (used, node.leaving, node.unmanaged, free, rest)
