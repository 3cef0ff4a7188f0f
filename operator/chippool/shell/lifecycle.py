"""The composition root: who is made of what, in which order all starts, and in which it stops."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from typing import Any

import aiohttp
import kopf

from chippool.config import Settings
from chippool.control.batch import Batch
from chippool.control.carry import Carrier
from chippool.control.custody import Custody
from chippool.control.foresight import Foresight
from chippool.control.history import History
from chippool.control.ledger import Ledger
from chippool.control.loop import Loop
from chippool.control.pins import Pins
from chippool.control.refusals import Refusals
from chippool.control.services import Services
from chippool.control.tell import Teller
from chippool.control.upkeep import Upkeep
from chippool.control.usage import Usages
from chippool.kube.access import Access, find_access
from chippool.kube.client import Client
from chippool.kube.feed import Feed
from chippool.kube.lease import Lease
from chippool.kube.writer import Writer
from chippool.metrics import Metrics
from chippool.shell import health, memory
from chippool.shell.checks import check_cluster
from chippool.shell.handlers import registry
from chippool.shell.kopf_thread import KopfThread
from chippool.shell.probes import Check, Server
from chippool.shell.readings import nodes_page, readers
from chippool.shell.readings_ledger import LedgerReadings
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from chippool.visibility.expectation import Known
from chippool.visibility.server import Visibility

DRAIN_S = 4.0
LONGEST_HOLD_S = 20.0
"""A status is this late at most, and only while pods are on their way that need the API server more."""
KOPF_S = 1.0
DECIDING = frozenset({"loop", "pins", "services", "history", "ledger", "foresight"})

logger = logging.getLogger(__name__)


class EndedError(Exception):
    """A part of the operator that runs for ever has ended."""


async def operate(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT; raises CannotStartError, NoClusterError or EndedError."""
    stop = _told_to_stop()
    import_module("scipy.optimize")  # most of a second, for which the first decision should not wait
    access = await find_access(settings.kubeconfig, settings.context)
    client = Client(access, agent=settings.agent)
    try:
        await _unless(stop, check_cluster(client))
        if not stop.is_set():
            await Operator(settings, access, client).run(stop)
    finally:
        await client.close()


