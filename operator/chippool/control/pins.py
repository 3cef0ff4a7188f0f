"""Gated pods go to their reserved nodes at once, without waiting for the next decision."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chippool.control import publish
from chippool.kube.writer import Answer, Outcome, Writer
from chippool.state.mirror import Mirror
from chippool.state.records import Pin

SETTLE_S = 0.02
"""Pods come in bursts; one look for each burst is enough."""
EXPECT_S = 3.0
"""So long after the last pin, or admission, more of them are expected."""
AGAIN_S = 5.0


class Pins:
    """Hands the mirror's pins to the writer; `clock` in seconds since the epoch."""

    def __init__(
        self, mirror: Mirror, writer: Writer, *, may_write: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._mirror, self._writer = mirror, writer
        self._may_write, self._clock = may_write, clock
        self._news = asyncio.Event()
        self._expected = 0
        self._expected_until = 0.0
        self._order = 0

    def note(self) -> None:
        """Something has changed."""
        self._news.set()

    def expect(self, count: int) -> None:
        """So many pods are about to be made that have their nodes already."""
        self._expected = self._still_expected() + count
        self._expected_until = self._clock() + EXPECT_S

    def expected(self) -> bool:
        """Whether low-value writes had better wait for pins that are about to come."""
        return self._still_expected() > 0

    def send(self) -> None:
        """Write every pin that is possible now."""
        pins = self._mirror.pins(self._clock()) if self._may_write() else []
        for pin in pins:
            self._order += 1
            self._writer.put(replace(publish.pin(pin, self._order), done=partial(self._done, pin)))
        if pins:
            self.expect(-len(pins))

    async def run(self) -> None:
        """Send pins shortly after every change, until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(SETTLE_S)
            self._news.clear()
            self.send()

    def _still_expected(self) -> int:
        return max(0, self._expected) if self._clock() < self._expected_until else 0

    def _done(self, pin: Pin, outcome: Outcome, _: Answer) -> None:
        match outcome:
            case Outcome.DONE | Outcome.SUPERSEDED:
                return
            case Outcome.REFUSED:
                asyncio.get_running_loop().call_later(AGAIN_S, self._mirror.unpin, pin.pod_uid)
            case Outcome.CONFLICT | Outcome.GONE | Outcome.LAPSED:
                self._mirror.unpin(pin.pod_uid)
