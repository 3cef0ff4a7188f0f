"""Rule 2: what one more chip of each pool would add, for people to see; it decides nothing.

Counted in workloads at their best speed, over the first who wait and the first who run and could go elsewhere: a chip
is worth what it gives to one who waits, or what the best chain of moves would add that it would set off.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from chippool.core.board import Board
from chippool.core.crowd import Candidate, is_flexible, weighed
from chippool.core.ids import PoolName, VariantName, WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Admit, Decision, Displace, Migrate
from chippool.core.prices import shadow_prices
from chippool.core.seating import Option, Row

_UNIT = 1_000_000
_SEEN = 100
"""So many who wait, and so many who run, are asked what a chip is worth to them."""
Place = tuple[VariantName, PoolName]


def prices(
    board: Board, held: Sequence[Workload], others: Iterable[Workload], decided: Mapping[WorkloadKey, Decision]
) -> dict[PoolName, float]:
    """By pool, after all else; `others` in order, with those who have chips among them."""
    number = {pool: i for i, pool in enumerate(sorted(board.shelves))}
    waits = [(c, None) for w in held[:_SEEN] if (c := weighed(board, w)) is not None]
    seated = [*waits, *islice(_seated(board, others, decided), _SEEN)]
    rows = [_row(candidate, number) for candidate, _ in seated]
    free = [max(board.shelves[pool].free_in_all(), 0) for pool in number]
    found = shadow_prices(rows, [k for _, k in seated], free)
    return {pool: round(price / _UNIT, 4) for pool, price in zip(number, found, strict=True)}


def _seated(
    board: Board, workloads: Iterable[Workload], decided: Mapping[WorkloadKey, Decision]
) -> Iterator[tuple[Candidate, int]]:
    """Who could go elsewhere, with the place among its ways of the one it is left with."""
    for workload in workloads:
        place = _place(workload, decided.get(workload.key)) if is_flexible(workload) else None
        candidate = weighed(board, workload) if place else None
        ways = [(o.variant.name, o.pool) for o in candidate.options] if candidate else []
        if candidate and place in ways:
            yield candidate, ways.index(place)


def _place(workload: Workload, decision: Decision | None) -> Place | None:
    match decision:
        case Admit(variant=variant, pool=pool) | Migrate(variant=variant, pool=pool):
            return variant, pool
        case Displace():
            return None
        case _ if workload.assignment is not None and not workload.succeeded:
            return workload.assignment.variant, workload.assignment.pool
        case _:
            return None


def _row(candidate: Candidate, number: Mapping[PoolName, int]) -> Row:
    ways = zip(candidate.options, candidate.speeds, strict=True)
    return Row(tuple(Option(number[o.pool], o.new, round(_UNIT * speed)) for o, speed in ways))
