"""What putting a replica on a node costs: rule 5 for all that does not take whole nodes.

Beside the worth of the chip it goes on, a node is worth what can still be asked of it: idle chips without the CPU and
memory that typically goes with them are stranded, and so, to a lesser degree, is room without chips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from chippool.core.bits import flags_of
from chippool.core.feasibility import Eligibility
from chippool.core.holes import Glance, Ints, Sight
from chippool.core.ids import CHIP
from chippool.core.model import Ask, Node, Worth
from chippool.core.shares import is_fraction
from chippool.core.worth import STEP, UNIT

N = TypeVar("N", int, Ints)

_ENOUGH = 3, 2
"""Room for half as many chips again as are idle is no surplus yet."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What else counts beside the worth of the chip taken, in millionths of a chip (docs/adr/0008: what each adds)."""

    stranded: int = UNIT
    """For each idle chip that the rest of its node can't serve."""
    surplus: int = UNIT // 12
    """For each chip that the rest of a node could serve and that isn't there."""
    left: int = UNIT // 80
    """For each idle chip left on the node: the tightest node, all else being equal."""
    pressure: int = UNIT // 5
    """For each chip taken where only so many may go as may go anywhere, and more where more must."""


WEIGHTS = Weights()


class Appraisal:
    """A judge that goes by what was learnt, for the nodes of one shelf."""

    def __init__(
        self, worth: Worth, nodes: Sequence[Node], eligibility: Eligibility, weights: Weights = WEIGHTS
    ) -> None:
        self._weights = weights
        self._table, self._worth = np.array(worth.table, np.int64), worth.table
        self._typical = {r: amount for r, amount in worth.typical.items() if amount}
        self.looks_at = tuple(self._typical)
        self._pressure = pressure(worth, nodes, eligibility) * weights.pressure // UNIT
        self._pressures: list[int] = self._pressure.tolist()

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        """In millionths of a chip."""
        cost = self._of_node(sight.idle, sight.room, self._pressure[sight.rows], ask, _ARRAYS)
        if not is_fraction(ask.chips):
            return cost
        holes = sight.openings()
        lost = self._table[holes // STEP] - self._table[np.maximum(holes - ask.chips, 0) // STEP]
        # a millionth for each milli-chip idle: of holes that lose the same the tightest
        costs: Ints = lost + holes + cost[:, None]
        return costs

    def cost_of(self, glance: Glance, ask: Ask) -> Sequence[int]:
        """In millionths of a chip."""
        room = {r: glance.room.get(r, 0) for r in self.looks_at}
        cost = self._of_node(glance.idle, room, self._pressures[glance.row], ask, _NUMBERS)
        if not is_fraction(ask.chips):
            return (cost,)
        worth, chips = self._worth, ask.chips
        return [worth[h // STEP] - worth[max(h - chips, 0) // STEP] + h + cost for h in glance.openings()]

    def _of_node(self, idle: N, room: Mapping[str, N], pressure: N, ask: Ask, by: "_Arithmetic[N]") -> N:
        """All but the worth of the chip."""
        asked = dict(ask.requests)
        left = {r: amount - asked.get(r, 0) for r, amount in room.items() if r in self._typical}
        rest = idle - ask.chips
        cost = self._imbalance(rest, left, by) - self._imbalance(idle, room, by)
        return cost + rest * self._weights.left // CHIP + pressure * ask.chips // CHIP

    def _imbalance(self, idle: N, room: Mapping[str, N], by: "_Arithmetic[N]") -> N:
        """Chips that the rest of the node can't serve, and what it could serve of chips that aren't there."""
        if not self._typical:
            return idle * 0
        chips = by.least([room[r] * CHIP // amount for r, amount in self._typical.items()])
        enough, of = _ENOUGH
        stranded = by.positive(idle - chips) * self._weights.stranded // CHIP
        return stranded + by.positive(chips - idle * enough // of) * self._weights.surplus // CHIP


@dataclass(frozen=True, slots=True)
class _Arithmetic(Generic[N]):
    """What one formula needs to be worked out for one node, or for many at once."""

    least: Callable[[list[N]], N]
    positive: Callable[[N], N]


_NUMBERS: _Arithmetic[int] = _Arithmetic(min, lambda number: max(number, 0))
_ARRAYS: _Arithmetic[Ints] = _Arithmetic(np.minimum.reduce, lambda numbers: np.maximum(numbers, 0))


def pressure(worth: Worth, nodes: Sequence[Node], eligibility: Eligibility) -> Ints:
    """Load for each chip of a node, where everybody's is spread evenly over the nodes he may use; on average `UNIT`."""
    chips = np.array([n.installed for n in nodes], np.int64)
    load = np.zeros(len(nodes))
    for constraints, asked in worth.loads:
        allowed = flags_of(eligibility.mask(constraints), len(nodes))
        held = int(chips[allowed].sum())
        if held:
            load[allowed] += asked / held
    whole = float((load * chips).sum())
    if not whole:
        return np.zeros_like(chips)
    even: Ints = np.rint(load * (UNIT * int(chips.sum()) / whole)).astype(np.int64)
    return even
