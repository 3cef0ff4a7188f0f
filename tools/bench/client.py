"""Raw JSON to and from an API server, with the credentials of a kubeconfig."""

import base64
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson
import yaml

from chippool.kube.connector import Connector

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_PAGE = 2000
Json = dict[str, Any]


class ServerError(Exception):
    """The server said no: `status` and its own words."""

    def __init__(self, request: str, status: int, said: str) -> None:
        super().__init__(f"{request}: {status} {said[:300]}")
        self.status = status


class Client:
    """Use as an asynchronous context manager; one connection pool for as many tasks as like."""

    def __init__(self, kubeconfig: Path, *, connections: int = 100) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self._server = config["clusters"][0]["cluster"]["server"]
        self._trust = _trust(config)
        self._connections = connections

    async def __aenter__(self) -> Self:
        connector = Connector(ssl=self._trust, limit=self._connections)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def call(
        self, method: str, path: str, body: object = None, *, kind: str = "application/json", fine: tuple[int, ...] = ()
    ) -> Json:
        """One request; ServerError unless it succeeds; nothing where the status is among `fine`."""
        data = None if body is None else orjson.dumps(body)
        async with self._http.request(method, self._server + path, data=data, headers={"Content-Type": kind}) as answer:
            raw = await answer.read()
        if answer.status >= 300 and answer.status not in fine:
            raise ServerError(f"{method} {path}", answer.status, raw.decode(errors="replace"))
        if answer.status >= 300:
            return {}
        found: Json = orjson.loads(raw)
        return found

    async def listed(self, path: str) -> tuple[list[Json], str]:
        """All objects of a collection, in pages, and the resourceVersion to watch from."""
        items: list[Json] = []
        more = ""
        while True:
            page = await self.call("GET", f"{path}?limit={_PAGE}{more}")
            items += page["items"]
            follow = page["metadata"].get("continue")
            if not follow:
                return items, page["metadata"]["resourceVersion"]
            more = f"&continue={follow}"

    async def watch(self, path: str, version: str) -> AsyncIterator[Json]:
        """Events of a collection; goes on where it was when the server drops a watcher that reads too slowly."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async for event in self._events(path, version):
                    if event["type"] == "ERROR":
                        raise ServerError(f"WATCH {path}", event["object"]["code"], event["object"]["message"])
                    version = event["object"]["metadata"]["resourceVersion"]
                    yield event

    async def _events(self, path: str, version: str) -> AsyncIterator[Json]:
        rest = b""
        url = f"{self._server}{path}?watch=1&resourceVersion={version}"
        async with self._http.get(url, read_bufsize=2**22) as answer:
            if answer.status >= 300:
                raise ServerError(f"WATCH {path}", answer.status, (await answer.read()).decode(errors="replace"))
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line:
                        yield orjson.loads(line)


def _trust(config: Json) -> ssl.SSLContext:
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    with contextlib.ExitStack() as stack:
        trust = ssl.create_default_context(cafile=stack.enter_context(_file(cluster, "certificate-authority")))
        certificate = stack.enter_context(_file(user, "client-certificate"))
        trust.load_cert_chain(certificate, stack.enter_context(_file(user, "client-key")))
    return trust


@contextlib.contextmanager
def _file(entry: Json, key: str) -> Iterator[str]:
    """The path of what a kubeconfig names or carries."""
    if key in entry:
        yield entry[key]
        return
    with tempfile.NamedTemporaryFile() as carried:
        carried.write(base64.b64decode(entry[f"{key}-data"]))
        carried.flush()
        yield carried.name
