"""Rule 5: domains of a pool's topology, such as racks, and how many replicas each has room for.

A domain are the nodes that have the same value in a level, a label of theirs, and in every wider level. Room is kept by
ask, added up by domain, and counted anew only for nodes that have changed: no workload looks at all nodes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from chippool.core.bits import bits_of, each
from chippool.core.ids import NodeName
from chippool.core.model import Ask, Node
from chippool.core.shelf import Shelf

Path = tuple[str, ...]
"""A domain by its values from the widest level down; the empty one is the whole pool."""


class Domains:
    """The domains of one shelf; `levels` are labels of nodes, from wide to narrow."""

    def __init__(self, shelf: Shelf, levels: Sequence[str]) -> None:
        self.levels = tuple(levels)
        self.shelf = shelf
        self.chains: list[tuple[Path, ...]] = []
        """By node the domains it is in, the whole pool first; shorter where it lacks a label."""
        self._members: dict[Path, int] = {}
        self._below: defaultdict[Path, list[Path]] = defaultdict(list)
        self._at: defaultdict[int, list[Path]] = defaultdict(list)
        self._rooms: dict[tuple[Ask, int], Room] = {}
        self._ceilings: dict[tuple[Ask, int], int] = {}
        self._gather()

    def _gather(self) -> None:
        found: defaultdict[Path, list[int]] = defaultdict(list)
        known: dict[Path, tuple[Path, ...]] = {}
        for i, node in enumerate(self.shelf.nodes):
            path = path_of(node, self.levels)
            chain = known.setdefault(path, tuple(path[:depth] for depth in range(len(path) + 1)))
            self.chains.append(chain)
            for domain in chain:
                found[domain].append(i)
        self._members = {domain: bits_of(nodes, len(self.chains)) for domain, nodes in found.items()}
        for domain in sorted(found):
            self._at[len(domain)].append(domain)
            if domain:
                self._below[domain[:-1]].append(domain)

    def members(self, domain: Path) -> int:
        """Its nodes, as bits."""
        return self._members.get(domain, 0)

    def below(self, domain: Path) -> Sequence[Path]:
        """The next narrower domains in it."""
        return self._below.get(domain, ())

    def of(self, level: str) -> Sequence[Path]:
        """Every domain of a level."""
        return self._at.get(self.levels.index(level) + 1, ())

    def home(self, level: str, nodes: Iterable[NodeName]) -> Path | None:
        """The domain of a level that most of these nodes are in; None if none is in any."""
        depth = self.levels.index(level) + 1
        chains = [self.chains[i] for n in nodes if (i := self.shelf.position.get(n)) is not None]
        found = Counter(chain[depth] for chain in chains if len(chain) > depth)
        return min(found, key=lambda domain: (-found[domain], domain), default=None)

    def room(self, ask: Ask) -> "Room":
        """The room for replicas of `ask`, as it is now, off the nodes that are closed to whoever searches."""
        key = (ask, self.shelf.closed)
        found = self._rooms.get(key)
        if found is None:
            found = self._rooms[key] = Room(self, ask)
        found.catch_up()
        return found

    def ceiling(self, ask: Ask, level: str) -> int:
        """Replicas that one domain could hold at most, were every node healthy and empty."""
        key = (ask, self.levels.index(level))
        if key not in self._ceilings:
            narrowed = [self.narrowed(ask, domain) for domain in self.of(level)]
            self._ceilings[key] = max((self.shelf.ceiling(one) for one in narrowed), default=0)
        return self._ceilings[key]

    def narrowed(self, ask: Ask, domain: Path) -> Ask:
        """The same ask for nodes of a domain alone: a domain is a node selector."""
        selector = (*ask.constraints.node_selector, *zip(self.levels, domain, strict=False))
        return replace(ask, constraints=replace(ask.constraints, node_selector=selector))


class Room:
    """Replicas of one ask that there is room for, by node and by domain."""

    def __init__(self, domains: Domains, ask: Ask) -> None:
        self._domains, self._ask, self._shelf = domains, ask, domains.shelf
        self._by_node: dict[int, int] = {}
        self._by_domain: defaultdict[Path, int] = defaultdict(int)
        self._read = len(self._shelf.touched)
        self._eligible = self._shelf.eligible(ask)
        self._count(each(self._eligible & self._shelf.with_chips(ask)))

    def __getitem__(self, domain: Path) -> int:
        return self._by_domain.get(domain, 0)

    def clean(self, domain: Path) -> int:
        """Those that need not wait for chips that are being given back."""
        members = self._domains.members(domain)
        leaving = each(members & self._eligible & ~self._shelf.clean)
        return self[domain] - sum(self._by_node.get(i, 0) for i in leaving)

    def catch_up(self) -> None:
        touched = self._shelf.touched
        if self._read < len(touched):
            changed = sorted(set(touched[self._read :]))
            self._read = len(touched)
            self._count([i for i in changed if self._eligible >> i & 1])

    def _count(self, nodes: Iterable[int]) -> None:
        for i in nodes:
            now = self._shelf.capacity(i, self._ask)
            change = now - self._by_node.get(i, 0)
            if change:
                self._by_node[i] = now
                for domain in self._domains.chains[i]:
                    self._by_domain[domain] += change


def path_of(node: Node, levels: Sequence[str]) -> Path:
    """The domain of a node, as narrow as its labels tell."""
    path: list[str] = []
    for level in levels:
        value = node.labels.get(level)
        if value is None:
            break
        path.append(value)
    return tuple(path)
