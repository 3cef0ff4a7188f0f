import pytest

from tests.kube.faults import refuse
from tests.loop.objects import a_cluster, a_node, a_workload
from tests.loop.world import a_world

WORKLOAD = "/apis/chippool.io/v1alpha1/namespaces/team/chipworkloads/train"
JOB = "/apis/batch/v1/namespaces/team/jobs/train"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def statuses(world) -> int:
    return world.written("PATCH").count(f"{WORKLOAD}/status")


async def test_what_has_landed_and_is_not_seen_yet_is_not_said_again(world) -> None:
    world.shows(*a_cluster(nodes=0), a_workload())
    await world.turn()
    world.hears(a_node("n1", chips=4))
    await world.turn()
    assert statuses(world) == 1


async def test_a_status_that_met_another_version_is_made_again(world) -> None:
    world.shows(*a_cluster(nodes=0))
    await world.turn()
    world.shows(a_workload())
    world.api.next("write", refuse(409, "Conflict", "the object has been modified"))
    await world.turn()
    await world.turn()
    assert statuses(world) == 2


async def test_nothing_is_said_of_a_start_that_has_only_begun(world) -> None:
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    world.hears_what_was_written("Job", JOB)
    await world.turn()
    assert statuses(world) == 0
    world.now += 3
    await world.turn()
    assert statuses(world) == 1


async def test_a_status_that_is_lost_with_the_lease_is_said_by_the_next_reign(world) -> None:
    world.shows(*a_cluster(nodes=0), a_workload())
    world.writer.hold = lambda: True
    world.batch.note()
    await world.loop.cycle()
    world.leads = False
    await world.turn()
    world.writer.hold = None
    world.leads = True
    await world.turn()
    assert statuses(world) == 1
