"""Sets of small integers as the bits of one int: union, cut and count of thousands in a microsecond, copies free."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


def bits_of(indices: Iterable[int], size: int) -> int:
    """The set of `indices`, each below `size`; linear, where or-ing one by one would be quadratic."""
    cells = bytearray(size // 8 + 1)
    for i in indices:
        cells[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(cells, "little")


def each(bits: int) -> Iterator[int]:
    """The members, smallest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class Flags:
    """The same set for many look-ups of single members, each in constant time."""

    __slots__ = ("_cells",)

    def __init__(self, bits: int) -> None:
        self._cells = bits.to_bytes(bits.bit_length() // 8 + 1, "little")

    def __contains__(self, i: int) -> bool:
        return i >> 3 < len(self._cells) and bool(self._cells[i >> 3] >> (i & 7) & 1)


def flags_of(bits: int, size: int) -> NDArray[np.bool_]:
    """The set as an array of truths, one for each of `size` numbers."""
    cells = np.frombuffer(bits.to_bytes(size // 8 + 1, "little"), np.uint8)
    return np.unpackbits(cells, bitorder="little", count=size).astype(np.bool_)
