"""What a server may do wrong, and how a test waits for anything."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


class Bell:
    """Rings when anything has happened; waiting for a condition needs no sleeping."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def until(self, condition: Callable[[], object], within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while not condition():
                self._event.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._event.wait(), 0.01)


def refuse(status: int, reason: str = "", message: str = "", retry_after: int | None = None) -> Fault:
    async def fault(request: web.Request) -> web.StreamResponse:
        return a_status(status, reason, message, retry_after)

    return fault


def say(body: bytes) -> Fault:
    """Answer 200 with exactly these bytes, and end."""

    async def fault(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return fault


async def hang(request: web.Request) -> web.StreamResponse | None:
    """Never answer."""
    await asyncio.Event().wait()
    return None


async def drop(request: web.Request) -> web.StreamResponse | None:
    """Break the connection off without an answer."""
    request.transport.abort()
    return web.Response()


def a_status(code: int, reason: str, message: str, retry_after: int | None = None) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response(body, status=code, headers=headers)
