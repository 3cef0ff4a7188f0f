"""Rule 7: within a priority nobody starves, whatever the shares of queues say.

Shares alone would let a stream of small work of one queue pass a large workload of another for ever: it needs more than
its queue's fair part for a while. So a queue that has not got anything for PATIENCE in its turn is asked first, once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from math import inf

from chippool.core.ids import ClassName, QueueName
from chippool.core.model import Workload

PATIENCE = 4 * 3600.0
"""Seconds without an admission, though something waits: then the queue is asked before its equals of priority."""


def by_class(workloads: Iterable[Workload]) -> Mapping[ClassName, list[Workload]]:
    """Those of them that are admitted."""
    found: defaultdict[ClassName, list[Workload]] = defaultdict(list)
    for workload in workloads:
        if workload.assignment is not None:
            found[workload.class_name].append(workload)
    return found


def overdue(equals: Iterable[Workload], admitted: Mapping[ClassName, list[Workload]], now: float) -> list[Workload]:
    """The oldest of each queue that has waited too long, the longest first.

    What was admitted out of its turn, being younger, does not count as having got something.
    """
    oldest: dict[QueueName, Workload] = {}
    for workload in equals:
        known = oldest.get(workload.queue)
        if workload.assignment is None and (known is None or _age(workload) < _age(known)):
            oldest[workload.queue] = workload
    late = [w for w in oldest.values() if w.created < now - PATIENCE]
    if not late:
        return []
    served = _served(late, admitted)
    since = {w.key: max(w.created, served[w.queue]) for w in late}
    return sorted((w for w in late if since[w.key] < now - PATIENCE), key=lambda w: (since[w.key], *_age(w)))


def _served(late: Iterable[Workload], admitted: Mapping[ClassName, list[Workload]]) -> Mapping[QueueName, float]:
    """When each queue was last given something of this class that had waited for longer, as far as it still runs."""
    found: defaultdict[QueueName, float] = defaultdict(lambda: -inf)
    waits: dict[tuple[QueueName, ClassName], Workload] = {(w.queue, w.class_name): w for w in late}
    for other in chain.from_iterable([admitted.get(name, ()) for name in {w.class_name for w in late}]):
        mine, given = waits.get((other.queue, other.class_name)), other.assignment
        if mine is not None and given is not None and _age(other) < _age(mine):
            found[other.queue] = max(found[other.queue], given.admitted_at)
    return found


def _age(workload: Workload) -> tuple[float, str]:
    return workload.created, workload.uid
