"""When to decide: once what changed has settled, never much later than it came, and when the clock alone says so.

A burst is not over for a long time, and its first work need not wait for its last: the cheaper the last decision was,
the sooner there is another one while changes keep coming.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

IDLE_S = 0.1
LONGEST_S = 1.0
SHARE = 0.05
"""Of the time that decisions may take while changes keep coming."""

Wait = Callable[[asyncio.Event, float | None], Awaitable[bool]]
"""Waits for an event, at most so many seconds; answers whether it came."""


async def wait_for(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait in real time; no limit where `seconds` is None."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


class Batch:
    """Gathers changes until there was none for `idle` seconds; times in seconds.

    While they keep coming, at most so long that deciding takes `SHARE` of the time, and at most `longest`.
    """

    def __init__(
        self,
        *,
        idle: float = IDLE_S,
        longest: float = LONGEST_S,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = wait_for,
    ) -> None:
        self._idle, self._longest = idle, longest
        self._clock, self._wait = clock, wait
        self._patience = idle
        self._news = asyncio.Event()

    def note(self) -> None:
        """Something has changed."""
        self._news.set()

    def spent(self, seconds: float) -> None:
        """The last decision took so long."""
        self._patience = min(self._longest, max(self._idle, seconds / SHARE))

    async def ready(self, within: float | None = None) -> None:
        """Return when a batch is complete, or after `within` seconds without any change."""
        if not await self._wait(self._news, within):
            return
        deadline = self._clock() + self._patience
        while await self._more(deadline):
            pass

    async def _more(self, deadline: float) -> bool:
        self._news.clear()
        left = min(self._idle, deadline - self._clock())
        return left > 0 and await self._wait(self._news, left)
