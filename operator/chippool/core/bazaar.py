"""Rule 6c: running work swaps variants, beside work that waits or by itself, where the chips then do 5 % more.

What those who wait would do without any trade is the measure: the speeds of all who start, and of all who move, rise in
sum by 5 % of what the movers did, each relative to its own best. The order of who starts stays that of rule 1. Who
waits has only work of its own priority trade: what is lower makes room by other rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from math import fsum

from chippool.core.board import Board
from chippool.core.crowd import CROWD, Candidate, Crowd, Stock, crowd, is_flexible
from chippool.core.exchange import Exchange
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.matching import RISE, Contender, choose_together
from chippool.core.model import Workload
from chippool.core.ordering import class_of
from chippool.core.plan import Decision, Hold
from chippool.core.pricing import prices
from chippool.core.reasons import MISTAKES
from chippool.core.seeker import Option
from chippool.core.together import Chosen, together, waiting
from chippool.core.trade import Mover, could_do_with_less, others, risers

TRIES = 4
"""How often trades are chosen in one plan."""
_NEARLY = 1e-9
Goes = Sequence[tuple[Mover, Option]]
"""Who moves, and where to."""


class Bazaar:
    """Who may trade in one plan, and what was chosen; what is decided of who moves goes into `decided`."""

    def __init__(self, board: Board, decided: dict[WorkloadKey, Decision]) -> None:
        self.moments: list[float] = []
        """When others may trade."""
        self._board, self._decided = board, decided
        self._running: Sequence[Workload] = ()
        self._alike: dict[int, list[Workload]] = {}
        """The same by priority."""
        self._now = 0.0
        self._risers: list[Mover] = []
        self._rest: dict[int, list[Mover]] = {}
        self._chosen: Chosen = {}
        self._left = TRIES

    def open(self, running: Sequence[Workload], now: float) -> None:
        """Let those trade whose time has come."""
        self._running, self._now = [w for w in running if is_flexible(w)], now
        by_priority = groupby(self._running, key=lambda w: class_of(self._board.snapshot, w).value)
        self._alike = {priority: [*alike] for priority, alike in by_priority}
        self._risers, self.moments = risers(self._board, self._running, now)

    def choose(self, equals: Sequence[Workload]) -> None:
        """For those of one priority who ask."""
        self._chosen = {}
        waits = [w for w in equals if w.assignment is None]
        if not waits or not (self._running or any(map(is_flexible, waits))):
            return
        stock = Stock(self._board, class_of(self._board.snapshot, equals[0]).value)
        fit = crowd(self._board, stock, equals)
        self._chosen = together(self._board, stock, fit.candidates)
        if self._left and self._may_help(stock, fit):
            self._trade_for(equals, fit.candidates, stock.priority)

    def _may_help(self, stock: Stock, fit: Crowd) -> bool:
        """Whether somebody goes without, or not where it would like best, and chips are left that it could come to.

        While a whole crowd may start as it is, the next plan will see what is left then.
        """
        if len(fit.candidates) == CROWD:
            return False
        left = {pool: stock.chips(pool) for pool in self._board.shelves}
        wants = [*fit.left_out]
        for candidate in fit.candidates:
            option = self._chosen.get(candidate.key)
            if option is not None and _speed(candidate, option) < 1:  # the best of all, with room or without
                return True
            if option is not None and option.new <= left[option.pool]:
                left[option.pool] -= option.new
            else:
                wants.append(candidate.least)
        if not wants:
            return False
        # Whoever starts takes chips that nobody else would have had, or that a mover can do without.
        enough = sum(max(chips, 0) for chips in left.values()) >= min(wants)
        return enough or any(map(could_do_with_less, self._alike.get(stock.priority, ())))

    def _trade_for(self, equals: Sequence[Workload], candidates: Sequence[Candidate], priority: int) -> None:
        risen = [m for m in self._risers if m.priority == priority]
        those = [m for m in (*risen, *self._others(priority)) if self._is_there(m)]
        if not those:
            return
        stock = Stock(self._board, priority, held_by(those))
        everybody = [*crowd(self._board, stock, equals).candidates]
        free = {o.pool: stock.chips(o.pool) for c in (*everybody, *(m.candidate for m in those)) for o in c.options}
        does = fsum([_speed(c, self._chosen.get(c.key)) for c in candidates])
        self._trade(_Deal(everybody, those, free, self._chosen, does, priority))

    def _others(self, priority: int) -> list[Mover]:
        if priority not in self._rest:
            self._rest[priority] = others(self._board, self._alike.get(priority, ()), self._now)
        return self._rest[priority]

    def _is_there(self, mover: Mover) -> bool:
        """Nothing was decided of it yet."""
        return not any(t.gone for t in mover.tenants) and mover.key not in self._decided

    def preferred(self, key: WorkloadKey, options: tuple[Option, ...]) -> Iterator[tuple[Option, ...]]:
        """The ways of one that asks: what was chosen before the others; if that is not to be, as it likes them best."""
        chosen = self._chosen.get(key)
        if chosen in options[1:]:
            yield (chosen, *(o for o in options if o != chosen))
        yield options

    def close(self, asking: Sequence[Workload]) -> dict[PoolName, float]:
        """Let them trade among themselves once all were asked; the prices of chips then.

        Of a pool that somebody waits for they only swap what they have.
        """
        held = [w for w in asking if isinstance(d := self._decided.get(w.key), Hold) and d.reason not in MISTAKES]
        if any(map(self._is_there, self._risers)):
            rest = others(self._board, self._running, self._now)
            those = [m for m in (*self._risers, *rest) if self._is_there(m)]
            stock = Stock(self._board, min(m.priority for m in those))
            short = {pool for w in held for variant in w.variants for pool in variant.pools}
            pools = {o.pool for m in those for o in m.candidate.options}
            self._trade(_Deal([], those, {pool: 0 if pool in short else stock.chips(pool) for pool in pools}))
        return prices(self._board, held, chain(asking, self._running), self._decided)

    def _trade(self, deal: "_Deal") -> None:
        """The best trade there is; none where none is worth it, or none was found in time."""
        while self._left > 0:
            self._left -= 1
            goes, starts = deal.proposed()
            if not goes or not deal.helps(starts):
                return
            attempt = Exchange(self._board)
            attempt.move(goes)
            for candidate in deal.everybody:
                if candidate.key in starts:
                    attempt.start(candidate, starts[candidate.key])
            attempt.undo()
            if attempt.failed:
                deal.learn(attempt, goes)
            elif deal.rises(goes, starts):
                self._keep(goes, starts)
                return
            elif not deal.strike(goes, starts):
                return

    def _keep(self, goes: Goes, starts: Chosen) -> None:
        done = Exchange(self._board)
        done.move(goes)
        if done.failed:  # nothing by halves, though what was tried out a moment ago fits again
            done.undo()
            return
        self._board.releases += 1
        self._chosen = starts
        self._decided.update((move.mover.key, move.decision()) for move in done.moves)


@dataclass(slots=True)
class _Deal:
    """What is traded about: who waits in the order of their turns, who may move, what is free beside what they have."""

    everybody: list[Candidate]
    movers: list[Mover]
    free: dict[PoolName, Milli]
    chosen: Chosen | None = None
    """Where those who wait go without any trade; None: they are not asked for."""
    does: float = 0.0
    """What they all do then: also those whose way somebody closes, by a limit of their queue, who starts by the trade.
    """
    priority: int = 0

    def proposed(self) -> tuple[Goes, Chosen]:
        """Who moves and who starts, each where."""
        free = {pool: max(chips, 0) for pool, chips in self.free.items()}
        trading = [Contender(m.key, m.candidate.ways(), m.priority, held=m.held, lost=m.lost) for m in self.movers]
        ways = choose_together([*trading, *waiting(self.everybody, len(free), self.priority)], free).ways
        starts = {c.key: c.options[ways[c.key]] for c in self.everybody if c.key in ways}
        return [(m, m.candidate.options[ways[m.key]]) for m in self.movers if ways[m.key] != m.held], starts

    def learn(self, attempt: Exchange, goes: Goes) -> None:
        """Nodes are no heap of chips: a pool holds no more of this mix than could be placed."""
        gone = {mover.key for mover, _ in goes}
        held, stay = held_by(self.movers), held_by([m for m in self.movers if m.key not in gone])
        self.free |= {p: attempt.placed[p] + stay[p] - held[p] for p in attempt.failed.values()}

    def helps(self, starts: Chosen) -> bool:
        """Whether somebody who waits starts by it, or elsewhere."""
        return self.chosen is None or any(option != self.chosen.get(key) for key, option in starts.items())

    def rises(self, goes: Goes, starts: Chosen) -> bool:
        """Whether the sum does, by so much of what the movers do now."""
        did = fsum([mover.speed for mover, _ in goes])
        then = fsum([_speed(mover.candidate, option) for mover, option in goes])
        then += fsum([_speed(candidate, starts.get(candidate.key)) for candidate in self.everybody])
        return then - did - self.does >= (RISE - 1) * did - _NEARLY

    def strike(self, goes: Goes, starts: Chosen) -> bool:
        """Leave out who brings least: of those who start only by this trade, else of those who move up."""
        newly = [c for c in self.everybody if c.key in starts and c.key not in (self.chosen or {})]
        if newly:
            self.everybody.remove(min(newly, key=lambda c: (_speed(c, starts[c.key]), c.key)))
            return True
        up = [(_speed(m.candidate, o) - m.speed, m) for m, o in goes]
        up = [(gain, m) for gain, m in up if gain > 0]
        if up:
            self.movers.remove(min(up, key=lambda entry: (entry[0], entry[1].key))[1])
        return bool(up)


def held_by(movers: Iterable[Mover]) -> Counter[PoolName]:
    """Chips by pool."""
    held: Counter[PoolName] = Counter()
    for mover in movers:
        held[mover.option.pool] += mover.option.new
    return held


def _speed(candidate: Candidate, option: Option | None) -> float:
    return 0.0 if option is None else candidate.speeds[candidate.options.index(option)]
