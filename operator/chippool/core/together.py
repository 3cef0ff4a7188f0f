"""Rule 2 for those of one priority that compete for unlike chips: chosen for at once, before each is asked in its turn.

The choice says where each would go so that most are served in order and the chips do most; whether it gets there, and
what it displaces if not, is decided in its turn. Nothing is chosen where the first way of everybody fits beside the
others', so whoever competes with nobody costs and changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from chippool.core.board import Board
from chippool.core.checks import mistake, pool_problem
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.matching import Contender, Way, choose_together, claims_in_order, relative_speeds
from chippool.core.model import Ask, Workload
from chippool.core.ordering import class_of
from chippool.core.placement import total
from chippool.core.reserve import kept
from chippool.core.seeker import Option
from chippool.core.turns import Turns

CROWD = 300
"""So many are chosen for together, in the order of their turns; those after them take what they like best."""
LOOKED_AT = 1000
"""So many are looked at to find them."""
TRIES = 3
"""How often it is chosen anew with what pools turned out to hold, node by node."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workload that waits, with its ways that could be now and how fast it is in each, relative to its best."""

    workload: Workload
    options: tuple[Option, ...]
    speeds: tuple[float, ...]


Chosen = Mapping[WorkloadKey, Option]


def together(board: Board, equals: Sequence[Workload]) -> Chosen:
    """Where those of one priority would go; empty where nobody competes for unlike chips."""
    if not any(map(_is_flexible, equals)):
        return {}
    stock = _Stock(board, class_of(board.snapshot, equals[0]).value)
    crowd = list(_crowd(board, stock, equals))
    return _chosen(board, stock, crowd) if _compete(stock, crowd) else {}


def liked_first(options: tuple[Option, ...], chosen: Option | None) -> tuple[Option, ...]:
    """The same ways, the chosen one before the others."""
    return (chosen, *(o for o in options if o != chosen)) if chosen in options else options


def _is_flexible(workload: Workload) -> bool:
    if workload.assignment is not None:
        return False
    return len(workload.variants) > 1 or any(len(variant.pools) > 1 for variant in workload.variants)


class _Stock:
    """What the pools have for work of one priority."""

    def __init__(self, board: Board, priority: int) -> None:
        self._board, self._priority = board, priority
        self._fits: dict[tuple[PoolName, Ask], int] = {}
        self._chips: dict[PoolName, Milli] = {}

    def fits(self, pool: PoolName, ask: Ask) -> int:
        """Replicas there are chips for: never too few."""
        key = (pool, ask)
        if key not in self._fits:
            self._fits[key] = self._board.shelves[pool].fits_by_chips(ask)
        return self._fits[key]

    def chips(self, pool: PoolName) -> Milli:
        """Chips that are free, and not kept for higher classes."""
        if pool not in self._chips:
            floor = kept(self._board.snapshot, pool, self._priority, replacing=False)
            self._chips[pool] = self._board.shelves[pool].free_in_all() - floor
        return self._chips[pool]


# --- who


def _crowd(board: Board, stock: _Stock, equals: Sequence[Workload]) -> Iterator[Candidate]:
    """The first in the order of their turns for whom there may be room, each counted as if it got its first way."""
    start = board.ledger.checkpoint()
    count = 0
    for workload in islice(Turns(board.ledger, equals), LOOKED_AT):
        candidate = _candidate(board, stock, workload)
        if candidate is None:
            continue
        first = candidate.options[0]
        board.ledger.take(candidate.workload.queue, first.pool, first.new)
        yield candidate
        count += 1
        if count == CROWD:
            break
    board.ledger.rollback(start)


