"""What chips yield: relative speed x efficiency, by purpose, since one number per chip is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chippool.core.ids import CHIP, Milli


class Purpose(StrEnum):
    TRAINING = "Training"
    SERVING = "Serving"
    BATCH = "Batch"


@dataclass(frozen=True, slots=True)
class Yields:
    """Of one chip of a pool, by purpose; a purpose without a speed is one that nothing is known of."""

    speed: Mapping[Purpose, float] = field(default_factory=dict)
    """Beside one chip of the reference."""
    efficiency: Mapping[Purpose, float] = field(default_factory=dict)
    """What software makes of it; 1 where nothing is said."""

    def per_chip(self, purpose: Purpose) -> float | None:
        """Chips of the reference that one chip is worth; None where its speed is unknown."""
        speed = self.speed.get(purpose)
        return None if speed is None else speed * self.gain(purpose)

    def gain(self, purpose: Purpose) -> float:
        """The efficiency alone."""
        return self.efficiency.get(purpose, 1.0)


@dataclass(frozen=True, slots=True)
class Capacity:
    """A pool's chips for one purpose, in chips of the reference."""

    purpose: Purpose
    per_chip: float
    chips: float
    used: float


def capacities(yields: Yields, healthy: Milli, used: Mapping[Purpose, Milli]) -> list[Capacity]:
    """What a pool is worth for each purpose its chips' speed is known for."""
    return [
        Capacity(purpose, one, healthy / CHIP * one, used.get(purpose, 0) / CHIP * one)
        for purpose in Purpose
        if (one := yields.per_chip(purpose)) is not None
    ]


def share(some: Iterable[float], every: Iterable[float]) -> float:
    """The part that some are of all; 0 where there is nothing."""
    total = sum(every)
    return sum(some) / total if total else 0.0
