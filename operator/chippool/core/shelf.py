"""The room of one pool while a plan is made: nodes as bits by what is free on them, with checkpoint and rollback."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from chippool.core.appraisal import Appraisal
from chippool.core.bits import bits_of, flags_of
from chippool.core.feasibility import Eligibility
from chippool.core.holes import Ground, Holes, Judge
from chippool.core.ids import CHIP, Milli, NodeName
from chippool.core.model import Ask, Node, Requests, Worth
from chippool.core.shares import Shares, added, idle_beside, whole
from chippool.core.shares import capacity as chip_by_chip

Seats = tuple[int, ...]
"""The chips that replicas with a fraction sit on, one each; empty for whole chips, which are alike."""


Checkpoint = tuple[int, int]
"""A moment `rollback` can return to: how much was changed before it, and what was clean then."""


_FEW = 64
"""Nodes that are sooner looked at one by one than the whole shelf is."""


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
        self.shares: list[Shares] = [n.shares for n in nodes]
        self.usable = bits_of((i for i, n in enumerate(nodes) if n.usable and len(n.pools) == 1), len(nodes))
        self.contested = any(len(n.pools) > 1 for n in nodes)
        self.clean = bits_of((i for i, n in enumerate(nodes) if not n.leaving), len(nodes))
        self.levels = self._grouped([_level(n.free, n.shares) for n in nodes])
        """Nodes by the milli-chips of their wholly idle chips."""
        self.sizes = self._grouped([n.installed for n in nodes])
        self.every = (1 << len(nodes)) - 1
        self.closed = 0
        """Nodes that whoever searches now has to stay off (`core.reservation`)."""
        self.eligibility = Eligibility(nodes)
        self.judge: Judge | None = None
        """Says which node costs least, where the pool's demand is known."""
        self.freer: list[int] = []
        """Nodes that got freer, in the order it happened: what did not fit before may fit there now."""
        self._full: dict[tuple[Ask, int], int] = {}
        """How far `freer` was read when no replica fitted anywhere, by ask and the nodes that were closed."""
        self._tight: dict[Requests, int] = {}
        self._tight_at: defaultdict[int, list[Requests]] = defaultdict(list)
        self._log: list[tuple[int, Milli, Mapping[str, int], Shares]] = []
        self._ground = Ground(self.free, self.shares, self.room)
        self._shared = bits_of((i for i, shares in enumerate(self.shares) if shares), len(nodes))
        """Nodes that fractions are on, or were."""
        self._idle_parts = sum(idle_beside(n.shares) for n in nodes if n.shares and n.usable and len(n.pools) == 1)
        """What is idle of partly used chips on nodes that may get anything."""
        self._holes: Holes | None = None
        self._unlearnt: Judge | None = None
        self._eligible: dict[Ask, int] = {}
        self._ceilings: dict[Ask, int] = {}
        self._kinds: dict[int, int] | None = None
        self._may_get = flags_of(self.usable, len(nodes)).tobytes()
        self._idle_whole = sum(max(_level(n.free, n.shares), 0) for i, n in enumerate(nodes) if self._may_get[i])
        """What is idle of wholly idle chips on nodes that may get anything."""

    def _grouped(self, amounts: list[int]) -> dict[int, int]:
        members: defaultdict[int, list[int]] = defaultdict(list)
        for i, amount in enumerate(amounts):
            members[amount].append(i)
        return {amount: bits_of(some, len(amounts)) for amount, some in members.items()}

    # --- asking

    def eligible(self, ask: Ask) -> int:
        """The nodes that may get a replica of `ask` if they have the room."""
        found = self.allowed(ask)
        return found & ~self.closed if self.closed else found

    def allowed(self, ask: Ask) -> int:
        """The same for whoever need not stay off any."""
        found = self._eligible.get(ask)
        if found is None:
            found = self._eligible[ask] = self.eligibility.mask(ask.constraints) & self.usable
        return found

    def capacity(self, i: int, ask: Ask) -> int:
        """Replicas of `ask` that node `i` has room for now."""
        if self.shares[i] or ask.chips < CHIP:
            fit = chip_by_chip(self.free[i], self.shares[i], ask.chips)
        else:
            fit = self.free[i] // ask.chips
        room = self.room[i]
        for resource, amount in ask.requests:
            if amount:
                fit = min(fit, room.get(resource, 0) // amount)
        return max(fit, 0)

    @property
    def holes(self) -> Holes:
        """The same room as arrays."""
        if self._holes is None:
            self._holes = Holes(self._ground)
        return self._holes

    def judge_by(self, worth: Worth) -> None:
        """Go by what was learnt from now on."""
        self.judge = Appraisal(worth, self.nodes, self.eligibility)
        if self._holes:
            self._holes.forget()

    @property
    def unlearnt(self) -> Judge:
        """For fractions where nothing was learnt."""
        if self._unlearnt is None:
            self._unlearnt = Appraisal(Worth(), self.nodes, self.eligibility)
        return self._unlearnt

    @property
    def touched(self) -> Sequence[int]:
        """Every node that has changed, in order."""
        return self._ground.touched

    def with_chips(self, ask: Ask) -> int:
        """Nodes that may have the chips for a replica: wholly idle ones, or any that are shared for a fraction."""
        least = max(ask.chips, CHIP)
        found = reduce(or_, (bits for level, bits in self.levels.items() if level >= least), 0)
        if not ask.chips:
            return self.every
        return found | self._shared if ask.chips < CHIP else found

    def fits_by_chips(self, ask: Ask) -> int:
        """Replicas there are chips for on nodes that may get them, whatever else these lack."""
        eligible = self.eligible(ask)
        fit = sum(
            (bits & eligible).bit_count() * chip_by_chip(level, (), ask.chips)
            for level, bits in self.levels.items()
            if level > 0
        )
        if not self._shared or ask.chips >= CHIP:
            return fit
        return fit + self.holes.fits(ask.chips, flags_of(eligible, len(self.nodes)))

    def free_in_all(self) -> Milli:
        """Milli-chips that are free on nodes that may get anything."""
        return self._idle_whole + self._idle_parts

    def ceiling(self, ask: Ask) -> int:
        """Replicas of `ask` the pool could ever hold, were every node healthy and empty."""
        found = self._ceilings.get(ask)
        if found is None:
            mask = self.eligibility.lasting(ask.constraints)
            found = self._ceilings[ask] = sum(
                self._empty_capacity(i, ask) * (bits & mask).bit_count() for i, bits in self._by_kind().items()
            )
        return found

    def _empty_capacity(self, i: int, ask: Ask) -> int:
        node = self.nodes[i]
        fit = chip_by_chip(node.installed, (), ask.chips)
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

    def take(self, i: int, ask: Ask, count: int, seats: Seats = ()) -> None:
        """Put `count` replicas on node `i`; fractions say on which chips."""
        self._shift(i, ask, -count, seats)

    def give(self, i: int, ask: Ask, count: int, seats: Seats = ()) -> None:
        """Take `count` replicas off node `i`; their room counts as free, and as leaving."""
        self._shift(i, ask, count, seats)
        self.clean &= ~(1 << i)
        self._is_freer(i)

    def _is_freer(self, i: int) -> None:
        self.freer.append(i)
        for requests in self._tight_at.pop(i, ()):
            self._tight[requests] &= ~(1 << i)

    def _shift(self, i: int, ask: Ask, count: int, seats: Seats) -> None:
        room, shares = self.room[i], self.shares[i]
        self._log.append((i, self.free[i], room, shares))
        if seats:
            self._shared |= 1 << i
        for chip in seats:
            shares = added(shares, chip, ask.chips if count < 0 else -ask.chips)
        left = dict(room)
        for resource, amount in ask.requests:
            left[resource] = left.get(resource, 0) + count * amount
        self._set(i, self.free[i] + count * ask.chips, left, shares)

    def _set(self, i: int, free: Milli, room: Mapping[str, int], shares: Shares) -> None:
        bit, level, before = 1 << i, _level(free, shares), _level(self.free[i], self.shares[i])
        if self._may_get[i]:
            self._idle_whole += max(level, 0) - max(before, 0)
            if shares is not self.shares[i]:
                self._idle_parts += idle_beside(shares) - idle_beside(self.shares[i])
        self.levels[before] ^= bit
        self.levels[level] = self.levels.get(level, 0) | bit
        self.free[i], self.room[i], self.shares[i] = free, room, shares
        self._ground.touched.append(i)

    def mark_tight(self, requests: Requests, i: int) -> None:
        """Remember that node `i` has the chips and lacks other room for a replica with these requests."""
        self._tight[requests] = self._tight.get(requests, 0) | 1 << i
        self._tight_at[i].append(requests)

    def tight(self, requests: Requests) -> int:
        return self._tight.get(requests, 0)

    def mark_full(self, ask: Ask) -> None:
        """Remember that no replica of `ask` fits anywhere, until something gets freer."""
        self._full[ask, self.closed] = len(self.freer)

    def is_full_for(self, ask: Ask) -> bool:
        """Whether no replica of `ask` is known to fit: only nodes that got freer since are looked at again."""
        read = self._full.get((ask, self.closed))
        if read is None:
            return False
        if read == len(self.freer):
            return True
        freer = set(self.freer[read:]) if len(self.freer) - read <= _FEW else None
        if freer is None or any(self.free[i] >= ask.chips and self._fits_on(i, ask) for i in freer):
            del self._full[ask, self.closed]
            return False
        self.mark_full(ask)
        return True

    def _fits_on(self, i: int, ask: Ask) -> bool:
        return bool(self.eligible(ask) >> i & 1 and self.capacity(i, ask))

    def checkpoint(self) -> Checkpoint:
        return len(self._log), self.clean

    def rollback(self, to: Checkpoint) -> None:
        """Undo everything since `to`."""
        length, self.clean = to
        if len(self._log) == length:
            return
        undone: set[int] = set()
        while len(self._log) > length:
            i, free, room, shares = self._log.pop()
            self._set(i, free, room, shares)
            undone.add(i)
        for i in sorted(undone):
            self._is_freer(i)  # what is undone may have been taken


def _level(free: Milli, shares: Shares) -> Milli:
    return whole(free, shares) * CHIP if shares else free
