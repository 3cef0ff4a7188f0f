"""/healthz, /readyz and /metrics, all of which tell the truth."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import orjson
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, and a sentence about how it is."""

    name: str
    ok: bool
    detail: str


Probe = Callable[[], Sequence[Check]]


class Server:
    """Serves the probes and metrics on one address; `port` is the real one once it runs."""

    def __init__(
        self,
        *,
        address: str,
        port: int,
        healthy: Probe,
        ready: Probe,
        metrics: Callable[[], bytes],
        nodes: Callable[[], Awaitable[bytes]] | None = None,
    ) -> None:
        self.port = port
        self._address = address
        app = web.Application()
        app.router.add_get("/healthz", _probe(healthy))
        app.router.add_get("/readyz", _probe(ready))
        app.router.add_get("/metrics", _metrics(metrics))
        if nodes is not None:
            app.router.add_get("/metrics/nodes", _awaited(nodes))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def start(self) -> None:
        """Listen; raises OSError where the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._address, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()


Handler = Callable[[web.Request], Awaitable[web.Response]]


def _probe(probe: Probe) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        checks = probe()
        body = {check.name: {"ok": check.ok, "detail": check.detail} for check in checks}
        status = 200 if all(check.ok for check in checks) else 503
        return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")

    return answer


def _metrics(page: Callable[[], bytes]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def _awaited(page: Callable[[], Awaitable[bytes]]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=await page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer
