"""Rule 6c: which running work may trade places now: at a checkpoint, and each at most once an hour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

from chippool.core.board import Board
from chippool.core.checks import variant_named, wanted
from chippool.core.crowd import Candidate, weighed
from chippool.core.ids import WorkloadKey
from chippool.core.matching import MOVE_EVERY, relative_speeds, worths
from chippool.core.model import Assignment, Mode, Workload
from chippool.core.respite import respite
from chippool.core.seeker import Option
from chippool.core.tenant import Tenant

MOVERS = 100
"""So many take part of those who would gain, those who would gain most, and as many who would lose least."""
SOON = 0.1
"""A checkpoint is fresh for so much of its interval."""
AT_LEAST = 30.0
"""And for so many seconds."""
EVERY = 60.0
"""Those whose time comes within the same so many seconds are looked at together."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Running work that may go on in another way; `held` is the place of its own among the candidate's options."""

    candidate: Candidate
    tenants: tuple[Tenant, ...]
    """What it holds, the parts it could be cut into."""
    held: int

    @property
    def key(self) -> WorkloadKey:
        return self.candidate.workload.key

    @property
    def option(self) -> Option:
        return self.candidate.options[self.held]

    @property
    def priority(self) -> int:
        return self.tenants[0].priority

    @property
    def lost(self) -> float:
        """Seconds of work that go if it moves; a service goes on until it runs elsewhere."""
        return self.tenants[0].lost if self.candidate.workload.mode is Mode.GANG else 0.0

    @property
    def speed(self) -> float:
        return self.candidate.speeds[self.held]


def risers(board: Board, running: Iterable[Workload], now: float) -> tuple[list[Mover], list[float]]:
    """Who may trade now and would gain by it, the first by how much, and when others may who would."""
    found: list[Mover] = []
    moments: list[float] = []
    climbers = [w for w in running if w.assignment and w.assignment.variant != w.variants[0].name]
    for _, _, workload in _ranked([w for w in climbers if _prospect(w) > 0]):
        at = _may_trade(board, workload, now)
        if at <= now and len(found) < MOVERS and (mover := _mover(board, workload)) is not None:
            found.append(mover)
        elif now < at < inf:
            moments.append(-(-at // EVERY) * EVERY)
    return found, moments


def others(board: Board, running: Iterable[Workload], now: float) -> list[Mover]:
    """Who may trade now and could at most make room for somebody else, the first by what they would lose."""
    return [*islice(_others(board, running, now), MOVERS)]


def _others(board: Board, running: Iterable[Workload], now: float) -> Iterator[Mover]:
    for _, _, workload in _ranked([w for w in running if _prospect(w) <= 0]):
        if _may_trade(board, workload, now) <= now and (mover := _mover(board, workload)) is not None:
            yield mover


def could_do_with_less(workload: Workload) -> bool:
    """Whether it has a way of fewer chips than it holds."""
    given, chips = workload.assignment, [v.replicas * v.ask.chips for v in workload.variants]
    own = [c for c, v in zip(chips, workload.variants, strict=True) if given is not None and v.name == given.variant]
    return min(chips) < min(own, default=0)


def _ranked(workloads: Iterable[Workload]) -> list[tuple[float, WorkloadKey, Workload]]:
    return sorted(((-_prospect(w), w.key, w) for w in workloads), key=lambda entry: entry[:2])


def _prospect(workload: Workload) -> float:
    """What the best of its other variants would do more than its own, or less."""
    given = workload.assignment
    if given is None or len(workload.variants) == 1:
        return 0.0
    if given.variant == workload.variants[0].name:
        first, second = relative_speeds([v.speed * v.replicas for v in workload.variants])[:2]
        return min(second / first, 1.0) - 1.0
    worth = worths([v.speed * v.replicas for v in workload.variants])
    own = next((w for w, v in zip(worth, workload.variants, strict=True) if v.name == given.variant), 1.0)
    others = [w for w, v in zip(worth, workload.variants, strict=True) if v.name != given.variant]
    return max(others, default=0.0) - own


def _may_trade(board: Board, workload: Workload, now: float) -> float:
    """From when on, as far as is known; never for work that has not started, or is about to change anyway."""
    given = workload.assignment
    if given is None or not _is_settled(workload, given):
        return inf
    rests = max(respite(workload, board.tree.above(workload.queue)), _moved_at(workload) + MOVE_EVERY)
    return max(rests, _saved(workload, given, max(rests, now)))


def _is_settled(workload: Workload, given: Assignment) -> bool:
    """It runs, whole and as large as it is to be; a gang with succeeded indexes keeps its variant."""
    if not workload.started or workload.stays_put or workload.missing or workload.succeeded:
        return False
    if workload.outcome is not None:
        return False
    variant = variant_named(workload, given.variant)
    return variant is not None and wanted(workload, variant) == given.replicas == len(workload.placed)


def _saved(workload: Workload, given: Assignment, now: float) -> float:
    """When its work is saved: now, if a checkpoint is fresh, else when the next one can be expected.

    One that never says so loses at most an interval whenever it goes: it goes once it has run for one.
    """
    interval, saved = workload.checkpoint_interval, workload.checkpointed_at
    if interval is None:
        return now
    if saved is None or saved < given.admitted_at:
        return given.admitted_at + interval
    return now if now <= saved + max(SOON * interval, AT_LEAST) else saved + interval if now < saved + interval else inf


def _moved_at(workload: Workload) -> float:
    """When it last lost its place, by a trade or otherwise."""
    return -inf if workload.displaced is None else workload.displaced.at


def _mover(board: Board, workload: Workload) -> Mover | None:
    """With all its replicas in each way: what could start with fewer is not made smaller by a trade."""
    given, tenants, candidate = workload.assignment, board.holding.get(workload.key, ()), weighed(board, workload)
    if given is None or candidate is None or not tenants or any(t.gone or t.scavenges for t in tenants):
        return None
    candidate = replace(candidate, options=tuple(map(_whole, candidate.options)))
    held = [k for k, o in enumerate(candidate.options) if (o.variant.name, o.pool) == (given.variant, given.pool)]
    if not held or len(candidate.options) < 2 or candidate.options[held[0]].new != sum(t.chips for t in tenants):
        return None
    return Mover(candidate, tuple(tenants), held[0])


def _whole(option: Option) -> Option:
    replicas = option.variant.replicas
    return replace(option, replicas=replicas, new=replicas * option.variant.ask.chips)
