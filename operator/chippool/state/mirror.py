"""What we believe the cluster is: fed by the watch, asked by the loop, with what was decided and is not yet to be seen."""

from collections.abc import Callable, Mapping
from typing import Any

from chippool.core.ids import Namespace, NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.core.plan import Decision, Plan
from chippool.state.records import (
    MadeRecord,
    NamespaceRecord,
    NodeRecord,
    Pin,
    PodRecord,
    PoolCounts,
    PoolRecord,
    QueueCounts,
    QueueRecord,
    Spoiled,
    Stuck,
    WorkloadRecord,
)


class Mirror:
    """The cluster as the watch shows it, and on top what was decided and is still to be seen; `clock` in seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.on_change: Callable[[], None] | None = None

    # what the feed tells

    def apply(self, kind: str, uid: str, record: Any) -> None:
        """Added or modified."""

    def remove(self, kind: str, uid: str) -> None:
        """Deleted; may name an object that was never applied."""

    def sweep(self, kind: str, uids: set[str]) -> None:
        """After a full list: everything of this kind that is not in `uids` is gone."""

    def spoiled(self, kind: str, uid: str, namespace: str, name: str, error: str) -> None:
        """It exists but could not be projected."""

    # what the loop asks

    @property
    def changed(self) -> bool:
        """Something that can change a decision came in since the last snapshot."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """Return one consistent view; the same object again while nothing differs."""
        raise NotImplementedError

    def assume(self, plan: Plan) -> tuple[Decision, ...]:
        """Take for true what is still right of a plan made from the last snapshot; what is returned is to be written.

        `view(key).assignment` and `.displaced` then say what to write onto the made object.
        """
        raise NotImplementedError

    def undo(self, key: WorkloadKey) -> None:
        """Take back what was assumed of a workload: its write failed, was refused or met a conflict."""

    def renew(self, key: WorkloadKey) -> None:
        """Start the 60 s of an assumption again: its write is still waiting to be sent."""

    def expire(self, now: float) -> list[WorkloadKey]:
        """Undo what the watch has not confirmed in time; returns the workloads whose assumption it was."""
        raise NotImplementedError

    def pins(self, now: float) -> list[Pin]:
        """Match gated pods with reserved nodes whose room is free as observed; each is handed out once."""
        raise NotImplementedError

    def unpin(self, pod_uid: str) -> None:
        """Take a pin back: its write failed."""

    def stuck(self, now: float, deadline: float) -> list[Stuck]:
        """Pods that were pinned `deadline` seconds ago and are not bound, or that kube-scheduler can't place: to be evicted.

        Each is handed out once a minute, and its replica counts as missing from now on.
        """
        raise NotImplementedError

    def avoid(self, node: NodeName, until: float) -> None:
        """Put nothing new on a node until then."""

    # look-ups, as of now

    def view(self, key: WorkloadKey) -> Workload | None:
        """Return what a snapshot would say of a workload now."""
        raise NotImplementedError

    def workload(self, key: WorkloadKey) -> WorkloadRecord | None:
        raise NotImplementedError

    def made(self, key: WorkloadKey) -> MadeRecord | None:
        """Return the Job or Deployment of a workload's name and mode, whoever controls it."""
        raise NotImplementedError

    def pods(self, key: WorkloadKey) -> tuple[PodRecord, ...]:
        """Return the pods that carry a workload's label."""
        raise NotImplementedError

    def node(self, name: NodeName) -> NodeRecord | None:
        raise NotImplementedError

    def namespace(self, name: Namespace) -> NamespaceRecord | None:
        raise NotImplementedError

    @property
    def workload_records(self) -> Mapping[WorkloadKey, WorkloadRecord]:
        raise NotImplementedError

    @property
    def pool_records(self) -> Mapping[PoolName, PoolRecord]:
        raise NotImplementedError

    @property
    def queue_records(self) -> Mapping[QueueName, QueueRecord]:
        raise NotImplementedError

    @property
    def spoiled_objects(self) -> tuple[Spoiled, ...]:
        raise NotImplementedError

    def pool_counts(self, name: PoolName) -> PoolCounts:
        raise NotImplementedError

    def queue_counts(self, name: QueueName) -> QueueCounts:
        raise NotImplementedError
