"""Nodes in the order in which they open for a replica when lower work leaves."""

from collections.abc import Mapping
from heapq import heappop, heappush

from chippool.core.bits import Flags
from chippool.core.model import Ask
from chippool.core.shares import added, capacity
from chippool.core.tenancy import Tenancy, Tenant

Contested = tuple[tuple[Flags, Ask], ...]
"""Pending pods of others, each with the nodes kube-scheduler may put it on."""


class Frontier:
    """For one ask and priority: the next node to open is the one whose last leaver has the lowest rank.

    Nodes come from the shared order of openings, which says the earliest they can open, and from a heap of those that
    were looked at or have got freer since. Kept between workloads that ask alike.
    """

    def __init__(self, tenancy: Tenancy, ask: Ask, priority: int, contested: Contested) -> None:
        self._tenancy, self._ask, self._priority, self._contested = tenancy, ask, priority, contested
        self._eligible = Flags(tenancy.shelf.eligible(ask))
        self._free, self._held, self._chips = tenancy.shelf.free, tenancy.held_below(priority), ask.chips
        self._openings = tenancy.openings(ask.chips, priority)
        self._place = 0
        self._heap: list[tuple[int, int]] = []
        self._looked_at: set[int] = set()
        self._read = 0

    def next(self) -> list[Tenant]:
        """The tenants whose leaving opens the next node; empty when no node can be opened."""
        self._catch_up()
        while (entry := self._lowest()) is not None:
            rank, i = entry
            self._looked_at.add(i)
            leavers = self._leavers(i) if self._may_open(i) else []
            if leavers and leavers[-1].rank == rank:
                return leavers
            if leavers:
                heappush(self._heap, (leavers[-1].rank, i))
        return []

    def settle(self) -> None:
        """Put back what was looked at, as it stands now: after an attempt was kept or rolled back."""
        for i in sorted(self._looked_at):
            if self._may_open(i):
                self._push(i)
            else:
                self._openings.pass_over(i)
        self._looked_at.clear()

    def _catch_up(self) -> None:
        moved = self._tenancy.moved
        for i in sorted(set(moved[self._read :])):
            self._push(i)
        self._read = len(moved)

    def _lowest(self) -> tuple[int, int] | None:
        """The node that may open first."""
        self._place, coming = self._openings.next(self._place)
        if coming is not None and (not self._heap or coming < self._heap[0]):
            self._place += 1
            return coming
        return heappop(self._heap) if self._heap else None

    def _push(self, i: int) -> None:
        leavers = self._leavers(i) if self._may_open(i) else []
        if leavers:
            heappush(self._heap, (leavers[-1].rank, i))

    def _may_open(self, i: int) -> bool:
        """By chips alone; most nodes that were opened for somebody else fail here."""
        return self._free[i] + self._held[i] >= self._chips

    def _leavers(self, i: int) -> list[Tenant]:
        """Who has to leave node `i`, lowest first, until one more replica fits; empty if it never does."""
        if i not in self._eligible:
            return []
        free, chips = self._free[i], self._chips
        leavers: list[Tenant] = []
        shares = self._tenancy.shelf.shares[i]
        for tenant in self._tenancy.on[i]:
            if tenant.priority >= self._priority:
                break
            if tenant.gone:
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
        short = {r: amount - room.get(r, 0) for r, amount in self._ask.requests if room.get(r, 0) < amount}
        if short and not _made_up(short, i, leavers):
            return False
        return not self._contested or not self._would_be_taken(i, free, _freed(room, i, leavers))

    def _would_be_taken(self, i: int, free: int, room: dict[str, int]) -> bool:
        """Whether a pending pod that is not ours could grab the freed room before our replica does."""
        return any(
            i in mask and _fits(pod, free, room) and not _fits(self._ask, *_less(pod, free, room))
            for mask, pod in self._contested
        )


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


def _fits(ask: Ask, free: int, room: dict[str, int]) -> bool:
    return free >= ask.chips and all(room.get(resource, 0) >= amount for resource, amount in ask.requests)


def _less(ask: Ask, free: int, room: dict[str, int]) -> tuple[int, dict[str, int]]:
    return free - ask.chips, {**room, **{r: room.get(r, 0) - amount for r, amount in ask.requests}}
