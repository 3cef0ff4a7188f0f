"""Rule 2: rows to pools for the greatest sum of values: exact where that is cheap, near it or greedy past that.

Bounded by counted work and never by time: the same problem has the same answer on any machine.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts load themselves when first used: commands that decide nothing do without

from chippool.core.seating import Problem, Row, seated

_NEARLY = 1e-6


@dataclass(frozen=True, slots=True)
class Effort:
    """How far exact answers are sought; past it the answer is near the best, and past that greedy."""

    steps: int = 200_000_000
    """Rows times slots times the smaller of both: an upper bound of the Hungarian method's steps, up to 50 ms."""
    choices: int = 60
    """Options of all rows, where rows take unlike numbers of chips."""
    nodes: int = 200
    """Nodes of the branch-and-bound tree there."""
    pivots: int = 5_000
    """Steps of the simplex method, where there are more options: about 10 ms a thousand options."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`taken` has an option for each row, None where it gets no place; `exact` that no better one exists."""

    taken: tuple[int | None, ...]
    exact: bool


def solve(problem: Problem, effort: Effort) -> Answer:
    """The first solver that can answer within the effort does."""
    answer = _one_size(problem, effort)
    if answer is not None:
        return answer
    served = seated(problem)
    answer = _any_size(served, effort) or _relaxed(served, effort) or greedy(served)
    return replace(answer, exact=answer.exact and not _left_out(problem, served))


def _left_out(problem: Problem, served: Problem) -> bool:
    """Whether somebody with a claim goes without: where rows are of unlike sizes, not every way to seat it is tried."""
    pairs = zip(problem.rows, served.rows, strict=True)
    return any(row.claim and row.options and not seat.options for row, seat in pairs)


def worth(problem: Problem, taken: Sequence[int | None]) -> int:
    """The sum of the values of what is taken."""
    return sum(row.options[k].value for row, k in zip(problem.rows, taken, strict=True) if k is not None)


def _one_size(problem: Problem, effort: Effort) -> Answer | None:
    """The assignment problem: within each pool every row takes as many chips, so a pool is a number of slots.

    Claims come on top of the values: they say whether, and the values say where.
    """
    sizes = _sizes(problem)
    if sizes is None:
        return None
    best = [_best_by_pool(row) for row in problem.rows]
    slots = [min(_fit(cap, size), sum(pool in own for own in best)) for pool, (cap, size) in enumerate(sizes)]
    rows, columns = len(best), sum(slots)
    if rows * columns * min(rows, columns) > effort.steps:
        return None
    pools = np.repeat(np.arange(len(slots)), slots)
    chosen_rows, chosen = scipy.optimize.linear_sum_assignment(_values(problem, best)[:, pools], maximize=True)
    taken: list[int | None] = [None] * rows
    for i, column in zip(chosen_rows.tolist(), chosen.tolist(), strict=True):
        # A slot of a pool the row has no option for is worth nothing: it stands for no place at all.
        taken[i] = best[i].get(int(pools[column]))
    return Answer(tuple(taken), exact=True)


def _sizes(problem: Problem) -> list[tuple[int, int]] | None:
    """Capacity and chips a row by pool; None where rows take unlike numbers of chips of one pool."""
    sizes = [0] * len(problem.capacity)
    for row in problem.rows:
        for option in row.options:
            if sizes[option.pool] not in {0, option.chips}:
                return None
            sizes[option.pool] = option.chips
    return list(zip(problem.capacity, sizes, strict=True))


def _fit(capacity: int, size: int) -> int:
    return max(capacity, 0) // size if size else 0


def _best_by_pool(row: Row) -> dict[int, int]:
    best: dict[int, int] = {}
    for k, option in enumerate(row.options):
        known = best.get(option.pool)
        if known is None or option.value > row.options[known].value:
            best[option.pool] = k
    return best


def _values(problem: Problem, best: Sequence[dict[int, int]]) -> np.ndarray:
    """Rows by pools; whoever sits somewhere counts for more than all that could be won by leaving it out."""
    values = np.zeros((len(best), len(problem.capacity)))
    for i, (row, own) in enumerate(zip(problem.rows, best, strict=True)):
        for pool, k in own.items():
            values[i, pool] = row.options[k].value + (row.claim if row.stays is None else 0)
    seated = np.array([row.stays is not None for row in problem.rows], dtype=bool)
    keep = (len(problem.capacity) + 1) * values.max(initial=0.0)
    values[seated] += np.where(values[seated] > 0, keep, 0.0)
    return values


def _any_size(problem: Problem, effort: Effort) -> Answer | None:
    """The same as an integer program, solved by HiGHS."""
    choices = [(i, k) for i, row in enumerate(problem.rows) for k in range(len(row.options))]
    if not choices or len(choices) > effort.choices:
        return None
    found = scipy.optimize.milp(
        -np.array([problem.rows[i].options[k].value for i, k in choices], dtype=float),
        integrality=np.ones(len(choices)),
        bounds=scipy.optimize.Bounds(0, 1),
        constraints=[_limits(problem, choices)],
        options={"mip_rel_gap": 0.0, "node_limit": effort.nodes},
    )
    least = greedy(problem)
    if found.x is None:
        return least
    taken: list[int | None] = [None] * len(problem.rows)
    for (i, k), share in zip(choices, found.x.tolist(), strict=True):
        if share > 0.5:
            taken[i] = k
    better = worth(problem, taken) >= worth(problem, least.taken)
    return Answer(tuple(taken), exact=bool(found.status == 0)) if better else least


