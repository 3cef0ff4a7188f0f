"""Who sits where in one pool, in the order in which they would have to go: lowest priority first, then youngest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chippool.core.ids import Milli, QueueName, WorkloadKey
from chippool.core.model import Ask, Assignment, Constraints, Variant, Workload
from chippool.core.shelf import Shelf


@dataclass(slots=True)
class Tenant:
    """An admitted workload on a shelf; `rank` is its place among all of them, `spots` replicas by node."""

    key: WorkloadKey
    priority: int
    admitted_at: float
    uid: str
    queue: QueueName
    ask: Ask
    chips: Milli
    spots: dict[int, int]
    rank: int = 0
    gone: bool = False


def a_tenant(workload: Workload, assignment: Assignment, variant: Variant, priority: int, shelf: Shelf) -> Tenant:
    """What an admitted workload holds; replicas on nodes that left the pool are not there any more."""
    spots = Counter(shelf.position[n] for n in (*workload.placed, *workload.reserved) if n in shelf.position)
    held = max(assignment.replicas - workload.succeeded, 0) * variant.ask.chips
    return Tenant(
        workload.key, priority, assignment.admitted_at, workload.uid, workload.queue, variant.ask, held, dict(spots)
    )


class Tenancy:
    """The tenants of a shelf by rank and by node."""

    def __init__(self, shelf: Shelf, tenants: Iterable[Tenant]) -> None:
        self.shelf = shelf
        self.ranked = sorted(tenants, key=lambda t: (t.priority, -t.admitted_at, t.uid))
        self.on: defaultdict[int, list[Tenant]] = defaultdict(list)
        self.moved: list[int] = []
        """Nodes that got freer, in the order it happened."""
        for rank, tenant in enumerate(self.ranked):
            tenant.rank = rank
            for i in tenant.spots:
                self.on[i].append(tenant)
        self.bounds: dict[tuple[Milli, Constraints, int], int] = {}
        self._below: dict[int, list[Milli]] = {}

    def below(self, priority: int) -> Iterator[Tenant]:
        """Those of strictly lower priority that are still there, in the order they would go."""
        for tenant in self.ranked:
            if tenant.priority >= priority:
                return
            if not tenant.gone:
                yield tenant

    def held_below(self, priority: int) -> list[Milli]:
        """Chips by node that strictly lower priorities held when the plan began."""
        found = self._below.get(priority)
        if found is None:
            found = self._below[priority] = [0] * len(self.shelf.nodes)
            for tenant in self.below(priority):
                for i, count in tenant.spots.items():
                    found[i] += count * tenant.ask.chips
        return found

    def evict(self, tenant: Tenant) -> None:
        tenant.gone = True
        for i, count in tenant.spots.items():
            self.shelf.give(i, tenant.ask, count)
            self.moved.append(i)
