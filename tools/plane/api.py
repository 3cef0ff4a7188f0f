"""Raw HTTP to a plane's API server as its admin, from code that is not asynchronous."""

import asyncio
import ssl
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
import orjson

from chippool.kube.connector import Connector
from tools.plane.errors import PlaneError
from tools.plane.layout import Layout

T = TypeVar("T")
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a loop of its own, also where the caller's thread has one already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def session(layout: Layout, *, patience_s: float = 30.0) -> aiohttp.ClientSession:
    trusted = ssl.create_default_context(cafile=str(layout.ca.cert))
    pair = layout.pair("user-admin")
    trusted.load_cert_chain(pair.cert, pair.key)
    timeout = aiohttp.ClientTimeout(total=patience_s)
    return aiohttp.ClientSession(connector=Connector(ssl=trusted, limit=64), timeout=timeout)


async def call(
    session: aiohttp.ClientSession, method: str, url: str, body: object = None, *, kind: str = "application/json"
) -> dict[str, Any]:
    """One request; PlaneError with the server's sentence unless it succeeds. Not found is an empty answer to GET."""
    data = None if body is None else orjson.dumps(body)
    async with session.request(method, url, data=data, headers={"Content-Type": kind}) as answer:
        raw = await answer.read()
    if answer.status == 404 and method == "GET":
        return {}
    if answer.status >= 400:
        raise PlaneError(_sentence(raw) or f"{method} {url}: {answer.status}")
    found: dict[str, Any] = orjson.loads(raw)
    return found


def _sentence(raw: bytes) -> str:
    """The message of a Status, or what the server said instead of one."""
    try:
        return str(orjson.loads(raw)["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return raw.decode(errors="replace")
