"""Which chips of its node a replica is sent to, where chips are shared."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chippool.api.names import CHIPS
from chippool.core.ids import CHIP, Milli
from chippool.state.records import PodRecord
from chippool.state.reservations import WHOLE, Reservation
from chippool.state.sharing import ChipSharing, Stock


@dataclass(slots=True)
class Table:
    """The chips of one node as they are now: `used` of each, and whether parts are on it."""

    stock: Stock
    used: dict[int, Milli] = field(default_factory=lambda: defaultdict(int))
    cut: set[int] = field(default_factory=set)
    """Chips with parts that stay."""
    lost: int = 0
    """Chips in use that nobody tells which."""

    def put(self, sharing: ChipSharing, pod: PodRecord, *, stays: bool) -> None:
        for chip, milli in sharing.parts(pod, self.stock):
            if chip is None:
                self.lost += 1
                continue
            self.used[chip] += milli
            if stays and milli < CHIP:
                self.cut.add(chip)

    def promise(self, reservation: Reservation) -> None:
        """Its pod is on its way."""
        for chip in reservation.chips:
            self.used[chip] += min(reservation.ask.chips, CHIP)
            if reservation.seat != WHOLE:
                self.cut.add(chip)

    def chips_for(self, reservation: Reservation, others: Iterable[int]) -> tuple[int, ...] | None:
        """The chips it can have now, none of those `others` are to sit on if that can be; None: it has to wait.

        A part joins the parts it was meant to join; one that was meant for an idle chip takes any.
        """
        wanted, seat, taken = reservation.ask.chips, reservation.seat, frozenset(others)
        idle = sorted(self._idle(), key=lambda chip: (chip in taken, chip))
        spare = len(idle) - self.lost - self._missing()
        if wanted >= CHIP:
            count = wanted // CHIP
            return tuple(sorted(idle[:count])) if spare >= count else None
        if seat in self.cut:
            return (seat,) if self.used[seat] + wanted <= CHIP else None
        if spare < 1:
            return None
        return (seat,) if seat in idle else (idle[0],)

    def _idle(self) -> list[int]:
        sound = (chip for chip in range(self.stock.installed) if chip not in self.stock.broken)
        return [chip for chip in sound if not self.used.get(chip)]

    def _missing(self) -> int:
        """Chips that are not allocatable, beyond those known to be broken."""
        return max(0, self.stock.installed - len(self.stock.broken) - self.stock.allocatable)


def marks(sharing: ChipSharing, chips: Sequence[int], stock: Stock) -> Mapping[str, str]:
    """Return the annotations of a pod that is sent to these chips: chippool's own record, and what others go by."""
    return {CHIPS: ",".join(map(stock.named, chips)), **sharing.marks(chips, stock)}


def move(reservations: Iterable[Reservation], seat: int, chip: int) -> None:
    """Everybody who was to sit on `seat` is to sit on `chip`, and the other way round: they stay together."""
    for one in reservations:
        if not one.pod_uid and one.seat in {seat, chip}:
            one.seat = chip if one.seat == seat else seat
