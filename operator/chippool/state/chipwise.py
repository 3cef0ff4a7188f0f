"""What is used of each chip of a node, where chips are shared."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chippool.core.ids import CHIP, Milli, NodeName
from chippool.core.model import Node, Workload
from chippool.core.shares import Shares, is_fraction, whole
from chippool.state.devices import nowhere
from chippool.state.records import PodRecord
from chippool.state.reservations import WHOLE, Reservation
from chippool.state.sharing import ChipSharing, Part, Stock


@dataclass(slots=True)
class Usage:
    """Chips of one node by what pods and reservations take of them."""

    stock: Stock
    parts: dict[int, Milli] = field(default_factory=lambda: defaultdict(int))
    _wholes: set[int] = field(default_factory=set)
    _promised: dict[int, Milli] = field(default_factory=lambda: defaultdict(int))

    def put(self, pod: PodRecord, parts: Iterable[Part]) -> None:
        for part in parts:
            if part.milli < CHIP:
                self.parts[seat_of(part, pod)] += part.milli
            elif part.chip is not None:
                self._wholes.add(part.chip)

    def promise(self, reservation: Reservation) -> None:
        if reservation.seat != WHOLE:
            self._promised[reservation.seat] += reservation.ask.chips

    def shares(self) -> Shares:
        """What a decision may still put beside others.

        Nothing goes beside a part on a chip that is broken, or that nobody tells; and parts on a chip that was given
        away whole are too much for it.
        """
        used = {}
        for chip, milli in self.parts.items():
            if chip in self._wholes:
                used[chip] = milli + CHIP
            else:
                known = chip < self.stock.installed and chip not in self.stock.broken
                used[chip] = milli if known else max(milli, CHIP)
        for chip, milli in self._promised.items():
            used[chip] = used.get(chip, 0) + milli
        return tuple(sorted(used.items()))


def seat_of(part: Part, pod: PodRecord) -> int:
    """Return the number of a part's chip."""
    return nowhere(pod.uid) if part.chip is None else part.chip


def beyond(node: Node, reserved: Sequence[Reservation]) -> Reservation | None:
    """Return the last reservation there is no chip for; what is only unhealthy for a moment is still there."""
    if not node.shares or not reserved:
        return None
    full = {chip for chip, used in node.shares if used > CHIP}
    for reservation in reversed(reserved):
        if reservation.seat in full:
            return reservation
    used = node.allocatable - node.free
    return reserved[-1] if whole(node.installed - used, node.shares) < 0 else None


def seated(
    view: Workload,
    sharing: ChipSharing | None,
    there: Iterable[tuple[PodRecord, NodeName, Stock]],
    reserved: Sequence[Reservation],
) -> Workload:
    """Return a workload of fractions with the chip of each replica; `there` are its pods on nodes, in order."""
    if sharing is None:
        return view
    pods = [(node, _seat(sharing, pod, stock)) for pod, node, stock in there]
    if view.min_replicas is None:
        pods.sort()
    seats = (*(seat for _, seat in pods), *(reservation.seat for reservation in reserved))
    return replace(view, placed=tuple(node for node, _ in pods), seats=seats)


def _seat(sharing: ChipSharing, pod: PodRecord, stock: Stock) -> int:
    for part in sharing.parts(pod, stock):
        return seat_of(part, pod)
    return nowhere(pod.uid)


def shares_a_chip(view: Workload) -> bool:
    """Whether the replicas it was given are fractions."""
    given = view.assignment
    return given is not None and any(v.name == given.variant and is_fraction(v.ask.chips) for v in view.variants)
