"""The stock of a pool and its outlook as its owner states them, and what each export status means for it."""

from dataclasses import dataclass
from enum import StrEnum

from chippool.core.ids import CHIP, Milli

FAILURE_RATE = 0.09
"""Of a chip in a year, if nothing is stated: 220 lost GPUs or their memories in 54 days on 16,384 (The Llama 3 Herd of
Models, 2024, table 5)."""
LICENCE = 0.5
"""The probability that what needs a licence arrives, if nothing is stated."""


class Export(StrEnum):
    UNRESTRICTED = "Unrestricted"
    LICENCE_REQUIRED = "LicenceRequired"
    BANNED = "Banned"


@dataclass(frozen=True, slots=True)
class Order:
    """Chips that were ordered; `expected` in seconds since the epoch."""

    chips: int
    expected: float


@dataclass(frozen=True, slots=True)
class Supply:
    """What is stated; `owned` counts chips wherever they are."""

    owned: int
    domestic: bool = False
    export: Export = Export.UNRESTRICTED
    resale: bool = True
    failure_rate: float = FAILURE_RATE
    """Of a chip in a year."""
    on_order: tuple[Order, ...] = ()
    licence: float = LICENCE
    grace_until: float | None = None
    """When External queues give a banned pool back, seconds since the epoch."""

    @property
    def arrives(self) -> float:
        """The probability that an order arrives."""
        match self.export:
            case Export.BANNED:
                return 0.0
            case Export.LICENCE_REQUIRED:
                return self.licence
            case Export.UNRESTRICTED:
                return 1.0

    @property
    def replaced(self) -> bool:
        """Whether a chip that is in repair comes back."""
        return self.export is not Export.BANNED


@dataclass(frozen=True, slots=True)
class Resale:
    """Whether External queues may have a pool's chips; `why` names the field that says they may not."""

    allowed: bool = True
    why: str = ""
    until: float | None = None
    """When those give back what they have, seconds since the epoch; None: they keep it."""
    spares_first: bool = False
    """Spares are kept from new work of every class: there will be no others."""


RESOLD = Resale()


def resale_of(supply: Supply | None) -> Resale:
    """What a pool's supply means for whom its chips are resold to."""
    if supply is None:
        return RESOLD
    if supply.export is Export.BANNED:
        return Resale(False, "spec.supply.export is Banned", supply.grace_until, spares_first=True)
    return RESOLD if supply.resale else Resale(False, "spec.supply.resale is false")


@dataclass(frozen=True, slots=True)
class Stock:
    """Chips by where they are."""

    owned: Milli
    installed: Milli
    healthy: Milli
    in_repair: Milli
    """Installed and not healthy."""
    lost: Milli
    """Owned, and in no node."""
    arriving: float
    """Chips on order, each order at its probability."""

    @property
    def unowned(self) -> Milli:
        """In nodes, and more than are owned."""
        return max(0, self.installed - self.owned)


def stock_of(supply: Supply, installed: Milli, healthy: Milli) -> Stock:
    """The stock as its owner counts it beside what the nodes show."""
    owned = supply.owned * CHIP
    arriving = sum(order.chips for order in supply.on_order) * supply.arrives
    return Stock(owned, installed, healthy, max(0, installed - healthy), max(0, owned - installed), arriving)
