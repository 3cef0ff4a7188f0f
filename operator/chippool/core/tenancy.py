"""Who sits where in one pool, in the order in which they would have to go: lowest priority first, then youngest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chippool.core.ids import Milli, QueueName, WorkloadKey
from chippool.core.model import Ask, Assignment, Constraints, Variant, Workload
from chippool.core.shelf import Seats, Shelf


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
    rank: int = 0
    gone: bool = False


def a_tenant(workload: Workload, assignment: Assignment, variant: Variant, priority: int, shelf: Shelf) -> Tenant:
    """What an admitted workload holds; replicas on nodes that left the pool are not there any more."""
    on = (*workload.placed, *workload.reserved)
    spots = Counter(shelf.position[n] for n in on if n in shelf.position)
    seats: dict[int, Seats] = {}
    for name, chip in zip(on, workload.seats, strict=False):
        if name in shelf.position:
            seats[shelf.position[name]] = (*seats.get(shelf.position[name], ()), chip)
    held = max(assignment.replicas - workload.succeeded, 0) * variant.ask.chips
    at, uid, queue = assignment.admitted_at, workload.uid, workload.queue
    return Tenant(workload.key, priority, at, uid, queue, variant.ask, held, dict(spots), seats)


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
        self._began = list(shelf.free)
        self._below: dict[int, list[Milli]] = {}
        self._openings: dict[tuple[Milli, int], Openings] = {}

    def below(self, priority: int) -> Iterator[Tenant]:
        """Those of strictly lower priority that are still there, in the order they would go."""
        for tenant in self.ranked:
            if tenant.priority >= priority:
                return
            if not tenant.gone:
                yield tenant

    def held_below(self, priority: int) -> list[Milli]:
        """Chips by node that strictly lower priorities hold; kept up to date."""
        found = self._below.get(priority)
        if found is None:
            found = self._below[priority] = [0] * len(self.shelf.nodes)
            for tenant in self.below(priority):
                for i, count in tenant.spots.items():
                    found[i] += count * tenant.ask.chips
        return found

    def openings(self, chips: Milli, priority: int) -> "Openings":
        """The order in which nodes open for so many chips; shared by all who ask for as many at this priority."""
        key = (chips, priority)
        if key not in self._openings:
            self._openings[key] = Openings(self.ranked, self._began, chips, priority)
        return self._openings[key]

    def evict(self, tenant: Tenant) -> None:
        tenant.gone = True
        self._count(tenant, -1)
        for i, count in tenant.spots.items():
            self.shelf.give(i, tenant.ask, count, tenant.seats.get(i, ()))
            self.moved.append(i)

    def restore(self, tenants: Iterable[Tenant]) -> None:
        """Count evicted tenants among those who are there again; the shelf is rolled back by whoever asks for this."""
        for tenant in tenants:
            tenant.gone = False
            self._count(tenant, 1)

    def _count(self, tenant: Tenant, sign: int) -> None:
        for priority, held in self._below.items():
            for i, count in tenant.spots.items() if tenant.priority < priority else ():
                held[i] += sign * count * tenant.ask.chips


class Openings:
    """Nodes with the rank at which they would have opened, by chips alone and as the plan began.

    A node that has not got freer since can't open earlier, so this is where to look first. Tenants are walked only as
    far as somebody looks, and once for all who look; nodes that were opened for somebody are passed over by everybody.
    """

    def __init__(self, ranked: list[Tenant], began: list[Milli], chips: Milli, priority: int) -> None:
        self._found: list[tuple[int, int]] = []
        self._where: dict[int, int] = {}
        self._onward: list[int] = []
        """By place, the next one that may be worth a look: itself, or one behind it."""
        self._walk = _opened(ranked, began, chips, priority)

    def next(self, place: int) -> tuple[int, tuple[int, int] | None]:
        """The first place from `place` on that is not passed over, with its rank and node; None past the end."""
        passed = []
        while place < len(self._found) and self._onward[place] != place:
            passed.append(place)
            place = self._onward[place]
        for earlier in passed:
            self._onward[earlier] = place
        if place < len(self._found):
            return place, self._found[place]
        entry = next(self._walk, None)
        if entry is not None:
            self._where[entry[1]] = place
            self._found.append(entry)
            self._onward.append(place)
        return place, entry

    def pass_over(self, i: int) -> None:
        """Node `i` has not the chips any more; should it get freer, everybody is told otherwise."""
        place = self._where.get(i)
        if place is not None:
            self._onward[place] = place + 1


def _opened(ranked: list[Tenant], began: list[Milli], chips: Milli, priority: int) -> Iterator[tuple[int, int]]:
    free: dict[int, Milli] = {}
    opened: set[int] = set()
    for tenant in ranked:
        if tenant.priority >= priority:
            return
        for i, count in tenant.spots.items():
            free[i] = free.get(i, began[i]) + count * tenant.ask.chips
            if free[i] >= chips and i not in opened:
                opened.add(i)
                yield tenant.rank, i
