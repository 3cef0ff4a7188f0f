"""Rule 6b where a queue's guarantee is used up by what the winner may take anyway: with that gone, it is within it."""

from collections.abc import Iterator
from dataclasses import replace

from chippool.core.board import Board
from chippool.core.claim import Claim, may_take
from chippool.core.ids import Milli, PoolName, QueueName

Passed = tuple[tuple[int, Milli], ...]


def rights(board: Board, queue: QueueName, pool: PoolName, new: Milli, claim: Claim) -> Iterator[tuple[Claim, Passed]]:
    """By what right to displace: as things are; then within guarantees that own lower or borrowed work makes room in.

    What comes with a claim are the levels below which so many chips have to be given back for it to hold.
    """
    limits = board.ledger.passed(queue, pool, new)
    yield claim, limits
    if all(claim.within) or claim.scavenges:
        return
    regained = {i: over for i, over in board.ledger.beyond(queue, pool, new) if _takes(board, pool, claim, i) >= over}
    if regained:
        within = tuple(was or i in regained for i, was in zip(claim.path, claim.within, strict=True))
        passed = dict(limits)
        for i, over in regained.items():
            passed[i] = max(over, passed.get(i, 0))
        yield replace(claim, within=within), tuple((i, passed[i]) for i in claim.path if i in passed)


def _takes(board: Board, pool: PoolName, claim: Claim, i: int) -> Milli:
    """Chips of a guarantee that the claim regains by taking whom it may below that level."""
    return sum(tenant.chips for tenant in board.tenants_below(pool, i) if may_take(claim, tenant))
