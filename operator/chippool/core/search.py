"""Rules 2 to 6 for one workload: the first way to run it that can be, or what each way lacks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import islice
from operator import or_

from chippool.core import shortage
from chippool.core.board import Board
from chippool.core.claim import Claim, Takes, why
from chippool.core.displacement import Bid, Room
from chippool.core.earliest import Chance
from chippool.core.elastic import losses
from chippool.core.ids import Milli, NodeName, PoolName, VariantName, WorkloadKey
from chippool.core.placement import Spots, names, seats, total
from chippool.core.plan import Shortage
from chippool.core.reasons import Reason
from chippool.core.regain import Passed, rights
from chippool.core.relocation import Move
from chippool.core.reservation import Reservation
from chippool.core.reserve import kept
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Seats


@dataclass(frozen=True, slots=True)
class Found:
    """The option taken: a node per replica, on the board already, and who goes for it."""

    variant: VariantName
    pool: PoolName
    chips: Milli
    nodes: tuple[NodeName, ...]
    waits: bool
    victims: tuple[WorkloadKey, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """The rule by which each victim goes."""
    seats: Seats = ()
    """The chips of fractions."""
    spots: Spots = field(default_factory=list, compare=False)
    moves: tuple[Move, ...] = ()
    """Those victims that go on elsewhere."""
    shrunk: Mapping[WorkloadKey, int] = field(default_factory=dict)
    """How many replicas victims give that keep the others."""


def search(board: Board, seeker: Seeker) -> Found | tuple[Shortage, ...]:
    """What fits as it is, in order of preference; else what fits if others go; else why not."""
    never = [shortage.never(board, seeker, option) for option in seeker.options]
    fits: dict[int, int] = {}
    for n, option in enumerate(seeker.options):
        if never[n] is not None:
            continue
        answer = _as_it_is(board, seeker, option)
        if isinstance(answer, Found):
            return answer
        fits[n] = answer
    ways = _WAYS_TO_GROW if seeker.grows else _WAYS
    for way in ways if seeker.preempts else ():
        for n in fits:
            found = way(board, seeker, seeker.options[n])
            if found is not None:
                return found
    return tuple(never[n] or _lack(board, seeker, option, fits[n]) for n, option in enumerate(seeker.options))


def _as_it_is(board: Board, seeker: Seeker, option: Option) -> Found | int:
    """Take the option if there is room for it now, else the number of replicas there is room for."""
    minded = board.bookings.minded(seeker, option)
    if board.ledger.passed(seeker.queue, option.pool, option.new) or not _has_quota(board, minded, seeker, option):
        return 0
    shelf, kept_for = board.shelves[option.pool], next((one for one in minded if one.nodes), None)
    start, floor = shelf.checkpoint(), _kept(board, seeker, option)
    spots = _fill_beside(kept_for, board, option) if kept_for else board.topologies.fill(option)
    if total(spots) == option.replicas and (not floor or shelf.free_in_all() >= floor):
        return _found(board, seeker, option, spots)
    shelf.rollback(start)
    return total(spots)


def _fill_beside(kept_for: Reservation, board: Board, option: Option) -> Spots:
    """Rule 7: put what may still be there when another workload is to start where it is not in its way."""
    shelf = board.shelves[option.pool]
    shelf.closed = kept_for.nodes
    spots = board.topologies.fill(option)
    shelf.closed = 0
    if board.topologies.demand(option) is not None:  # what is lent may be in another domain
        return spots
    return spots + kept_for.lend(shelf, option.variant.ask, option.replicas - total(spots))


def _has_quota(board: Board, minded: tuple[Reservation, ...], seeker: Seeker, option: Option) -> bool:
    """Whether it leaves those who are next their part of the limits."""
    return all(one.has_quota(board.tree.paths.get(seeker.queue, ()), option.new) for one in minded)


def chances(board: Board, seeker: Seeker, lacks: tuple[Shortage, ...]) -> Iterator[Chance]:
    """The ways that others' chips, their room or a limit stand in the way of."""
    for option, lack in zip(seeker.options, lacks, strict=True):
        if lack.reason in {Reason.CHIPS_SHORT, Reason.ROOM_SHORT, Reason.DOMAIN_SHORT, Reason.QUEUE_LIMIT}:
            pool, claim, floor = option.pool, _claim(board, seeker, option), _kept(board, seeker, option)
            quota = board.ledger.left(seeker.queue, pool, option.new) if option.new else {}
            for one in board.topologies.apart(option):
                yield Chance(one, board.shelves[pool], claim, board.tenants(pool), floor, quota)


def _lack(board: Board, seeker: Seeker, option: Option, fits: int) -> Shortage:
    claim = _claim(board, seeker, option)
    if board.ledger.passed(seeker.queue, option.pool, option.new):
        return shortage.limit(board, seeker, option)
    if fits >= option.replicas:
        return shortage.reserved(board, seeker, option, claim)
    minded = board.bookings.minded(seeker, option)
    if minded and _would_fit(board, option):
        return shortage.held_back(board, seeker, option, minded)
    return shortage.chips_or_room(board, seeker, option, claim, fits)


