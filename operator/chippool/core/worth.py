"""Rule 5: what a hole is still worth for the mix that is really asked for, learnt from arrivals alone.

A hole is what is idle of one chip. Its worth is the best total of the shadow prices of a cutting-stock programme
(Gilmore and Gomory 1961) over the fractions that fit into it, so a whole chip is worth 1 and a scrap that nobody asks
for nothing. Sizes are counted in hundredths of a chip: the programme has 101 prices whatever arrives.
"""

from collections import Counter
from collections.abc import Mapping
from math import floor
from typing import Any

import numpy as np
import scipy  # its parts load themselves when first used

from chippool.core.constraints import Constraints
from chippool.core.ids import CHIP, Milli
from chippool.core.model import Ask, Worth
from chippool.core.shares import is_fraction

UNIT = 1_000_000
"""The worth of one whole chip."""
STEPS = 100
STEP = CHIP // STEPS
_TYPICAL = 48
"""Sizes of fractions the programme looks at: the most asked for."""
_LOADS, _KINDS = 64, 1024
"""Kinds of constraints that are told apart, and that are remembered: those of most load."""
_FIRST, _PERIOD = 8, 8192
_NOISE = 0.001
"""Of a solver's fractions, in millionths: what is rounded down else must not be rounded up a hundred times over."""


class Mix:
    """Arrivals so far, in sums whose number is bounded; what they teach is worked out anew at counted arrivals.

    That is whenever they have doubled, since the first few teach most; later every `_PERIOD`, with what is past
    counting half, so that demand may change.
    """

    def __init__(self) -> None:
        self.worth = Worth()
        self._seen, self._due = 0, _FIRST
        self._fractions: Counter[int] = Counter()
        self._rest: Counter[str] = Counter()
        self._loads: Counter[Constraints] = Counter()

    def arrive(self, ask: Ask, replicas: int = 1) -> bool:
        """Count what arrives; whether `worth` is a new one."""
        self._seen += replicas
        if ask.chips:
            self._loads[ask.constraints] += ask.chips * replicas
            self._rest.update({resource: amount * replicas for resource, amount in ask.requests})
        if is_fraction(ask.chips):
            self._fractions[-(-ask.chips // STEP)] += replicas
        if self._seen < self._due:
            return False
        self._learn()
        return True

    def _learn(self) -> None:
        self._due = self._seen + min(self._seen, _PERIOD)
        self._loads = Counter(dict(sorted(self._loads.items(), key=_heaviest)[:_KINDS]))
        chips = self._loads.total()
        if chips:
            typical = {r: amount * CHIP // chips for r, amount in sorted(self._rest.items())}
            self.worth = Worth(table_of(self._fractions), typical, tuple(self._loads.items())[:_LOADS])
        if self._seen > _PERIOD:
            for sums in (self._fractions, self._rest, self._loads):
                _halve(sums)


def _heaviest(load: tuple[Constraints, Milli]) -> tuple[Milli, str]:
    return -load[1], repr(load[0])


def _halve(sums: Counter[Any]) -> None:
    for key in list(sums):
        sums[key] //= 2


def table_of(fractions: Mapping[int, int]) -> tuple[int, ...]:
    """Worth by hundredths, for counts of fractions by their size in hundredths."""
    most = sorted(fractions, key=lambda size: (-fractions[size] * size, size))[:_TYPICAL]
    sizes = sorted(most)
    if not sizes:
        return Worth().table
    prices = _prices(sizes, [fractions[s] for s in sizes])
    best = [0] * (STEPS + 1)
    for hole in range(1, STEPS + 1):
        best[hole] = max(
            [best[hole - 1], *(best[hole - s] + p for s, p in zip(sizes, prices, strict=True) if s <= hole)]
        )
    return (*best[:-1], UNIT)


def _prices(sizes: list[int], counts: list[int]) -> list[int]:
    """Shadow prices of the fractions, in `UNIT`s: the most the demand can be worth while no full chip exceeds 1.

    The dual of the arc-flow form (Valério de Carvalho 1999): a potential for each level of a chip that never falls,
    and a fraction of a size is worth at most what the potential rises over that size, wherever it starts.
    """
    levels, rows = STEPS + 1, []
    for number, size in enumerate(sizes):
        for start in range(levels - size):
            row = np.zeros(levels + len(sizes))
            row[levels + number], row[start], row[start + size] = 1, 1, -1
            rows.append(row)
    for start in range(STEPS):
        row = np.zeros(levels + len(sizes))
        row[start], row[start + 1] = 1, -1
        rows.append(row)
    goal = np.concatenate((np.zeros(levels), -np.array(counts) / sum(counts)))
    bounds = [(0, 0), *[(0, 1)] * (STEPS - 1), (1, 1), *[(0, 1)] * len(sizes)]
    found = scipy.optimize.linprog(
        goal, A_ub=np.array(rows), b_ub=np.zeros(len(rows)), bounds=bounds, method="highs-ds"
    )
    return [floor(price * UNIT + _NOISE) for price in found.x[levels:]]
