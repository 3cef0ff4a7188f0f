"""What the metrics read at every scrape, from whoever knows it: sums that are kept up anyway, nothing is recounted."""

import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Protocol

from chippool.core.ids import CHIP, Milli, NodeName, PoolName, QueueName
from chippool.core.model import Node
from chippool.core.outlook import Outlook
from chippool.kube.feed import ENDED, Feed
from chippool.kube.writer import Writer
from chippool.metrics import Labels, Numbers, Reader
from chippool.metrics import families as f
from chippool.metrics.families import Family
from chippool.metrics.page import text_of
from chippool.shell import readings_stock
from chippool.state.mirror import Mirror
from chippool.state.records import PoolCounts, QueueRecord

Readings = Iterator[tuple[Family, Numbers]]


class Decided(Protocol):
    """What the loop remembers of its last plan."""

    @property
    def kept(self) -> Mapping[PoolName, Milli]: ...
    @property
    def prices(self) -> Mapping[PoolName, float]: ...
    @property
    def holds(self) -> Mapping[str, int]: ...


def readers(
    mirror: Mirror,
    loop: Decided,
    feeds: Sequence[Feed],
    writer: Writer,
    outlook: Callable[[PoolName], Outlook | None],
    *,
    leads: Callable[[], bool],
    synced: Callable[[], bool],
    clock: Callable[[], float],
) -> tuple[Reader, ...]:
    """Return where each figure is found; `clock` in seconds since the epoch.

    Of half a mirror nothing is told, and of decisions only by the replica that takes them.
    """

    def stock() -> Readings:
        if synced():
            yield from _pools(mirror, loop if leads() else None)
            yield from readings_stock.stock(mirror)
            yield from _queues(mirror)
            yield from readings_stock.budgets(mirror)
            yield from _work(mirror, clock())

    def decided() -> Readings:
        if leads():
            yield f.POOL_PRICE, {(pool,): price for pool, price in loop.prices.items()}
            yield f.HOLDS, {(reason,): count for reason, count in loop.holds.items()}
            yield from readings_stock.runways(mirror, outlook)

    def itself() -> Readings:
        yield from _feeds(feeds, mirror)
        yield from _writer(writer)
        yield f.LEADER, {(): float(leads())}
        yield f.BUILD_INFO, {(version("chippool"), platform.python_version()): 1.0}

    return stock, decided, itself


def nodes_page(nodes: Mapping[NodeName, Node]) -> bytes:
    """Each node's chips, as text; safe beside the event loop, since a snapshot's nodes never change."""
    chips: dict[Labels, float] = {}
    usable: dict[Labels, float] = {}
    for node in nodes.values():
        for pool in node.pools:
            usable[node.name, pool] = float(node.usable)
            for state, milli in _states(node):
                chips[node.name, pool, state] = milli / CHIP
    return (text_of(f.NODE_CHIPS, chips) + text_of(f.NODE_USABLE, usable)).encode()


def _states(node: Node) -> tuple[tuple[str, int], ...]:
    return (
        ("installed", node.installed),
        ("allocatable", node.allocatable),
        ("free", max(0, node.free - node.leaving) if node.usable else 0),
        ("releasing", node.leaving),
        ("unmanaged", node.unmanaged),
    )


def _pools(mirror: Mirror, leading: Decided | None) -> Readings:
    chips: dict[Labels, float] = {}
    nodes: dict[Labels, float] = {}
    fragmentation: dict[Labels, float] = {}
    records = mirror.pool_records
    for name in records:
        counts = mirror.pool_counts(name)
        chips |= {(name, state): getattr(counts, state) / CHIP for state in f.COUNTED_STATES}
        chips[name, "unusable"] = _unusable(counts) / CHIP
        chips[name, "reserved"] = _reserved(mirror, leading, name) / CHIP
        nodes[name, "usable"] = counts.usable_nodes
        nodes[name, "unusable"] = counts.nodes - counts.usable_nodes
        fragmentation[name,] = 1 - counts.free_whole / counts.free if counts.free else 0.0
    yield f.POOL_INFO, {(name, one.model, one.view.resource): 1.0 for name, one in records.items()}
    yield f.POOL_CHIPS, chips
    yield f.POOL_NODES, nodes
    yield f.POOL_FRAGMENTATION, fragmentation


