"""Rule 6b where a queue's guarantee is used up by what the winner may take anyway: with that gone, it is within it."""

from dataclasses import replace
from itertools import combinations

from chippool.core.board import Board
from chippool.core.claim import Claim
from chippool.core.ids import Milli, PoolName, QueueName
from chippool.core.quota import Passed


def regained(
    board: Board, queue: QueueName, pool: PoolName, new: Milli, claim: Claim, limits: Passed
) -> list[tuple[Claim, Passed]]:
    """The claims it would have with guarantees regained, as few of them as will do.

    What comes with a claim are the levels below which so many chips have to be given back for it to hold.
    """
    if all(claim.within) or claim.scavenges:
        return []
    tenancy = board.tenancy(pool)
    past = [(i, over) for i, over in board.ledger.beyond(queue, pool, new) if tenancy.gives_back(claim, i, over)]
    return [
        _regained(claim, dict(some), dict(limits))
        for size in range(1, len(past) + 1)
        for some in combinations(past, size)
    ]


def _regained(claim: Claim, given: dict[int, Milli], limits: dict[int, Milli]) -> tuple[Claim, Passed]:
    within = tuple(was or i in given for i, was in zip(claim.path, claim.within, strict=True))
    passed = {i: max(given.get(i, 0), limits.get(i, 0)) for i in claim.path}
    return replace(claim, within=within), tuple((i, over) for i, over in passed.items() if over)
