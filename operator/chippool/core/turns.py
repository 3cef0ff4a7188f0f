"""Rule 1 among equals of priority: the queue with the smallest share is asked next, level by level down the tree."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from chippool.core.ids import QueueName
from chippool.core.model import Workload
from chippool.core.quota import Ledger

Entry = tuple[float, float, str, int]
"""Share, then age and uid of whoever would be asked, and the position in the tree."""
_TOP = -1


class Turns:
    """Workloads of one priority in fair order; shares are looked at anew as the plan gives chips.

    Every place of the tree holds a contest among what is below it. When a queue's use or next workload changes, only
    the contests on its way to the root are looked at again; entries that no longer hold are dropped when met.
    """

    def __init__(self, ledger: Ledger, workloads: Iterable[Workload]) -> None:
        self._ledger = ledger
        self._paths = ledger.tree.paths
        self._waiting: defaultdict[int, deque[Workload]] = defaultdict(deque)
        self._strays: list[Workload] = []
        self._shares: dict[int, float] = {}
        self._entries: dict[int, Entry] = {}
        self._contests: defaultdict[int, list[Entry]] = defaultdict(list)
        self._read = len(ledger.moved)
        self._fill(workloads)

    def __iter__(self) -> Iterator[Workload]:
        """Those of unknown queues first: nothing is decided for them but that they wait."""
        yield from self._strays
        while self._top(_TOP) is not None:
            workload = self._next()
            yield workload
            self._catch_up(workload.queue)

    def _fill(self, workloads: Iterable[Workload]) -> None:
        seats = set()
        for workload in sorted(workloads, key=lambda w: (w.created, w.uid)):
            path = self._paths.get(workload.queue)
            if path is None:
                self._strays.append(workload)
                continue
            self._waiting[path[-1]].append(workload)
            seats.add(path)
        for path in sorted(seats):
            self._enter(path)

    def _next(self) -> Workload:
        at = _TOP
        while (top := self._top(at)) is not None:
            at = top[-1]
        return self._waiting[at].popleft()

    def _catch_up(self, asked: QueueName) -> None:
        moved = dict.fromkeys(self._ledger.moved[self._read :])
        self._read = len(self._ledger.moved)
        for queue in moved:
            for i in self._paths.get(queue, ()):
                self._shares.pop(i, None)
        for queue in dict.fromkeys((asked, *moved)):
            self._enter(self._paths.get(queue, ()))

    def _enter(self, path: tuple[int, ...]) -> None:
        for depth in range(len(path) - 1, -1, -1):
            i = path[depth]
            entry = self._entry(i)
            if entry == self._entries.get(i):
                continue
            if entry is None:
                self._entries.pop(i, None)
                continue
            self._entries[i] = entry
            heappush(self._contests[path[depth - 1] if depth else _TOP], entry)

    def _entry(self, i: int) -> Entry | None:
        waiting = self._waiting.get(i)
        if waiting:
            return self._share(i), waiting[0].created, waiting[0].uid, i
        best = self._top(i)
        return None if best is None else (self._share(i), best[1], best[2], i)

    def _share(self, i: int) -> float:
        if i not in self._shares:
            self._shares[i] = self._ledger.share(i)
        return self._shares[i]

    def _top(self, i: int) -> Entry | None:
        contest = self._contests.get(i)
        while contest and self._entries.get(contest[0][-1]) != contest[0]:
            heappop(contest)
        return contest[0] if contest else None
