"""How long work waits and runs: watched by the leader, and written into a ConfigMap, so that starts can be predicted.

Everybody who predicts reads it: the command line, and the replicas that serve explanations.
"""

import asyncio
import math
from collections.abc import Callable

from chippool.control.configmaps import ConfigMaps
from chippool.core.backlog import prospects
from chippool.core.eta import Experience
from chippool.core.experience import Workloads, noted, passed
from chippool.core.model import Snapshot
from chippool.core.ordering import waits_since
from chippool.core.plan import Plan, in_turn
from chippool.kube.client import ApiError, Client
from chippool.kube.writer import Outcome, Writer
from chippool.state.experience import LABEL, NAME, data_of, listed

LOOK_S = 30.0
WRITE_S = 300.0
"""What was learnt since is forgotten by a restart."""
NEW_S = 90.0
"""Who has waited longer when it is first seen is none of those whose beginning was seen."""
MOST = 64
"""New ones that are taken in at one look; of more, every other or third and so on."""

Decided = tuple[Snapshot, Plan]


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
        self._decided = decided
        what = "waits are not remembered"
        self._maps = ConfigMaps(writer, client, namespace, label=LABEL, kind="waits", what=what)
        self._may_write, self._clock = may_write, clock
        self._last: Workloads = {}
        self._led = False
        self._read_at = self._written_at = -math.inf
        self._written: Experience | None = None

    async def run(self) -> None:
        """Look every 30 s, until cancelled."""
        while True:
            try:
                await self.look()
            except ApiError as error:
                self._maps.complain(str(error))
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
            self._written, self._written_at = self.experience, now
            self._maps.write(NAME, "true", data_of(self.experience), self._landed)

    async def _read(self, now: float) -> None:
        self.experience = self._written = listed({"items": await self._maps.read()})
        self._read_at = now

    def _landed(self, outcome: Outcome) -> None:
        if outcome is not Outcome.DONE:
            self._written = None  # it is written again when the next write is due


def learnt(experience: Experience, last: Workloads, decided: Decided, now: float) -> Experience:
    """Take in what has happened since the last look, and who has begun to wait."""
    snapshot, plan = decided
    experience = passed(experience, last, snapshot.workloads, now)
    waiting = [key for key in in_turn(plan) if key in snapshot.workloads]
    new = [key for key in waiting if now - waits_since(snapshot.workloads[key]) <= NEW_S]
    new = [key for key in new if snapshot.workloads[key].uid not in experience.waiting]
    new = new[:: math.ceil(len(new) / MOST) or 1]
    asked = prospects(snapshot, waiting, new, experience.runs, now) if new else []
    return noted(experience, asked, snapshot.workloads, now)
