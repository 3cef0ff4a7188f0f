"""Rule 6: nodes in the order in which they open for a replica when lower work leaves."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from chippool.core.bits import Flags
from chippool.core.claim import Claim
from chippool.core.ids import Milli
from chippool.core.model import Ask
from chippool.core.roll import NO_RANK, Ranks
from chippool.core.shares import added, capacity
from chippool.core.tenancy import Openings, Tenancy
from chippool.core.tenant import Tenant

Contested = tuple[tuple[Flags, Ask], ...]
"""Pending pods of others, each with the nodes kube-scheduler may put it on."""


class Frontier:
    """For one ask and claim: the next node to open is the one whose last leaver has the lowest rank.

    Where to look comes from the openings by chips alone, and from `later`: what else was found to be in the way of this
    ask or claim, until the node gets freer. Kept between workloads that ask alike.
    """

    def __init__(self, tenancy: Tenancy, ask: Ask, claim: Claim, contested: Contested) -> None:
        self.claim = claim
        self._tenancy, self._ask, self._contested = tenancy, ask, contested
        self._eligible = tenancy.shelf.eligible(ask)
        self._most: int | None = None
        """Replicas that would fit if all left whom the claim may take, never too few; None: nobody had to know yet."""
        self._heard = 0
        """When that was so, in departures."""
        self._most_free: Milli | None = None
        """Chips that would be free then, likewise, where that was tried."""
        self._openings: Openings | None = None
        self._later: Ranks | None = None
        self._read = 0

    def may_fit(self, replicas: int, floor: Milli) -> bool:
        """Whether so many might fit, and so much be free beside, if all left whom it may take; False is certain."""
        if self._most is None:
            if replicas == 1 and self._most_free is None:  # the first look at the openings tells
                return True
            self._most, self._heard = self._tenancy.bound(self._ask.chips, self._eligible, self.claim)
        if not self._may_fit(self._most, replicas, floor):
            self._hear_of_departures()
        return self._may_fit(self._most, replicas, floor)

    def _may_fit(self, most: int, replicas: int, floor: Milli) -> bool:
        if most < replicas:
            return False
        return not floor or self._most_free is None or self._most_free - replicas * self._ask.chips >= floor

    def exhausted(self, most: int) -> None:
        """Remember that no more replicas fit even with all gone whom the claim may take."""
        if not self._contested:  # who else would grab a node may come to want it no more
            self._hear_of_departures()
            self._most = most

    def drained(self, most_free: Milli) -> None:
        """Remember that no more chips are free even with all gone whom the claim may take."""
        self._hear_of_departures()
        self._most_free = most_free

    def _hear_of_departures(self) -> None:
        """Room changes hands in a plan; it grows only by what those leave over whom the claim may not take."""
        departed, chips = self._tenancy.departed, self._ask.chips
        taken = self._tenancy.taken(self.claim)
        for tenant in departed[self._heard :]:
            if not taken[tenant.rank]:
                held = [count * tenant.ask.chips for count in tenant.spots.values()]
                if self._most is not None:
                    self._most += sum(-(-some // chips) for some in held)
                if self._most_free is not None:
                    self._most_free += sum(held)
        self._heard = len(departed)

    def next(self) -> list[Tenant]:
        """The tenants whose leaving opens the next node; empty when no node can be opened."""
        openings = self._caught_up()
        while True:
            bounds = openings.ranks if self._later is None else np.maximum(openings.ranks, self._later)
            i = int(bounds.argmin())
            bound = int(bounds[i])
            if bound == NO_RANK:
                return []
            leavers = self._leavers(i, openings.takes)
            rank = leavers[-1].rank if leavers else NO_RANK
            if rank == bound:
                return leavers
            openings.look_at(i)
            if openings.ranks[i] < rank:
                self._defer(i, rank)

    def _caught_up(self) -> Openings:
        if self._openings is None:
            self._openings = self._tenancy.openings(self._ask.chips, self.claim)
            self._read = len(self._tenancy.shelf.freer)
            if self._eligible != self._tenancy.shelf.every:
                self._later = self._earliest.copy()
        self._openings.catch_up()
        freer = self._tenancy.shelf.freer
        if self._later is not None and self._read < len(freer):
            rows = list(set(freer[self._read :]))
            self._later[rows] = self._earliest[rows]
        self._read = len(freer)
        return self._openings

    def _defer(self, i: int, rank: int) -> None:
        if self._later is None:
            self._later = self._earliest.copy()
        self._later[i] = rank

    @cached_property
    def _earliest(self) -> Ranks:
        """Before anything is known of what is on the nodes."""
        return np.where(self._tenancy.flags(self._eligible), 0, NO_RANK).astype(np.int32)

    def _leavers(self, i: int, takes: bytes) -> list[Tenant]:
        """Who has to leave node `i`, lowest first, until one more replica fits; empty if it never does."""
        free, chips = self._tenancy.shelf.free[i], self._ask.chips
        leavers: list[Tenant] = []
        shares = self._tenancy.shelf.shares[i]
        for tenant in self._tenancy.on[i]:
            if tenant.gone or not takes[tenant.rank]:
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
