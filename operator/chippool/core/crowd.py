"""Rule 2: who of one priority waits and may find room, in the order of their turns, and what there is for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from chippool.core.board import Board
from chippool.core.checks import mistake, pool_problem
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.matching import Way, worths
from chippool.core.model import Ask, Workload
from chippool.core.seeker import Option
from chippool.core.turns import Turns

CROWD = 300
"""So many are chosen for together, in the order of their turns; those after them take what they like best."""
LOOKED_AT = 1000
"""So many are looked at to find them."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workload with its ways that could be now, the preferred first, and its speed in each, relative to its first."""

    workload: Workload
    options: tuple[Option, ...]
    speeds: tuple[float, ...]

    @property
    def key(self) -> WorkloadKey:
        return self.workload.key

    @property
    def least(self) -> Milli:
        """The fewest chips it can do with."""
        return min(option.new for option in self.options)

    def ways(self) -> tuple[Way, ...]:
        """The same as those see it who choose together."""
        return tuple(
            Way(option.variant.name, option.pool, option.new, speed)
            for option, speed in zip(self.options, self.speeds, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who may find room, in the order of their turns, and the fewest chips each could do with who may not, or less."""

    candidates: Sequence[Candidate]
    left_out: Sequence[Milli]


def is_flexible(workload: Workload) -> bool:
    ways = workload.variants
    return len(ways) > 1 or (len(ways) == 1 and len(ways[0].pools) > 1)


class Stock:
    """What the pools have for work of one priority; `loose` are chips of work that might go elsewhere."""

    def __init__(self, board: Board, priority: int, loose: Mapping[PoolName, Milli] | None = None) -> None:
        self.priority, self._board, self._loose = priority, board, loose or {}
        self._fits: dict[tuple[PoolName, Ask], int] = {}
        self._chips: dict[PoolName, Milli] = {}

    def fits(self, option: Option) -> int:
        """Replicas there are chips for as it is: never too few."""
        key = (option.pool, option.variant.ask)
        if key not in self._fits:
            self._fits[key] = self._board.shelves[option.pool].fits_by_chips(option.variant.ask)
        return self._fits[key]

    def may_fit(self, option: Option) -> bool:
        """Whether it might fit if all that is loose were gone."""
        loose = self._loose.get(option.pool, 0) // option.variant.ask.chips
        return self.fits(option) + loose >= option.replicas

    def chips(self, pool: PoolName) -> Milli:
        """Chips that are free, and not kept for higher classes."""
        if pool not in self._chips:
            floor = self._board.floor(pool, self.priority, replacing=False)
            self._chips[pool] = self._board.shelves[pool].free_in_all() - floor
        return self._chips[pool]

    def is_gone(self) -> bool:
        """Whether there is not a chip for anybody."""
        return all(self.chips(pool) + self._loose.get(pool, 0) <= 0 for pool in self._board.shelves)


def crowd(board: Board, stock: Stock, equals: Sequence[Workload]) -> Crowd:
    """The first for whom there may be room, each counted as if it got its first way."""
    if stock.is_gone():
        return Crowd((), (1,) * bool(equals))
    start = board.ledger.checkpoint()
    found: list[Candidate] = []
    wants: list[Milli] = []
    passed = board.ledger.passed
    for workload in islice(Turns(board.ledger, [w for w in equals if w.assignment is None]), LOOKED_AT):
        if mistake(board.snapshot, workload) or workload.queue in board.tree.broken:
            continue
        options = _open(board, workload)
        fits = [o for o in options if stock.may_fit(o) and not passed(workload.queue, o.pool, o.new)]
        if fits:
            found.append(_weighed(workload, options, fits))
            board.ledger.take(workload.queue, fits[0].pool, fits[0].new)
        elif options:
            wants.append(min(option.new for option in options))
        if len(found) == CROWD:
            break
    board.ledger.rollback(start)
    return Crowd(found, wants)


def weighed(board: Board, workload: Workload) -> Candidate | None:
    """With all its ways that could be if there were room."""
    options = _open(board, workload)
    return _weighed(workload, options, options) if options else None


def _open(board: Board, workload: Workload) -> tuple[Option, ...]:
    return tuple(option for option in board.options(workload) if _is_open(board, workload, option))


def _weighed(workload: Workload, options: Sequence[Option], among: Sequence[Option]) -> Candidate:
    """With some of its ways, their speeds compared with all of them."""
    speeds = worths([option.variant.speed * option.variant.replicas for option in options])
    by_option = dict(zip(map(id, options), speeds, strict=True))
    return Candidate(workload, tuple(among), tuple(by_option[id(option)] for option in among))


def _is_open(board: Board, workload: Workload, option: Option) -> bool:
    if option.scavenges or not option.new:
        return False
    external = workload.queue in board.tree.external
    return not pool_problem(board.snapshot, workload.class_name, option.variant, option.pool, external=external)


def compete(stock: Stock, candidates: Sequence[Candidate]) -> bool:
    """Whether not all get their first way, and somebody could go elsewhere for the others' sake."""
    chips: Counter[PoolName] = Counter()
    replicas: Counter[tuple[PoolName, Milli]] = Counter()
    room: dict[tuple[PoolName, Milli], int] = {}
    for candidate in candidates:
        first = candidate.options[0]
        shape = (first.pool, first.variant.ask.chips)
        chips[first.pool] += first.new
        replicas[shape] += first.replicas
        room[shape] = max(room.get(shape, 0), stock.fits(first))
    short = {pool for pool, asked in chips.items() if asked > stock.chips(pool)}
    short |= {shape[0] for shape, asked in replicas.items() if asked > room[shape]}
    return any(len(c.options) > 1 and any(o.pool in short for o in c.options) for c in candidates)
