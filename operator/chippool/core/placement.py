"""Rule 5: whole-node requests take whole nodes, smaller ones the tightest hole; freed room before releasing room."""

from collections.abc import Iterable, Iterator

from chippool.core.bits import each
from chippool.core.ids import NodeName
from chippool.core.model import Ask
from chippool.core.shelf import Shelf

Spots = list[tuple[int, int]]
"""Positions on a shelf with the number of replicas put there."""


def fill(shelf: Shelf, ask: Ask, replicas: int) -> Spots:
    """Put up to `replicas` of `ask` on the shelf, best fit first; fewer spots than asked means the shelf is full.

    Replicas of one ask are alike, so filling node by node finds room for all of them whenever there is any.
    """
    if shelf.is_full_for(ask):
        return []
    spots: Spots = []
    eligible = shelf.eligible(ask) & ~shelf.tight(ask.requests)
    for part in (eligible & shelf.clean, eligible & ~shelf.clean):
        for i in _tightest(shelf, ask, part) if part and replicas else ():
            count = min(shelf.capacity(i, ask), replicas)
            if not count:
                shelf.mark_tight(ask.requests, i)
                continue
            shelf.take(i, ask, count)
            spots.append((i, count))
            replicas -= count
            if not replicas:
                break
    if replicas and not spots:
        shelf.mark_full(ask)
    return spots


def refill(shelf: Shelf, ask: Ask, replicas: int, freed: Iterable[int]) -> Spots:
    """What `fill` would do where the shelf was full for `ask` until these nodes were given something back."""
    eligible, whole = shelf.eligible(ask), shelf.sizes.get(ask.chips, 0)
    among = [i for i in set(freed) if shelf.free[i] >= ask.chips and eligible >> i & 1]
    spots: Spots = []
    for i in sorted(among, key=lambda i: (shelf.free[i], not whole >> i & 1, i)):
        count = min(shelf.capacity(i, ask), replicas)
        if count:
            shelf.take(i, ask, count)
            spots.append((i, count))
            replicas -= count
        if not replicas:
            break
    return spots


def _tightest(shelf: Shelf, ask: Ask, among: int) -> Iterator[int]:
    """Nodes with enough free chips, those that would keep the fewest first, whole ones first among equals."""
    whole = shelf.sizes.get(ask.chips, 0)
    for level in sorted(free for free in shelf.levels if free >= ask.chips):
        nodes = shelf.levels[level] & among
        if nodes:
            yield from each(nodes & whole)
            yield from each(nodes & ~whole)


def total(spots: Spots) -> int:
    """Replicas in all."""
    return sum(count for _, count in spots)


def names(shelf: Shelf, spots: Spots) -> tuple[NodeName, ...]:
    """A node per replica."""
    return tuple(shelf.nodes[i].name for i, count in spots for _ in range(count))
