"""Pools and queues: their status at most every 10 s, and the finalizer that keeps one in use from vanishing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from chippool.api.names import FINALIZER
from chippool.control import render_marks as marks
from chippool.control.budgets import Budgets
from chippool.control.publish_status import tell_pool, tell_queue
from chippool.control.status_conditions import Said, told
from chippool.control.status_write import MERGE, of_pool, of_queue, status_write
from chippool.core.attrition import Evidence
from chippool.core.ids import ClassName, Milli, PoolName, QueueName
from chippool.core.ledger import Used
from chippool.core.outlook import Outlook
from chippool.core.sharing import Sharing
from chippool.kube.writer import Outcome, Urgency, Write, Writer
from chippool.state.mirror import Mirror
from chippool.state.records import PoolRecord, QueueRecord

EVERY_S = 10.0

PLURALS = {"ChipPool": "chippools", "ChipQueue": "chipqueues"}

Key = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class Life:
    """What kopf last saw of a pool or queue."""

    uid: str
    version: str
    finalizers: tuple[str, ...]
    deleting: bool


class Custody:
    """All pools and queues; times in seconds since the epoch."""

    def __init__(self, mirror: Mirror, writer: Writer) -> None:
        self._mirror, self._writer = mirror, writer
        self.classes: Collection[ClassName] | None = None  # those the cluster has, once known
        self.budgets = Budgets(mirror)
        self.evidence: Callable[[PoolName], Evidence | None] = lambda _: None
        """How the chips of a pool failed, as far as it was seen."""
        self.outlook: Callable[[PoolName], Outlook | None] = lambda _: None
        """How long they last, as far as demand is remembered."""
        self.used: Callable[[QueueRecord, float], Used | None] = lambda *_: None
        """What a queue and those below it used in the period that runs, as the ledger has it."""
        self.kept: Mapping[PoolName, Milli] = {}
        """Free chips that the last plan keeps for whoever is next, by pool."""
        self._lives: dict[Key, Life] = {}
        self._told: dict[Key, tuple[float, tuple[int, bool]]] = {}  # when, and of which generation
        self._flying: set[Key] = set()
        self._sharing: Sharing | None = None

    def seen(self, raw: Mapping[str, Any]) -> None:
        """Record a pool or queue as it is now."""
        metadata = raw["metadata"]
        self._lives[_key(raw)] = Life(
            metadata["uid"],
            metadata["resourceVersion"],
            tuple(metadata.get("finalizers") or ()),
            "deletionTimestamp" in metadata,
        )

    def gone(self, raw: Mapping[str, Any]) -> None:
        """Forget a pool or queue that was deleted."""
        self._lives.pop(_key(raw), None)

    def step(self, now: float) -> None:
        """Write what is due."""
        self._sharing = None
        self.budgets.step(now)
        for record in self._mirror.pool_records.values():
            self._look_after(("ChipPool", record.name), record, now)
        for entry in self._mirror.queue_records.values():
            self._look_after(("ChipQueue", entry.name), entry, now)

    def _look_after(self, key: Key, record: PoolRecord | QueueRecord, now: float) -> None:
        life = self._lives.get(key)
        if life is not None and key not in self._flying:
            self._keep(key, life)
        stamp = (record.generation, life is not None and life.deleting)
        at, told_of = self._told.get(key, (0.0, (0, False)))
        if stamp == told_of and now - at < EVERY_S:
            return
        self._told[key] = (now, stamp)
        for write in self._status(record, life, now):
            self._writer.put(write)

    def _keep(self, key: Key, life: Life) -> None:
        used = self._is_used(key)
        kept = FINALIZER in life.finalizers
        if used == kept or (used and life.deleting):
            return  # the API server takes no new finalizers on what is being deleted
        finalizers = [*life.finalizers, FINALIZER] if used else [name for name in life.finalizers if name != FINALIZER]
        self._flying.add(key)
        self._writer.put(replace(_finalizers(key, life, finalizers), done=self._landed(key, life)))

    def _is_used(self, key: Key) -> bool:
        kind, name = key
        if kind == "ChipQueue":
            return self._mirror.queue_counts(QueueName(name)).admitted_workloads > 0 or self._is_parent(QueueName(name))
        counts = self._mirror.pool_counts(PoolName(name))
        if counts.overlaps:  # chips of the other pool's work are counted here too, and must not keep this one
            return self._is_assigned(PoolName(name))
        return counts.allocated + counts.releasing > 0

    def _is_parent(self, name: QueueName) -> bool:
        return any(record.view.parent == name for record in self._mirror.queue_records.values())

    def _is_assigned(self, pool: PoolName) -> bool:
        return any(pool in self._mirror.queue_counts(QueueName(name)).used for name in self._mirror.queue_records)

    def _landed(self, key: Key, life: Life) -> Callable[[Outcome, Any], None]:
        def done(outcome: Outcome, answer: Any) -> None:
            self._flying.discard(key)
            if outcome is Outcome.DONE:
                self.seen(answer)
            elif outcome is not Outcome.LAPSED and self._lives.get(key) is life:
                del self._lives[key]  # there is a newer version, and kopf is about to tell of it

        return done

    def _status(self, record: PoolRecord | QueueRecord, life: Life | None, now: float) -> list[Write]:
        if life is not None and life.deleting:
            return _waits(record, now)
        if isinstance(record, PoolRecord):
            kept, seen = self.kept.get(record.name, 0), (self.evidence(record.name), self.outlook(record.name))
            return tell_pool(record, self._mirror, now, self._shares(), kept, *seen)
        spent = self.budgets.of(record.view.name)
        return tell_queue(record, self._mirror, now, self._shares(), self.classes, spent, self.used(record, now))

    def _shares(self) -> Sharing:
        """Looked at once a step, and only when something is due."""
        if self._sharing is None:
            self._sharing = self._mirror.sharing()
        return self._sharing


def _waits(record: PoolRecord | QueueRecord, now: float) -> list[Write]:
    """Say why a deleted pool or queue is still there."""
    target = of_pool(record) if isinstance(record, PoolRecord) else of_queue(record)
    users = (
        "pods hold chips of this pool"
        if isinstance(record, PoolRecord)
        else "workloads of this queue are admitted, or other queues name it as their parent"
    )
    said = Said("Ready", False, "Deleting", f"Deletion waits while {users}; it ends when they are gone.")
    old = orjson.loads(record.status or b"{}")
    new = {**old, "conditions": told(old.get("conditions") or [], [said], record.generation, now)}
    return status_write(target, old, new)


def _finalizers(key: Key, life: Life, finalizers: list[str]) -> Write:
    kind, name = key
    return Write(
        (kind, name, "finalizers"),
        "PATCH",
        f"{marks.ROOT}/{PLURALS[kind]}/{name}",
        {"metadata": {"uid": life.uid, "resourceVersion": life.version, "finalizers": finalizers}},
        Urgency.UPKEEP,
        content_type=MERGE,
        kind=kind,
    )


def _key(raw: Mapping[str, Any]) -> Key:
    return raw["kind"], raw["metadata"]["name"]
