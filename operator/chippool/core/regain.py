"""Rule 6b where a queue's guarantee is used up by what the winner may take anyway: with that gone, it is within it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from chippool.core.board import Board
from chippool.core.claim import Claim
from chippool.core.ids import Milli, PoolName, QueueName

Passed = tuple[tuple[int, Milli], ...]


def rights(board: Board, queue: QueueName, pool: PoolName, new: Milli, claim: Claim) -> Iterator[tuple[Claim, Passed]]:
    """By what right to displace: as things are; then with guarantees regained, as few of them as will do.

    What comes with a claim are the levels below which so many chips have to be given back for it to hold.
    """
    limits = board.ledger.passed(queue, pool, new)
    yield claim, limits
    if all(claim.within) or claim.scavenges:
        return
    past = [(i, over) for i, over in board.ledger.beyond(queue, pool, new) if board.gives_back(pool, claim, i, over)]
    for size in range(1, len(past) + 1):
        for regained in combinations(past, size):
            yield _regained(claim, dict(regained), dict(limits))


def _regained(claim: Claim, regained: dict[int, Milli], limits: dict[int, Milli]) -> tuple[Claim, Passed]:
    within = tuple(was or i in regained for i, was in zip(claim.path, claim.within, strict=True))
    passed = {i: max(regained.get(i, 0), limits.get(i, 0)) for i in claim.path}
    return replace(claim, within=within), tuple((i, over) for i, over in passed.items() if over)
