"""The room of one pool while a plan is made: nodes as bits by what is free on them, with checkpoint and rollback."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chippool.core.bits import bits_of
from chippool.core.feasibility import Eligibility
from chippool.core.ids import Milli, NodeName
from chippool.core.model import Ask, Node, Requests


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment `rollback` can return to."""

    length: int
    clean: int


class Shelf:
    """Free chips and room of a pool's nodes, addressed by position.

    What terminating pods hold counts as free; `clean` are the nodes where nothing is leaving.
    A node that must get nothing new (cordoned, not Ready, in two pools) is there, and outside `usable`.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.position: dict[NodeName, int] = {n.name: i for i, n in enumerate(nodes)}
        self.free: list[Milli] = [n.free for n in nodes]
        self.room: list[Mapping[str, int]] = [n.room for n in nodes]
        self.usable = bits_of((i for i, n in enumerate(nodes) if n.usable and len(n.pools) == 1), len(nodes))
        self.contested = any(len(n.pools) > 1 for n in nodes)
        self.clean = bits_of((i for i, n in enumerate(nodes) if not n.leaving), len(nodes))
        self.levels = self._grouped([n.free for n in nodes])
        self.sizes = self._grouped([n.installed for n in nodes])
        self.eligibility = Eligibility(nodes)
        self.releases = 0
        """Grows whenever something on the shelf gets freer: what did not fit before may fit then."""
        self._full: dict[Ask, int] = {}
        self._tight: dict[Requests, int] = {}
        self._log: list[tuple[int, Milli, Mapping[str, int]]] = []
        self._eligible: dict[Ask, int] = {}
        self._ceilings: dict[Ask, int] = {}
        self._kinds: dict[int, int] | None = None

    def _grouped(self, amounts: list[int]) -> dict[int, int]:
        members: defaultdict[int, list[int]] = defaultdict(list)
        for i, amount in enumerate(amounts):
            members[amount].append(i)
        return {amount: bits_of(some, len(amounts)) for amount, some in members.items()}

    # --- asking

    def eligible(self, ask: Ask) -> int:
        """The nodes that may get a replica of `ask` if they have the room."""
        found = self._eligible.get(ask)
        if found is None:
            found = self._eligible[ask] = self.eligibility.mask(ask.constraints) & self.usable
        return found

    def capacity(self, i: int, ask: Ask) -> int:
        """Replicas of `ask` that node `i` has room for now."""
        fit = self.free[i] // ask.chips
        room = self.room[i]
        for resource, amount in ask.requests:
            if amount:
                fit = min(fit, room.get(resource, 0) // amount)
        return max(fit, 0)

    def ceiling(self, ask: Ask) -> int:
        """Replicas of `ask` the pool could ever hold, were every node healthy and empty."""
        found = self._ceilings.get(ask)
        if found is None:
            mask = self.eligibility.mask(ask.constraints)
            found = self._ceilings[ask] = sum(
                self._empty_capacity(i, ask) * (bits & mask).bit_count() for i, bits in self._by_kind().items()
            )
        return found

    def _empty_capacity(self, i: int, ask: Ask) -> int:
        node = self.nodes[i]
        fit = node.installed // ask.chips
        return min((fit, *(node.capacity.get(r, 0) // amount for r, amount in ask.requests if amount)))

    def _by_kind(self) -> dict[int, int]:
        """Nodes of equal size together, under the position of the first of them."""
        if self._kinds is None:
            alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
            for i, n in enumerate(self.nodes):
                alike[(n.installed, *n.capacity, *n.capacity.values())].append(i)
            self._kinds = {some[0]: bits_of(some, len(self.nodes)) for some in alike.values()}
        return self._kinds

    # --- changing

    def take(self, i: int, ask: Ask, count: int) -> None:
        """Put `count` replicas on node `i`."""
        self._shift(i, ask, -count)

    def give(self, i: int, ask: Ask, count: int) -> None:
        """Take `count` replicas off node `i`; their room counts as free, and as leaving."""
        self._shift(i, ask, count)
        self.clean &= ~(1 << i)
        self.releases += 1
        for requests in self._tight:
            self._tight[requests] &= ~(1 << i)

    def _shift(self, i: int, ask: Ask, count: int) -> None:
        room = self.room[i]
        self._log.append((i, self.free[i], room))
        self._set(
            i, self.free[i] + count * ask.chips, {**room, **{r: room.get(r, 0) + count * q for r, q in ask.requests}}
        )

    def _set(self, i: int, free: Milli, room: Mapping[str, int]) -> None:
        bit = 1 << i
        self.levels[self.free[i]] ^= bit
        self.levels[free] = self.levels.get(free, 0) | bit
        self.free[i], self.room[i] = free, room

    def mark_tight(self, requests: Requests, i: int) -> None:
        """Remember that node `i` has the chips and lacks other room for a replica with these requests."""
        self._tight[requests] = self._tight.get(requests, 0) | 1 << i

    def tight(self, requests: Requests) -> int:
        return self._tight.get(requests, 0)

    def mark_full(self, ask: Ask) -> None:
        """Remember that no replica of `ask` fits anywhere, until something gets freer."""
        self._full[ask] = self.releases

    def is_full_for(self, ask: Ask) -> bool:
        return self._full.get(ask) == self.releases

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(len(self._log), self.clean)

    def rollback(self, to: Checkpoint) -> None:
        """Undo everything since `to`."""
        self.releases += len(self._log) > to.length  # what is undone may have been taken
        while len(self._log) > to.length:
            i, free, room = self._log.pop()
            self._set(i, free, room)
            for requests in self._tight:
                self._tight[requests] &= ~(1 << i)
        self.clean = to.clean
