"""The tenants of one pool as columns, so that whole sets of them are told apart and added up at once."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chippool.core.claim import Claim, Takes
from chippool.core.holes import Ints
from chippool.core.ids import Milli, WorkloadKey
from chippool.core.tenant import WHOLE, Tenant
from chippool.core.tree import Path

Ranks = NDArray[np.int32]
Truths = NDArray[np.bool_]
NO_RANK = 2**31 - 1
"""The rank at which a node opens that never does."""


_FEW = 64
"""Tenants that are sooner added one by one than all are added up anew."""


class Roll:
    """Tenants by rank, and what they hold by node."""

    def __init__(self, ranked: Sequence[Tenant]) -> None:
        self._flags = bytearray(b"\1" * len(ranked))
        self.there: Truths = np.frombuffer(self._flags, np.bool_)
        """Who is there, by rank: the same bytes as `_flags`, which one by one are read in a quarter of the time."""
        self.changed: list[tuple[int, int]] = []
        """Everybody who came or went, in order: the rank, and 1 or -1."""
        self._ranks: defaultdict[WorkloadKey, list[int]] = defaultdict(list)
        for rank, tenant in enumerate(ranked):
            self._ranks[tenant.key].append(rank)
        self._priority = np.array([t.priority for t in ranked], np.int64)
        self._chips = np.array([t.chips for t in ranked], np.float64)
        self._seat = np.array([t.path[-1] if t.path else -1 for t in ranked], np.int64)
        deepest = max((len(t.path) for t in ranked), default=0)
        paths = [(*t.path, *[-1] * (deepest - len(t.path))) for t in ranked]
        self._levels = list(np.array(paths, np.int64).reshape(len(ranked), deepest).T)
        self._loan = np.array([t.loan for t in ranked], np.int64)
        self._scavenges = np.array([t.scavenges for t in ranked], np.bool_)
        self._external = np.array([t.external for t in ranked], np.bool_)
        self._past = np.array([t.index != WHOLE for t in ranked], np.bool_)
        self._fixed = np.array([t.fixed for t in ranked], np.bool_)
        node = np.array([i for t in ranked for i in t.spots], np.int64)
        order = np.argsort(node, kind="stable")  # by node, and on each by rank
        self._node = node[order]
        self._rank = np.array([t.rank for t in ranked for _ in t.spots], np.int64)[order]
        self._held = np.array([n * t.ask.chips for t in ranked for n in t.spots.values()], np.int64)[order]
        self._lower: dict[int, Truths] = {}
        self._in_reach: dict[int, Truths] = {}
        self._partings: dict[Path, tuple[Ints, Truths]] = {}
        self._in_all = np.array([sum(t.spots.values()) * t.ask.chips for t in ranked], np.float64)

    def taken(self, claim: Claim) -> Truths:
        """`may_take` for every tenant, gone or not."""
        lower, (depth, borrowed) = self._below(claim.priority), self._parting(claim.path)
        found = lower & (borrowed | self._scavenges)
        if any(claim.within):
            more = lower | borrowed if claim.external else lower | borrowed | self._external
            found |= more & self._is_within(claim, depth)
        if claim.path:
            own = self._seat == claim.path[-1]
            found = (found & ~own) | (lower & own)
        found &= ~self._fixed
        if claim.scavenges:
            found &= self._scavenges & (self._external >= claim.external)
        else:
            found |= self._scavenges
        if claim.takes is not Takes.ALL:
            found &= self._yielded(claim.takes)
        if claim.spared:
            found[[rank for key in claim.spared if key in self._ranks for rank in self._ranks[key]]] = False
        return found

    def lower(self, priority: int) -> Truths:
        """All whom claims of a priority may take that are within no guarantee, and some that are not theirs to take."""
        found = self._in_reach.get(priority)
        if found is None:
            found = self._in_reach[priority] = self._scavenges | (self._below(priority) & ~self._fixed)
        return found

    def _below(self, priority: int) -> Truths:
        found = self._lower.get(priority)
        if found is None:
            found = self._lower[priority] = self._priority < priority
        return found

    def _parting(self, path: Path) -> tuple[Ints, Truths]:
        """How far down the way of each is the same, and whether it is borrowed from there on; the same for a queue."""
        found = self._partings.get(path)
        if found is None:
            depth, together = np.zeros(self._seat.size, np.int64), np.ones(self._seat.size, np.bool_)
            for level, i in zip(self._levels, path, strict=False):
                together = together & (level == i)
                depth += together
            found = self._partings[path] = depth, self._loan <= depth
        return found

    def _is_within(self, claim: Claim, depth: Ints) -> Truths:
        by_depth = np.zeros(max(len(claim.path), len(claim.within)) + 1, np.bool_)
        by_depth[: len(claim.within)] = claim.within
        inside: Truths = by_depth.take(depth)
        return inside & self._external if claim.external else inside

    def _yielded(self, takes: Takes) -> Truths:
        """Replicas past minReplicas, and what is scavenged where that counts too."""
        return self._past | self._scavenges if takes is Takes.YIELDED else self._past

    def held(self, some: Truths, nodes: int) -> Ints:
        """Chips that these tenants hold on each of so many nodes, of those who are there."""
        rows = self._rows(some)
        return np.bincount(self._node.take(rows), self._held.take(rows), nodes).astype(np.int64)

    def _rows(self, some: Truths) -> Ints:
        """Where these tenants are, of those who are there: `take` is twice as fast as to choose by truths."""
        return np.flatnonzero((some & self.there).take(self._rank))

    def mark(self, rank: int, *, there: bool) -> None:
        """Count somebody in or out."""
        if self._flags[rank] != there:
            self._flags[rank] = there
            self.changed.append((rank, 1 if there else -1))

    def total(self, some: Truths) -> "Sum":
        """Chips that these tenants hold together on the pool's nodes, of those who are there."""
        return Sum(self, some, self._in_all)

    def charged(self, some: Truths) -> "Sum":
        """Chips that count as used by these tenants, of those who are there."""
        return Sum(self, some, self._chips)

    def openings(self, some: Truths, free: Ints, chips: Milli) -> Ranks:
        """By node, the rank of the one whose leaving makes so many chips free, were these to leave in order."""
        rows = self._rows(some)
        node, held = self._node.take(rows), self._held.take(rows)
        is_first = np.ones(node.size, np.bool_)  # of its node
        np.not_equal(node[1:], node[:-1], out=is_first[1:])
        gained = np.cumsum(held)
        before = (gained - held).take(np.flatnonzero(is_first)).take(np.cumsum(is_first) - 1)
        opened = np.flatnonzero(free.take(node) + gained - before >= chips)[::-1]
        found = np.full(free.size, NO_RANK, np.int32)
        found[node.take(opened)] = self._rank.take(rows.take(opened))  # of several of one node the last one stays
        return found


class Sum:
    """What some tenants have together, of those who are there; kept up as they come and go.

    The column is of floats, which are added up in half the time; milli-chips are exact in them up to 2**53.
    """

    def __init__(self, roll: Roll, some: Truths, column: NDArray[np.float64]) -> None:
        self._roll, self._some, self._column = roll, some, column
        self._chips, self._read = self._added_up(), len(roll.changed)

    def now(self) -> Milli:
        changed = self._roll.changed
        if len(changed) - self._read > _FEW:
            self._chips = self._added_up()
        else:
            for rank, sign in changed[self._read :]:
                if self._some[rank]:
                    self._chips += sign * int(self._column[rank])
        self._read = len(changed)
        return self._chips

    def _added_up(self) -> Milli:
        return int(self._column @ (self._some & self._roll.there))
