"""Ways to choose a node that chippool is compared with, as judges of the core's placement."""

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chippool.core.bits import flags_of
from chippool.core.feasibility import Eligibility
from chippool.core.holes import NEVER, Glance, Ints, Judge, Sight
from chippool.core.ids import CHIP
from chippool.core.model import Ask, Node
from chippool.core.shares import is_fraction, unused, whole
from chippool.core.shelf import Shelf

_SCORES = 100
"""kube-scheduler rounds scores to whole numbers from 0 to 100; the published policies live by their ties."""


class Indifferent:
    """Every node with room is as good."""

    looks_at: tuple[str, ...] = ()

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        return np.zeros_like(sight.openings() if is_fraction(ask.chips) else sight.idle)

    def cost_of(self, glance: Glance, ask: Ask) -> Sequence[int]:
        return _in_one_row(self, glance, ask)


_INDIFFERENT = Indifferent()


def at_random(shelf: Shelf, chance: random.Random, ask: Ask) -> bool:
    """Put a replica on any node with room and, if it is a fraction, on any chip of it with room."""
    costs = shelf.holes.costs(ask, _INDIFFERENT, lambda: flags_of(shelf.eligible(ask), len(shelf.nodes)))
    roomy = np.flatnonzero(costs < NEVER)
    if not roomy.size:
        return False
    i = int(chance.choice(roomy))
    shelf.take(i, ask, 1, (_any_chip(shelf, i, ask, chance),) if is_fraction(ask.chips) else ())
    return True


def _any_chip(shelf: Shelf, i: int, ask: Ask, chance: random.Random) -> int:
    shares = shelf.shares[i]
    partly = [chip for chip, used in shares if CHIP - used >= ask.chips]
    return chance.choice([*partly, *[unused(shares)] * whole(shelf.free[i], shares)])


class BestFit:
    """Least left of CPU and chips, each as a share of the largest node's, half and half."""

    looks_at: tuple[str, ...] = ("cpu",)

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._cpu = max(n.capacity["cpu"] for n in nodes)
        self._chips = max(n.installed for n in nodes)

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        cpu = sight.room["cpu"] - dict(ask.requests)["cpu"]
        left = (cpu / self._cpu + (sight.idle - ask.chips) / self._chips) / 2
        score = -(_SCORES * (1 - left)).astype(np.int64)
        if not is_fraction(ask.chips):
            return score
        return score[:, None] * 10 * CHIP + sight.openings()

    def cost_of(self, glance: Glance, ask: Ask) -> Sequence[int]:
        return _in_one_row(self, glance, ask)


class Fragmentation:
    """FGD (Weng et al., USENIX ATC 2023): where the idle chips that typical pods can't use grow least."""

    looks_at: tuple[str, ...] = ("cpu",)

    def __init__(self, nodes: Sequence[Node], asks: Sequence[Ask]) -> None:
        typical = _typical(asks)
        eligibility = Eligibility(nodes)
        self._share = np.array([n for _, n in typical], np.float64)
        self._share /= self._share.sum()
        self._cpu = np.array([dict(a.requests)["cpu"] for a, _ in typical])
        self._count = np.array([max(a.chips // CHIP, 1) for a, _ in typical])
        self._none = np.array([a.chips == 0 for a, _ in typical])
        self._sizes, self._size = np.unique([min(a.chips, CHIP) for a, _ in typical], return_inverse=True)
        self._allowed = np.array([flags_of(eligibility.mask(a.constraints), len(nodes)) for a, _ in typical]).T

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        before = self._unusable(sight.rows, sight.idle, sight.whole, sight.partly, sight.room["cpu"])
        cpu = sight.room["cpu"] - dict(ask.requests)["cpu"]
        idle = sight.idle - ask.chips
        if not is_fraction(ask.chips):
            after = self._unusable(sight.rows, idle, sight.whole - ask.chips // CHIP, sight.partly, cpu)
            return -_score(before - after)
        holes = sight.openings()
        cost = np.zeros(holes.shape, np.int64)
        rows, columns = np.nonzero(holes >= ask.chips)
        last = holes.shape[1] - 1
        partly = np.concatenate((sight.partly[rows], np.zeros((rows.size, 1), np.int64)), axis=1)
        partly[np.arange(rows.size), columns] = holes[rows, columns] - ask.chips
        after = self._unusable(sight.rows[rows], idle[rows], sight.whole[rows] - (columns == last), partly, cpu[rows])
        cost[rows, columns] = -_score(before[rows] - after)
        return cost

    def cost_of(self, glance: Glance, ask: Ask) -> Sequence[int]:
        return _in_one_row(self, glance, ask)

    def _unusable(self, rows: Ints, idle: Ints, whole: Ints, partly: Ints, cpu: Ints) -> NDArray[np.float64]:
        fits = partly[:, :, None] >= self._sizes
        chips = (fits.sum(axis=1) + whole[:, None])[:, self._size]
        scraps = np.where(fits, 0, partly[:, :, None]).sum(axis=1)[:, self._size]
        can = (chips >= self._count) & (cpu[:, None] >= self._cpu) & self._allowed[rows] & ~self._none
        return np.where(can, scraps, idle[:, None]) @ self._share


def _in_one_row(judge: Judge, glance: Glance, ask: Ask) -> Sequence[int]:
    costs: list[int] = judge.cost(glance.sight(judge.looks_at), ask).ravel().tolist()
    return costs


def _score(gain: NDArray[np.float64]) -> Ints:
    return (_SCORES / (1 + np.exp(-gain / CHIP))).astype(np.int64)


def _typical(asks: Sequence[Ask]) -> list[tuple[Ask, int]]:
    counts = Counter(Ask(a.chips, (("cpu", dict(a.requests)["cpu"]),), a.constraints) for a in asks)
    found, seen = [], 0
    for ask, count in sorted(counts.items(), key=lambda c: (-c[1], repr(c[0]))):
        if seen >= 0.95 * len(asks):
            break
        found.append((ask, count))
        seen += count
    return found
