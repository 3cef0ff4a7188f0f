"""One process of the plane: start it, know that it is ready, stop it, tell why it ended."""

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import DEVNULL, Process

import aiohttp

from tools.plane.components import Component
from tools.plane.errors import PlaneError
from tools.plane.layout import Layout
from tools.plane.spawn import dies_with_parent

READY_WITHIN_S = 60.0
_TAIL_LINES = 15
_POLL_S = 0.05


class PortTakenError(PlaneError):
    """Somebody took a port between the search for free ones and the start."""


class Child:
    def __init__(self, component: Component, layout: Layout) -> None:
        self.component = component
        self.layout = layout
        self.process: Process | None = None
        self.stopped = False
        self.wanted = False
        self.crashes = 0
        self.changing = asyncio.Lock()  # nobody starts it twice

    @property
    def state(self) -> str:
        if self.process is None or self.process.returncode is not None:
            return "ended"
        return "stopped" if self.stopped else "running"

    @property
    def crashed(self) -> bool:
        """It ended, and not because somebody asked for it here."""
        return self.wanted and self.pid is None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.returncode is None else None

    async def start(self) -> None:
        with self.layout.log(self.component.name).open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.component.argv(self.layout),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.layout.run,
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
        self.stopped, self.wanted = False, True

    async def ready(self, session: aiohttp.ClientSession) -> None:
        """Return once the health check says yes; PlaneError with the log's tail if it ends or takes too long."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not await _healthy(session, self.component.health(self.layout)):
            if self.pid is None:
                raise self._why("ended while starting")
            if time.monotonic() > deadline:
                raise self._why(f"was not ready within {READY_WITHIN_S:.0f} s")
            await asyncio.sleep(_POLL_S)

    def signal(self, number: signal.Signals) -> None:
        if self.process is None or self.process.returncode is not None:
            raise PlaneError(f"{self.component.name} is not running; start it with restart.")
        self.process.send_signal(number)
        self.stopped = number == signal.SIGSTOP or (self.stopped and number != signal.SIGCONT)

    async def kill(self) -> None:
        """Kill -9 and wait until it is gone; nothing to do if it is gone already."""
        self.wanted = False
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def _why(self, happened: str) -> PlaneError:
        log = self.layout.log(self.component.name)
        lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        tail = "\n".join(f"  {line}" for line in lines)
        kind = PortTakenError if "address already in use" in tail else PlaneError
        return kind(f"{self.component.name} {happened}; the end of its log ({log}):\n{tail}")


async def _healthy(session: aiohttp.ClientSession, url: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(url) as answer:
            return answer.status == 200
    return False
