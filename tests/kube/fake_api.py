"""A small API server on 127.0.0.1: lists in pages, watches, writes with preconditions, and fails as it is told to."""

import asyncio
import contextlib
import copy
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from tests.kube.faults import Bell, Fault, a_status

PODS = "/api/v1/pods"


def a_pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}}


def a_kubeconfig(folder: Path, server: str, *, token: str = "secret", ca: str = "", **user: object) -> str:
    path = folder / "kubeconfig"
    trust = {"certificate-authority": ca} if ca else {}
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "clusters": [{"name": "it", "cluster": {"server": server} | trust}],
                "users": [{"name": "me", "user": ({"token": token} if token else {}) | user}],
                "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me", "namespace": "ours"}}],
            }
        )
    )
    return str(path)


@dataclass(eq=False)
class Watcher:
    request: web.Request
    at: int
    news: asyncio.Event
    born: int
    sent: int = 0

    def wants(self, index: int, version: int, what: str, seen: dict[str, Any]) -> bool:
        if what == "BOOKMARK":
            return index >= self.born
        return version > self.at and seen["path"].rpartition("/")[0] == self.request.path


class FakeApi:
    def __init__(self) -> None:
        self.bell = Bell()
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []  # method and path
        self.headers: list[dict[str, str]] = []
        self.queries: list[dict[str, str]] = []
        self.served = {PODS}
        self.port = 0
        self.flying: list[str] = []  # paths being written at this moment
        self._version = 100
        self._compacted = 0
        self._history: list[tuple[int, str, dict[str, Any]]] = []
        self._snapshots: dict[str, list[dict[str, Any]]] = {}
        self._faults: dict[str, list[Fault]] = {"list": [], "continue": [], "watch": [], "write": [], "done": []}
        self._watchers: list[Watcher] = []
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.cut()
        if self._runner is None:
            return
        # asyncio leaks a connection that is being accepted while its server closes: accept no more, then close.
        for site in self._runner.sites:
            for listening in site._server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(5):
            await asyncio.sleep(0)
        await self._runner.cleanup()
        self._runner = None

    # What happens in the cluster.

    def put(self, collection: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """Add or modify by name."""
        path = f"{collection}/{wanted['metadata']['name']}"
        old = self.objects.get(path)
        self._version += 1
        uid = old["metadata"]["uid"] if old else wanted["metadata"].get("uid") or uuid.uuid4().hex
        stamped = copy.deepcopy(wanted)
        stamped["metadata"] |= {"uid": uid, "resourceVersion": str(self._version)}
        self.objects[path] = stamped
        self._record("MODIFIED" if old else "ADDED", path, stamped)
        return stamped

    def delete(self, collection: str, name: str) -> None:
        path = f"{collection}/{name}"
        gone = copy.deepcopy(self.objects.pop(path))
        self._version += 1
        gone["metadata"]["resourceVersion"] = str(self._version)
        self._record("DELETED", path, gone)

    def bookmark(self) -> None:
        at = {"metadata": {"resourceVersion": str(self._version)}}
        self._record("BOOKMARK", "", at)

    def in_collection(self, collection: str) -> list[dict[str, Any]]:
        return [seen for path, seen in sorted(self.objects.items()) if path.rpartition("/")[0] == collection]

    def uids(self, collection: str = PODS) -> dict[str, str]:
        return {o["metadata"]["uid"]: o["metadata"]["resourceVersion"] for o in self.in_collection(collection)}

    # What goes wrong.

    def next(self, what: str, *faults: Fault) -> None:
        """Answer the next requests of this sort (list, continue, watch, write; done: after it was done) like this."""
        self._faults[what].extend(faults)

    def cut(self, *, within_a_line: bool = False) -> None:
        """Break all watches off."""
        for watcher in self._watchers:
            if watcher.request.transport is not None and not within_a_line:
                watcher.request.transport.abort()
            watcher.news.set()
        self._watchers.clear()

    def compact(self) -> None:
        """Forget the past: watches and continued lists from before are 410."""
        self._compacted = self._version
        self._snapshots.clear()

    @property
    def watching(self) -> int:
        return len(self._watchers)

    def count(self, method: str, path: str) -> int:
        return self.requests.count((method, path))

    # How it answers.

    def _record(self, what: str, path: str, seen: dict[str, Any]) -> None:
        self._history.append((self._version, what, copy.deepcopy(seen) | {"path": path}))
        for watcher in self._watchers:
            watcher.news.set()
        self.bell.ring()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.headers.append(dict(request.headers))
        self.queries.append(dict(request.query))
        self.bell.ring()
        what = _sort(request)
        if self._faults[what]:
            answer = await self._faults[what].pop(0)(request)
            if answer is not None:
                return answer
        if request.path.rpartition("/")[0] in {"/api/v1", "/apis/chippool.io/v1alpha1"} and what != "write":
            return await self._collection(request, what)
        return await self._object(request)

    async def _collection(self, request: web.Request, what: str) -> web.StreamResponse:
        if request.path not in self.served:
            return web.Response(status=404, text="404 page not found\n")
        return await self._watch(request) if what == "watch" else self._list(request)

    def _list(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("continue", "")
        if token and token not in self._snapshots:
            return a_status(410, "Expired", "The provided continue parameter is too old")
        left = self._snapshots[token] if token else self.in_collection(request.path)
        version = token.partition(":")[0] or str(self._version)
        limit = int(request.query.get("limit", 1 << 30))
        metadata = {"resourceVersion": version}
        if len(left) > limit:
            metadata["continue"] = f"{version}:{uuid.uuid4().hex}"
            self._snapshots[metadata["continue"]] = left[limit:]
        return web.json_response({"kind": "List", "metadata": metadata, "items": left[:limit]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        at = int(request.query["resourceVersion"])
        if at < self._compacted:
            return a_status(410, "Expired", f"too old resource version: {at} ({self._compacted})")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        watcher = Watcher(request, at, asyncio.Event(), born=len(self._history))
        self._watchers.append(watcher)
        self.bell.ring()
        with contextlib.suppress(ConnectionError):
            while watcher in self._watchers:
                watcher.news.clear()
                await response.write(self._news(watcher))
                await watcher.news.wait()
            await response.write(b'{"type":"ADDED","object":{"meta')
        return response

    def _news(self, watcher: Watcher) -> bytes:
        fresh = range(watcher.sent, len(self._history))
        watcher.sent = len(self._history)
        told = [self._history[n] for n in fresh if watcher.wants(n, *self._history[n])]
        return b"".join(orjson.dumps({"type": what, "object": seen}) + b"\n" for _, what, seen in told)

    async def _object(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            found = self.objects.get(request.path)
            return web.json_response(found) if found else _not_found(request.path)
        body = await request.json() if request.can_read_body else {}
        self.flying.append(request.path)
        answer = self._written(request, body)
        if self._faults["done"]:
            answer = await self._faults["done"].pop(0)(request) or answer
        self.flying.remove(request.path)
        return answer

    def _written(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        collection, _, name = request.path.rpartition("/")
        match request.method:
            case "POST" if f"{request.path}/{body['metadata']['name']}" in self.objects:
                return a_status(409, "AlreadyExists", f'"{body["metadata"]["name"]}" already exists')
            case "POST":
                return web.json_response(self.put(request.path, body), status=201)
            case _ if request.path not in self.objects:
                return _not_found(request.path)
            case "PUT" if body["metadata"]["resourceVersion"] != _version(self.objects[request.path]):
                return a_status(409, "Conflict", "the object has been modified")
            case "PUT":
                return web.json_response(self.put(collection, body))
            case "PATCH":
                return web.json_response(self.put(collection, self.objects[request.path] | body))
            case _:
                self.delete(collection, name)
                return web.json_response({"kind": "Status", "status": "Success"})


def _sort(request: web.Request) -> str:
    if request.method != "GET":
        return "write"
    if "watch" in request.query:
        return "watch"
    return "continue" if "continue" in request.query else "list"


def _version(seen: dict[str, Any]) -> str:
    return seen["metadata"]["resourceVersion"]


def _not_found(path: str) -> web.Response:
    return a_status(404, "NotFound", f"{path} not found")
