import json

import pytest

from chippool.control.services import Services
from chippool.kube.client import Client
from tests.kube.fake_api import a_kubeconfig
from tests.kube.faults import say
from tests.loop.objects import a_cluster, a_workload
from tests.loop.world import a_world

JOB = "/apis/batch/v1/namespaces/team/jobs/train"
SERVICES = "/api/v1/namespaces/team/services"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


@pytest.fixture
async def services(world, tmp_path):
    client = await Client.connect(a_kubeconfig(tmp_path, world.api.url))
    yield Services(world.mirror, world.writer, client, may_write=lambda: world.leads)
    await client.close()


async def admitted(world, replicas: int) -> None:
    world.shows(*a_cluster(), a_workload(replicas=replicas, chips=1))
    await world.turn()
    world.hears_what_was_written("Job", JOB)


async def looked(world, services, *there: str) -> int:
    """How often the Service of the gang is written when these are there."""
    before = world.written("POST").count(SERVICES)
    items = [{"metadata": {"namespace": "team", "name": name}} for name in there]
    world.api.next("list", say(json.dumps({"items": items}).encode()))
    await services.look()
    await world.api.bell.until(lambda: not any(world.writer.pending.values()))
    return world.written("POST").count(SERVICES) - before


async def test_a_gang_whose_service_is_missing_gets_one(world, services) -> None:
    await admitted(world, replicas=2)
    assert await looked(world, services) == 1


async def test_a_gang_that_has_its_service_gets_no_other(world, services) -> None:
    await admitted(world, replicas=2)
    assert await looked(world, services, "train") == 0


async def test_a_gang_of_one_needs_none_and_nobody_is_asked(world, services) -> None:
    await admitted(world, replicas=1)
    asked = len(world.api.requests)
    await services.look()
    assert len(world.api.requests) == asked


async def test_a_follower_makes_none(world, services) -> None:
    await admitted(world, replicas=2)
    world.leads = False
    asked = len(world.api.requests)
    await services.look()
    assert len(world.api.requests) == asked
