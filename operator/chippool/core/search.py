"""Rules 2 to 6 for one workload: the first way to run it that can be, or what each way lacks."""

from dataclasses import dataclass

from chippool.core import shortage
from chippool.core.board import Board
from chippool.core.displacement import Bid
from chippool.core.ids import Milli, NodeName, PoolName, VariantName, WorkloadKey
from chippool.core.placement import Spots, fill, names, total
from chippool.core.plan import Shortage
from chippool.core.seeker import Option, Seeker


@dataclass(frozen=True, slots=True)
class Found:
    """The option taken: a node per replica, on the board already, and who goes for it."""

    variant: VariantName
    pool: PoolName
    chips: Milli
    nodes: tuple[NodeName, ...]
    waits: bool
    victims: tuple[WorkloadKey, ...] = ()


def search(board: Board, seeker: Seeker) -> Found | tuple[Shortage, ...]:
    """What fits as it is, in order of preference; else what fits if lower work goes; else why not."""
    never = {o: shortage.never(board, seeker, o) for o in seeker.options}
    possible = {o: 0 for o, why in never.items() if why is None}
    for option in possible:
        answer = _as_it_is(board, seeker, option)
        if isinstance(answer, Found):
            return answer
        possible[option] = answer
    for option in possible if seeker.preempts else ():
        found = _by_displacing(board, seeker, option)
        if found is not None:
            return found
    return tuple(why or _lack(board, seeker, o, possible[o]) for o, why in never.items())


def _as_it_is(board: Board, seeker: Seeker, option: Option) -> Found | int:
    """Take the option if there is room for it now, else the number of replicas there is room for."""
    if _over(board, seeker, option) > 0:
        return 0
    shelf = board.shelves[option.pool]
    start = shelf.checkpoint()
    spots = fill(shelf, option.variant.ask, option.replicas)
    if total(spots) == option.replicas:
        return _found(board, seeker, option, spots)
    shelf.rollback(start)
    return total(spots)


def _lack(board: Board, seeker: Seeker, option: Option, fits: int) -> Shortage:
    if _over(board, seeker, option) > 0:
        return shortage.limit(board, seeker, option)
    return shortage.chips_or_room(board.shelves[option.pool], seeker, option, fits)


def _by_displacing(board: Board, seeker: Seeker, option: Option) -> Found | None:
    over = _over(board, seeker, option)
    bid = Bid(option.variant.ask, option.replicas, seeker.priority, seeker.queue, over)
    room = board.displace_for(option.pool, bid)
    if room is None:
        return None
    return _found(board, seeker, option, room.spots, tuple(t.key for t in room.victims))


def _found(board: Board, seeker: Seeker, option: Option, spots: Spots, victims: tuple[WorkloadKey, ...] = ()) -> Found:
    shelf = board.shelves[option.pool]
    board.used[seeker.queue, option.pool] += option.new
    waits = any(not shelf.clean >> i & 1 for i, _, _ in spots)
    return Found(option.variant.name, option.pool, option.variant.ask.chips, names(shelf, spots), waits, victims)


def _over(board: Board, seeker: Seeker, option: Option) -> Milli:
    """By how much the option would pass the queue's limit; 0 or less where it does not."""
    left = board.left(seeker.queue, option.pool)
    return 0 if left is None or not option.new else option.new - left
