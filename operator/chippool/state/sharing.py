"""How the chips of a pool are shared: the seam behind which one way of asking for a share stands for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from chippool.core.ids import CHIP, Milli
from chippool.state.records import NodeRecord, PodRecord


class Part(NamedTuple):
    """What a pod has, or will have, of one chip of its node; None: of a chip nobody tells."""

    chip: int | None
    milli: Milli


@dataclass(frozen=True, slots=True)
class Stock:
    """The chips of a node, numbered from 0."""

    installed: int
    allocatable: int
    ids: tuple[str, ...] = ()
    """What they are called where that is known, in the order of their numbers."""
    memories: tuple[int, ...] = ()
    """MiB of each, where that is known."""
    broken: frozenset[int] = frozenset()
    """Those known to be unhealthy."""

    def number(self, named: str) -> int | None:
        """Return the number of a chip by its id, or by its number written out."""
        if named in self.ids:
            return self.ids.index(named)
        return int(named) if named.isdecimal() and int(named) < self.installed else None

    def named(self, chip: int) -> str:
        """Return what a chip is called: its id, else its number."""
        return self.ids[chip] if chip < len(self.ids) else str(chip)


NO_STOCK = Stock(0, 0)


class ChipSharing(Protocol):
    """One way in which a share of a chip is asked for, for the chips of one pool."""

    @property
    def resources(self) -> frozenset[str]:
        """Every resource by which its chips are asked for: none of them is room beside chips."""

    @property
    def fractions(self) -> frozenset[Milli]:
        """The shares there are."""

    def asks(self, chips: Milli) -> Mapping[str, str]:
        """Return what a container asks for that gets so much: whole chips, or one of `fractions`."""

    def stock(self, node: NodeRecord) -> Stock:
        """Return the node's chips."""

    def parts(self, pod: PodRecord, stock: Stock) -> Sequence[Part]:
        """Return what a pod takes of the chips of its node; whole chips count as parts of all of them."""

    def marks(self, chips: Sequence[int], stock: Stock) -> Mapping[str, str]:
        """Return the annotations that make whoever hands chips out take these."""


def milli_of(parts: Sequence[Part]) -> Milli:
    return sum(part.milli for part in parts)


def is_whole(part: Part) -> bool:
    return part.milli >= CHIP
