"""Rule 3 of chips that are not resold any more: by a date of the pool, External queues give back what they have."""

from collections.abc import Container, Iterable

from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot, Workload
from chippool.core.plan import Displace
from chippool.core.reasons import Reason
from chippool.core.tree import is_external


def given_back(
    snapshot: Snapshot, living: Iterable[Workload], known: Container[WorkloadKey], now: float
) -> dict[WorkloadKey, Displace]:
    """Who has to go now, beside those whose fate is known; nobody is looked at where no date has passed."""
    ended = {name: pool for name, pool in snapshot.pools.items() if _is_over(pool.resale.until, now)}
    if not ended:
        return {}
    gone: dict[WorkloadKey, Displace] = {}
    for workload in living:
        given = workload.assignment
        if given is None or given.pool not in ended or workload.key in known:
            continue
        if is_external(snapshot.queues, workload.queue):
            message = _message(given.pool, ended[given.pool].resale.why)
            gone[workload.key] = Displace(workload.key, Reason.RESALE_ENDED, None, message)
    return gone


def dates(snapshot: Snapshot, now: float) -> list[float]:
    """When somebody will have to go though nothing in the cluster moves."""
    untils = [pool.resale.until for pool in snapshot.pools.values()]
    return [until for until in untils if until is not None and until > now]


def _is_over(until: float | None, now: float) -> bool:
    return until is not None and now >= until


def _message(pool: str, why: str) -> str:
    return f"Chips of {pool} are not resold to External queues any more ({why}), and spec.supply.graceUntil has passed."
