"""Rule 5: what is idle on a shelf, chip by chip, as arrays: all its nodes are judged at once, and only once.

Costs are kept by ask; of a node that has changed since they are computed anew, of the others never. Few nodes are
judged one by one, which is the faster the fewer they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chippool.core.ids import CHIP, Milli
from chippool.core.model import Ask
from chippool.core.shares import Shares, is_fraction, whole

Ints = NDArray[np.int64]
NEVER = 1 << 60
"""The cost of a node that has no room; no cost function comes near it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Some nodes as a cost function sees them: one row each, in milli-chips and in the units of `model.Requests`."""

    rows: Ints
    """Their positions on the shelf."""
    idle: Ints
    """Milli-chips that are free in all."""
    whole: Ints
    """Chips of which nothing is used."""
    partly: Ints
    """What is idle of each partly used chip, one column each; 0 where there is none."""
    room: Mapping[str, Ints]

    def openings(self) -> Ints:
        """What is idle of each chip a fraction could go on: the partly used ones, and last a whole one."""
        return np.concatenate((self.partly, np.where(self.whole > 0, CHIP, 0)[:, None]), axis=1)


@dataclass(frozen=True, slots=True)
class Glance:
    """One node as a cost function sees it, in plain numbers."""

    row: int
    idle: Milli
    whole: int
    partly: tuple[Milli, ...]
    room: Mapping[str, int]

    def openings(self) -> tuple[Milli, ...]:
        return (*self.partly, CHIP if self.whole > 0 else 0)

    def sight(self, resources: Iterable[str]) -> Sight:
        """The same as arrays of one row."""
        room = {r: np.array([self.room.get(r, 0)], np.int64) for r in resources}
        row, idle, whole_ones = [np.array([n], np.int64) for n in (self.row, self.idle, self.whole)]
        return Sight(row, idle, whole_ones, np.array([self.partly], np.int64).reshape(1, -1), room)


class Judge(Protocol):
    """Says what it costs to put a replica on a node; `looks_at` names the resources it wants to see beside chips."""

    looks_at: tuple[str, ...]

    def cost(self, sight: Sight, ask: Ask) -> Ints:
        """Whole numbers, lower is better: one a row, or for a fraction one for each of `openings`."""

    def cost_of(self, glance: Glance, ask: Ask) -> Sequence[int]:
        """The same for one node: one number, or for a fraction one for each of `openings`."""


_FEW = 16
"""Nodes that are sooner judged one by one."""


@dataclass(slots=True)
class _Sheet:
    """What one ask would cost on each node; `read` says how far changes are in."""

    eligible: NDArray[np.bool_]
    costs: Ints
    read: int = -1


@dataclass(slots=True)
class Ground:
    """The live state of a shelf, by position; `touched` lists every node that has changed, in order."""

    free: Sequence[Milli]
    shares: Sequence[Shares]
    room: Sequence[Mapping[str, int]]
    touched: list[int] = field(default_factory=list)


class Holes:
    """The arrays of one shelf, brought up to date whenever they are asked."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._idle = np.array(ground.free, np.int64)
        self._whole = self._idle // CHIP
        self._partly = np.zeros((len(ground.free), 0), np.int64)
        self._room: dict[str, Ints] = {}
        self._sheets: dict[tuple[Judge, Ask], _Sheet] = {}
        self._read = len(ground.touched)
        self._load([i for i, shares in enumerate(ground.shares) if shares])

    def cost_of(self, i: int, ask: Ask, judge: Judge) -> int:
        """What `ask` costs on node `i`, `NEVER` if it has no room."""
        return self._best(i, ask, judge)[0]

    def opening(self, i: int, ask: Ask, judge: Judge) -> int:
        """The chip the fraction would go on at node `i`, as a place in its shares; past their end: a whole one."""
        return self._best(i, ask, judge)[1]

    def _best(self, i: int, ask: Ask, judge: Judge) -> tuple[int, int]:
        """The cost, and the opening that has it."""
        free, shares, room = self._ground.free[i], self._ground.shares[i], self._ground.room[i]
        for resource, amount in ask.requests:
            if amount and room.get(resource, 0) < amount:
                return NEVER, 0
        partly = tuple(max(CHIP - used, 0) for _, used in shares) if shares else ()
        glance = Glance(i, free, whole(free, shares), partly, room)
        if not is_fraction(ask.chips):
            return (judge.cost_of(glance, ask)[0] if glance.whole * CHIP >= ask.chips else NEVER), 0
        costs = zip(glance.openings(), judge.cost_of(glance, ask), strict=True)
        fitting = [(cost, place) for place, (hole, cost) in enumerate(costs) if hole >= ask.chips]
        return min(fitting, default=(NEVER, 0))

    def costs(self, ask: Ask, judge: Judge, eligible: Callable[[], NDArray[np.bool_]]) -> Ints:
        """What `ask` costs on every node, `NEVER` where it has no room.

        The array is the one that is kept: nobody writes into it.
        """
        return self._sheet(ask, judge, eligible).costs

    def fits(self, chips: Milli, eligible: NDArray[np.bool_]) -> int:
        """Fractions of so many milli-chips that fit beside others."""
        self._catch_up(())
        return int((self._partly[eligible] // chips).sum())

    def forget(self) -> None:
        """Drop the costs: whoever judged them has learnt."""
        self._sheets.clear()

    def _sheet(self, ask: Ask, judge: Judge, eligible: Callable[[], NDArray[np.bool_]]) -> _Sheet:
        sheet = self._sheets.get((judge, ask))
        size, now = len(self._idle), len(self._ground.touched)
        if sheet is None:
            sheet = _Sheet(eligible(), np.full(size, NEVER, np.int64))
            self._sheets[judge, ask] = sheet
            self._fill_in(sheet, ask, judge, np.flatnonzero(sheet.eligible))
        elif sheet.read < now:
            touched = set(self._ground.touched[sheet.read :])
            if len(touched) > _FEW:
                self._fill_in(sheet, ask, judge, np.array(sorted(touched), np.int64))
            for i in touched if len(touched) <= _FEW else ():
                if sheet.eligible[i]:
                    sheet.costs[i] = self.cost_of(i, ask, judge)
        sheet.read = now
        return sheet

    def _fill_in(self, sheet: _Sheet, ask: Ask, judge: Judge, rows: Ints) -> None:
        rows = rows[sheet.eligible[rows]]
        if not rows.size:
            return
        self._catch_up((*judge.looks_at, *(resource for resource, _ in ask.requests)))
        sight = self._sight(rows)
        costs = np.where(self._fits(sight, ask), judge.cost(sight, ask).T, NEVER)
        sheet.costs[rows] = costs if costs.ndim == 1 else costs.min(axis=0)

    def _sight(self, rows: Ints) -> Sight:
        room = {r: a[rows] for r, a in self._room.items()}
        return Sight(rows, self._idle[rows], self._whole[rows], self._partly[rows], room)

    def _fits(self, sight: Sight, ask: Ask) -> NDArray[np.bool_]:
        """By row, or for a fraction by opening and row."""
        roomy = np.ones(sight.rows.size, np.bool_)
        for resource, amount in ask.requests:
            if amount:
                roomy &= sight.room[resource] >= amount
        if is_fraction(ask.chips):
            fits: NDArray[np.bool_] = ask.chips <= sight.openings().T
            return fits & roomy
        return roomy & (sight.whole * CHIP >= ask.chips)

    # --- keeping up

    def _catch_up(self, resources: Iterable[str]) -> None:
        if self._read < len(self._ground.touched):
            self._load(sorted(set(self._ground.touched[self._read :])))
            self._read = len(self._ground.touched)
        for resource in resources:
            if resource not in self._room:
                self._room[resource] = np.array([r.get(resource, 0) for r in self._ground.room], np.int64)

    def _load(self, rows: Iterable[int]) -> None:
        ground = self._ground
        for i in rows:
            free, shares = ground.free[i], ground.shares[i]
            self._idle[i], self._whole[i] = free, whole(free, shares)
            for resource, amounts in self._room.items():
                amounts[i] = ground.room[i].get(resource, 0)
            if shares or self._partly.shape[1]:
                self._widen(len(shares))
                self._partly[i] = 0
                self._partly[i, : len(shares)] = [max(CHIP - used, 0) for _, used in shares]

    def _widen(self, width: int) -> None:
        short = width - self._partly.shape[1]
        if short > 0:
            self._partly = np.pad(self._partly, ((0, 0), (0, short)))