def _candidate(board: Board, stock: _Stock, workload: Workload) -> Candidate | None:
    if workload.assignment is not None or mistake(board.snapshot, workload) or workload.queue in board.tree.broken:
        return None
    options = [option for option in board.options(workload) if _is_open(board, workload, option)]
    if not options:
        return None
    speeds = relative_speeds([option.variant.speed * option.variant.replicas for option in options])
    fits = [
        (option, speed)
        for option, speed in zip(options, speeds, strict=True)
        if stock.fits(option.pool, option.variant.ask) >= option.replicas
        and not board.ledger.passed(workload.queue, option.pool, option.new)
    ]
    return Candidate(workload, *map(tuple, zip(*fits, strict=True))) if fits else None


def _is_open(board: Board, workload: Workload, option: Option) -> bool:
    if option.scavenges or not option.new:
        return False
    external = workload.queue in board.tree.external
    return not pool_problem(board.snapshot, workload.class_name, option.variant, option.pool, external=external)


def _compete(stock: _Stock, crowd: Sequence[Candidate]) -> bool:
    """Whether not all get what they like best, and somebody could go elsewhere for the others' sake."""
    chips: Counter[PoolName] = Counter()
    replicas: Counter[tuple[PoolName, Milli]] = Counter()
    room: dict[tuple[PoolName, Milli], int] = {}
    for candidate in crowd:
        first = candidate.options[0]
        shape, ask = (first.pool, first.variant.ask.chips), first.variant.ask
        chips[first.pool] += first.new
        replicas[shape] += first.replicas
        room[shape] = max(room.get(shape, 0), stock.fits(first.pool, ask))
    short = {pool for pool, asked in chips.items() if asked > stock.chips(pool)}
    short |= {shape[0] for shape, asked in replicas.items() if asked > room[shape]}
    return any(len(c.options) > 1 and any(o.pool in short for o in c.options) for c in crowd)


# --- where


def _chosen(board: Board, stock: _Stock, crowd: Sequence[Candidate]) -> Chosen:
    free = {option.pool: stock.chips(option.pool) for candidate in crowd for option in candidate.options}
    claims = claims_in_order([c.workload.key for c in crowd], len(free))
    contenders = [Contender(c.workload.key, _ways(c), claim=claims[c.workload.key]) for c in crowd]
    for _ in range(TRIES):
        matching = choose_together(contenders, free)
        chosen = {
            c.workload.key: c.options[matching.ways[c.workload.key]] for c in crowd if c.workload.key in matching.ways
        }
        placed, failed = _tried_out(board, crowd, chosen)
        if not failed:
            return chosen
        # Nodes are no heap of chips: a pool holds no more of this mix than could be placed.
        free |= {chosen[key].pool: placed[chosen[key].pool] for key in failed}
    return {key: option for key, option in chosen.items() if key not in failed}


def _ways(candidate: Candidate) -> tuple[Way, ...]:
    return tuple(
        Way(option.variant.name, option.pool, option.new, speed)
        for option, speed in zip(candidate.options, candidate.speeds, strict=True)
    )


def _tried_out(board: Board, crowd: Sequence[Candidate], chosen: Chosen) -> tuple[Counter[PoolName], set[WorkloadKey]]:
    """Chips that could be placed on nodes by pool, and who found no room; the board is as before."""
    start, ledger = {pool: shelf.checkpoint() for pool, shelf in board.shelves.items()}, board.ledger.checkpoint()
    placed: Counter[PoolName] = Counter()
    failed: set[WorkloadKey] = set()
    for candidate in crowd:
        option = chosen.get(candidate.workload.key)
        if option is None:
            continue
        if _placed(board, candidate.workload, option):
            placed[option.pool] += option.new
        else:
            failed.add(candidate.workload.key)
    for pool, checkpoint in start.items():
        board.shelves[pool].rollback(checkpoint)
    board.ledger.rollback(ledger)
    return placed, failed


def _placed(board: Board, workload: Workload, option: Option) -> bool:
    if board.ledger.passed(workload.queue, option.pool, option.new):
        return False
    shelf = board.shelves[option.pool]
    start = shelf.checkpoint()
    if total(board.topologies.fill(option)) < option.replicas:
        shelf.rollback(start)
        return False
    board.ledger.take(workload.queue, option.pool, option.new)
    return True
