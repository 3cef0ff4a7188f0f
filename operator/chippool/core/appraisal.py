"""What putting a replica on a node costs: rule 5 for all that does not take whole nodes.

Beside the worth of the chip it goes on, a node is worth what can still be asked of it: idle chips without the CPU and
memory that typically goes with them are stranded, and so, to a lesser degree, is room without chips.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from chippool.core.bits import flags_of
from chippool.core.feasibility import Eligibility
from chippool.core.holes import Ints, Sight
from chippool.core.ids import CHIP
from chippool.core.model import Ask, Node, Worth
from chippool.core.shares import is_fraction
from chippool.core.worth import STEP, UNIT

_PER_MILLI = UNIT // CHIP
_SURPLUS_FROM = 3, 2
"""Room for half as many chips again as are idle is no surplus yet."""
_SURPLUS_WEIGHT = 12
_TIGHTNESS = 80
_PRESSURE = 5
"""Stranding counts in full, the surplus a twelfth, an idle chip left on the node an eightieth and pressure a fifth; how
much each matters is in docs/adr/0008-worth-of-a-hole.md."""


class Appraisal:
    """A judge that goes by what was learnt, for the nodes of one shelf."""

    def __init__(self, worth: Worth, nodes: Sequence[Node], eligibility: Eligibility) -> None:
        self._table = np.array(worth.table, np.int64)
        self._typical = {r: amount for r, amount in worth.typical.items() if amount}
        self.looks_at = tuple(self._typical)
        self._pressure = pressure(worth, nodes, eligibility)

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        """In millionths of a chip."""
        asked = dict(ask.requests)
        left = {r: sight.room[r] - asked.get(r, 0) for r in self.looks_at}
        idle = sight.idle - ask.chips
        cost = self._imbalance(idle, left) - self._imbalance(sight.idle, sight.room)
        cost += idle * _PER_MILLI // _TIGHTNESS + self._pressure[sight.rows] * ask.chips // (CHIP * _PRESSURE)
        if not is_fraction(ask.chips):
            return cost
        holes = sight.openings()
        lost = self._table[holes // STEP] - self._table[np.maximum(holes - ask.chips, 0) // STEP]
        # a millionth for each milli-chip idle: of holes that lose the same the tightest
        costs: Ints = lost + holes + cost[:, None]
        return costs

    def _imbalance(self, idle: Ints, room: Mapping[str, Ints]) -> Ints:
        """Chips that the rest of the node can't serve, and what it could serve of chips that aren't there."""
        served = [room[r] * CHIP // amount for r, amount in self._typical.items()]
        if not served:
            return np.zeros_like(idle)
        chips: Ints = np.minimum.reduce(served)
        enough, per = _SURPLUS_FROM
        surplus = np.maximum(chips - idle * enough // per, 0) * _PER_MILLI // _SURPLUS_WEIGHT
        stranded: Ints = np.maximum(idle - chips, 0) * _PER_MILLI
        stranded += surplus
        return stranded


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
