"""Tells every page that is open what has changed: Server-Sent Events, whole and small; nobody looking, nothing done."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import orjson

from chippool.board.document import summary
from chippool.board.source import Look, Source

PAUSE_S = 1.0
"""Between two looks at least; then more after long ones, so that most of a core is left to who else works here."""
REST = 2.0
LATEST_S = 15.0
"""Between two looks at most."""
ALIVE_S = 15.0
"""A page that hears nothing for so long hears that we are there."""

Document = tuple[int, bytes]


class Live:
    """What pages are told; `run` keeps it up while any is open."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._news = asyncio.Condition()
        self._pages = 0
        self._now: Document | None = None
        self._said: Look | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._pages > 0)
            started = self._clock()
            await self._take(await self._source.look())
            await asyncio.sleep(max(PAUSE_S, REST * (self._clock() - started)))
            await self._source.changed(LATEST_S)

    async def pages(self) -> AsyncGenerator[bytes]:
        """Yield what a page reads, from now on; at once what is known already."""
        seen = 0
        async with self._news:
            self._pages += 1
            self._news.notify_all()
        try:
            if self._now is None:
                await self._take(await self._source.last())
            while True:
                seen, event = await self._after(seen)
                yield event
        finally:
            self._pages -= 1

    async def _after(self, seen: int) -> Document:
        try:
            async with asyncio.timeout(ALIVE_S), self._news:
                await self._news.wait_for(lambda: self._now is not None and self._now[0] != seen)
                assert self._now is not None
                return self._now
        except TimeoutError:
            return seen, b": still here\n\n"

    async def _take(self, look: Look) -> None:
        """Say it if it says something new; the moment alone is nothing new."""
        if self._said is not None and _same(self._said, look):
            return
        said = orjson.dumps(summary(look) | {"number": look.number, "live": self._source.live})
        async with self._news:
            self._said, self._now = look, (look.number, b"event: board\ndata: " + said + b"\n\n")
            self._news.notify_all()


def _same(one: Look, other: Look) -> bool:
    """Ages go on with time and are no news: the page counts them itself."""
    return one.trouble == other.trouble and _told(one) == _told(other)


def _told(look: Look) -> list[object]:
    seen = look.picture
    lines = ((w.namespace, w.name, w.state, w.position, w.message, w.ready, w.chips) for w in seen.workloads)
    return [seen.pools, seen.priority_classes, seen.finished, *lines]
