"""What was asked for, and how chips failed: watched by the leader, written once an hour into a ConfigMap for each pool.

An operator that starts anew goes on from there; of the hour that ran it has the part it saw itself.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping

from chippool.api.names import API_VERSION
from chippool.control.configmaps import ConfigMaps
from chippool.control.outlooks import Outlooks
from chippool.core.attrition import Evidence, watched
from chippool.core.demand import Ring, advanced, begun, noted
from chippool.core.ids import CHIP, PoolName
from chippool.kube.client import ApiError, Client
from chippool.kube.writer import Outcome, Writer
from chippool.state.history import LABEL, data_of, evidence_of, name_of, ring_of
from chippool.state.mirror import Mirror
from chippool.state.records import PoolRecord

LOOK_S = 30.0
SOON_S = 1.0
"""Between looks of a replica that does not lead: once it does, runways are told at once."""
GAP_S = 300.0
"""After so long a silence another may have gone on: what it wrote is read again."""

Demand = Mapping[PoolName, Mapping[str, float]]
"""Chips by pool and priority class."""


class History:
    """Times in seconds since the epoch; `namespace` is the operator's own."""

    def __init__(
        self,
        mirror: Mirror,
        writer: Writer,
        client: Client,
        *,
        namespace: str,
        may_write: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._mirror = mirror
        what = "what was asked for is not remembered"
        self._maps = ConfigMaps(writer, client, namespace, label=LABEL, kind="history", what=what)
        self._may_write, self._clock = may_write, clock
        self._rings: dict[PoolName, Ring] = {}
        self._evidence: dict[PoolName, Evidence] = {}
        self.outlooks = Outlooks(mirror, self.evidence, clock)
        self._written: dict[PoolName, int] = {}  # the hour that ran when it was last written
        self._last = -math.inf

    async def run(self) -> None:
        """Look every 30 s while it leads, until cancelled."""
        while True:
            try:
                await self.look()
            except ApiError as error:
                self._maps.complain(str(error))
            await asyncio.sleep(LOOK_S if self._may_write() else SOON_S)

    def evidence(self, pool: PoolName) -> Evidence | None:
        """How the chips of a pool failed, as far as it was seen."""
        return self._evidence.get(pool)

    async def look(self) -> None:
        """Count what is asked for, and queue the writes of the hours that are over. ApiError: nothing can be read."""
        if not self._may_write():
            return
        if self._clock() - self._last > GAP_S:
            await self._read()
            self._last = self._clock()
        since, self._last = self._last, self._clock()
        asked = demand(self._mirror)
        for name, record in self._mirror.pool_records.items():
            self._note(record, since, asked.get(name, {}))
            if self._written.get(name) != self._rings[name].hour:
                self._write(record)
        for gone in self._rings.keys() - self._mirror.pool_records.keys():
            self._forget(gone)
        await self.outlooks.learn(dict(self._rings))

    async def _read(self) -> None:
        found = await self._maps.read()
        self._rings, self._evidence, self._written = {}, {}, {}
        for item in found:
            pool, data = PoolName(item["metadata"]["labels"][LABEL]), item.get("data") or {}
            if (ring := ring_of(data)) is not None:
                self._rings[pool], self._written[pool] = ring, ring.hour
            if (evidence := evidence_of(data)) is not None:
                self._evidence[pool] = evidence

    def _note(self, record: PoolRecord, since: float, asked: Mapping[str, float]) -> None:
        name, now = record.name, self._last
        ring = self._rings.get(name)
        ring = begun(since) if ring is None else advanced(ring, int(since // 3600))
        self._rings[name] = noted(ring, since, now, asked)
        if record.supply is None:
            self._evidence.pop(name, None)
            return
        healthy = max(0, self._mirror.pool_counts(name).healthy)
        self._evidence[name] = watched(self._evidence.get(name), healthy, record.supply.owned * CHIP, now)

    def _forget(self, pool: PoolName) -> None:
        self._rings.pop(pool)
        self._evidence.pop(pool, None)
        self._maps.forget(name_of(pool))
        self._written.pop(pool, None)

    def _write(self, record: PoolRecord) -> None:
        """The ConfigMap as it is to be; it belongs to the pool and goes with it."""
        pool = record.name
        hour = self._written[pool] = self._rings[pool].hour
        owner = {"apiVersion": API_VERSION, "kind": "ChipPool", "name": pool, "uid": record.uid}
        data = data_of(self._rings[pool], self._evidence.get(pool))
        self._maps.write(name_of(pool), pool, data, self._landed(pool, hour), owner)

    def _landed(self, pool: PoolName, hour: int) -> Callable[[Outcome], None]:
        def done(outcome: Outcome) -> None:
            if outcome is not Outcome.DONE and self._written.get(pool) == hour:
                self._written.pop(pool)  # the next look tries again

        return done


def demand(mirror: Mirror) -> Demand:
    """Return what is asked for, running and waiting, in chips x efficiency, by pool and class."""
    found: defaultdict[PoolName, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    pools = mirror.pool_records
    for (pool, class_name, purpose), chips in sorted(mirror.seen().asked_sums.all().items()):
        if pool in pools:
            found[pool][class_name] += chips / CHIP * pools[pool].yields.gain(purpose)
    return found
