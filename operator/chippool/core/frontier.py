"""Nodes in the order in which they open for a replica when lower work leaves."""

from collections.abc import Iterator
from heapq import heappop, heappush

from chippool.core.bits import Flags
from chippool.core.model import Ask
from chippool.core.tenancy import Tenancy, Tenant

Contested = tuple[tuple[Flags, Ask], ...]
"""Pending pods of others, each with the nodes kube-scheduler may put it on."""


class Frontier:
    """For one ask and priority: the next node to open is the one whose last leaver has the lowest rank.

    Tenants are walked in rank order only as far as needed, and the walk is kept between workloads that ask alike,
    so the cost over a whole plan is that of one walk plus the nodes that changed.
    """

    def __init__(self, tenancy: Tenancy, ask: Ask, priority: int, contested: Contested) -> None:
        self._tenancy, self._ask, self._priority, self._contested = tenancy, ask, priority, contested
        self._eligible = Flags(tenancy.shelf.eligible(ask))
        self._heap: list[tuple[int, int]] = []
        self._cursor = 0
        self._seen: set[int] = set()
        self._popped: set[int] = set()
        self._read = 0

    def next(self) -> list[Tenant]:
        """The tenants whose leaving opens the next node; empty when no node can be opened."""
        self._catch_up()
        while (entry := self._lowest()) is not None:
            rank, i = entry
            self._popped.add(i)
            leavers = self._leavers(i)
            if not leavers:
                continue
            if leavers[-1].rank == rank:
                return leavers
            heappush(self._heap, (leavers[-1].rank, i))
        return []

    def settle(self) -> None:
        """Put back what was looked at, as it stands now: after an attempt was kept or rolled back."""
        for i in sorted(self._popped):
            self._push(i)
        self._popped.clear()

    def _catch_up(self) -> None:
        moved = self._tenancy.moved
        for i in moved[self._read :]:
            if i in self._seen:
                self._push(i)
        self._read = len(moved)

    def _lowest(self) -> tuple[int, int] | None:
        """The cheapest known node, once every tenant that could open a cheaper one has been walked."""
        ranked = self._tenancy.ranked
        while self._cursor < len(ranked) and (not self._heap or self._heap[0][0] > self._cursor):
            tenant = ranked[self._cursor]
            if tenant.priority >= self._priority:
                break
            self._cursor += 1
            for i in tenant.spots:
                if i not in self._seen:
                    self._seen.add(i)
                    self._push(i)
        return heappop(self._heap) if self._heap else None

    def _push(self, i: int) -> None:
        leavers = self._leavers(i)
        if leavers:
            heappush(self._heap, (leavers[-1].rank, i))

    def _leavers(self, i: int) -> list[Tenant]:
        """Who has to leave node `i`, lowest first, until one more replica fits; empty if it never does."""
        if i not in self._eligible:
            return []
        free, room = self._tenancy.shelf.free[i], dict(self._tenancy.shelf.room[i])
        leavers: list[Tenant] = []
        for tenant in self._candidates(i):
            count = tenant.spots[i]
            free += count * tenant.ask.chips
            for resource, amount in tenant.ask.requests:
                room[resource] = room.get(resource, 0) + count * amount
            leavers.append(tenant)
            if _fits(self._ask, free, room):
                return [] if self._would_be_taken(i, free, room) else leavers
        return []

    def _candidates(self, i: int) -> Iterator[Tenant]:
        return (t for t in self._tenancy.on[i] if not t.gone and t.priority < self._priority)

    def _would_be_taken(self, i: int, free: int, room: dict[str, int]) -> bool:
        """Whether a pending pod that is not ours could grab the freed room before our replica does."""
        return any(
            i in mask and _fits(pod, free, room) and not _fits(self._ask, *_less(pod, free, room))
            for mask, pod in self._contested
        )


def _fits(ask: Ask, free: int, room: dict[str, int]) -> bool:
    return free >= ask.chips and all(room.get(resource, 0) >= amount for resource, amount in ask.requests)


def _less(ask: Ask, free: int, room: dict[str, int]) -> tuple[int, dict[str, int]]:
    return free - ask.chips, {**room, **{r: room.get(r, 0) - amount for r, amount in ask.requests}}
