import pytest

from tests.loop.objects import a_cluster, a_workload
from tests.loop.world import a_world

POOL = "/apis/chippool.io/v1alpha1/chippools/h800"
JOB = "/apis/batch/v1/namespaces/team/jobs/train"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def finalizers(world) -> list[str]:
    return world.api.objects[POOL]["metadata"].get("finalizers", [])


async def use(world) -> None:
    world.shows(*a_cluster(), a_workload())
    world.custody.seen({"kind": "ChipPool", **world.api.objects[POOL]})
    await world.turn()
    world.hears_what_was_written("ChipPool", POOL)
    world.custody.seen({"kind": "ChipPool", **world.api.objects[POOL]})
    await world.turn()


async def test_a_pool_in_use_gets_a_finalizer(world) -> None:
    await use(world)
    assert finalizers(world) == ["chippool.io/in-use"]


async def test_it_is_taken_off_when_nothing_uses_the_pool_any_more(world) -> None:
    await use(world)
    world.mirror.remove("Job", world.api.objects[JOB]["metadata"]["uid"])
    world.mirror.remove("ChipWorkload", "ChipWorkload-train")
    world.mirror.expire(float("inf"))
    await world.turn()
    assert finalizers(world) == []


async def test_an_unused_pool_has_none(world) -> None:
    world.shows(*a_cluster())
    world.custody.seen({"kind": "ChipPool", **world.api.objects[POOL]})
    await world.turn()
    assert finalizers(world) == []


async def test_a_deleted_pool_in_use_says_why_it_is_still_there(world) -> None:
    await use(world)
    pool = world.api.objects[POOL]
    pool["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    world.shows({"kind": "ChipPool", **pool})
    world.custody.seen({"kind": "ChipPool", **world.api.objects[POOL]})
    await world.turn()
    (ready,) = [entry for entry in world.api.objects[POOL]["status"]["conditions"] if entry["type"] == "Ready"]
    assert ready["reason"] == "Deleting"
    assert "Deletion waits" in ready["message"]


async def test_counts_move_at_most_every_ten_seconds(world) -> None:
    await use(world)
    before = world.written("PATCH").count(f"{POOL}/status")
    world.now += 5
    await world.turn()
    assert world.written("PATCH").count(f"{POOL}/status") == before
    world.now += 5
    await world.turn()
    assert world.written("PATCH").count(f"{POOL}/status") == before + 1
