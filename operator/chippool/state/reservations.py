"""Room that is promised to replicas whose pods are not on their nodes yet; kept in memory only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from chippool.core.ids import NodeName, WorkloadKey
from chippool.core.model import Ask

WHOLE = -1
"""The seat of a replica with whole chips."""

K = TypeVar("K", WorkloadKey, NodeName)


@dataclass(slots=True, eq=False)
class Reservation:
    """One replica's room on one node; `pod_uid` is the pod whose pin is being written, empty while there is none."""

    workload: WorkloadKey
    node: NodeName
    ask: Ask
    admitted_at: float
    """Of the assignment it belongs to."""
    pod_uid: str = ""
    until: float = 0.0
    """When the pin of `pod_uid` counts as lost; seconds since the epoch."""
    seat: int = WHOLE
    """Of a fraction, its chip by the number in `Node.shares`; one that is not there, or is in use, stands for an idle
    one until the pod is sent off."""
    chips: tuple[int, ...] = ()
    """Where its pod is sent to, in a pool that shares chips; while its pin is being written."""


class Reservations:
    """By workload in replica order, and by node in the order they were made."""

    def __init__(self) -> None:
        self._of: dict[WorkloadKey, list[Reservation]] = {}
        self._at: dict[NodeName, list[Reservation]] = {}
        self._for: dict[str, Reservation] = {}

    def of(self, key: WorkloadKey) -> tuple[Reservation, ...]:
        return tuple(self._of.get(key, ()))

    def at(self, node: NodeName) -> tuple[Reservation, ...]:
        return tuple(self._at.get(node, ()))

    def promised(self) -> Iterator[Reservation]:
        """Those whose pin is being written."""
        return iter(tuple(self._for.values()))

    def promised_to(self, pod_uid: str) -> Reservation | None:
        return self._for.get(pod_uid)

    def add(self, reservation: Reservation) -> None:
        self._of.setdefault(reservation.workload, []).append(reservation)
        self._at.setdefault(reservation.node, []).append(reservation)

    def drop(self, reservation: Reservation) -> None:
        self.release(reservation)
        _remove(self._of, reservation.workload, reservation)
        _remove(self._at, reservation.node, reservation)

    def promise(self, reservation: Reservation, pod_uid: str, until: float) -> None:
        """Keep it for a pod whose pin is on its way."""
        reservation.pod_uid, reservation.until = pod_uid, until
        self._for[pod_uid] = reservation

    def release(self, reservation: Reservation) -> None:
        """Open it to any pod of its workload again."""
        self._for.pop(reservation.pod_uid, None)
        reservation.pod_uid, reservation.chips = "", ()

    def taken_by(self, pod_uid: str, key: WorkloadKey, node: NodeName) -> Reservation | None:
        """Return what a pod that is on a node now uses up, if anything."""
        own = self._for.get(pod_uid)
        if own is not None:
            return own
        here = [r for r in self._at.get(node, ()) if r.workload == key]
        return next((r for r in here if not r.pod_uid), here[0] if here else None)


def _remove(lists: dict[K, list[Reservation]], key: K, reservation: Reservation) -> None:
    lists[key].remove(reservation)
    if not lists[key]:
        del lists[key]
