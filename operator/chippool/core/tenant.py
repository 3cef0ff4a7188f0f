"""Rule 6: an admitted workload as one to be displaced, and what it costs to lose it."""

from dataclasses import dataclass

from chippool.core.ids import Milli, QueueName, WorkloadKey
from chippool.core.model import Ask, Assignment, Variant, Workload
from chippool.core.shelf import Seats, Shelf
from chippool.core.tree import Path

GUARANTEED = 1 << 30
"""The loan of a tenant that is not borrowed at any level."""
WHOLE = -1
"""The index of a tenant that is no single replica."""


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
    seats: dict[int, Seats]
    """The chips its fractions sit on, by node."""
    path: Path = ()
    external: bool = False
    scavenges: bool = False
    fixed: bool = False
    """Its minRuntime or cooldown is not over."""
    lost: float = 0.0
    """Seconds of work that go with it."""
    loan: int = 0
    """The level nearest to the root up to which it is borrowed."""
    rank: int = 0
    gone: bool = False
    index: int = WHOLE
    """Of a replica past minReplicas, its number; everything else of a workload is one tenant (see `core.elastic`)."""
    below: "Tenant | None" = None
    """The part of its workload that must stay for it to stay."""
    above: "Tenant | None" = None
    """The part that has to go before it."""


def a_tenant(workload: Workload, assignment: Assignment, variant: Variant, priority: int, shelf: Shelf) -> Tenant:
    """What an admitted workload holds; replicas on nodes that left the pool are not there any more."""
    on = (*workload.placed, *workload.reserved)
    spots: dict[int, int] = {}
    for name in on:
        i = shelf.position.get(name)
        if i is not None:
            spots[i] = spots.get(i, 0) + 1
    seats: dict[int, Seats] = {}
    for name, chip in zip(on, workload.seats, strict=False):
        if name in shelf.position:
            seats[shelf.position[name]] = (*seats.get(shelf.position[name], ()), chip)
    held = max(assignment.replicas - workload.succeeded, 0) * variant.ask.chips
    at, uid, queue = assignment.admitted_at, workload.uid, workload.queue
    return Tenant(workload.key, priority, at, uid, queue, variant.ask, held, spots, seats)


def cost(tenant: Tenant) -> tuple[bool, int, int, float, float, str, int]:
    """Rule 6, cheapest first: shrink before evict; by standing, then priority, then work lost, then the youngest."""
    rest = (tenant.priority, tenant.lost, -tenant.admitted_at, tenant.uid, -tenant.index)
    return (tenant.index == WHOLE, _standing(tenant), *rest)


def _standing(tenant: Tenant) -> int:
    """Resold capacity gives back first, then scavengers, then borrowers, then whoever is within a guarantee."""
    if tenant.external:
        return 0
    if tenant.scavenges:
        return 1
    return 3 if tenant.loan == GUARANTEED else 2
