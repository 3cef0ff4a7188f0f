"""What `kubectl get` shows of each kind; columns with priority 1 only with `-o wide`."""

from dataclasses import dataclass

from chippool.api.model import Json


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    path: str
    type: str = "string"
    priority: int = 0

    def as_json(self) -> Json:
        column = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return column | ({"priority": self.priority} if self.priority else {})


def _condition(kind: str, part: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{part}'


def _count(name: str, path: str, priority: int = 0) -> Column:
    return Column(name, path, "integer", priority)


def _chips(name: str, path: str, priority: int = 0) -> Column:
    """A string, since shares of a chip are Quantity strings."""
    return Column(name, path, priority=priority)


AGE = Column("Age", ".metadata.creationTimestamp", "date")
READY = Column("Ready", _condition("Ready", "status"))
WHY_NOT_READY = Column("Reason", _condition("Ready", "reason"))
READY_MESSAGE = Column("Message", _condition("Ready", "message"), priority=1)

POOL = (
    Column("Model", ".spec.chip.model"),
    Column("Resource", ".spec.chip.resourceName"),
    _count("Nodes", ".status.nodes"),
    _chips("Chips", ".status.chips.allocatable"),
    _chips("Allocated", ".status.chips.allocated"),
    _chips("Releasing", ".status.chips.releasing"),
    _chips("Free", ".status.chips.free"),
    READY,
    WHY_NOT_READY,
    AGE,
    _chips("Installed", ".status.chips.installed", 1),
    _chips("Unmanaged", ".status.chips.unmanaged", 1),
    Column("Lasts until", ".status.runway.until", priority=1),
    Column("Vendor", ".spec.chip.vendor", priority=1),
    READY_MESSAGE,
)
QUEUE = (
    _count("Admitted", ".status.admittedWorkloads"),
    _count("Pending", ".status.pendingWorkloads"),
    READY,
    WHY_NOT_READY,
    AGE,
    Column("Classes", ".spec.priorityClassNames", priority=1),
    READY_MESSAGE,
)
WORKLOAD = (
    Column("Queue", ".spec.queueName"),
    Column("Class", ".spec.priorityClassName"),
    Column("Mode", ".spec.mode"),
    _count("Replicas", ".spec.replicas"),
    Column("Variant", ".status.assignment.variant"),
    Column("Pool", ".status.assignment.pool"),
    _chips("Chips", ".status.assignment.chips"),
    Column("Admitted", _condition("Admitted", "status")),
    Column("Reason", _condition("Admitted", "reason")),
    Column("Ready", _condition("Ready", "status")),
    Column("Finished", _condition("Finished", "status")),
    AGE,
    _count("Nodes", ".status.assignment.nodes", 1),
    Column("Admitted-At", ".status.assignment.admittedAt", "date", 1),
    Column("Message", _condition("Admitted", "message"), priority=1),
)
