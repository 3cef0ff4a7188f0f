"""Where the board's figures come from: a cluster that is followed, or a file of `chippool snapshot`."""

import asyncio
import contextlib
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chippool.cli.failures import Failure
from chippool.cli.picture import Picture, picture
from chippool.kube.client import ApiError
from chippool.state.mirror import Mirror
from chippool.visibility.expectation import UNSEEN, Known
from chippool.visibility.reading import Reading, decided

Waits = Callable[[], Awaitable[Known]]
FRESH_S = 300.0
"""The operator writes as often how long others waited."""


class Troubled(Protocol):
    """A feed; the sentence says why what it brought may be old."""

    @property
    def trouble(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the cluster; two with the same number are the same."""

    number: int
    reading: Reading
    picture: Picture
    trouble: str


class Source:
    """Looks at a mirror; `taken_at`, in seconds since the epoch, is when a file was written, None for a live one.

    `waits` fetches how long others waited.
    """

    def __init__(
        self,
        mirror: Mirror,
        feeds: Sequence[Troubled] = (),
        *,
        waits: Waits | None = None,
        taken_at: float | None = None,
    ) -> None:
        self._mirror, self._feeds, self._taken_at = mirror, feeds, taken_at
        self._waits, self._known, self._known_at = waits, UNSEEN, -math.inf
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._last: Look | None = None
        mirror.on_change = self._changed.set

    @property
    def live(self) -> bool:
        return self._taken_at is None

    def now(self) -> float:
        """Return when what is shown is, in seconds since the epoch."""
        return time.time() if self._taken_at is None else self._taken_at

    async def last(self) -> Look:
        """Return the last look there was, the first one where there was none."""
        return self._last or await self.look()

    async def look(self) -> Look:
        """Look again; of a file the first look is the only one."""
        async with self._turn:
            if self._last is None or self.live:
                self._changed.clear()
                self._last = await self._look()
            return self._last

    async def changed(self, within: float) -> None:
        """Return when something came in, or after so many seconds: time alone decides things, too."""
        try:
            await asyncio.wait_for(self._changed.wait(), within)
        except TimeoutError:
            return

    def trouble(self) -> str:
        """Say why the figures may be old; empty where they are not."""
        return next(iter(sorted({feed.trouble for feed in self._feeds if feed.trouble})), "")

    async def _look(self) -> Look:
        await self._remember()
        reading = await decided(self._mirror, self.now(), self._known)
        lines = picture(replace(reading, known=UNSEEN))  # the page asks for one start at a time: all take a while
        return Look(next(self._numbers), reading, lines, self.trouble())

    async def _remember(self) -> None:
        """Read how long others waited, now and then; while that can't be read, what was known holds."""
        if self._waits is None or self.now() - self._known_at < FRESH_S:
            return
        self._known_at = self.now()
        with contextlib.suppress(Failure, ApiError):
            self._known = await self._waits()
