"""Names that must not be mixed up, and the unit chips are counted in."""

from typing import NewType

PoolName = NewType("PoolName", str)
QueueName = NewType("QueueName", str)
ClassName = NewType("ClassName", str)
NodeName = NewType("NodeName", str)
Namespace = NewType("Namespace", str)
VariantName = NewType("VariantName", str)
WorkloadKey = NewType("WorkloadKey", str)
"""`namespace/name` of a ChipWorkload."""

Milli = int
"""Thousandths of a chip; the core knows no other unit of chips."""

CHIP = 1000


def chips(count: float) -> Milli:
    """Milli-chips of a number of chips."""
    return round(count * CHIP)


def shown(milli: int) -> str:
    """A number of chips as people write it: `8`, `0.25`."""
    return f"{milli / CHIP:g}" if milli % CHIP else str(milli // CHIP)