def _would_fit(board: Board, option: Option) -> bool:
    shelf = board.shelves[option.pool]
    start = shelf.checkpoint()
    spots = board.topologies.fill(option)
    shelf.rollback(start)
    return total(spots) == option.replicas


def _by_moving(board: Board, seeker: Seeker, option: Option) -> Found | None:
    own = islice(_rights(board, seeker, option), 1)
    return _made_room(board, seeker, option, own, board.move_for, lambda _: board.topologies.apart(option))


def _by_displacing(board: Board, seeker: Seeker, option: Option) -> Found | None:
    every = _rights(board, seeker, option)
    return _made_room(board, seeker, option, every, board.displace_for, partial(board.openings, option))


def _by_both(board: Board, seeker: Seeker, option: Option) -> Found | None:
    own = islice(_rights(board, seeker, option), 1)
    return _made_room(board, seeker, option, own, board.move_and_displace_for, partial(board.openings, option))


def _by_shrinking(board: Board, seeker: Seeker, option: Option) -> Found | None:
    """Replicas that others have past minReplicas."""
    if not board.spares(option.pool):
        return None
    every = map(_to_spared, _rights(board, seeker, option))
    return _made_room(board, seeker, option, every, board.displace_for, lambda _: [option])


def _to_spared(right: tuple[Claim, Passed]) -> tuple[Claim, Passed]:
    return replace(right[0], takes=Takes.SPARED), right[1]


def _made_room(
    board: Board,
    seeker: Seeker,
    option: Option,
    by_right: Iterable[tuple[Claim, Passed]],
    make: Callable[[PoolName, Bid], Room | None],
    where: Callable[[Claim], Iterable[Option]],
) -> Found | None:
    """The first room that is made, right by right and domain by domain."""
    for claim, passed in by_right:
        for one in where(claim):
            room = make(option.pool, _bid(board, seeker, one, claim, passed))
            if room is not None:
                return _made(board, seeker, option, claim, room)
    return None


_WAYS = (_by_shrinking, _by_moving, _by_displacing, _by_both)
"""Rule 6, cheapest first: each is tried for every option before the next."""
_WAYS_TO_GROW = (_by_shrinking, _by_displacing)
"""Nobody moves for replicas past minReplicas, and whom they may displace says their claim."""


def _rights(board: Board, seeker: Seeker, option: Option) -> Iterator[tuple[Claim, Passed]]:
    """None where others are next and need what the limits leave."""
    if _has_quota(board, board.bookings.minded(seeker, option), seeker, option):
        yield from rights(board, seeker.queue, option.pool, option.new, _claim(board, seeker, option))


def _bid(board: Board, seeker: Seeker, option: Option, claim: Claim, passed: Passed) -> Bid:
    floor = _kept(board, seeker, option)
    floor = min(floor, board.shelves[option.pool].free_in_all()) if floor else 0
    closed = reduce(or_, (one.nodes for one in board.bookings.minded(seeker, option)), 0)
    return Bid(option.variant.ask, option.replicas, claim, passed, floor, closed)


def _made(board: Board, seeker: Seeker, option: Option, claim: Claim, room: Room) -> Found:
    lost = losses(room.victims)
    reasons = (*(why(claim, t) for t in lost.victims), *(Reason.MIGRATED for _ in room.moves))
    leavers = tuple(t.key for t in (*lost.victims, *(move.tenant for move in room.moves)))
    found = _found(board, seeker, option, room.spots)
    return replace(found, victims=leavers, reasons=reasons, moves=room.moves, shrunk=lost.shrunk)


def _claim(board: Board, seeker: Seeker, option: Option) -> Claim:
    """By what right it may displace others in the option's pool."""
    within = () if option.scavenges else board.ledger.within(seeker.queue, option.pool, option.new)
    path, external = board.tree.paths.get(seeker.queue, ()), seeker.queue in board.tree.external
    takes = Takes.YIELDED if seeker.grows else Takes.ALL
    return Claim(seeker.priority, path, within, option.scavenges, external, seeker.spared, takes)


def _kept(board: Board, seeker: Seeker, option: Option) -> Milli:
    """Chips it has to leave free; what replaces a lost node is not `new`, and may use spares."""
    return kept(board.snapshot, option.pool, seeker.priority, replacing=not option.new)


def _found(board: Board, seeker: Seeker, option: Option, spots: Spots) -> Found:
    shelf, variant = board.shelves[option.pool], option.variant
    spots = board.topologies.by_rank(option.pool, spots)
    board.ledger.take(seeker.queue, option.pool, option.new, scavenged=option.scavenges)
    for one in board.bookings.minded(seeker, option):
        one.charge(board.tree.paths.get(seeker.queue, ()), variant.ask, spots, option.new)
    waits = any(not shelf.clean >> i & 1 for i, _, _ in spots)
    chips, nodes = variant.ask.chips, names(shelf, spots)
    return Found(variant.name, option.pool, chips, nodes, waits, seats=seats(spots), spots=spots)
