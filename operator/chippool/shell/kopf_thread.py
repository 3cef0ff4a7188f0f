"""kopf in a thread and an event loop of its own: as it ends it cancels every task of its loop, ours must live on."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable

import kopf

RESTART_S = 5.0

logger = logging.getLogger(__name__)


class KopfThread:
    """Runs kopf standalone, and again whenever it gives up, until stopped."""

    def __init__(self, registry: Callable[[], kopf.OperatorRegistry]) -> None:
        self.restarts = 0
        self.trouble = ""  # why it is not running, while it isn't
        self._registry = registry
        self._stopping = threading.Event()
        self._current: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self, within: float) -> None:
        """Ask it to end, and wait so many seconds at most."""
        self._stopping.set()
        if self._current is not None:
            loop, flag = self._current
            with contextlib.suppress(RuntimeError):  # it has ended by itself meanwhile
                loop.call_soon_threadsafe(flag.set)
        await asyncio.to_thread(self._thread.join, within)

    def started(self) -> None:
        """Kopf's startup handler has run."""
        self.trouble = ""

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._once()
            if not self._stopping.wait(RESTART_S):
                self.restarts += 1

    def _once(self) -> None:
        try:
            asyncio.run(self._operate())
            self.trouble = "kopf has ended"
        except Exception as error:  # noqa: BLE001  whatever it is, it must not end us
            self.trouble = f"kopf ended: {error!r}"
            logger.warning("%s; it is started again in %g s", self.trouble, RESTART_S)

    async def _operate(self) -> None:
        flag = asyncio.Event()
        self._current = asyncio.get_running_loop(), flag
        try:
            await kopf.operator(registry=self._registry(), standalone=True, clusterwide=True, stop_flag=flag)
        finally:
            self._current = None
