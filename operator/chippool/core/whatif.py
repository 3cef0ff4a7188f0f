"""What if: changes to a cluster as values, each a snapshot in, a snapshot out; what they lead to, `schedule()` says."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from chippool.core.ids import ClassName, Milli, NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Node, Snapshot, Workload
from chippool.core.supply import Resale

HOSTNAME = "kubernetes.io/hostname"
BANNED = "spec.supply.export is Banned"


@dataclass(frozen=True, slots=True)
class LoseNodes:
    """These nodes are gone, with the replicas on them."""

    nodes: tuple[NodeName, ...]


@dataclass(frozen=True, slots=True)
class LoseDomain:
    """All nodes are gone that have this value in a level of their pool's topology, such as a rack."""

    value: str


@dataclass(frozen=True, slots=True)
class LoseChips:
    """So many chips of a pool are gone at least: whole nodes, spread over the pool."""

    pool: PoolName
    chips: Milli


@dataclass(frozen=True, slots=True)
class AddChips:
    """So many chips more at least: whole empty nodes, like most of the pool's, in domains of their own."""

    pool: PoolName
    chips: Milli


@dataclass(frozen=True, slots=True)
class Ban:
    """Export of a pool's chips is banned, and the time of grace is over."""

    pool: PoolName


@dataclass(frozen=True, slots=True)
class SetLimit:
    """What a queue may have of a pool at most."""

    queue: QueueName
    pool: PoolName
    chips: Milli


@dataclass(frozen=True, slots=True)
class Grow:
    """Services ask for so many times their replicas, rounded up."""

    workloads: tuple[WorkloadKey, ...]
    factor: Fraction


@dataclass(frozen=True, slots=True)
class Submit:
    """One more workload."""

    workload: Workload


@dataclass(frozen=True, slots=True)
class SetClass:
    """A workload has another priority class."""

    workload: WorkloadKey
    class_name: ClassName


Change = LoseNodes | LoseDomain | LoseChips | AddChips | Ban | SetLimit | Grow | Submit | SetClass

_TURNS = (LoseNodes, LoseDomain, LoseChips, AddChips, Ban, SetLimit, Grow, Submit, SetClass)
"""Losses come first, so that nothing is lost of what is added, and a class is set last, so that it may be that of a
workload that is submitted."""


def changed(snapshot: Snapshot, changes: Iterable[Change], now: float) -> Snapshot:
    """Return the cluster with all changes made, whatever their order; `now` in seconds since the epoch."""
    for change in sorted(changes, key=lambda one: _TURNS.index(type(one))):
        snapshot = _changed(snapshot, change, now)
    return snapshot


def _changed(snapshot: Snapshot, change: Change, now: float) -> Snapshot:
    match change:
        case LoseNodes() | LoseDomain() | LoseChips():
            return _without(snapshot, frozenset(_lost(snapshot, change)), now)
        case AddChips(pool=pool, chips=chips):
            added = {node.name: node for node in like_most(snapshot, pool, chips)}
            return replace(snapshot, nodes={**snapshot.nodes, **added})
        case Ban(pool=pool):
            resale = Resale(False, BANNED, until=now, spares_first=True)
            banned = replace(snapshot.pools[pool], resale=resale)
            return replace(snapshot, pools={**snapshot.pools, pool: banned})
        case SetLimit(queue=name, pool=pool, chips=chips):
            queue = snapshot.queues[name]
            limited = replace(queue, limits={**queue.limits, pool: chips})
            return replace(snapshot, queues={**snapshot.queues, name: limited})
        case Grow() | Submit() | SetClass():
            others = {one.key: one for one in _others(snapshot, change)}
            return replace(snapshot, workloads={**snapshot.workloads, **others})


# --- fewer nodes


def _lost(snapshot: Snapshot, change: LoseNodes | LoseDomain | LoseChips) -> Iterable[NodeName]:
    match change:
        case LoseNodes(nodes=names):
            return names
        case LoseDomain(value=value):
            return in_domain(snapshot, value)
        case LoseChips(pool=pool, chips=chips):
            return spread_over(snapshot, pool, chips)


def in_domain(snapshot: Snapshot, value: str) -> list[NodeName]:
    """Return the nodes that have this value in a level of their pool's topology."""
    return [node.name for node in snapshot.nodes.values() if value in domains_of(snapshot, node)]


def domains_of(snapshot: Snapshot, node: Node) -> list[str]:
    """Return a node's values in the levels of its pools' topologies, from wide to narrow."""
    levels = [level for pool in node.pools if pool in snapshot.pools for level in snapshot.pools[pool].topology]
    return [node.labels[level] for level in levels if level in node.labels]


