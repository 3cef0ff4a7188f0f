"""Pods of a lost node, as the API server gets to hear of it."""

from datetime import UTC, datetime

import pytest

from tests.loop.objects import a_cluster, a_gated_pod, a_node, a_workload
from tests.loop.world import NOW, a_world

JOB = "/apis/batch/v1/namespaces/team/jobs/train"
POD = "/api/v1/namespaces/team/pods/train-0"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def an_unready_node(name, since):
    node = a_node(name)
    at = datetime.fromtimestamp(since, tz=UTC).isoformat()
    node["status"]["conditions"] = [{"type": "Ready", "status": "Unknown", "lastTransitionTime": at}]
    return node


async def runs_on(world, node):
    """The workload's pod, bound and running."""
    await world.turn()
    world.hears_what_was_written("Job", JOB)
    pod = a_gated_pod()
    pod["metadata"]["ownerReferences"][0]["uid"] = world.api.objects[JOB]["metadata"]["uid"]
    pod["spec"] = {"containers": pod["spec"]["containers"], "nodeName": node}
    pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    world.shows(pod)


async def test_a_pod_of_a_lost_node_is_failed_and_then_removed_at_once(world) -> None:
    world.shows(*a_cluster(2), a_workload())
    await runs_on(world, "n1")
    world.hears(an_unready_node("n1", NOW))
    world.now = NOW + 299
    await world.turn()
    assert POD not in world.written("DELETE")
    world.now = NOW + 300
    await world.turn()
    wrote = [(verb, path) for verb, path in world.api.requests if path.startswith(POD)]
    assert wrote[-2:] == [("PATCH", f"{POD}/status"), ("DELETE", POD)]
    assert world.metrics.lost._value.get() == 1


async def test_its_status_says_that_it_was_no_fault_of_its_own(world) -> None:
    world.api.refused = POD  # its removal is refused, so that its status is still to be seen
    world.shows(*a_cluster(2), a_workload())
    await runs_on(world, "n1")
    world.hears(an_unready_node("n1", NOW - 300))
    await world.turn()
    status = world.api.objects[POD]["status"]
    assert status["phase"] == "Failed"
    assert [c["status"] for c in status["conditions"] if c["type"] == "DisruptionTarget"] == ["True"]


async def test_its_replica_is_placed_on_another_node(world) -> None:
    world.shows(*a_cluster(2), a_workload())
    await runs_on(world, "n1")
    world.hears(an_unready_node("n1", NOW - 300))
    await world.turn()
    await world.turn()
    assert world.mirror.view("team/train").reserved == ("n2",)
