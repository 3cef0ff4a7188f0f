"""One kind's informer: paged LIST, then WATCH from there; what a broken watch hid is found by uid at the re-list."""

import asyncio
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from chippool.kube.client import UNREACHABLE, ApiError, Client
from chippool.kube.pace import backoff

PAGE = 500
SLICE = 500  # objects handled before the event loop gets a turn: about 10 ms
IDLE_S = 150.0  # the server sends a bookmark about once a minute
LIFETIME_S = (240.0, 360.0)
FRESH_S = 180.0  # a healthy feed is never older than IDLE_S and a reconnect
RESUMES = 5  # refused in a row: the server's memory may be another one than ours (a restored etcd), so list again
ENDED = "Ended"
"""Why most watches are begun anew: the server ends them after some minutes, which is nothing wrong."""

logger = logging.getLogger(__name__)


class Kind(Protocol):
    """What to follow, and what to keep of it (`project`: raw object → small record)."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def project(self) -> Callable[[dict[str, Any]], Any]: ...
    @property
    def params(self) -> Mapping[str, str]: ...


class Sink(Protocol):
    """Where records go; called on the event loop, in the order of the server's versions."""

    def apply(self, kind: str, uid: str, record: Any) -> None:
        """Note an object added or modified."""

    def remove(self, kind: str, uid: str) -> None:
        """Forget a deleted object, one that was never applied too."""

    def sweep(self, kind: str, uids: set[str]) -> None:
        """Forget, after a full list, everything of this kind that is not in `uids`."""

    def spoiled(self, kind: str, uid: str, namespace: str, name: str, error: str) -> None:
        """Note an object that exists but could not be projected."""


@dataclass(slots=True)
class FeedStats:
    """Counters since the start; `restarts` by reason."""

    listed: int = 0
    events: int = 0
    lists: int = 0
    spoiled: int = 0
    restarts: Counter[str] = field(default_factory=Counter)


class Feed:
    """Follows one kind into a sink; times in seconds."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        sink: Sink,
        *,
        page: int = PAGE,
        idle: float = IDLE_S,
        lifetime: tuple[float, float] = LIFETIME_S,
        retry: tuple[float, float] = (0.1, 5.0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.stats = FeedStats()
        self.trouble = ""  # a sentence while something is wrong, for /readyz and the log
        self._client = client
        self._sink = sink
        self._page, self._idle, self._lifetime, self._retry = page, idle, lifetime, retry
        self._clock = clock
        self._version = ""  # resume the watch here; empty: list first
        self._heard = -math.inf
        self._failures = 0  # in a row, for the pause
        self._resumes = 0  # refused since the last list or event
        self._synced = asyncio.Event()

    @property
    def synced(self) -> bool:
        """A full list is in, and the kind is still served."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        await self._synced.wait()

    def age(self, now: float) -> float:
        """Return the seconds since the server was last heard, at `now` (monotonic): stale above FRESH_S, inf before."""
        return now - self._heard

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                await self._follow()
                pause = self._ended()
            except ApiError as error:
                pause = self._failed(error)
            except Exception as error:
                logger.exception("feed of %s", self.kind.name)
                self._version = ""  # an event may be lost
                pause = self._again("Error", f"{self.kind.name}: {error!r}")
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        if not self._version:
            await self._list()
        await self._watch()

    async def _list(self) -> None:
        seen: set[str] = set()
        token, version = "", ""
        while True:
            page = await self._get_page(token)
            version = version or page["metadata"]["resourceVersion"]
            seen.update(self._apply(item) for item in page["items"])
            token = page["metadata"].get("continue", "")
            if not token:
                break
        self._sink.sweep(self.kind.name, seen)
        self.stats.lists += 1
        self.stats.listed += len(seen)
        self._version = version
        self._resumes = 0
        self._synced.set()

    async def _get_page(self, token: str) -> dict[str, Any]:
        params = {**self.kind.params, "limit": str(self._page)}
        if token:
            params["continue"] = token
        page = await self._client.request("GET", self.kind.path, params=params)
        self._hear()
        return page

    async def _watch(self) -> None:
        params = {
            **self.kind.params,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(math.ceil(random.uniform(*self._lifetime))),  # noqa: S311  spreads reconnects
        }
        async with aclosing(self._client.batches(self.kind.path, params, idle=self._idle)) as batches:
            async for lines in batches:
                self._hear()
                await self._take(lines)

    async def _take(self, lines: list[bytes]) -> None:
        for start in range(0, len(lines), SLICE):
            if start:
                await asyncio.sleep(0)
            for line in lines[start : start + SLICE]:
                self._event(orjson.loads(line))
        if lines:
            self._failures = self._resumes = 0

    def _event(self, event: dict[str, Any]) -> None:
        seen = event["object"]
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._apply(seen)
            case "DELETED":
                self._sink.remove(self.kind.name, seen["metadata"]["uid"])
            case "ERROR":
                raise ApiError(seen.get("code", UNREACHABLE), seen.get("reason", ""), seen.get("message", ""))
        self.stats.events += 1
        self._version = seen["metadata"]["resourceVersion"]

    def _apply(self, seen: dict[str, Any]) -> str:
        metadata = seen["metadata"]
        uid: str = metadata["uid"]
        try:
            record = self.kind.project(seen)
        except Exception as error:  # noqa: BLE001  one object nobody understands must not hide the others
            self.stats.spoiled += 1
            self._sink.spoiled(self.kind.name, uid, metadata.get("namespace", ""), metadata["name"], _sentence(error))
            return uid
        self._sink.apply(self.kind.name, uid, record)
        return uid

    def _hear(self) -> None:
        self._heard = self._clock()
        self.trouble = ""

    def _ended(self) -> float:
        self.stats.restarts[ENDED] += 1
        self._failures += 1  # back to 0 as soon as a watch delivers anything, a bookmark included
        return 0.0 if self._failures == 1 else self._pause()

    def _failed(self, error: ApiError) -> float:
        match error.status:
            case 410:
                self._version = ""
                return self._again("Gone", "", error.retry_after)
            case 404:
                self._version = ""
                self._synced.clear()  # nothing is swept: what is not served is unknown, not gone
                return self._again("NotServed", f"{self.kind.name} is not served at {self.kind.path}: install its CRD.")
        self._resumes += error.status != UNREACHABLE
        if self._resumes >= RESUMES:
            self._version = ""
        return self._again(error.reason or str(error.status), f"{self.kind.name}: {error.message}", error.retry_after)

    def _again(self, reason: str, trouble: str, asked: float | None = None) -> float:
        if trouble and trouble != self.trouble:
            logger.warning("feed: %s", trouble)
        self.trouble = trouble
        self.stats.restarts[reason] += 1
        self._failures += 1
        return self._pause(asked)

    def _pause(self, asked: float | None = None) -> float:
        first, cap = self._retry
        return backoff(self._failures, first=first, cap=cap, asked=asked)


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
