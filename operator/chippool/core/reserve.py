"""Rules 3 and 8: chips of a pool that are kept free below a class: `reserve` of the pool, and its spares."""

from collections.abc import Iterator

from chippool.core.ids import Milli, PoolName
from chippool.core.model import Reserve, Snapshot


def against(snapshot: Snapshot, pool: PoolName, priority: int, *, replacing: bool) -> Iterator[Reserve]:
    """The entries that hold for work of this priority; spares are not kept from replicas that lost their node.

    Where chips are not replaced any more, spares are kept from new work of every class.
    """
    first = snapshot.pools[pool].resale.spares_first
    for entry in snapshot.pools[pool].reserve:
        known = snapshot.classes.get(entry.class_name)
        above = (known is not None and known.value > priority) or (first and entry.spares)
        if above and not (replacing and entry.spares):
            yield entry


def kept(snapshot: Snapshot, pool: PoolName, priority: int, *, replacing: bool) -> Milli:
    """Chips that work of this priority has to leave free."""
    return sum(entry.chips for entry in against(snapshot, pool, priority, replacing=replacing))