def _limits(problem: Problem, choices: Sequence[tuple[int, int]]) -> "scipy.optimize.LinearConstraint":
    """One option a row, exactly one for whoever sits somewhere; no pool gives more than it has."""
    least = [0.0 if row.stays is None else 1.0 for row in problem.rows] + [0.0] * len(problem.capacity)
    return scipy.optimize.LinearConstraint(_lines(problem, choices), least, _most(problem))


def _lines(problem: Problem, choices: Sequence[tuple[int, int]]) -> "scipy.sparse.csr_array":
    """A line for each row and, below, for each pool; a column for each choice."""
    rows = len(problem.rows)
    options = [problem.rows[i].options[k] for i, k in choices]
    lines = [i for i, _ in choices] + [rows + option.pool for option in options]
    marks = [1] * len(choices) + [option.chips for option in options]
    columns = 2 * list(range(len(choices)))
    return scipy.sparse.coo_array((marks, (lines, columns)), shape=(rows + len(problem.capacity), len(choices))).tocsr()


def _most(problem: Problem) -> list[float]:
    return [1.0] * len(problem.rows) + [float(max(cap, 0)) for cap in problem.capacity]


def _relaxed(problem: Problem, effort: Effort) -> Answer | None:
    """The same with parts of a place allowed: hardly more rows than pools get parts, and these choose once more.

    Basic solutions of an assignment with a line a pool have no more fractional rows than pools (Shmoys, Tardos 1993).
    """
    choices = [(i, k) for i, row in enumerate(problem.rows) for k in range(len(row.options))]
    if not choices or not effort.pivots:
        return None
    value = -np.array([problem.rows[i].options[k].value for i, k in choices], dtype=float)
    lines, seats = _lines(problem, choices), [i for i, row in enumerate(problem.rows) if row.stays is not None]
    sits = {"A_eq": lines[seats], "b_eq": np.ones(len(seats))} if seats else {}
    limit = {"maxiter": effort.pivots}
    found = scipy.optimize.linprog(
        value, A_ub=lines, b_ub=_most(problem), **sits, bounds=(0, 1), method="highs-ds", options=limit
    )
    if found.status != 0:
        return None
    whole = {i: k for (i, k), part in zip(choices, found.x.tolist(), strict=True) if part > 1 - _NEARLY}
    rounded, least = _completed(problem, whole), greedy(problem)
    if rounded is None or worth(problem, rounded) < worth(problem, least.taken):
        return least
    return Answer(rounded, exact=False)


def _completed(problem: Problem, whole: dict[int, int]) -> tuple[int | None, ...] | None:
    """Add for each other row what it likes best of what is left, None where one that sits finds no place."""
    left = list(problem.capacity)
    for i, k in whole.items():
        left[problem.rows[i].options[k].pool] -= problem.rows[i].options[k].chips
    taken = [whole.get(i) for i in range(len(problem.rows))]
    for i, row in sorted(enumerate(problem.rows), key=lambda entry: (entry[1].stays is None, entry[0])):
        fits = [(-o.value, k) for k, o in enumerate(row.options) if o.chips <= left[o.pool]] if taken[i] is None else []
        if fits:
            taken[i] = k = min(fits)[1]
            left[row.options[k].pool] -= row.options[k].chips
        if taken[i] is None and row.stays is not None:
            return None
    return tuple(taken)


def greedy(problem: Problem) -> Answer:
    """Who sits stays; the others in the order of what they would lose by their second choice, in n log n."""
    left = list(problem.capacity)
    taken = [row.stays for row in problem.rows]
    for row in problem.rows:
        if row.stays is not None:
            left[row.options[row.stays].pool] -= row.options[row.stays].chips
    heap = [entry for i, row in enumerate(problem.rows) if row.stays is None for entry in _wish(row, i, left)]
    heapq.heapify(heap)
    while heap:
        entry = heapq.heappop(heap)
        _, i, k = entry
        now = _wish(problem.rows[i], i, left)
        if now and now[0] != entry:
            heapq.heappush(heap, now[0])
        elif now:
            taken[i] = k
            left[problem.rows[i].options[k].pool] -= problem.rows[i].options[k].chips
    return Answer(tuple(taken), exact=False)


def _wish(row: Row, i: int, left: Sequence[int]) -> list[tuple[int, int, int]]:
    """The option it would like best of those that fit, by regret; nothing where none fits."""
    fits = sorted((-o.value, k) for k, o in enumerate(row.options) if o.chips <= left[o.pool])
    if not fits:
        return []
    second = -fits[1][0] if len(fits) > 1 else 0
    return [(second + fits[0][0], i, fits[0][1])]
