"""What is told of workloads, pools and queues: their status, and events of what changed in it; pure, as `publish`."""

from collections.abc import Collection

import orjson

from chippool.control.publish_events import events_of
from chippool.control.publish_known import Known
from chippool.control.status import status_of
from chippool.control.status_pool import pool_status
from chippool.control.status_queue import queue_status
from chippool.control.status_write import of_pool, of_queue, of_workload, status_write
from chippool.core.attrition import Evidence
from chippool.core.budget import Spent
from chippool.core.ids import ClassName, Milli, QueueName, WorkloadKey
from chippool.core.ledger import Used
from chippool.core.outlook import Outlook
from chippool.core.plan import Decision, Finish
from chippool.core.sharing import Sharing
from chippool.kube.writer import Write
from chippool.state.records import PoolRecord, QueueRecord


def tell(key: WorkloadKey, decision: Decision, known: Known, now: float, instance: str) -> list[Write]:
    """Return the status write and the events of what changed for a workload: nothing where its status says so already.

    A Finish has only its event here: its status is urgent and among `writes`. Not for a workload whose last status
    write is under way: compare again when it has landed.
    """
    record, view = known.workload(key), known.view(key)
    if record is None or view is None:
        return []
    old = orjson.loads(record.status or b"{}")
    new = status_of(record, view, known.made(key), decision, now)
    said = status_write(of_workload(record), old, new)
    if not said:
        return []
    events = events_of(record, view, old, new, known.workload, now, instance)
    return events if isinstance(decision, Finish) else [*said, *events]


def tell_pool(
    record: PoolRecord,
    known: Known,
    now: float,
    sharing: Sharing,
    kept: Milli = 0,
    evidence: Evidence | None = None,
    outlook: Outlook | None = None,
) -> list[Write]:
    """Return the status write of a pool, or none; that it moves at most every 10 s is the caller's part.

    `kept` are the free chips that wait for the workload that is next there; `evidence` is how its chips failed, and
    `outlook` how long they last; None: not looked at.
    """
    old = orjson.loads(record.status or b"{}")
    counts, oversold = known.pool_counts(record.name), sharing.oversold.get(record.name)
    return status_write(of_pool(record), old, pool_status(record, counts, oversold, now, kept, evidence, outlook))


def tell_queue(
    record: QueueRecord,
    known: Known,
    now: float,
    sharing: Sharing,
    classes: Collection[ClassName] | None = None,
    spent: Spent | None = None,
    used: Used | None = None,
) -> list[Write]:
    """Return the status write of a queue, or none.

    `classes` are all the cluster has, None: not looked at; `spent` what it has used of its budget, None: not counted;
    `used` what the ledger has of it.
    """
    old = orjson.loads(record.status or b"{}")
    counts = known.queue_counts(QueueName(record.name))
    new = queue_status(record, counts, sharing, known.pool_records, classes, now, spent, used)
    return status_write(of_queue(record), old, new)
