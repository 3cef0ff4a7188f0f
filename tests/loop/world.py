"""An operator whose watch is told by hand: a real mirror, writer and loop before a small API server."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from chippool.control.batch import Batch
from chippool.control.carry import Carrier
from chippool.control.custody import Custody
from chippool.control.loop import Loop
from chippool.control.pins import Pins
from chippool.control.refusals import Refusals
from chippool.control.tell import Teller
from chippool.control.upkeep import Upkeep
from chippool.kube.client import Client
from chippool.kube.writer import Writer
from chippool.metrics import Metrics
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from tests.kube.fake_api import FakeApi, a_kubeconfig
from tests.kube.faults import a_status

PATHS = {kind.name: kind.path for kind in KINDS}
PROJECT = {kind.name: kind.project for kind in KINDS}
NOW = 1_767_225_600.0


class Api(FakeApi):
    """Merges patches, has status subresources, and refuses every write of one path."""

    refused = ""

    def _written(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if request.path == self.refused:
            return a_status(403, "Forbidden", "admission webhook says no")
        path = request.path.removesuffix("/status")
        if request.method != "PATCH" or path not in self.objects:
            return super()._written(request, body)
        old = self.objects[path]
        version = body.get("metadata", {}).get("resourceVersion", old["metadata"]["resourceVersion"])
        if version != old["metadata"]["resourceVersion"]:
            return a_status(409, "Conflict", "the object has been modified")
        return web.json_response(self.put(path.rpartition("/")[0], merged(old, body)))


def merged(old: Any, patch: Any) -> Any:
    """JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    kept = old if isinstance(old, dict) else {}
    together = {**kept, **{key: merged(kept.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in together.items() if value is not None}


class World:
    """`now` moves only by hand."""

    def __init__(self, api: FakeApi, client: Client) -> None:
        self.now, self.leads, self.synced = NOW, True, True
        self.api = api
        self.metrics = Metrics()
        self.mirror = Mirror(lambda: self.now)
        self.batch = Batch(idle=0.001, longest=0.01)
        self.writer = Writer(client, fence=lambda: self.leads, retry=(0.001, 0.01), patience=0.05)
        self.pins = Pins(self.mirror, self.writer, may_write=lambda: self.leads, clock=lambda: self.now)
        self.custody = Custody(self.mirror, self.writer)
        self.mirror.on_change = self._changed
        refusals = Refusals()
        clock = {"clock": lambda: self.now}
        self.loop = Loop(
            mirror=self.mirror,
            client=client,
            batch=self.batch,
            pins=self.pins,
            carrier=Carrier(self.mirror, self.writer, refusals, instance="me", **clock),
            teller=Teller(self.mirror, self.writer, instance="me", **clock),
            refusals=refusals,
            upkeep=Upkeep(self.mirror, self.writer, self.metrics, self.custody, instance="me"),
            metrics=self.metrics,
            leads=lambda: self.leads,
            synced=lambda: self.synced,
            **clock,
        )

    def _changed(self) -> None:
        self.batch.note()
        self.pins.note()

    def hears(self, *objects: dict[str, Any]) -> None:
        """The watch tells of these objects."""
        for raw in objects:
            self.mirror.apply(raw["kind"], raw["metadata"]["uid"], PROJECT[raw["kind"]](raw))

    def shows(self, *objects: dict[str, Any]) -> None:
        """The API server has these objects, and the watch tells of them."""
        for raw in objects:
            self.hears({**raw, **self.api.put(_collection(raw), raw)})

    def hears_what_was_written(self, kind: str, path: str) -> None:
        self.hears({"kind": kind, **self.api.objects[path]})

    async def turn(self) -> None:
        """One cycle, and all that it writes has landed."""
        self.batch.note()
        await self.loop.cycle()
        await self.api.bell.until(lambda: not any(self.writer.pending.values()))

    def written(self, method: str) -> list[str]:
        """Paths of the writes of a method so far."""
        return [path for verb, path in self.api.requests if verb == method]


def _collection(raw: dict[str, Any]) -> str:
    path = PATHS[raw["kind"]]
    namespace = raw["metadata"].get("namespace")
    if namespace is None:
        return path
    root, _, plural = path.rpartition("/")
    return f"{root}/namespaces/{namespace}/{plural}"


@asynccontextmanager
async def a_world(tmp_path):
    api = Api()
    await api.start()
    client = await Client.connect(a_kubeconfig(tmp_path, api.url))
    world = World(api, client)
    running = asyncio.create_task(world.writer.run())
    yield world
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await client.close()
    await api.stop()
