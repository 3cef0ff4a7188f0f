"""From what was decided to what is written: pure builders, nothing here waits, asks the cluster or reads a clock.

Each returns writes without `done`; the loop adds its own with `dataclasses.replace`.
Call after `mirror.assume(plan)`: `view(key).assignment` and `.displaced` are then what the made object is to carry.
"""

from collections.abc import Mapping
from typing import Protocol

from chippool.core.ids import PoolName, WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Decision
from chippool.kube.writer import Write
from chippool.state.records import MadeRecord, Pin, PoolRecord, Stuck, WorkloadRecord


class Known(Protocol):
    """The look-ups of the mirror that publishing needs."""

    def view(self, key: WorkloadKey) -> Workload | None: ...

    def workload(self, key: WorkloadKey) -> WorkloadRecord | None: ...

    def made(self, key: WorkloadKey) -> MadeRecord | None: ...

    @property
    def pool_records(self) -> Mapping[PoolName, PoolRecord]: ...


def writes(decision: Decision, known: Known, now: float, order: int = 0) -> list[Write]:
    """Return what carries a decision out: its object first; nothing for Place, Keep and Hold."""
    raise NotImplementedError


def admission(key: WorkloadKey, known: Known, order: int = 0) -> list[Write]:
    """Return what brings the made object to its workload's (assumed) assignment, nothing where it is there or on its way.

    No object: a POST. Suspended or at 0 and of the same rendering: one PATCH. Of another rendering: its DELETE; call
    again in later cycles, as long as the assumption holds, for the POST once it is gone. Deleting, ended or not ours: nothing.
    """
    raise NotImplementedError


def refresh(key: WorkloadKey, known: Known) -> list[Write]:
    """Return the write that rolls an edited template out to a running Service, nothing where it is rolled out."""
    raise NotImplementedError


def pin(pin: Pin, order: int = 0) -> Write:
    """Return the write that sends a gated pod to its node."""
    raise NotImplementedError


def evict(stuck: Stuck) -> Write:
    """Return the eviction of a pod that does not get onto its node."""
    raise NotImplementedError


def tell(key: WorkloadKey, decision: Decision, known: Known, now: float, instance: str) -> list[Write]:
    """Return the status write and the events of what changed for a workload: nothing where its status says so already.

    Not for a workload whose last status write has not landed: compare again when it has.
    """
    raise NotImplementedError


def tell_pool(record: PoolRecord, known: Known, now: float) -> list[Write]:
    """Return the status write of a pool; at most every 10 s is the caller's part."""
    raise NotImplementedError


def tell_queue(record: object, known: Known, now: float) -> list[Write]:
    """Return the status write of a queue."""
    raise NotImplementedError
