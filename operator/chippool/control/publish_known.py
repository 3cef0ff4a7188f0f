"""What publishing asks the mirror."""

from collections.abc import Mapping
from typing import Protocol

from chippool.core.ids import PoolName, QueueName, WorkloadKey
from chippool.core.model import Workload
from chippool.state.records import MadeRecord, PodRecord, PoolCounts, PoolRecord, QueueCounts, WorkloadRecord


class Known(Protocol):
    """The mirror's look-ups, as of now."""

    def view(self, key: WorkloadKey) -> Workload | None: ...

    def workload(self, key: WorkloadKey) -> WorkloadRecord | None: ...

    def made(self, key: WorkloadKey) -> MadeRecord | None: ...

    def pods(self, key: WorkloadKey) -> tuple[PodRecord, ...]: ...

    def pool_counts(self, name: PoolName) -> PoolCounts: ...

    def queue_counts(self, name: QueueName) -> QueueCounts: ...

    @property
    def pool_records(self) -> Mapping[PoolName, PoolRecord]: ...
