"""An event loop that looks at its sockets a bounded number of times a second, and so finds more to do each time.

A burst of watch events and answers comes record by record, and to wake up for each costs more than to handle it.
"""

import asyncio
import selectors
import time
from collections.abc import Callable

LEAST_S = 0.01
"""From one look to the next. After as long a silence nothing is delayed at all."""


class Gathering(selectors.DefaultSelector):
    """Waits as its base does, but not sooner than `least` seconds after it last returned; never beyond a timeout."""

    def __init__(
        self,
        least: float = LEAST_S,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._least, self._clock, self._sleep = least, clock, sleep
        self._next = clock()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; a `timeout` of 0 or less means a look without any wait, as between two callbacks."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        found = super().select(self._rest(timeout))
        self._next = self._clock() + self._least
        return found

    def _rest(self, timeout: float | None) -> float | None:
        """Sleep for as long as it is too soon; return what is left of `timeout`."""
        pause = self._next - self._clock()
        if timeout is not None:
            pause = min(pause, timeout)
        if pause <= 0:
            return timeout
        self._sleep(pause)
        return None if timeout is None else timeout - pause


def gathering_loop() -> asyncio.AbstractEventLoop:
    """Make a new event loop that gathers."""
    return asyncio.SelectorEventLoop(Gathering())
