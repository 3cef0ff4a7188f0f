"""Rule 3: what queues are really guaranteed: the promise, shrunk fairly where it is more than there is."""

from collections.abc import Mapping
from dataclasses import dataclass

from chippool.core.ids import CHIP, Milli, PoolName, QueueName
from chippool.core.tree import Tree


@dataclass(frozen=True, slots=True)
class Oversold:
    """The guarantees below a queue, or of the roots, are together more than there is of a pool."""

    pool: PoolName
    parent: QueueName | None
    """None: the roots, and `has` is the pool's stock."""
    promised: Milli
    has: Milli


class Guarantees:
    """By position in the tree; `given` what counts, `promised` what the specs say."""

    def __init__(self, tree: Tree, stock: Mapping[PoolName, Milli]) -> None:
        self._tree = tree
        self.pools = frozenset(p for b in tree.branches if b.queue for p in b.queue.guaranteed)
        self.promised: list[dict[PoolName, Milli]] = [{} for _ in tree.branches]
        self.given: list[dict[PoolName, Milli]] = [{} for _ in tree.branches]
        self.oversold: list[Oversold] = []
        for pool in sorted(self.pools):
            for root in tree.roots:
                self._promise(root, pool)
            self._share_out(pool, None, tree.roots, stock.get(pool, 0))

    def shrunk(self, i: int) -> dict[PoolName, tuple[Milli, Milli]]:
        """Pools of which a queue gets less than it was promised: promised and given."""
        return {
            p: (asked, self.given[i].get(p, 0)) for p, asked in self.promised[i].items() if asked > self.given[i][p]
        }

    def _promise(self, i: int, pool: PoolName) -> Milli:
        branch = self._tree.branches[i]
        below = sum(self._promise(child, pool) for child in branch.children)
        listed = branch.queue.guaranteed.get(pool) if branch.queue else None
        self.promised[i][pool] = below if listed is None else listed
        if branch.children:
            self.promised[branch.children[-1]][pool] = max(self.promised[i][pool] - below, 0)
        return self.promised[i][pool]

    def _share_out(self, pool: PoolName, parent: int | None, among: tuple[int, ...], has: Milli) -> None:
        wanted = {i: self.promised[i][pool] for i in among}
        total = sum(wanted.values())
        if total > has:
            queue = None if parent is None else self._tree.branches[parent].queue
            self.oversold.append(Oversold(pool, queue.name if queue else None, total, has))
        for i, given in shrink(wanted, has).items():
            self.given[i][pool] = given
            if self._tree.branches[i].children:
                self._share_out(pool, i, self._tree.branches[i].children, given)


def shrink(wanted: Mapping[int, Milli], has: Milli) -> dict[int, Milli]:
    """Everybody's wish, or the same part of it for everybody; in whole chips where all wishes are.

    By largest remainder (Hamilton's method), the lower position first among equals: never more than `has` in all, and
    nobody more than one unit away from the exact part.
    """
    total = sum(wanted.values())
    if total <= has:
        return dict(wanted)
    unit = CHIP if all(wish % CHIP == 0 for wish in wanted.values()) else 1
    units = has // unit
    parts = {i: divmod(wish * units, total) for i, wish in wanted.items()}
    left = units - sum(whole for whole, _ in parts.values())
    lucky = sorted(parts, key=lambda i: (-parts[i][1], i))[:left]
    return {i: (whole + (i in lucky)) * unit for i, (whole, _) in parts.items()}
