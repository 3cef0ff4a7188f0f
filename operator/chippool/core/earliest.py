"""Rule 7: when a workload that fits nowhere now could start, if those leave whose end is known, and on which nodes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from chippool.core.bits import Flags, bits_of, each
from chippool.core.claim import Claim
from chippool.core.ids import Milli, WorkloadKey
from chippool.core.model import Ask
from chippool.core.reservation import Reservation, Spare
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Seats, Shelf
from chippool.core.tenant import Tenant
from chippool.core.tree import Path


@dataclass(frozen=True, slots=True)
class Leaver:
    """Chips that somebody will have given back, or has to give to the head, by `at`."""

    at: float
    uid: str
    path: Path
    chips: Milli
    ask: Ask
    spots: tuple[tuple[int, int, Seats], ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """A way to run that lacks nothing but chips or room, with who sits there and by what right they could be taken."""

    option: Option
    shelf: Shelf
    claim: Claim
    tenants: Iterable[Tenant]
    floor: Milli
    """Chips that have to stay free."""
    quota: Mapping[int, Milli]
    """What each limit leaves beside it now; negative where it is in the way."""

    @property
    def levels(self) -> tuple[int, ...]:
        """Positions in the tree of queues whose limit is in the way."""
        return tuple(i for i, left in self.quota.items() if left < 0)


@dataclass(frozen=True, slots=True)
class Moment:
    """When the head starts, and when the first estimate behind that will have come true or not."""

    start: float
    look_again: float


def earliest(
    head: WorkloadKey, seeker: Seeker, chance: Chance, leavers: list[Leaver], now: float
) -> Reservation | None:
    """The first moment at which it fits, found by letting the leavers go one after the other."""
    start, crowd, found = chance.shelf.checkpoint(), _Crowd(chance), None
    look_again = next((one.at for one in leavers if one.at > now), now)
    for at, together in groupby(leavers, key=lambda one: one.at):
        had_room = crowd.has_room
        crowd.let_go([*together])
        if not crowd.has_quota or not (crowd.has_room or (chance.levels and found is None)):
            continue
        held_up_by_limit = bool(chance.levels) and (had_room or not crowd.has_room)
        found = _reservation(head, seeker, crowd, Moment(at, look_again), {} if held_up_by_limit else crowd.spread())
        if crowd.has_room:
            break
    chance.shelf.rollback(start)
    return found if found is not None and found.start > now else None


class _Crowd:
    """Who is there, as they leave: replicas of the head that fit by node, and what its limits leave beside it."""

    def __init__(self, chance: Chance) -> None:
        self.chance, self._ask = chance, chance.option.variant.ask
        self.quota = dict(chance.quota)
        self._eligible = Flags(chance.shelf.eligible(self._ask))
        self._before = _capacities(chance.shelf, self._ask)
        self._fits = dict(self._before)
        self._short = chance.option.replicas - sum(self._fits.values())

    @property
    def has_room(self) -> bool:
        return self._short <= 0 and _leaves_enough(self.chance)

    @property
    def has_quota(self) -> bool:
        return min(self.quota.values(), default=0) >= 0

    def let_go(self, together: list[Leaver]) -> None:
        shelf = self.chance.shelf
        for i in _let_go(shelf, together):
            if i in self._eligible:
                fit = shelf.capacity(i, self._ask)
                self._short -= fit - self._fits.get(i, 0)
                self._fits[i] = fit
        for level in self.quota:
            self.quota[level] += sum(one.chips for one in together if level in one.path)

    def spread(self) -> dict[int, int]:
        """Nodes for the head with replicas there: those without room yet first, so that what is free now is spared."""
        taken: dict[int, int] = {}
        left = self.chance.option.replicas
        for i in sorted(self._fits, key=lambda i: (self._before.get(i, 0), i)):
            count = min(self._fits[i], left)
            if count:
                taken[i] = count
                left -= count
            if not left:
                break
        return taken


def _capacities(shelf: Shelf, ask: Ask) -> dict[int, int]:
    nodes = [(i, shelf.capacity(i, ask)) for i in each(shelf.eligible(ask) & shelf.with_chips(ask))]
    return {i: count for i, count in nodes if count}


def _let_go(shelf: Shelf, leavers: Iterable[Leaver]) -> set[int]:
    freed = set()
    for leaver in leavers:
        for i, count, seats in leaver.spots:
            shelf.give(i, leaver.ask, count, seats)
            freed.add(i)
    return freed


def _leaves_enough(chance: Chance) -> bool:
    asked = chance.option.replicas * chance.option.variant.ask.chips
    return not chance.floor or chance.shelf.free_in_all() - asked >= chance.floor


def _reservation(head: WorkloadKey, seeker: Seeker, crowd: _Crowd, when: Moment, taken: dict[int, int]) -> Reservation:
    """As the shelf stands when the head starts.

    While only a limit holds the head up, nobody's chips are held idle for it.
    """
    chance = crowd.chance
    shelf, ask = chance.shelf, chance.option.variant.ask
    spare = {i: Spare(shelf.free[i], dict(shelf.room[i])) for i in taken}
    for i, count in taken.items():
        spare[i].use(ask, count)
    return Reservation(
        head=head,
        seeker=seeker,
        claim=chance.claim,
        pool=chance.option.pool,
        levels=chance.levels,
        start=when.start,
        look_again=when.look_again,
        nodes=bits_of(taken, len(shelf.nodes)),
        taken={i: count * ask.chips for i, count in taken.items()},
        spare=spare,
        quota=dict(crowd.quota),
    )
