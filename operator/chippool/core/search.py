"""Rules 2 to 6 for one workload: the first way to run it that can be, or what each way lacks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from chippool.core import shortage
from chippool.core.attempt import Attempt, Right
from chippool.core.board import Board
from chippool.core.claim import Claim, Takes, why
from chippool.core.displacement import Bid, Room
from chippool.core.earliest import Chance
from chippool.core.elastic import Losses, losses
from chippool.core.ids import PoolName
from chippool.core.placement import Spots, names, seats, total
from chippool.core.plan import Shortage
from chippool.core.reasons import Reason
from chippool.core.relocation import Move
from chippool.core.reservation import Reservation
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Shelf

_NOBODY = Losses((), {})


class Found:
    """The option taken, on the board already, and who goes for it."""

    def __init__(
        self,
        option: Option,
        spots: Spots,
        shelf: Shelf,
        lost: Losses = _NOBODY,
        reasons: tuple[Reason, ...] = (),
        moves: tuple[Move, ...] = (),
    ) -> None:
        self.variant: Final = option.variant.name
        self.pool: Final = option.pool
        self.chips: Final = option.variant.ask.chips
        self.spots: Final = spots
        self.nodes: Final = names(shelf, spots)
        """One per replica."""
        self.seats: Final = seats(spots)
        """The chips of fractions."""
        self.waits: Final = any(not shelf.clean >> spot.node & 1 for spot in spots)
        self.victims: Final = (*(t.key for t in lost.victims), *(move.tenant.key for move in moves))
        self.reasons: Final = reasons
        """The rule by which each victim goes."""
        self.moves: Final = moves
        """Those victims that go on elsewhere."""
        self.shrunk: Final = lost.shrunk
        """How many replicas victims give that keep the others."""


def search(board: Board, seeker: Seeker) -> Found | tuple[Shortage, ...]:
    """What fits as it is, in order of preference; else what fits if others go; else why not."""
    never = [shortage.never(board, seeker, option) for option in seeker.options]
    tried: dict[int, Attempt] = {}
    for n, option in enumerate(seeker.options):
        if never[n] is not None:
            continue
        attempt = tried[n] = Attempt(board, seeker, option)
        found = _as_it_is(attempt)
        if found is not None:
            return found
    hopeful = [attempt for attempt in tried.values() if seeker.preempts and not attempt.is_hopeless()]
    for way in _WAYS_TO_GROW if seeker.grows else _WAYS:
        for attempt in hopeful:
            found = way(attempt)
            if found is not None:
                return found
    return tuple(never[n] or _lack(tried[n]) for n in range(len(seeker.options)))


def _as_it_is(attempt: Attempt) -> Found | None:
    """Take the option if there is room for it now; else remember how many replicas there is room for."""
    board, option = attempt.board, attempt.option
    if attempt.passed or not attempt.has_quota:
        return None
    shelf, kept_for = board.shelves[option.pool], next((one for one in attempt.minded if one.nodes), None)
    start = shelf.checkpoint()
    spots = _fill_beside(kept_for, board, option) if kept_for else board.topologies.fill(option)
    attempt.fits = total(spots)
    if attempt.fits == option.replicas and (not attempt.floor or shelf.free_in_all() >= attempt.floor):
        return _found(attempt, spots)
    shelf.rollback(start)
    return None


def _fill_beside(kept_for: Reservation, board: Board, option: Option) -> Spots:
    """Rule 7: put what may still be there when another workload is to start where it is not in its way."""
    shelf = board.shelves[option.pool]
    shelf.closed = kept_for.nodes
    spots = board.topologies.fill(option)
    shelf.closed = 0
    if board.topologies.demand(option) is not None:  # what is lent may be in another domain
        return spots
    return spots + kept_for.lend(shelf, option.variant.ask, option.replicas - total(spots))


_NO_ROOM = frozenset({Reason.CHIPS_SHORT, Reason.ROOM_SHORT, Reason.DOMAIN_SHORT})


def chances(board: Board, seeker: Seeker, lacks: tuple[Shortage, ...]) -> Iterator[Chance]:
    """The ways that others' chips, their room or a limit stand in the way of."""
    for option, lack in zip(seeker.options, lacks, strict=True):
        limited = lack.reason is Reason.QUEUE_LIMIT
        if (limited or lack.reason in _NO_ROOM) and board.bookings.may_be_next(option, limited=limited):
            pool, attempt = option.pool, Attempt(board, seeker, option)
            quota = board.ledger.left(seeker.queue, pool, option.new) if option.new else {}
            for one in board.topologies.apart(option):
                yield Chance(one, board.shelves[pool], attempt.claim, board.tenants(pool), attempt.floor, quota)


