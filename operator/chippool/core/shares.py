"""Rule 5: chips that fractions share, one by one: what is idle of each, and how many replicas still go in.

A node's `free` counts milli-chips in all. A replica with a fraction sits on one chip, and a replica with whole chips
needs chips that are wholly idle, so the chips that are partly used are kept beside it.
"""

from collections.abc import Mapping

from chippool.core.ids import CHIP, Milli

Shares = tuple[tuple[int, Milli], ...]
"""Partly used chips by their number on the node, each with what is used of it; sorted. The other chips count as whole.
"""
NO_LIMIT = 1 << 40


def is_fraction(chips: Milli) -> bool:
    """Whether a replica of so many milli-chips shares a chip with others."""
    return 0 < chips < CHIP


def whole(free: Milli, shares: Shares) -> int:
    """Chips of which nothing is used; negative where more was put back than there is."""
    return (free - sum(CHIP - used for _, used in shares)) // CHIP if shares else free // CHIP


def capacity(free: Milli, shares: Shares, chips: Milli) -> int:
    """Replicas of so many milli-chips each that fit chip by chip."""
    if not chips:
        return NO_LIMIT
    idle = max(whole(free, shares), 0)
    if not is_fraction(chips):
        return idle * CHIP // chips
    return idle * (CHIP // chips) + sum((CHIP - used) // chips for _, used in shares if used <= CHIP)


def idle_beside(shares: Shares) -> Milli:
    """What is idle of the partly used chips in all."""
    return sum(max(CHIP - used, 0) for _, used in shares)


def added(shares: Shares, chip: int, milli: Milli) -> Shares:
    """So much more used of one chip, or less where `milli` is negative; a chip nobody uses is whole again."""
    used = dict(shares)
    used[chip] = used.get(chip, 0) + milli
    if not used[chip]:
        del used[chip]
    return tuple(sorted(used.items()))


def unused(shares: Shares) -> int:
    """A number for a chip of which nothing is used yet."""
    taken = {chip for chip, _ in shares}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def overfull(free: Milli, shares: Shares, room: Mapping[str, int]) -> bool:
    """Whether more is on a node, or on one chip of it, than there is."""
    if free < 0 or any(amount < 0 for amount in room.values()):
        return True
    return bool(shares) and (whole(free, shares) < 0 or any(used > CHIP for _, used in shares))