class Operator:
    """All parts of one replica."""

    def __init__(self, settings: Settings, access: Access, client: Client) -> None:
        self._access = access
        self._agent = settings.agent
        self._batch = Batch()
        self.metrics = Metrics()
        self.mirror = Mirror(time.time)
        self.feeds = [Feed(client, kind, self.mirror) for kind in KINDS]
        own = settings.namespace or client.namespace
        self.lease = Lease(
            client,
            namespace=own,
            identity=settings.identity,
            name=settings.lease_name,
            on_change=self._leadership,
        )
        self.writer = Writer(client, fence=self.lease.held, longest_hold=LONGEST_HOLD_S)
        self.pins = Pins(self.mirror, self.writer, may_write=self._may_write, clock=time.time)
        self.writer.hold = self.pins.expected
        self.custody = Custody(self.mirror, self.writer)
        self.history = History(
            self.mirror,
            self.writer,
            client,
            namespace=own,
            may_write=self._may_write,
            clock=time.time,
        )
        self.custody.evidence, self.custody.outlook = self.history.evidence, self.history.outlooks.of
        self.ledger = Ledger(
            self.mirror,
            self.writer,
            client,
            namespace=own,
            synced=self._synced,
            may_write=self._may_write,
            clock=time.time,
        )
        self.writer.complete = lambda write: self.ledger.workloads.complete(write, time.time())
        self.custody.used = Usages(self.mirror, self.ledger).of
        self.services = Services(self.mirror, self.writer, client, may_write=self._may_write)
        self.loop = self._a_loop(client, settings.identity, settings.lost_after)
        self.foresight = Foresight(
            self.loop.decided, self.writer, client, namespace=own, may_write=self._may_write, clock=time.time
        )
        self.mirror.on_change = self._changed
        self._kopf = KopfThread(self._registry)
        self._main = asyncio.get_running_loop()
        self.server = Server(
            address=settings.bind_address,
            port=settings.metrics_port,
            healthy=lambda: [health.loop_check(self.loop.pulse)],
            ready=self._ready,
            metrics=self.metrics.page,
            nodes=self._nodes if settings.node_metrics else None,
        )
        self.visibility = _visibility(settings, client, self.mirror, self._synced, self._waits)
        known = (self.mirror, self.loop, self.feeds, self.writer, self.history.outlooks.of)
        told = readers(*known, leads=self.lease.held, synced=self._synced, clock=time.time)
        self.metrics.show(*told, LedgerReadings(self.ledger))

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything, wait until told to stop, stop everything in an order that leaves nothing half done."""
        await self.server.start()
        logger.info("started", extra={"fields": {"port": self.server.port, "identity": self.lease.identity}})
        tasks = [asyncio.create_task(part, name=name) for name, part in self._parts().items()]
        self._kopf.start()
        try:
            await _until_one_ends(tasks, stop)
        finally:
            await self._stop(tasks)

    def _parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        feeds = {f"feed {feed.kind.name}": feed.run() for feed in self.feeds}
        return {
            "loop": self.loop.run(),
            "pins": self.pins.run(),
            "services": self.services.run(),
            "history": self.history.run(),
            "ledger": self.ledger.run(),
            "foresight": self.foresight.run(),
            "writer": self.writer.run(),
            "lease": self.lease.run(),
            "synced": self._say_synced(),
            **({"visibility": self.visibility.run()} if self.visibility else {}),
            **feeds,
        }

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        await _cancel([task for task in tasks if task.get_name() in DECIDING])
        self.ledger.close()
        await self.writer.drain(DRAIN_S)
        await self.lease.release()
        await _cancel(tasks)
        await self._kopf.stop(KOPF_S)
        await self.server.stop()
        logger.info("stopped")

    def _a_loop(self, client: Client, identity: str, lost_after: float) -> Loop:
        refusals = Refusals()
        return Loop(
            mirror=self.mirror,
            client=client,
            batch=self._batch,
            pins=self.pins,
            carrier=Carrier(self.mirror, self.writer, refusals, clock=time.time, instance=identity),
            teller=Teller(self.mirror, self.writer, clock=time.time, instance=identity),
            refusals=refusals,
            upkeep=Upkeep(
                self.mirror, self.writer, self.metrics, self.custody, instance=identity, lost_after=lost_after
            ),
            metrics=self.metrics,
            leads=self.lease.held,
            synced=self._synced,
        )

    def _changed(self) -> None:
        self._batch.note()
        self.pins.note()

    def _leadership(self, held: bool) -> None:  # noqa: FBT001  the Lease's callback
        logger.info("leads" if held else "follows", extra={"fields": {"holder": self.lease.holder}})
        self._batch.note()

    async def _nodes(self) -> bytes:
        nodes = self.mirror.seen().nodes.handed() if self._synced() else {}
        return await asyncio.to_thread(nodes_page, nodes)

    def _waits(self) -> Known:
        return Known(self.foresight.experience)

    def _synced(self) -> bool:
        return all(feed.synced for feed in self.feeds)

    def _may_write(self) -> bool:
        return self._synced() and self.lease.held()

    async def _say_synced(self) -> None:
        started = time.monotonic()
        for feed in self.feeds:
            await feed.wait_synced()
        objects = sum(feed.stats.listed for feed in self.feeds)
        memory.settle()
        logger.info("synced", extra={"fields": {"objects": objects, "seconds": round(time.monotonic() - started, 2)}})
        self._batch.note()
        await asyncio.Event().wait()

    def _ready(self) -> list[Check]:
        return [
            health.mirror_check(self.feeds),
            *health.feed_checks(self.feeds),
            health.loop_check(self.loop.pulse),
            health.lease_check(self.lease),
            health.kopf_check(self._kopf),
            *health.visibility_checks(self.visibility),
        ]

    # From kopf's thread.

    def seen(self, raw: Mapping[str, Any]) -> None:
        self._main.call_soon_threadsafe(self.custody.seen, raw)

    def gone(self, raw: Mapping[str, Any]) -> None:
        self._main.call_soon_threadsafe(self.custody.gone, raw)

    def _registry(self) -> kopf.OperatorRegistry:
        return registry(self, self._log_in, self._kopf.started)

    async def _log_in(self) -> kopf.AiohttpSession:
        token = await self._access.authorization()
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._access.ssl or True),
            headers={"User-Agent": self._agent} | ({"Authorization": token} if token else {}),
            proxy=self._access.proxy,
        )
        return kopf.AiohttpSession(server=self._access.server, aiohttp_session=session)


def _visibility(
    settings: Settings, client: Client, mirror: Mirror, synced: Callable[[], bool], known: Callable[[], Known]
) -> Visibility | None:
    if settings.visibility_port is None:
        return None
    return Visibility(
        client,
        mirror,
        address=settings.bind_address,
        port=settings.visibility_port,
        namespace=settings.namespace or client.namespace,
        service=settings.visibility_service,
        synced=synced,
        known=known,
    )


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, or leave it when told to stop."""
    await _until_one_ends([asyncio.create_task(work)], stop, fine=True)


async def _until_one_ends(tasks: list[asyncio.Task[None]], stop: asyncio.Event, *, fine: bool = False) -> None:
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    for task in done - {stopped}:
        await task
        if not fine:
            raise EndedError(f"{task.get_name()} has ended")
    if fine:
        await _cancel(tasks)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
