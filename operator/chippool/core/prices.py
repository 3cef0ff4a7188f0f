"""Rule 2: shadow prices: what one more chip of a pool would add to the sum of speeds, if everybody moved up."""

import math
from collections.abc import Mapping, Sequence

from chippool.core.ids import CHIP, PoolName
from chippool.core.seating import Option, Row

DAY = 24 * 3600.0


def shadow_prices(rows: Sequence[Row], taken: Sequence[int | None], free: Sequence[int]) -> list[float]:
    """By pool, in values a chip.

    Exact where every row takes one chip: the dual prices of the assignment, found along the best chain of moves that
    one more chip would set off (Bellman and Ford over the pools). An estimate by chip where rows take unlike numbers.
    """
    worth = [_waiting_for(rows, taken, pool) for pool in range(len(free))]
    # Nobody who could use a chip of it goes without: one more is worth nothing.
    enough = [need == 0 or free[pool] >= need for pool, need in enumerate(_needs(rows, len(free)))]
    found = [0.0 if enough[pool] else worth[pool] for pool in range(len(free))]
    moves = [
        (row.options[k], other) for row, k in zip(rows, taken, strict=True) if k is not None for other in row.options
    ]
    moves = [(now, then) for now, then in moves if now.pool != then.pool and not enough[then.pool]]
    for _ in range(len(free) - 1):
        for now, then in moves:
            found[then.pool] = max(found[then.pool], _moving(now, then, found[now.pool]))
    return found


def _moving(now: Option, then: Option, price: float) -> float:
    """What a chip is worth to one who would move onto it and leave its own to the next."""
    return (then.value - now.value + price * now.chips / CHIP) / (then.chips / CHIP)


def _waiting_for(rows: Sequence[Row], taken: Sequence[int | None], pool: int) -> float:
    waiting = [row for row, k in zip(rows, taken, strict=True) if k is None]
    return max((o.value / (o.chips / CHIP) for row in waiting for o in row.options if o.pool == pool), default=0.0)


def _needs(rows: Sequence[Row], pools: int) -> list[int]:
    """The fewest chips of each pool anybody asks for, 0 where nobody does."""
    least = [0] * pools
    for row in rows:
        for option in row.options:
            least[option.pool] = min(least[option.pool] or option.chips, option.chips)
    return least


def running_mean(
    known: Mapping[PoolName, float], seen: Mapping[PoolName, float], seconds: float, memory: float = DAY
) -> dict[PoolName, float]:
    """Prices as whoever calls keeps them: a mean in which what is `memory` seconds old counts 1/e."""
    share = math.exp(-max(seconds, 0.0) / memory)
    return {pool: share * known.get(pool, price) + (1 - share) * price for pool, price in seen.items()}
