"""How long each pool's stock lasts, for the page: the reason in words, and the chart of `forecast --plot`."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from chippool.cli.failures import Failure
from chippool.cli.forecast_live import Histories, known_of
from chippool.core.ids import PoolName
from chippool.core.outlook import Asked, Outlook, asked, outlook_of
from chippool.kube.client import ApiError
from chippool.sim.outlook_drawing import drawn
from chippool.state.history import DEMAND, ring_of
from chippool.state.mirror import Mirror

Json = dict[str, Any]
Read = Callable[[], Awaitable[Histories]]
FRESH_S = 300.0
"""The operator writes what was asked for once an hour."""
NO_HISTORY = "What was asked for is not in this file: nothing was remembered yet, or whoever took it may not read that."


class Outlooks:
    """`read` fetches what the operator remembers; None: there is nowhere to fetch it from."""

    def __init__(self, mirror: Mirror, read: Read | None, clock: Callable[[], float]) -> None:
        self._mirror, self._read, self._clock = mirror, read, clock
        self._turn = asyncio.Lock()
        self._at = -math.inf
        self._data: Histories = {}
        self._trouble = "" if read else NO_HISTORY
        self._asked: dict[PoolName, tuple[str, Asked]] = {}

    async def all(self) -> Json:
        """Return every pool of which demand is remembered, with its reason, and what kept us from reading more."""
        await self._refresh()
        pools = [{"name": name, "sentence": self._seen(name).sentence} for name in self._known()]
        return {"pools": pools, "trouble": self._trouble}

    async def histories(self) -> Histories:
        """Return what is remembered, as the operator wrote it."""
        await self._refresh()
        return self._data

    async def chart(self, pool: str) -> str | None:
        """Return the picture of one pool; None where nothing is remembered of it."""
        await self._refresh()
        name = PoolName(pool)
        if name not in self._known():
            return None
        return await asyncio.to_thread(drawn, [(pool, self._seen(name))], self._clock())

    def _known(self) -> list[PoolName]:
        return sorted(self._asked.keys() & self._mirror.pool_records.keys())

    def _seen(self, name: PoolName) -> Outlook:
        return outlook_of(self._asked[name][1], known_of(self._mirror, name, self._data[name]), self._clock())

    async def _refresh(self) -> None:
        async with self._turn:
            if self._read is None or self._clock() - self._at < FRESH_S:
                return
            self._at = self._clock()
            try:
                self._data, self._trouble = await self._read(), ""
            except (Failure, ApiError) as error:
                self._data, self._trouble = {}, str(error)
            self._asked = {name: await self._taken(name, data) for name, data in sorted(self._data.items())}

    async def _taken(self, name: PoolName, data: Mapping[str, str]) -> tuple[str, Asked]:
        """Take in demand that was not seen before."""
        said, known = data.get(DEMAND, ""), self._asked.get(name)
        if known is not None and known[0] == said:
            return known
        return said, await asyncio.to_thread(asked, ring_of(data))
