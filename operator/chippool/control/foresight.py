"""How long work waits and runs: watched by the leader, and written into a ConfigMap, so that starts can be predicted.

Everybody who predicts reads it: the command line, and the replicas that serve explanations.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any

from chippool.core.backlog import prospects, since
from chippool.core.eta import Experience
from chippool.core.experience import Workloads, noted, passed
from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot
from chippool.core.plan import Hold, Plan
from chippool.kube.client import ApiError, Client
from chippool.kube.writer import Answer, Outcome, Urgency, Write, Writer
from chippool.state.experience import LABEL, NAME, data_of, listed

LOOK_S = 30.0
WRITE_S = 300.0
"""What was learnt since is forgotten by a restart."""
NEW_S = 90.0
"""Who has waited longer when it is first seen is none of those whose beginning was seen."""
MOST = 64
"""New ones that are taken in at one look; of more, every other or third and so on."""

Decided = tuple[Snapshot, Plan]

logger = logging.getLogger(__name__)


class Foresight:
    """`decided` gives the last view and what was decided on it; times in seconds since the epoch."""

    def __init__(
        self,
        decided: Callable[[], Decided | None],
        writer: Writer,
        client: Client,
        *,
        namespace: str,
        may_write: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self.experience = Experience()
        self._decided, self._writer, self._client = decided, writer, client
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._may_write, self._clock = may_write, clock
        self._last: Workloads = {}
        self._led = self._there = False
        self._read_at = self._written_at = -math.inf
        self._written: Experience | None = None
        self._said = ""

    async def run(self) -> None:
        """Look every 30 s, until cancelled."""
        while True:
            try:
                await self.look()
            except ApiError as error:
                self._complain(str(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Learn, and queue the write that is due; who does not lead reads what the leader wrote. May raise ApiError."""
        leads, now = self._may_write(), self._clock()
        if not leads or not self._led:
            if leads or now - self._read_at >= WRITE_S:
                await self._read(now)
            self._led, self._last = leads, {}
        decided = self._decided() if leads else None
        if decided is None:
            return
        self.experience = await asyncio.to_thread(learnt, self.experience, self._last, decided, now)
        self._last = decided[0].workloads
        if self.experience is not self._written and now - self._written_at >= WRITE_S:
            self._writer.put(self._write(now))

    async def _read(self, now: float) -> None:
        found = await self._client.get(self._path, labelSelector=LABEL)
        self._there = bool((found or {}).get("items"))
        self.experience = self._written = listed(found)
        self._read_at = now

    def _write(self, now: float) -> Write:
        self._written, self._written_at = self.experience, now
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "labels": {LABEL: "true"}},
            "data": data_of(self.experience),
        }
        return Write(
            ("ConfigMap", NAME),
            "PATCH" if self._there else "POST",
            f"{self._path}/{NAME}" if self._there else self._path,
            body,
            Urgency.UPKEEP,
            content_type="application/merge-patch+json" if self._there else "application/json",
            kind="waits",
            done=self._landed,
        )

    def _landed(self, outcome: Outcome, answer: Answer) -> None:
        match outcome:
            case Outcome.DONE | Outcome.CONFLICT:
                self._there = True
            case Outcome.GONE:
                self._there = False
            case Outcome.REFUSED:
                self._complain(str(answer))
        if outcome is not Outcome.DONE:
            self._written = None  # it is written again when the next write is due

    def _complain(self, error: str) -> None:
        """Once, until it is another."""
        if error != self._said:
            logger.warning("waits are not remembered: %s", error)
        self._said = error


def learnt(experience: Experience, last: Workloads, decided: Decided, now: float) -> Experience:
    """Take in what has happened since the last look, and who has begun to wait."""
    snapshot, plan = decided
    experience = passed(experience, last, snapshot.workloads, now)
    waiting = in_turn(plan, snapshot)
    new = [key for key in waiting if now - since(snapshot.workloads[key]) <= NEW_S]
    new = [key for key in new if snapshot.workloads[key].uid not in experience.waiting]
    new = new[:: math.ceil(len(new) / MOST) or 1]
    asked = prospects(snapshot, waiting, new, experience.runs, now) if new else []
    return noted(experience, asked, snapshot.workloads, now)


def in_turn(plan: Plan, snapshot: Snapshot) -> list[WorkloadKey]:
    """Return who waits and can be helped by waiting, in the order of their turns."""
    holds = [d for d in plan.decisions if isinstance(d, Hold) and d.position and d.workload in snapshot.workloads]
    return [hold.workload for hold in sorted(holds, key=lambda hold: hold.position)]