def _unusable(counts: PoolCounts) -> int:
    """What is left of those installed, as `chippool top` says it."""
    return max(0, counts.installed - counts.allocated - counts.releasing - counts.free - counts.unmanaged)


def _reserved(mirror: Mirror, leading: Decided | None, pool: PoolName) -> int:
    """As the pool's status says it."""
    kept = leading.kept.get(pool, 0) if leading else 0
    return sum(entry.chips for entry in mirror.pool_records[pool].view.reserve) + kept


def _queues(mirror: Mirror) -> Readings:
    sharing, records = mirror.sharing(), mirror.queue_records
    uses = [((name, pool), use) for name in records for pool, use in sharing.of(name).items()]
    yield f.QUEUE_INFO, {(name, record.view.parent or ""): 1.0 for name, record in records.items()}
    yield f.QUEUE_USED, {key: use.used / CHIP for key, use in uses}
    yield f.QUEUE_GUARANTEED, {key: use.guaranteed / CHIP for key, use in uses}
    yield f.QUEUE_BORROWED, {key: use.borrowed / CHIP for key, use in uses}
    yield f.QUEUE_PENDING, {key: use.pending / CHIP for key, use in uses}
    limits = ((name, pool, limit) for name, record in records.items() for pool, limit in record.view.limits.items())
    yield f.QUEUE_LIMIT, {(name, pool): limit / CHIP for name, pool, limit in limits}
    yield f.QUEUE_SHARE, {(name,): sharing.share(name) for name in records}


def _work(mirror: Mirror, now: float) -> Readings:
    tallies = mirror.seen().tallies
    yield f.QUEUE_WAIT, {(queue,): max(now - since, 0.0) for queue, since in _longest(mirror).items()}
    queues, pools = mirror.queue_records, mirror.pool_records
    # what has gone back to 0 stays as long as its queue or pool, or a graph would have a gap there
    yield f.WORKLOADS, {key: count for key, count in tallies.workloads.items() if count or key[0] in queues}
    yield f.CLASS_CHIPS, {key: chips / CHIP for key, chips in tallies.chips.items() if chips or key[1] in pools}


def _longest(mirror: Mirror) -> dict[QueueName, float]:
    """Since when it waits who waits longest, in each queue or one below it."""
    found: dict[QueueName, float] = {}
    for name, since in mirror.seen().tallies.longest().items():
        for queue in _upwards(mirror.queue_records, name):
            found[queue] = min(since, found.get(queue, since))
    return found


def _upwards(records: Mapping[QueueName, QueueRecord], name: QueueName) -> Iterator[QueueName]:
    """The queue and those above it; a circle is gone round once."""
    seen: set[QueueName] = set()
    at: QueueName | None = name
    while at is not None and at not in seen and at in records:
        yield at
        seen.add(at)
        at = records[at].view.parent


def _feeds(feeds: Sequence[Feed], mirror: Mirror) -> Readings:
    now, stats = time.monotonic(), {feed.kind.name: feed.stats for feed in feeds}
    yield f.FEED_AGE, {(feed.kind.name,): feed.age(now) for feed in feeds}
    yield f.FEED_EVENTS, {(kind,): one.events for kind, one in stats.items()}
    restarts: dict[Labels, float] = {(kind, why): n for kind, one in stats.items() for why, n in one.restarts.items()}
    yield f.FEED_RESTARTS, {**{(kind, ENDED): 0.0 for kind in stats}, **restarts}
    spoiled = Counter(one.kind for one in mirror.spoiled_objects)
    yield f.FEED_SPOILED, {(kind,): spoiled[kind] for kind in stats}


def _writer(writer: Writer) -> Readings:
    yield f.WRITES, {(kind, outcome.value): count for (kind, outcome), count in writer.stats.items()}
    yield f.WRITE_RETRIES, {(): float(writer.retries)}
    yield f.WRITES_PENDING, {(urgency.name.lower(),): count for urgency, count in writer.pending.items()}
