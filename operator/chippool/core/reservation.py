"""Rule 7: the room that is kept for the workload that is next in a pool, and what is left of it for others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chippool.core.bits import each
from chippool.core.claim import Claim
from chippool.core.ids import Milli, PoolName, QueueName, WorkloadKey
from chippool.core.model import Ask
from chippool.core.placement import Spots, put
from chippool.core.seeker import Seeker
from chippool.core.shares import is_fraction
from chippool.core.shelf import Shelf
from chippool.core.tree import Path

Key = tuple[PoolName, int | None]
"""A pool's nodes, or its chips below a position in the tree of queues that has a limit."""


@dataclass(slots=True)
class Spare:
    """What is left on a node when the head starts, beside its replicas there."""

    chips: Milli
    room: dict[str, int]

    def fits(self, ask: Ask) -> int:
        """Replicas of `ask` that could stay on beside the head's."""
        fit = self.chips // ask.chips
        return max(min((fit, *(self.room.get(r, 0) // amount for r, amount in ask.requests if amount))), 0)

    def use(self, ask: Ask, count: int) -> None:
        self.chips -= count * ask.chips
        for resource, amount in ask.requests:
            self.room[resource] = self.room.get(resource, 0) - count * amount


@dataclass(slots=True)
class Reservation:
    """Kept for `head`: `nodes` of the pool as bits, from `start` on (seconds since the epoch, an estimate).

    Work that may still be there at `start` stays off these nodes but for what is `spare` on them, and leaves the head
    its part of the limits that hold for both.
    """

    head: WorkloadKey
    seeker: Seeker
    claim: Claim
    pool: PoolName
    levels: tuple[int, ...]
    """Positions in the tree of queues whose limit is in its way."""
    start: float
    look_again: float
    """When the first estimate behind `start` will have come true or not."""
    nodes: int
    taken: Mapping[int, Milli]
    """The head's chips by node."""
    spare: dict[int, Spare]
    quota: dict[int, Milli]
    """What the limits of the head's queue and those above leave beside it at `start`, by position in the tree."""
    gives_way: dict[tuple[QueueName, int, bool], bool] = field(default_factory=dict)
    """Whether the head may displace work of a queue and priority that scavenges or not, as far as that was asked."""
    _too_large: set[Ask] = field(default_factory=set)
    """Asks for which nothing is left beside it on any node."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """What it is of."""
        limits = tuple((self.pool, i) for i in self.levels)
        return ((self.pool, None), *limits) if self.nodes else limits

    @property
    def what(self) -> str:
        """What is kept, in words."""
        return "what becomes free there" if self.nodes else "what its limit allows again there"

    def give_up_nodes(self) -> None:
        """Keep its part of the limits only: somebody else is next for the nodes."""
        self.nodes, self.taken, self.spare = 0, {}, {}

    def has_quota(self, path: Path, new: Milli) -> bool:
        """Whether so many more chips below there pass no limit when the head starts."""
        return all(left >= new for i, left in self.quota.items() if i in path)

    def lend(self, shelf: Shelf, ask: Ask, replicas: int) -> Spots:
        """Put up to `replicas` on the kept nodes where the head's have room beside them; whole chips only."""
        if not ask.chips or is_fraction(ask.chips) or ask in self._too_large:
            return []
        if not any(spare.fits(ask) for spare in self.spare.values()):  # nor will any: it only becomes less
            self._too_large.add(ask)
            return []
        nodes = each(self.nodes & shelf.eligible(ask) & shelf.with_chips(ask))
        return put(shelf, ask, replicas, nodes, lambda i: min(self.spare[i].fits(ask), shelf.capacity(i, ask)))

    def charge(self, path: Path, ask: Ask, spots: Spots, new: Milli) -> None:
        """Count what may stay on past `start`; `new` chips of it count against limits."""
        for level in self.quota.keys() & set(path):
            self.quota[level] -= new
        for i, count, _ in spots:
            if i in self.spare:
                self.spare[i].use(ask, count)

    def idle(self, shelf: Shelf) -> Milli:
        """Milli-chips that are free now and kept for the head."""
        return sum(
            min(max(shelf.free[i] - self.spare[i].chips, 0), max(shelf.free[i], 0), taken)
            for i, taken in self.taken.items()
        )
