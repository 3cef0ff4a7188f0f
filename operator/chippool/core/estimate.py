"""Rule 7: when what runs gives its chips back: by spec.maxRuntime, which is enforced, else by what its queue's took.

A guess that has passed is doubled (as Tsafrir, Etsion and Feitelson, 2007, correct theirs), so it is never far behind
twice the truth. Work without either, and services, which have no end of their own, count as staying.
"""

from collections.abc import Mapping
from math import inf

from chippool.core.ids import QueueName
from chippool.core.model import Mode, Workload


def over_by(workload: Workload, now: float) -> float:
    """When it will certainly be over if it runs, or is admitted, now; infinity if nothing says so."""
    if workload.max_runtime is None:
        return inf
    return _since(workload, now) + workload.max_runtime


def expected_end(workload: Workload, runtimes: Mapping[QueueName, float], now: float) -> float:
    """When it is thought to be over; infinity if nobody knows."""
    if workload.max_runtime is not None:
        return max(over_by(workload, now), now)
    typical = runtimes.get(workload.queue, 0.0)
    if workload.mode is not Mode.GANG or typical <= 0.0:
        return inf
    since, guess = _since(workload, now), typical
    while since + guess <= now:
        guess *= 2
    return since + guess


def _since(workload: Workload, now: float) -> float:
    return now if workload.assignment is None else workload.assignment.admitted_at
