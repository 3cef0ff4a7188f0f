"""Rule 3: what every queue uses, at every level of the tree, beside its limits and guarantees."""

from collections import defaultdict
from collections.abc import Mapping

from chippool.core.guarantee import Guarantees
from chippool.core.ids import Milli, PoolName, QueueName
from chippool.core.tree import Tree, limit_of

Entry = tuple[QueueName, PoolName, Milli, bool]
"""One change of the ledger: the chips, negative where they were given back, and whether they are scavenged."""
Passed = tuple[tuple[int, Milli], ...]
"""Levels whose limit, or guarantee, so many more chips would pass, and by how many, root first."""


class Ledger:
    """Chips in use by position and pool, kept along the path to the root as they are taken and given back."""

    def __init__(self, tree: Tree, guarantees: Guarantees, stock: Mapping[PoolName, Milli]) -> None:
        self.tree, self.guarantees = tree, guarantees
        self.moved: list[QueueName] = []
        """Queues whose use changed, in the order it happened."""
        self._stock = stock
        self._used: list[defaultdict[PoolName, Milli]] = [defaultdict(int) for _ in tree.branches]
        self._scavenged: list[defaultdict[PoolName, Milli]] = [defaultdict(int) for _ in tree.branches]
        self._limited: dict[tuple[QueueName, PoolName], tuple[tuple[int, Milli], ...]] = {}
        self._log: list[Entry] = []

    # --- changing

    def take(self, queue: QueueName, pool: PoolName, chips: Milli, *, scavenged: bool = False) -> None:
        """Count chips for a queue and all above it."""
        entry = (queue, pool, chips, scavenged)
        self._log.append(entry)
        self._book(entry, 1)

    def give(self, queue: QueueName, pool: PoolName, chips: Milli, *, scavenged: bool = False) -> None:
        """Count chips as given back."""
        self.take(queue, pool, -chips, scavenged=scavenged)

    def checkpoint(self) -> int:
        """A moment `rollback` can return to."""
        return len(self._log)

    def rollback(self, to: int) -> None:
        """Undo everything since `to`."""
        while len(self._log) > to:
            self._book(self._log.pop(), -1)

    def _book(self, entry: Entry, sign: int) -> None:
        queue, pool, chips, scavenged = entry
        for i in self.tree.paths.get(queue, ()):
            self._used[i][pool] += sign * chips
            if scavenged:
                self._scavenged[i][pool] += sign * chips
        self.moved.append(queue)

    # --- asking

    def used(self, i: int, pool: PoolName) -> Milli:
        return self._used[i].get(pool, 0)

    def pools(self, i: int) -> frozenset[PoolName]:
        """Of which something was ever taken."""
        return frozenset(self._used[i])

    def guaranteed(self, i: int, pool: PoolName) -> Milli:
        return self.guarantees.given[i].get(pool, 0)

    def limit(self, i: int, pool: PoolName) -> Milli | None:
        """What the queue's own spec allows; None where nothing limits it."""
        return limit_of(self.tree.branches[i].queue, pool)

    def tightest(self, queue: QueueName, pool: PoolName) -> tuple[Milli, int] | None:
        """What the limits on the way to the root leave, and the level that leaves it; None: nothing limits it."""
        return min(((limit - self.used(i, pool), i) for i, limit in self._limits(queue, pool)), default=None)

    def passed(self, queue: QueueName, pool: PoolName, new: Milli) -> Passed:
        """The levels whose limit `new` more chips would pass, and by how much, root first."""
        limits = self._limits(queue, pool)
        if not new or not limits:
            return ()
        beyond = [(i, self.used(i, pool) + new - limit) for i, limit in limits]
        return tuple((i, over) for i, over in beyond if over > 0)

    def left(self, queue: QueueName, pool: PoolName, new: Milli) -> dict[int, Milli]:
        """What each limit on the way to the root leaves beside `new` more chips; negative where it is passed."""
        return {i: limit - self.used(i, pool) - new for i, limit in self._limits(queue, pool)}

    def _limits(self, queue: QueueName, pool: PoolName) -> tuple[tuple[int, Milli], ...]:
        """The levels that have a limit, root first."""
        key = (queue, pool)
        found = self._limited.get(key)
        if found is None:
            levels = [(i, self.limit(i, pool)) for i in self.tree.paths.get(queue, ())]
            found = self._limited[key] = tuple((i, limit) for i, limit in levels if limit is not None)
        return found

    def within(self, queue: QueueName, pool: PoolName, new: Milli) -> tuple[bool, ...]:
        """For each level on the way down, whether it stays within its guarantee with `new` more chips.

        What is scavenged is nobody's share, so it uses up no guarantee. Empty where nobody is guaranteed anything.
        """
        if pool not in self.guarantees.pools:
            return ()
        return tuple(
            self.used(i, pool) - self._scavenged[i].get(pool, 0) + new <= self.guaranteed(i, pool)
            for i in self.tree.paths.get(queue, ())
        )

    def beyond(self, queue: QueueName, pool: PoolName, new: Milli) -> Passed:
        """The levels that `new` more chips would take past a guarantee they fit in, and by how much, root first.

        A level where somebody scavenges is left out: who goes there may give no part of the guarantee back.
        """
        if pool not in self.guarantees.pools:
            return ()
        found = [(i, self.used(i, pool) + new - self.guaranteed(i, pool)) for i in self.tree.paths.get(queue, ())]
        return tuple(
            (i, over)
            for i, over in found
            if over > 0 and new <= self.guaranteed(i, pool) and not self._scavenged[i].get(pool, 0)
        )

    def share(self, i: int) -> float:
        """Weighted dominant share (DRF): the largest part of a pool's stock in use, divided by the weight.

        One division of integers, so that equal shares are equal floats.
        """
        weight, largest = self.tree.branches[i].weight, 0.0
        for pool, used in self._used[i].items():
            whole = self._stock.get(pool, 0) * weight
            if whole:
                largest = max(largest, used / whole)
        return largest