def nodes_of(snapshot: Snapshot, pool: PoolName) -> list[Node]:
    """Return the nodes of a pool, neighbours side by side."""
    found = [node for node in snapshot.nodes.values() if pool in node.pools]
    return sorted(found, key=lambda node: (domains_of(snapshot, node), node.name))


def spread_over(snapshot: Snapshot, pool: PoolName, chips: Milli) -> list[NodeName]:
    """Choose nodes that have so many chips at least; those for fewer chips are among those for more."""
    found: list[NodeName] = []
    for node in _spread(nodes_of(snapshot, pool)):
        if chips <= 0:
            break
        found.append(node.name)
        chips -= node.installed
    return found


def _spread(nodes: Sequence[Node]) -> Iterator[Node]:
    """Each as far from those before it as can be: van der Corput's sequence, base 2."""
    bits = (len(nodes) - 1).bit_length() if nodes else 0
    for number in range(1 << bits):
        at = sum(1 << (bits - 1 - bit) for bit in range(bits) if number >> bit & 1)
        if at < len(nodes):
            yield nodes[at]


def _without(snapshot: Snapshot, gone: frozenset[NodeName], now: float) -> Snapshot:
    nodes = {name: node for name, node in snapshot.nodes.items() if name not in gone}
    workloads = {key: bereft(one, gone, now) for key, one in snapshot.workloads.items()}
    return replace(snapshot, nodes=nodes, workloads=workloads)


def bereft(one: Workload, gone: frozenset[NodeName], now: float) -> Workload:
    """Return a workload without its replicas on nodes that are gone: they wait for others."""
    held = (*one.placed, *one.reserved)
    stay = [place for place, name in enumerate(held) if name not in gone]
    lost, first = len(held) - len(stay), len(one.placed)
    if not lost:
        return one
    placed = tuple([held[place] for place in stay if place < first])
    return replace(
        one,
        placed=placed,
        reserved=tuple([held[place] for place in stay if place >= first]),
        seats=tuple([one.seats[place] for place in stay]) if one.seats else (),
        indexes=tuple([one.indexes[place] for place in stay]) if one.indexes else (),
        missing=one.missing + lost,
        ready=min(one.ready, len(placed)),
        short_since=now if one.short_since is None else one.short_since,
    )


# --- more nodes


def like_most(snapshot: Snapshot, pool: PoolName, chips: Milli) -> list[Node]:
    """Return new nodes with so many chips at least; none where the pool has no node to take after."""
    there = nodes_of(snapshot, pool)
    kinds = Counter([_kind(node) for node in there])
    if not kinds:
        return []
    most = max(kinds.values())
    model = next(node for node in there if kinds[_kind(node)] == most)
    narrowest = snapshot.pools[pool].topology[-1] if snapshot.pools[pool].topology else ""
    together = _together(there, narrowest)
    first = sum([node.name.startswith(f"what-if-{pool}-") for node in there])
    count = -(-chips // model.installed)
    return [_alike(model, f"what-if-{pool}", number, narrowest, together) for number in range(first, first + count)]


def _kind(node: Node) -> tuple[object, ...]:
    return (node.installed, tuple(sorted(node.capacity.items())), node.taints)


def _together(nodes: Sequence[Node], level: str) -> int:
    """How many nodes share a domain most often."""
    sizes = Counter([node.labels[level] for node in nodes if level in node.labels])
    often = Counter(sizes.values())
    return max(often, key=lambda size: (often[size], size)) if often else 1


def _alike(model: Node, prefix: str, number: int, level: str, together: int) -> Node:
    name = f"{prefix}-{number + 1:04d}"
    own = {HOSTNAME: name} | ({level: f"{prefix}-{number // together + 1}"} if level else {})
    return replace(
        model,
        name=NodeName(name),
        labels={**model.labels, **own},
        usable=True,
        allocatable=model.installed,
        free=model.installed,
        leaving=0,
        unmanaged=0,
        room=model.capacity,
        shares=(),
    )


# --- other work


def _others(snapshot: Snapshot, change: Grow | Submit | SetClass) -> list[Workload]:
    match change:
        case Grow(workloads=keys, factor=factor):
            return [_grown(snapshot.workloads[key], factor) for key in keys]
        case Submit(workload=workload):
            return [workload]
        case SetClass(workload=key, class_name=class_name):
            return [replace(snapshot.workloads[key], class_name=class_name)]


def _grown(one: Workload, factor: Fraction) -> Workload:
    replicas = ceil(one.replicas * factor)
    return replace(
        one, replicas=replicas, variants=tuple([replace(variant, replicas=replicas) for variant in one.variants])
    )
