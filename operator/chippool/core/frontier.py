"""Rule 6: nodes in the order in which they open for a replica when lower work leaves."""

from collections.abc import Mapping
from heapq import heappop, heappush

from chippool.core.bits import Flags
from chippool.core.claim import Claim, may_take, scope_of
from chippool.core.model import Ask
from chippool.core.shares import added, capacity
from chippool.core.tenancy import Tenancy
from chippool.core.tenant import Tenant

Contested = tuple[tuple[Flags, Ask], ...]
"""Pending pods of others, each with the nodes kube-scheduler may put it on."""


class Frontier:
    """For one ask and claim: the next node to open is the one whose last leaver has the lowest rank.

    Nodes come from the shared order of openings and from those that have got freer since, which say the earliest they
    can open, and from those that were looked at. Kept between workloads that ask alike.
    """

    def __init__(self, tenancy: Tenancy, ask: Ask, claim: Claim, contested: Contested) -> None:
        self.claim, self._claim_is_local = claim, bool(claim.path)
        self._tenancy, self._ask, self._contested = tenancy, ask, contested
        self._eligible = Flags(tenancy.shelf.eligible(ask))
        self._free, self._held, self._chips = tenancy.shelf.free, tenancy.held(scope_of(claim)), ask.chips
        self._openings = tenancy.openings(ask.chips, scope_of(claim))
        self._place = 0
        self._heap: list[tuple[int, int]] = []
        self._looked_at: set[int] = set()
        self._read = 0
        self._own = tenancy.own(claim)
        for i in self._own:
            self._push(i)

    def next(self) -> list[Tenant]:
        """The tenants whose leaving opens the next node; empty when no node can be opened."""
        self._catch_up()
        while (entry := self._lowest()) is not None:
            rank, i = entry
            self._looked_at.add(i)
            leavers = self._leavers(i)
            if leavers and leavers[-1].rank == rank:
                return leavers
            if leavers:
                heappush(self._heap, (leavers[-1].rank, i))
        return []

    def settle(self) -> None:
        """Put back what was looked at, as it stands now: after an attempt was kept or rolled back."""
        for i in self._looked_at:
            if self._free[i] + self._held[i] < self._chips:
                self._openings.pass_over(i)
            self._push(i)
        self._looked_at.clear()

    def _catch_up(self) -> None:
        if self._claim_is_local:  # it may take what the shared order does not know of
            moved = self._tenancy.moved
            for i in set(moved[self._read :]):
                self._push(i)
            self._read = len(moved)
            return
        freer = self._openings.freer()
        for entry in freer[self._read :]:
            heappush(self._heap, entry)
        self._read = len(freer)

    def _lowest(self) -> tuple[int, int] | None:
        """The node that may open first."""
        self._place, coming = self._openings.next(self._place)
        if coming is not None and (not self._heap or coming < self._heap[0]):
            self._place += 1
            return coming
        return heappop(self._heap) if self._heap else None

    def _push(self, i: int) -> None:
        leavers = self._leavers(i)
        if leavers:
            heappush(self._heap, (leavers[-1].rank, i))

    def _leavers(self, i: int) -> list[Tenant]:
        """Who has to leave node `i`, lowest first, until one more replica fits; empty if it never does."""
        free, chips = self._free[i], self._chips
        if free + self._held[i] + (self._own.get(i, 0) if self._own else 0) < chips:
            return []  # most nodes that were opened for somebody else
        if i not in self._eligible:
            return []
        leavers: list[Tenant] = []
        shares = self._tenancy.shelf.shares[i]
        for tenant in self._tenancy.on[i]:
            if tenant.gone or not may_take(self.claim, tenant):
                continue
            leavers.append(tenant)
            free += tenant.spots[i] * tenant.ask.chips
            for chip in tenant.seats.get(i, ()):
                shares = added(shares, chip, -tenant.ask.chips)
            if free >= chips and (not shares or capacity(free, shares, chips)) and self._has_room(i, free, leavers):
                return leavers
        return []

    def _has_room(self, i: int, free: int, leavers: list[Tenant]) -> bool:
        """Whether everything but the chips is there too, and nobody else would grab it first."""
        room = self._tenancy.shelf.room[i]
        if _is_short(room, self._ask) and not _made_up(_short(room, self._ask), i, leavers):
            return False
        return not self._contested or not would_be_taken(self._contested, self._ask, i, free, _freed(room, i, leavers))


def would_be_taken(contested: Contested, ask: Ask, i: int, free: int, room: Mapping[str, int]) -> bool:
    """Whether a pending pod that is not ours could grab the freed room before a replica of `ask` does."""
    return any(
        i in mask and _fits(pod, free, room) and not _fits(ask, *_less(pod, free, room)) for mask, pod in contested
    )


def _is_short(room: Mapping[str, int], ask: Ask) -> bool:
    """Asked some ten thousand times a plan, and hardly ever true."""
    for resource, amount in ask.requests:  # noqa: SIM110  a generator takes twice as long
        if room.get(resource, 0) < amount:
            return True
    return False


def _short(room: Mapping[str, int], ask: Ask) -> dict[str, int]:
    return {r: amount - room.get(r, 0) for r, amount in ask.requests if room.get(r, 0) < amount}


def _made_up(short: dict[str, int], i: int, leavers: list[Tenant]) -> bool:
    for tenant in leavers:
        for resource, amount in tenant.ask.requests:
            if resource in short:
                short[resource] -= tenant.spots[i] * amount
    return all(amount <= 0 for amount in short.values())


def _freed(room: Mapping[str, int], i: int, leavers: list[Tenant]) -> dict[str, int]:
    freed = dict(room)
    for tenant in leavers:
        for resource, amount in tenant.ask.requests:
            freed[resource] = freed.get(resource, 0) + tenant.spots[i] * amount
    return freed


def _fits(ask: Ask, free: int, room: Mapping[str, int]) -> bool:
    return free >= ask.chips and all(room.get(resource, 0) >= amount for resource, amount in ask.requests)


def _less(ask: Ask, free: int, room: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    return free - ask.chips, {**room, **{r: room.get(r, 0) - amount for r, amount in ask.requests}}
