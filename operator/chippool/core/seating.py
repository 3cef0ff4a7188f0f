"""Rule 2: who gets a place where not all can: one by one in order, as long as all before keep one, wherever that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Option:
    """One place a row may take: `chips` of a pool, for a value greater than 0."""

    pool: int
    chips: int
    value: int


@dataclass(frozen=True, slots=True)
class Row:
    """`stays` is the option it sits on; such a row may move, and is never left without any.

    Of the others those of a higher `claim` are served first where not all can be, whatever the values.
    """

    options: tuple[Option, ...]
    stays: int | None = None
    claim: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    rows: Sequence[Row]
    capacity: Sequence[int]
    """By pool: what is free together with what the rows sit on."""


_STEPS = 20_000
"""Places looked at while others are asked to move on; past that whoever finds none free goes without."""


def seated(problem: Problem) -> Problem:
    """The problem of where, once it is settled who: a seat for each row with a claim that can have one, no way else.

    Rows without a claim are left as they are.
    """
    claimants = [i for i, row in enumerate(problem.rows) if row.stays is None and row.claim]
    if not claimants:
        return problem
    hall = _Hall(problem)
    for i in sorted(claimants, key=lambda i: (-problem.rows[i].claim, i)):
        hall.seat(i)
    rows = list(problem.rows)
    for i in claimants:
        rows[i] = Row((), None) if hall.at[i] is None else replace(rows[i], stays=hall.at[i])
    for i, row in enumerate(problem.rows):
        if row.stays is not None:
            rows[i] = replace(row, stays=hall.at[i])
    return Problem(rows, problem.capacity)


class _Hall:
    """Rows on their seats; to seat one more, others move on along chains through all pools (augmenting paths)."""

    def __init__(self, problem: Problem) -> None:
        self._rows = problem.rows
        self.at: list[int | None] = [row.stays for row in problem.rows]
        self._left = list(problem.capacity)
        self._in: list[dict[int, None]] = [{} for _ in problem.capacity]
        self._liked = [sorted(range(len(r.options)), key=lambda k: (-r.options[k].value, k)) for r in problem.rows]
        self._log: list[tuple[int, int | None]] = []
        self._steps = _STEPS
        self._stuck: dict[int, int] = {}
        """By pool so many chips that nobody could clear; it gets no easier as more come."""
        for i, row in enumerate(problem.rows):
            if row.stays is not None:
                self._count(i, 1)

    def seat(self, i: int) -> None:
        """The place it likes best of those that are free, else of those that can be freed."""
        options = self._rows[i].options
        free = [k for k in self._liked[i] if options[k].chips <= self._left[options[k].pool]]
        if free:
            self._move(i, free[0])
            return
        for k in self._liked[i]:
            pool, chips = options[k].pool, options[k].chips
            if chips >= self._stuck.get(pool, chips + 1):
                continue
            if self._clear(pool, chips, (pool,)):
                self._move(i, k)
                return
            self._stuck[pool] = chips

    def _clear(self, pool: int, chips: int, shut: Sequence[int]) -> bool:
        """Have others leave the pool for pools that are not shut until so many chips are left, or nothing changes."""
        start = len(self._log)
        for i in list(self._in[pool]) if len(shut) < len(self._left) else ():
            if self._left[pool] >= chips:
                break
            k = self._elsewhere(i, shut)
            if k is not None:
                self._move(i, k)
        if self._left[pool] >= chips:
            return True
        while len(self._log) > start:
            self._put(*self._log.pop())
        return False

    def _elsewhere(self, i: int, shut: Sequence[int]) -> int | None:
        options = self._rows[i].options
        for k in self._liked[i]:
            self._steps -= 1
            if self._steps < 0:
                return None
            pool, chips = options[k].pool, options[k].chips
            if pool in shut:
                continue
            if chips <= self._left[pool] or self._clear(pool, chips, (*shut, pool)):
                return k
        return None

    def _move(self, i: int, k: int) -> None:
        self._log.append((i, self.at[i]))
        self._put(i, k)

    def _put(self, i: int, k: int | None) -> None:
        self._count(i, -1)
        self.at[i] = k
        self._count(i, 1)

    def _count(self, i: int, sign: int) -> None:
        k = self.at[i]
        if k is None:
            return
        option = self._rows[i].options[k]
        self._left[option.pool] -= sign * option.chips
        if sign > 0:
            self._in[option.pool][i] = None
        else:
            self._in[option.pool].pop(i, None)
