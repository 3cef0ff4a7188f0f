"""A board that is really served, and who asks it."""

import json
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp

from chippool.board.server import Board
from chippool.board.source import Source


class Reader:
    """Asks a board as its own page would, unless told otherwise."""

    def __init__(self, address, session):
        self.address, self._session = address, session
        parts = urlsplit(address)
        self.origin, self.token = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/")

    def ask(self, path="", *, method="GET", url=None, headers=None, **more):
        return self._session.request(method, url or f"{self.address}{path}", headers=headers, **more)

    async def reads(self, path, **query):
        async with self.ask(path, params={name: str(value) for name, value in query.items()}) as answer:
            found = await answer.json()
            assert answer.status == 200, found
            return found

    async def refused(self, path="", **more):
        """The status, and the sentence."""
        async with self.ask(path, **more) as answer:
            return answer.status, (await answer.json())["error"]

    def what_if(self, *changes, within=None, headers=None):
        body = json.dumps({"changes": changes, "within": within})
        return self.posts(body, headers)

    def posts(self, body, headers=None):
        said = {"Origin": self.origin, "Content-Type": "application/json"} if headers is None else headers
        return self.ask("what-if", method="POST", data=body, headers=said)


@asynccontextmanager
async def reading(mirror, *, taken_at=None, namespace="team", feeds=(), histories=None, waits=None):
    """A reader of a board of this mirror."""
    source = Source(mirror, feeds, waits=waits, taken_at=taken_at)
    board = Board(source, mirror, name="here", namespace=namespace, histories=histories)
    async with board.served() as address, aiohttp.ClientSession() as session:
        yield Reader(address, session)


async def event(stream):
    """The next event that a stream brings."""
    data = None
    async for line in stream.content:
        if line.startswith(b"data: "):
            data = json.loads(line.removeprefix(b"data: "))
        elif line == b"\n" and data is not None:
            return data
    raise AssertionError("the stream has ended")
