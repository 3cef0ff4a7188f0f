"""A gang moves within its pool, write by write, the operator dying in between."""

import pytest

from tests.loop.objects import a_cluster, a_gated_pod, a_workload
from tests.loop.world import a_world

JOBS = "/apis/batch/v1/namespaces/team/jobs"
PODS = "/api/v1/namespaces/team/pods"
NAMES = ("left", "right")


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def job(world, name):
    return world.api.objects[f"{JOBS}/{name}"]


def a_pod(world, name, node="", *, index=0, chips=4, **metadata):
    pod = a_gated_pod(name, index, chips)
    pod["metadata"]["ownerReferences"][0]["uid"] = job(world, name)["metadata"]["uid"]
    pod["metadata"] |= metadata
    if node:
        ready = {"type": "Ready", "status": "True"}
        pod |= {"spec": {**pod["spec"], "schedulingGates": [], "nodeName": node}}
        pod |= {"status": {"phase": "Running", "conditions": [ready]}}
    return pod


async def both_run(world):
    """Each on a node of its own, by somebody's will: they are pinned there from the start."""
    world.shows(*a_cluster(2), *(a_workload(name, chips=4) for name in NAMES))
    await world.turn()
    for name, node in zip(NAMES, ("n1", "n2"), strict=True):
        world.hears_what_was_written("Job", f"{JOBS}/{name}")
        world.shows(a_pod(world, name, node))
    await world.turn()


def who_moved(world):
    return next(name for name in NAMES if job(world, name)["spec"]["suspend"])


async def stopped(world):
    """One of the two was stopped for a third that needs a whole node."""
    await both_run(world)
    world.now += 60
    world.shows(a_workload("whole"))
    await world.turn()
    return who_moved(world)


async def test_it_is_stopped_and_the_winner_is_made_at_once(world) -> None:
    mover = await stopped(world)
    assert f"{JOBS}/whole" in world.api.objects
    assert "Migrated" in job(world, mover)["metadata"]["annotations"]["chippool.io/displaced"]
    other = NAMES[1 - NAMES.index(mover)]
    assert job(world, other)["spec"]["suspend"] is False


async def test_it_runs_again_once_its_pods_are_on_their_way_out_and_goes_to_its_new_node(world) -> None:
    mover = await stopped(world)
    old = {"left": "n1", "right": "n2"}[mover]
    world.hears_what_was_written("Job", f"{JOBS}/{mover}")
    await world.turn()
    assert job(world, mover)["spec"]["suspend"] is True
    world.shows(a_pod(world, mover, old, deletionTimestamp="2026-01-01T00:00:01Z"))
    await world.turn()
    assert job(world, mover)["spec"]["suspend"] is False
    world.hears_what_was_written("Job", f"{JOBS}/{mover}")
    world.mirror.remove("Pod", f"Pod-{mover}-0")
    world.shows(a_pod(world, mover, uid="again"))
    await world.turn()
    assert world.api.objects[f"{PODS}/{mover}-0"]["spec"]["nodeSelector"] == {
        "kubernetes.io/hostname": {"n1": "n2", "n2": "n1"}[old]
    }


async def test_an_operator_that_finds_it_stopped_lets_it_go_on(world) -> None:
    mover = await stopped(world)
    world.hears_what_was_written("Job", f"{JOBS}/{mover}")
    world.loop.snapshot = None
    world.leads = False
    await world.turn()  # what it had in mind is forgotten with its reign
    world.leads = True
    world.mirror.remove("Pod", f"Pod-{mover}-0")
    await world.turn()
    await world.turn()
    assert job(world, mover)["spec"]["suspend"] is False


async def test_its_status_says_that_it_moved_and_for_whom(world) -> None:
    mover = await stopped(world)
    for name in (mover, "whole"):
        world.hears_what_was_written("Job", f"{JOBS}/{name}")
    workload = f"/apis/chippool.io/v1alpha1/namespaces/team/chipworkloads/{mover}"
    world.hears_what_was_written("ChipWorkload", workload)
    world.now += 30
    await world.turn()
    said = world.api.objects[workload]["status"]
    (displaced,) = (c for c in said["conditions"] if c["type"] == "Displaced")
    assert (displaced["status"], displaced["reason"]) == ("False", "Migrated")
    assert displaced["message"].startswith("Makes room for batch work of queue research: goes on as variant h800")


async def test_one_of_elastic_size_is_shrunk_on_its_way_where_there_is_no_room_for_all_of_it(world) -> None:
    """Three replicas on a node that revenue needs; on the other there is room for one."""
    world.shows(*a_cluster(2), a_workload("there", chips=6), a_workload("sweep", chips=2, replicas=3, minReplicas=1))
    await world.turn()
    placed = [("there", 0, "n2", 6), *(("sweep", index, "n1", 2) for index in range(3))]
    for name in ("there", "sweep"):
        world.hears_what_was_written("Job", f"{JOBS}/{name}")
    world.shows(*(a_pod(world, name, on, index=index, chips=chips) for name, index, on, chips in placed))
    await world.turn()
    world.now += 60
    world.shows(a_workload("urgent", class_name="revenue"))
    await world.turn()
    assert job(world, "sweep")["spec"]["suspend"] is True
    world.hears_what_was_written("Job", f"{JOBS}/sweep")
    await world.turn()
    for index in range(3):
        world.mirror.remove("Pod", f"Pod-sweep-{index}")
    await world.turn()
    spec = job(world, "sweep")["spec"]
    assert (spec["suspend"], spec["parallelism"], spec["completions"]) == (False, 1, 1)
    world.hears_what_was_written("Job", f"{JOBS}/sweep")
    world.shows(a_pod(world, "sweep", chips=2, uid="again"))
    await world.turn()
    assert world.api.objects[f"{PODS}/sweep-0"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "n2"}
