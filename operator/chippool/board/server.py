"""The board's server: its page, and what the page asks, on 127.0.0.1 alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web

from chippool.board import asking
from chippool.board.document import Which, lines
from chippool.board.guard import Guard, RefusedError, new_token, sign
from chippool.board.live import Live
from chippool.board.outlooks import Outlooks, Read
from chippool.board.racks import racks
from chippool.board.source import Source
from chippool.core.ids import PoolName, WorkloadKey
from chippool.state.mirror import Mirror
from chippool.visibility.document import document
from chippool.visibility.explanation import explained
from chippool.visibility.explanation_text import sentences
from chippool.visibility.native import meant

ADDRESS = "127.0.0.1"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LARGEST = 64 * 1024
"""Bytes of a question."""


class Board:
    """What is served of one cluster; `name` is what the page calls it, `namespace` what names without one mean.

    `histories` reads what the operator remembers of demand.
    """

    def __init__(
        self, source: Source, mirror: Mirror, *, name: str, namespace: str = "default", histories: Read | None = None
    ) -> None:
        self._source, self._mirror, self._name, self._namespace = source, mirror, name, namespace
        self._outlooks = Outlooks(mirror, histories, source.now)
        self._live = Live(source)
        self._asked = asyncio.Lock()
        self._static = dict(_static())
        self.token = new_token()

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator[str]:
        """Serve, and give the address; OSError where the port is taken."""
        runner = web.AppRunner(self._application(), access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        looking = asyncio.create_task(self._live.run())
        try:
            await web.TCPSite(runner, ADDRESS, port).start()
            yield f"http://{ADDRESS}:{runner.addresses[0][1]}/{self.token}/"
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[Guard(self.token).__call__], client_max_size=LARGEST)
        app.on_response_prepare.append(sign)
        routes = {
            "": self._page,
            "about": self._about,
            "live": self._stream,
            "workloads": self._workloads,
            "explanation": self._explanation,
            "racks": self._racks,
            "outlooks": self._all_outlooks,
            "outlook": self._outlook,
            "static/{file}": self._file,
        }
        for path, handler in routes.items():
            app.router.add_get(f"/{self.token}/{path}", handler, allow_head=False)
        app.router.add_post(f"/{self.token}/what-if", self._what_if)
        return app

    async def _page(self, _: web.Request) -> web.Response:
        return self._static["index.html"]()

    async def _file(self, request: web.Request) -> web.Response:
        found = self._static.get(request.match_info["file"])
        if found is None:
            raise web.HTTPNotFound
        return found()

    async def _about(self, _: web.Request) -> web.Response:
        """What does not change while it runs."""
        return _json({"name": self._name, "changes": asking.kinds()})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):
            async with contextlib.aclosing(self._live.pages()) as pages:
                async for event in pages:
                    await answer.write(event)
        return answer

    async def _workloads(self, request: web.Request) -> web.Response:
        look, query = await self._source.last(), request.query
        try:
            which, start, count = Which(query.get("which", "all")), int(query.get("start", 0)), int(query["count"])
        except (KeyError, ValueError) as error:
            raise RefusedError(
                400, "Ask for workloads with which, start and count, the last two as numbers."
            ) from error
        return _json(lines(look, which, query.get("text", ""), start, count))

    async def _explanation(self, request: web.Request) -> web.Response:
        reading = (await self._source.last()).reading
        namespace, name = request.query.get("namespace", ""), request.query.get("name", "")
        key = meant(reading, WorkloadKey(f"{namespace}/{name.replace('/', ':')}"))
        found = await asyncio.to_thread(explained, reading, key)
        if found is None:
            raise RefusedError(404, f"There is no workload {name} in namespace {namespace} any more.")
        return _json({"sentences": list(sentences(found)), "explanation": document(found)})

    async def _racks(self, request: web.Request) -> web.Response:
        look, pool = await self._source.last(), request.query.get("pool", "")
        found = racks(look.reading, PoolName(pool))
        if found is None:
            raise RefusedError(404, f"There is no pool {pool}.")
        return _json(found | {"number": look.number})

    async def _all_outlooks(self, _: web.Request) -> web.Response:
        return _json(await self._outlooks.all())

    async def _outlook(self, request: web.Request) -> web.Response:
        pool = request.query.get("pool", "")
        drawn = await self._outlooks.chart(pool)
        if drawn is None:
            raise RefusedError(404, f"Nothing is remembered of what pool {pool} was asked for.")
        return web.Response(text=drawn, content_type=TYPES[".svg"])

    async def _what_if(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise RefusedError(415, "A question is sent as application/json.")
        try:
            return _json(await self._answer(orjson.loads(await request.read())))
        except orjson.JSONDecodeError as error:
            raise RefusedError(400, f"The question is no JSON: {error}") from error
        except asking.MistakeError as mistake:
            return _json({"mistake": str(mistake)})  # an answer like another: the page works as it should

    async def _answer(self, body: Any) -> Mapping[str, Any]:
        asked = asking.question(body)
        async with self._asked:  # one at a time: each takes a core for seconds
            look, kept = await self._source.last(), await self._outlooks.histories()
            return await asyncio.to_thread(asking.answer, look, self._mirror, self._namespace, asked, kept)


def _json(body: Mapping[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


class _File:
    """One file of the page, read once."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body, self._type = body, content_type

    def __call__(self) -> web.Response:
        return web.Response(body=self._body, content_type=self._type, charset="utf-8")


def _static() -> list[tuple[str, _File]]:
    there = [one for one in files("chippool.board").joinpath("static").iterdir() if one.is_file()]
    return [(one.name, _File(one.read_bytes(), TYPES[f".{one.name.rpartition('.')[2]}"])) for one in there]
