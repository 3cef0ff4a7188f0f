import asyncio
import threading

import aiohttp
import kopf
import pytest

from chippool.shell.handlers import registry
from chippool.shell.kopf_thread import KopfThread
from tests.kube.fake_api import FakeApi
from tests.kube.faults import refuse

GROUP = "/apis/chippool.io/v1alpha1"
POOLS, QUEUES = f"{GROUP}/chippools", f"{GROUP}/chipqueues"


class Desk:
    """Remembers what the handlers left; filled from kopf's thread."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    def seen(self, raw) -> None:
        with self.lock:
            self.notes.append(("seen", raw["metadata"]["name"]))

    def gone(self, raw) -> None:
        with self.lock:
            self.notes.append(("gone", raw["metadata"]["name"]))


def a_pool(name: str) -> dict:
    return {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipPool", "metadata": {"name": name}}


def a_resource(plural: str, kind: str) -> dict:
    return {"name": plural, "kind": kind, "singularName": "", "namespaced": False, "verbs": ["list", "watch", "patch"]}


@pytest.fixture
async def api():
    api = FakeApi()
    versions = [{"version": "v1alpha1", "groupVersion": "chippool.io/v1alpha1"}]
    api.objects["/api"] = {"versions": ["v1"]}
    api.objects["/api/v1"] = {"resources": [a_resource("namespaces", "Namespace")]}
    api.objects["/apis"] = {"groups": [{"name": "chippool.io", "versions": versions, "preferredVersion": versions[0]}]}
    api.objects[GROUP] = {"resources": [a_resource("chippools", "ChipPool"), a_resource("chipqueues", "ChipQueue")]}
    api.served |= {POOLS, QUEUES}
    await api.start()
    yield api
    await api.stop()


@pytest.fixture
async def a_thread(api):
    desk = Desk()

    async def log_in() -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=api.url, aiohttp_session=aiohttp.ClientSession())

    thread = KopfThread(lambda: registry(desk, log_in, thread.started))
    thread.start()
    yield desk
    await thread.stop(5)


async def until(api: FakeApi, desk: Desk, *notes: tuple[str, str]) -> None:
    await api.bell.until(lambda: desk.notes == list(notes), within=15)


async def test_pools_are_seen_as_they_come_and_go_and_nothing_is_written_on_them(api, a_thread) -> None:
    api.put(POOLS, a_pool("before"))
    await until(api, a_thread, ("seen", "before"))
    await api.bell.until(lambda: api.watching == 2, within=15)
    api.put(POOLS, a_pool("later"))
    await until(api, a_thread, ("seen", "before"), ("seen", "later"))
    api.delete(POOLS, "before")
    await until(api, a_thread, ("seen", "before"), ("seen", "later"), ("gone", "before"))
    assert {method for method, _ in api.requests} == {"GET"}


async def test_a_server_that_fails_for_a_while_does_not_end_it(api, a_thread) -> None:
    await api.bell.until(lambda: api.watching == 2, within=15)
    api.next("watch", *(refuse(500, "InternalError", "not now") for _ in range(3)))
    api.cut()
    await asyncio.sleep(0)
    await api.bell.until(lambda: api.watching == 2, within=15)
    api.put(POOLS, a_pool("after"))
    await until(api, a_thread, ("seen", "after"))
