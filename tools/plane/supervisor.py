"""The process that owns a plane's processes: starts them, obeys its socket, and takes everything with it.

Run as `python -m tools.plane.supervisor LAYOUT --lock FD [--owned]`. It reports on stdout, a line of JSON each, until
the plane is ready or has failed. With --owned the plane ends when stdin closes: none outlives a killed test run.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import aiohttp

from tools.plane import api, components, users
from tools.plane.child import Child, PortTakenError
from tools.plane.errors import PlaneError
from tools.plane.janitor import Janitor
from tools.plane.layout import Layout, free_ports

_ATTEMPTS = 3
_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_HEALTH_WITHIN_S = 2.0
_REVIVE_EVERY_S = 1.0
_POLL_S = 0.05
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
Reply = dict[str, Any]


class Supervisor:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.children: dict[str, Child] = {}
        self.ended = asyncio.Event()
        self.phase = "starting"

    async def start(self) -> None:
        """Start every process, on other ports if somebody took one meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._start_once()
            except PortTakenError:
                if attempt == _ATTEMPTS:
                    raise
                await self.stop()
            else:
                return

    async def _start_once(self) -> None:
        self.layout = Layout.from_json(self.layout.to_json() | {"ports": free_ports()})
        shutil.rmtree(self.layout.scratch / "etcd", ignore_errors=True)
        users.make_all(self.layout)
        components.prepare(self.layout)
        self.children = {name: Child(one, self.layout) for name, one in components.ALL.items()}
        async with self.session() as session:
            for together in (("etcd",), ("kube-apiserver",), ("kube-controller-manager", "kube-scheduler", "kwok")):
                _report(step=", ".join(together))
                await asyncio.gather(*(self.children[name].start() for name in together))
                await asyncio.gather(*(self.children[name].ready(session) for name in together))
        self.phase = "ready"
        self._save()

    async def revive_for_ever(self) -> None:
        """As a kubelet does: some processes give up when the API server goes while they start."""
        while True:
            await asyncio.sleep(_REVIVE_EVERY_S)
            for child in self.children.values():
                async with child.changing:
                    await self._revive(child)

    async def _revive(self, child: Child) -> None:
        if child.crashed:
            child.crashes += 1
            await self.start_anew(child)

    async def start_anew(self, child: Child) -> None:
        if child.component is components.KWOK:
            async with self.session() as session:
                await _free_leases(session, self.layout)
        await child.start()

    def session(self) -> aiohttp.ClientSession:
        return api.session(self.layout, patience_s=_HEALTH_WITHIN_S)

    async def stop(self) -> None:
        await asyncio.gather(*(child.kill() for child in self.children.values()))

    async def obey(self, request: Reply) -> Reply:
        """Carry out one request; its answer carries the state of every process."""
        do = _REQUESTS.get(str(request.get("do")))
        if do is None:
            raise PlaneError(f"unknown request {request.get('do')!r}; one of {', '.join(_REQUESTS)}.")
        await do(self, request)
        return self.describe()

    def child(self, request: Reply) -> Child:
        name = str(request.get("component"))
        if name not in self.children:
            raise PlaneError(f"there is no process {name!r}; one of {', '.join(components.ALL)}.")
        return self.children[name]

    def describe(self) -> Reply:
        processes = {
            name: {"pid": one.pid, "state": one.state, "crashes": one.crashes} for name, one in self.children.items()
        }
        return self.layout.to_json() | {"phase": self.phase, "supervisor": os.getpid(), "processes": processes}

    def _save(self) -> None:
        unfinished = self.layout.state.with_suffix(".new")
        unfinished.write_text(json.dumps(self.describe(), indent=1))
        unfinished.replace(self.layout.state)


async def _describe(supervisor: Supervisor, _: Reply) -> None:
    """Nothing to do: every answer describes the plane."""


async def _kill(supervisor: Supervisor, request: Reply) -> None:
    child = supervisor.child(request)
    async with child.changing:
        await child.kill()


async def _stop(supervisor: Supervisor, request: Reply) -> None:
    supervisor.child(request).signal(signal.SIGSTOP)


async def _continue(supervisor: Supervisor, request: Reply) -> None:
    supervisor.child(request).signal(signal.SIGCONT)


async def _restart(supervisor: Supervisor, request: Reply) -> None:
    child = supervisor.child(request)
    async with child.changing, supervisor.session() as session:
        await child.kill()
        await supervisor.start_anew(child)
        await child.ready(session)


async def _free_leases(session: aiohttp.ClientSession, layout: Layout) -> None:
    """A new kwok has a new identity and would wait for the old one's leases to run out."""
    patience = aiohttp.ClientTimeout(total=60)
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, PlaneError):
        async with session.delete(layout.server + _LEASES, timeout=patience) as answer:
            await answer.read()
        # kwok lists from the server's cache, which follows a moment later.
        cached = f"{layout.server}{_LEASES}?resourceVersion=0"
        while (await api.call(session, "GET", cached)).get("items"):  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(_POLL_S)


async def _down(supervisor: Supervisor, _: Reply) -> None:
    supervisor.ended.set()


_REQUESTS: dict[str, Callable[[Supervisor, Reply], Coroutine[Any, Any, None]]] = {
    "describe": _describe,
    "kill": _kill,
    "stop": _stop,
    "continue": _continue,
    "restart": _restart,
    "down": _down,
}


async def _serve(supervisor: Supervisor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        try:
            reply = await supervisor.obey(json.loads(await reader.readline()))
        except (PlaneError, ValueError) as error:
            reply = {"error": str(error)}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()


async def _follow_owner(supervisor: Supervisor) -> None:
    """End the plane when the other end of stdin is closed, however its process ended."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    supervisor.ended.set()


def _report(**said: object) -> None:
    with contextlib.suppress(BrokenPipeError, ValueError):
        print(json.dumps(said), flush=True)


def _silence() -> None:
    """Give the pipe to the starter back: nobody reads it any more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


async def _run(supervisor: Supervisor, *, owned: bool) -> int:
    loop = asyncio.get_running_loop()
    for number in _ENDINGS:
        loop.add_signal_handler(number, supervisor.ended.set)
    server = await asyncio.start_unix_server(partial(_serve, supervisor), supervisor.layout.socket)
    starting = asyncio.create_task(supervisor.start())
    owner = asyncio.create_task(_follow_owner(supervisor)) if owned else None
    try:
        await _until_ended(supervisor, starting)
    except PlaneError as error:
        _report(failed=str(error))
        return 1
    finally:
        starting.cancel()
        if owner is not None:
            owner.cancel()
        server.close()
        await supervisor.stop()
    return 0


async def _until_ended(supervisor: Supervisor, starting: asyncio.Task[None]) -> None:
    ending = asyncio.create_task(supervisor.ended.wait())
    await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        _report(ready=supervisor.layout.to_json())
        _silence()
        reviving = asyncio.create_task(supervisor.revive_for_ever())
        await ending
        reviving.cancel()


def main() -> int:
    """Own one plane from its first process to the removal of its last file."""
    layout = Layout.from_json(json.loads(sys.argv[1]))
    lock = int(sys.argv[sys.argv.index("--lock") + 1])
    folders = (layout.scratch, layout.run)  # in this order: who waits for the end looks at the run folder
    for folder in folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    janitor = Janitor(folders, lock)
    try:
        return asyncio.run(_run(Supervisor(layout), owned="--owned" in sys.argv))
    except Exception:
        _report(failed=traceback.format_exc())
        return 1
    finally:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)  # it is ending already
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        janitor.dismiss()


if __name__ == "__main__":
    sys.exit(main())
