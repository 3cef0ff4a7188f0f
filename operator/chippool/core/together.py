"""Rule 2 for those of one priority that compete for unlike chips: chosen for at once, before each is asked in its turn.

The choice says where each would go so that most are served in order and the chips do most; whether it gets there, and
what it displaces if not, is decided in its turn. Nothing is chosen where the first way of everybody fits beside the
others', so whoever competes with nobody costs and changes nothing.
"""

from collections.abc import Mapping, Sequence

from chippool.core.board import Board
from chippool.core.crowd import Candidate, Stock, compete
from chippool.core.exchange import Exchange
from chippool.core.ids import WorkloadKey
from chippool.core.matching import Contender, choose_together, claims_in_order
from chippool.core.seeker import Option

TRIES = 3
"""How often it is chosen anew with what pools turned out to hold, node by node."""

Chosen = Mapping[WorkloadKey, Option]


def together(board: Board, stock: Stock, crowd: Sequence[Candidate]) -> Chosen:
    """Where those of one priority would go, who fit as it is; their first ways where nobody competes."""
    if not compete(stock, crowd):
        return {c.key: c.options[0] for c in crowd}
    free = {option.pool: max(stock.chips(option.pool), 0) for candidate in crowd for option in candidate.options}
    contenders = waiting(crowd, len(free))
    for _ in range(TRIES):
        ways = choose_together(contenders, free).ways
        chosen = {c.key: c.options[ways[c.key]] for c in crowd if c.key in ways}
        attempt = Exchange(board)
        for candidate in crowd:
            if candidate.key in chosen:
                attempt.start(candidate, chosen[candidate.key])
        attempt.undo()
        if not attempt.failed:
            return chosen
        # Nodes are no heap of chips: a pool holds no more of this mix than could be placed.
        free |= {pool: attempt.placed[pool] for pool in attempt.failed.values()}
    return {key: option for key, option in chosen.items() if key not in attempt.failed}


def waiting(crowd: Sequence[Candidate], pools: int, priority: int = 0) -> list[Contender]:
    """The same as those see it who choose together, each in its turn."""
    claims = claims_in_order([c.key for c in crowd], pools)
    return [Contender(c.key, c.ways(), priority, claims[c.key]) for c in crowd]
