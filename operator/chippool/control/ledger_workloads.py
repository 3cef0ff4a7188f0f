"""What every workload has used, in all its admissions: goes on from its status, and is told along with its changes."""

from dataclasses import dataclass, field, replace

import orjson

from chippool.control.status_usage import workload_usage
from chippool.core.books import Line, post, sums_of
from chippool.core.ids import WorkloadKey
from chippool.core.ledger import CHIP_HOUR, NOTHING, Stint, Sums, plus
from chippool.kube.writer import Write
from chippool.state.annotations import time_of
from chippool.state.mirror import Mirror
from chippool.state.records import WorkloadRecord


@dataclass(slots=True)
class Mine:
    """One workload's line, beside what its status had counted until `since` (milliseconds)."""

    uid: str
    since: int
    before: Sums
    line: Line = field(default_factory=Line)
    open: set[str] = field(default_factory=set)
    """Its pods that have not ended: those of an earlier workload of its name are not among them."""


class WorkloadBooks:
    """Only of workloads that have a status, and that have had pods while we look."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._mine: dict[WorkloadKey, Mine] = {}

    def replace(self, key: WorkloadKey, uid: str, before: Stint | None, after: Stint | None) -> None:
        """Count `after` instead of `before`, of one pod."""
        mine = self._of(key)
        if mine is None or (before is not None and uid not in mine.open):
            return
        for stint, sign in ((before, -1), (after, 1)):
            if stint is not None:
                post(mine.line, stint, sign, mine.since)
        if after is not None and after.ended is None:
            mine.open.add(uid)
        else:
            mine.open.discard(uid)

    def sums(self, key: WorkloadKey, at: int) -> Sums | None:
        """What it has used until a moment in milliseconds; None: nothing is known of it here."""
        mine, record = self._mine.get(key), self._mirror.workload(key)
        if mine is None or record is None or record.uid != mine.uid:
            return None
        return plus(mine.before, sums_of(mine.line, at))

    def complete(self, write: Write, at: float) -> Write:
        """Tell its use in a write of a workload's status; `at` in seconds."""
        if write.kind != "status" or write.key[0] != "ChipWorkload":
            return write
        sums = self.sums(WorkloadKey(f"{write.key[1]}/{write.key[2]}"), round(at * 1000))
        if sums is None or sums == NOTHING:
            return write
        status = {**write.body["status"], "usage": workload_usage(sums, at)}
        return replace(write, body={**write.body, "status": status})

    def tidy(self) -> None:
        """Forget workloads that are gone."""
        there = self._mirror.workload_records
        self._mine = {key: mine for key, mine in self._mine.items() if key in there and there[key].uid == mine.uid}

    def forget(self) -> None:
        """Somebody else counts from now on."""
        self._mine.clear()

    def _of(self, key: WorkloadKey) -> Mine | None:
        mine, record = self._mine.get(key), self._mirror.workload(key)
        if record is None or record.native is not None:
            return mine
        if mine is None or mine.uid != record.uid:
            mine = self._mine[key] = _told(record)
        return mine


def _told(record: WorkloadRecord) -> Mine:
    """Where its status stopped."""
    said = orjson.loads(record.status or b"{}").get("usage")
    if not said:
        return Mine(record.uid, 0, NOTHING)
    units = {name: round(CHIP_HOUR * float(text)) for name, text in said["chipHours"].items()}
    running = units["useful"] + units["lost"]
    before = Sums(units["starting"], running, units["lost"], doubt=units["uncertain"])
    return Mine(record.uid, round(1000 * time_of(said["countedUntil"])), before)
