"""Rule 5: whole-node requests take whole nodes, smaller ones the hole that is worth least; freed room before releasing.

Where nothing was learnt of a pool's demand, the least worth is the tightest.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from chippool.core.bits import each, flags_of
from chippool.core.holes import NEVER, Ints, Judge
from chippool.core.ids import NodeName
from chippool.core.model import Ask
from chippool.core.shares import is_fraction, unused
from chippool.core.shelf import Seats, Shelf


class Spot(NamedTuple):
    """A position on a shelf, the replicas put there and, of fractions, their chips."""

    node: int
    replicas: int
    seats: Seats = ()


Spots = list[Spot]
_FEW = 16
"""Nodes that are sooner judged and sorted one by one than looked through as an array."""


def fill(shelf: Shelf, ask: Ask, replicas: int, barred: int = 0) -> Spots:
    """Put up to `replicas` of `ask` on the shelf, none on `barred` nodes; fewer than asked means the shelf is full.

    Replicas of one ask are alike, so filling node by node finds room for all of them whenever there is any.
    """
    if is_fraction(ask.chips):
        return _chip_by_chip(shelf, ask, replicas, barred)
    if shelf.is_full_for(ask):
        return []
    spots: Spots = []
    eligible = shelf.eligible(ask) & ~shelf.tight(ask.requests) & ~barred
    for part in (eligible & shelf.clean, eligible & ~shelf.clean):
        if part and replicas:
            more = put(shelf, ask, replicas, _best(shelf, ask, part), partial(_room, shelf, ask))
            spots += more
            replicas -= total(more)
    if replicas and not spots and not barred:
        shelf.mark_full(ask)
    return spots


def refill(shelf: Shelf, ask: Ask, replicas: int, freed: Iterable[int]) -> Spots:
    """What `fill` would do where the shelf was full for `ask` until these nodes were given something back."""
    eligible, whole = shelf.eligible(ask), shelf.sizes.get(ask.chips, 0)
    among = [i for i in set(freed) if shelf.free[i] >= ask.chips and eligible >> i & 1]
    if is_fraction(ask.chips) or any(shelf.shares[i] for i in among):
        return fill(shelf, ask, replicas)
    judge = shelf.judge
    if judge and len(among) > 1:
        order = sorted(among, key=lambda i: (shelf.holes.cost_of(i, ask, judge), i))
    else:
        order = sorted(among, key=lambda i: (shelf.free[i], not whole >> i & 1, i))
    return put(shelf, ask, replicas, order, lambda i: shelf.capacity(i, ask))


def put(shelf: Shelf, ask: Ask, replicas: int, nodes: Iterable[int], room: Callable[[int], int]) -> Spots:
    """Put up to `replicas` on nodes in this order, on each as many as there is `room` for; whole chips only."""
    spots: Spots = []
    for i in nodes:
        count = min(room(i), replicas)
        if count:
            shelf.take(i, ask, count)
            spots.append(Spot(i, count))
            replicas -= count
        if not replicas:
            break
    return spots


def _room(shelf: Shelf, ask: Ask, i: int) -> int:
    """Replicas there is room for on a node with the chips; one that has none is remembered."""
    count = shelf.capacity(i, ask)
    if not count:
        shelf.mark_tight(ask.requests, i)
    return count


def _best(shelf: Shelf, ask: Ask, among: int) -> Iterator[int]:
    return _cheapest(shelf, ask, shelf.judge, among) if shelf.judge else _tightest(shelf, ask, among)


def _tightest(shelf: Shelf, ask: Ask, among: int) -> Iterator[int]:
    """Nodes with enough free chips, those that would keep the fewest first, whole ones first among equals."""
    whole = shelf.sizes.get(ask.chips, 0)
    for level in sorted(free for free in shelf.levels if free >= ask.chips):
        nodes = shelf.levels[level] & among
        if nodes:
            yield from each(nodes & whole)
            yield from each(nodes & ~whole)


def _cheapest(shelf: Shelf, ask: Ask, judge: Judge, among: int) -> Iterator[int]:
    """Nodes with room, the cheapest first; filling one leaves the others' costs as they are."""
    among &= shelf.with_chips(ask)
    if not among:
        return
    if among.bit_count() <= _FEW:
        nodes = [(shelf.holes.cost_of(i, ask, judge), i) for i in each(among)]
        yield from [i for cost, i in sorted(nodes) if cost < NEVER]
        return
    costs = _costs(shelf, ask, judge)
    all_of_them = not shelf.with_chips(ask) & shelf.allowed(ask) & ~(among | shelf.tight(ask.requests))
    left: Ints = costs if all_of_them else np.where(flags_of(among, len(shelf.nodes)), costs, NEVER)
    while left[i := int(left.argmin())] < NEVER:
        yield i
        if left is costs:
            left = costs.copy()
        left[i] = NEVER


def _chip_by_chip(shelf: Shelf, ask: Ask, replicas: int, barred: int) -> Spots:
    """Each replica where it costs least once those before it are there."""
    judge, spots = shelf.judge or shelf.unlearnt, Spots()
    eligible = shelf.eligible(ask) & ~barred
    for part in (eligible & shelf.clean, eligible & ~shelf.clean):
        while part and replicas and (i := next(_cheapest(shelf, ask, judge, part), None)) is not None:
            shares = shelf.shares[i]
            opening = shelf.holes.opening(i, ask, judge)
            chip = shares[opening][0] if opening < len(shares) else unused(shares)
            shelf.take(i, ask, 1, (chip,))
            spots.append(Spot(i, 1, (chip,)))
            replicas -= 1
    return spots


def _costs(shelf: Shelf, ask: Ask, judge: Judge) -> Ints:
    return shelf.holes.costs(ask, judge, lambda: flags_of(shelf.allowed(ask), len(shelf.nodes)))


def total(spots: Spots) -> int:
    """Replicas in all."""
    return sum(spot.replicas for spot in spots)


def seats(spots: Spots) -> Seats:
    """The chip of each replica, in the order of `names`; empty for whole chips."""
    return tuple(seat for spot in spots for seat in spot.seats)


def names(shelf: Shelf, spots: Spots) -> tuple[NodeName, ...]:
    """A node per replica."""
    return tuple(shelf.nodes[spot.node].name for spot in spots for _ in range(spot.replicas))
