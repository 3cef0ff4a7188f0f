import asyncio

import pytest

from chippool.kube.writer import Urgency
from tests.kube.faults import refuse
from tests.loop.objects import a_cluster, a_gated_pod, a_workload
from tests.loop.world import NOW, a_world

JOBS = "/apis/batch/v1/namespaces/team/jobs"
STATUS = "/apis/chippool.io/v1alpha1/namespaces/team/chipworkloads/train/status"
POD = "/api/v1/namespaces/team/pods/train-0"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def condition(world, kind: str = "Admitted", workload: str = "train") -> dict[str, str]:
    """What the last status write of a workload says."""
    path = f"/apis/chippool.io/v1alpha1/namespaces/team/chipworkloads/{workload}"
    found = world.api.objects[path]["status"]["conditions"]
    return next(entry for entry in found if entry["type"] == kind)


async def test_a_pending_workload_becomes_one_job(world) -> None:
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    assert world.written("POST")[:1] == [JOBS]
    await world.turn()
    assert world.written("POST").count(JOBS) == 1


async def test_its_gated_pod_is_pinned_without_another_decision(world) -> None:
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    world.hears_what_was_written("Job", f"{JOBS}/train")
    pod = a_gated_pod()
    pod["metadata"]["ownerReferences"][0]["uid"] = world.api.objects[f"{JOBS}/train"]["metadata"]["uid"]
    world.shows(pod)
    world.pins.send()
    await world.api.bell.until(lambda: POD in world.written("PATCH"))
    assert world.api.objects[POD]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "n1"}
    assert world.api.objects[POD]["metadata"]["labels"] == {"chippool.io/workload": "train", "chippool.io/pool": "h800"}


async def test_what_chips_would_add_is_kept(world) -> None:
    world.shows(*a_cluster())
    await world.turn()
    assert world.loop.prices == {"h800": 0.0}


async def test_a_follower_writes_nothing(world) -> None:
    world.leads = False
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    assert world.api.requests == []


async def test_a_replica_that_no_longer_leads_rests_though_the_time_of_its_last_plan_has_come(world) -> None:
    world.shows(*a_cluster(), a_workload(maxRuntime="1h"))
    await world.turn()
    world.hears_what_was_written("Job", f"{JOBS}/train")
    await world.turn()
    world.leads = False
    await world.turn()
    world.now += 7200
    before, running = world.loop.pulse.beat, asyncio.create_task(world.loop.run())
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    assert world.loop.pulse.beat == before


async def test_nothing_is_decided_on_half_a_mirror(world) -> None:
    world.synced = False
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    assert world.api.requests == []


async def test_a_new_leader_forgets_what_it_assumed_in_an_earlier_reign(world) -> None:
    world.shows(*a_cluster(), a_workload())
    await world.turn()
    del world.api.objects[f"{JOBS}/train"]  # and the watch never told of it
    world.leads = False
    await world.turn()
    world.leads = True
    await world.turn()
    assert world.written("POST").count(JOBS) == 2


async def test_a_job_the_api_server_refuses_becomes_the_workloads_condition(world) -> None:
    world.shows(*a_cluster())
    await world.turn()
    world.shows(a_workload())
    said = 'Job.batch "train" is invalid: spec.template.spec.containers[0].image: Required value'
    world.api.next("write", refuse(422, "Invalid", said))
    await world.turn()
    await world.turn()
    assert world.written("POST").count(JOBS) == 1
    assert condition(world)["reason"] == "BadTemplate"
    assert said in condition(world)["message"]


async def test_one_refused_workload_holds_no_other_one_up(world) -> None:
    world.shows(*a_cluster(nodes=2))
    await world.turn()
    world.shows(a_workload("train"), a_workload("other"))
    world.api.next("write", refuse(422, "Invalid", 'Job.batch "x" is invalid: no'))
    await world.turn()
    await world.turn()
    assert world.written("POST").count(JOBS) == 2
    made = [path for path in world.api.objects if path.startswith(f"{JOBS}/")]
    assert len(made) == 1


async def test_why_it_waits_stands_in_its_status_and_is_written_once(world) -> None:
    world.shows(*a_cluster(nodes=1), a_workload(chips=8, replicas=2))
    await world.turn()
    await world.turn()
    assert condition(world)["status"] == "False"
    assert world.written("PATCH").count(STATUS) == 1


async def test_a_decision_that_cannot_be_written_is_taken_back_and_taken_again(world) -> None:
    world.shows(*a_cluster(), a_workload())
    world.api.next("write", *(refuse(500, "InternalError", "etcd is away") for _ in range(200)))
    await world.turn()
    world.api._faults["write"].clear()
    assert world.written("POST")[0] == JOBS
    world.now = NOW + 3600
    await world.turn()
    assert f"{JOBS}/train" in world.api.objects


async def test_the_shadow_class_is_made_before_the_job_that_needs_it(world) -> None:
    cluster = [raw for raw in a_cluster() if not raw["metadata"]["name"].startswith("chippool-")]
    world.shows(*cluster, a_workload())
    await world.turn()
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    assert world.written("POST")[:3] == [classes, classes, JOBS]


async def test_status_waits_while_pins_are_expected(world) -> None:
    world.shows(*a_cluster(), a_workload())
    world.writer.hold = world.pins.expected
    world.pins.expect(1)
    assert world.pins.expected()
    world.now += 60
    assert not world.pins.expected()
    assert world.writer.pending[Urgency.PIN] == 0


async def test_a_displacement_that_is_refused_is_not_tried_in_every_cycle(world) -> None:
    world.shows(*a_cluster(), a_workload("low"))
    await world.turn()
    job = f"{JOBS}/low"
    world.hears_what_was_written("Job", job)
    world.now += 5
    await world.turn()
    world.shows(a_workload("high", class_name="revenue"))
    world.api.refused = job
    await world.turn()
    assert world.written("PATCH").count(job) == 1
    await world.turn()
    await world.turn()
    assert world.written("PATCH").count(job) == 1
    world.now += 2
    await world.turn()
    assert world.written("PATCH").count(job) == 2


async def test_it_is_not_admitted_again_while_pods_of_its_last_admission_still_run(world) -> None:
    world.shows(*a_cluster(), a_workload())
    pod = a_gated_pod()
    pod["spec"] |= {"nodeName": "n1", "schedulingGates": []}
    world.shows(pod)
    await world.turn()
    assert world.written("POST") == []
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    world.shows(pod)
    world.now += 1
    await world.turn()
    assert world.written("POST").count(JOBS) == 1