def _lack(attempt: Attempt) -> Shortage:
    board, seeker, option, claim = attempt.board, attempt.seeker, attempt.option, attempt.claim
    if attempt.passed:
        return shortage.limit(board, seeker, option)
    if attempt.fits >= option.replicas:
        return shortage.reserved(board, seeker, option, claim)
    if attempt.minded and _would_fit(board, option):
        return shortage.held_back(board, seeker, option, attempt.minded)
    return shortage.chips_or_room(board, seeker, option, claim, attempt.fits)


def _would_fit(board: Board, option: Option) -> bool:
    shelf = board.shelves[option.pool]
    start = shelf.checkpoint()
    spots = board.topologies.fill(option)
    shelf.rollback(start)
    return total(spots) == option.replicas


def _by_shrinking(attempt: Attempt) -> Found | None:
    """Replicas that others have past minReplicas."""
    if not attempt.board.spares(attempt.option.pool):
        return None
    every = [(replace(claim, takes=Takes.SPARED), passed) for claim, passed in attempt.rights()]
    return _made_room(attempt, every, attempt.board.displace_for, lambda _: [attempt.option])


def _by_moving(attempt: Attempt) -> Found | None:
    board = attempt.board
    return _made_room(attempt, (attempt.own_right,), board.move_for, lambda _: board.topologies.apart(attempt.option))


def _by_displacing(attempt: Attempt) -> Found | None:
    board = attempt.board
    return _made_room(attempt, attempt.rights(), board.displace_for, partial(board.openings, attempt.option))


def _by_both(attempt: Attempt) -> Found | None:
    board, own = attempt.board, (attempt.own_right,)
    return _made_room(attempt, own, board.move_and_displace_for, partial(board.openings, attempt.option))


def _made_room(
    attempt: Attempt,
    by_right: Iterable[Right],
    make: Callable[[PoolName, Bid], Room | None],
    where: Callable[[Claim], Iterable[Option]],
) -> Found | None:
    """The first room that is made, right by right and domain by domain."""
    for claim, passed in by_right:
        for one in where(claim):
            room = make(one.pool, attempt.bid(one, claim, passed))
            if room is not None:
                return _made(attempt, claim, room)
    return None


_WAYS = (_by_shrinking, _by_moving, _by_displacing, _by_both)
"""Rule 6, cheapest first: each is tried for every option before the next."""
_WAYS_TO_GROW = (_by_shrinking, _by_displacing)
"""Nobody moves for replicas past minReplicas, and whom they may displace says their claim."""


def _made(attempt: Attempt, claim: Claim, room: Room) -> Found:
    lost = losses(room.victims)
    reasons = (*(why(claim, t) for t in lost.victims), *(Reason.MIGRATED for _ in room.moves))
    return _found(attempt, room.spots, lost, reasons, room.moves)


def _found(
    attempt: Attempt,
    spots: Spots,
    lost: Losses = _NOBODY,
    reasons: tuple[Reason, ...] = (),
    moves: tuple[Move, ...] = (),
) -> Found:
    board, seeker, option = attempt.board, attempt.seeker, attempt.option
    spots = board.topologies.by_rank(option.pool, spots)
    board.ledger.take(seeker.queue, option.pool, option.new, scavenged=option.scavenges)
    for one in attempt.minded:
        one.charge(board.tree.paths.get(seeker.queue, ()), option.variant.ask, spots, option.new)
    return Found(option, spots, board.shelves[option.pool], lost, reasons, moves)
