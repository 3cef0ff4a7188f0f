"""What is written on pods and Jobs of anybody's own, and what is said of them."""

import orjson
import pytest

from tests.loop.objects import _object, a_cluster
from tests.loop.world import NOW, a_world

PODS = "/api/v1/namespaces/team/pods"
JOB = "/apis/batch/v1/namespaces/team/jobs/j"
MARK = "chippool.io/assignment"
LABELS = {"chippool.io/queue-name": "research"}


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def a_template(cls="batch"):
    limits = {"nvidia.com/gpu": "8", "cpu": "1"}
    containers = [{"name": "main", "image": "train:1", "resources": {"limits": limits, "requests": limits}}]
    return {"containers": containers, "priorityClassName": cls}


def a_pod(name="p", *, cls="batch", owner=None, age="00:00:00Z", **labels):
    pod = _object("Pod", name, "team")
    pod["metadata"] |= {"labels": {**LABELS, **labels}, "creationTimestamp": f"2026-01-01T{age}"}
    pod["metadata"]["ownerReferences"] = [owner] if owner else []
    gates = [{"name": "chippool.io/placement"}]
    return {**pod, "spec": {**a_template(cls), "schedulingGates": gates}, "status": {"phase": "Pending"}}


def a_job(cls="batch"):
    spec = {"parallelism": 1, "completions": 1, "template": {"metadata": {"labels": LABELS}, "spec": a_template(cls)}}
    return {**_object("Job", "j", "team"), "spec": spec, "status": {}}


THE_JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "Job-j", "controller": True}


def runs(world, name):
    """What the watch tells once its pin is written and the kubelet has started it."""
    seen = world.api.objects[f"{PODS}/{name}"]
    spec = {**seen["spec"], "nodeName": seen["spec"]["nodeSelector"]["kubernetes.io/hostname"]}
    ready = {"type": "Ready", "status": "True"}
    world.shows({**seen, "kind": "Pod", "spec": spec, "status": {"phase": "Running", "conditions": [ready]}})


def said(world, name):
    return [
        (event["reason"], event["regarding"]["kind"])
        for event in world.api.objects.values()
        if event.get("kind") == "Event" and event["regarding"]["name"] == name
    ]


async def test_a_pod_alone_is_admitted_and_pinned_by_one_patch(world) -> None:
    world.shows(*a_cluster(), a_pod())
    await world.turn()
    pod = world.api.objects[f"{PODS}/p"]
    assert world.written("PATCH").count(f"{PODS}/p") == 1
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "n1"}
    assert "schedulingGates" not in pod["spec"]
    assert orjson.loads(pod["metadata"]["annotations"][MARK])["pool"] == "h800"
    assert said(world, "p") == [("Admitted", "Pod")]


async def test_an_operator_that_starts_anew_leaves_what_runs(world, tmp_path) -> None:
    world.shows(*a_cluster(), a_pod())
    await world.turn()
    runs(world, "p")
    await world.turn()
    before = len(world.api.requests)
    world.leads = False
    await world.turn()
    world.leads = True
    await world.turn()
    assert [path for verb, path in world.api.requests[before:] if path.startswith(PODS)] == []


async def test_a_job_is_told_what_it_was_given_and_stopped_for_others(world) -> None:
    world.shows(*a_cluster(), a_job(), a_pod("j-0", owner=THE_JOB))
    await world.turn()
    assert orjson.loads(world.api.objects[JOB]["metadata"]["annotations"][MARK])["replicas"] == 1
    world.hears_what_was_written("Job", JOB)
    runs(world, "j-0")
    await world.turn()
    world.shows(a_pod("high", cls="revenue"))
    await world.turn()
    job = world.api.objects[JOB]
    assert job["spec"]["suspend"] is True
    assert MARK not in job["metadata"]["annotations"]
    assert orjson.loads(job["metadata"]["annotations"]["chippool.io/displaced"])["reason"] == "Preempted"
    assert ("Preempted", "Job") in said(world, "j")
    assert MARK in world.api.objects[f"{PODS}/high"]["metadata"]["annotations"], "who waits for its chips has them"


async def test_a_job_that_something_else_controls_is_not_suspended_but_its_pods_evicted(world) -> None:
    job = a_job()
    controller = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "name": "set", "uid": "set"}
    job["metadata"]["ownerReferences"] = [{**controller, "controller": True}]
    world.shows(*a_cluster(), job, a_pod("j-0", owner=THE_JOB))
    await world.turn()
    runs(world, "j-0")
    await world.turn()
    world.shows(a_pod("high", cls="revenue"))
    await world.turn()
    assert JOB not in world.written("PATCH")
    assert f"{PODS}/j-0/eviction" in world.written("POST")


async def test_a_displaced_job_goes_on_where_there_is_room(world) -> None:
    job = a_job()
    lost = {"at": "2026-01-01T00:00:00Z", "reason": "Preempted", "count": 1, "notStarted": 0, "generation": 0}
    job["metadata"]["annotations"] = {"chippool.io/displaced": orjson.dumps(lost).decode()}
    job["spec"]["suspend"] = True
    world.shows(*a_cluster(), job)
    await world.turn()
    job = world.api.objects[JOB]
    assert job["spec"]["suspend"] is False
    assert MARK in job["metadata"]["annotations"]


async def test_what_is_no_jobs_is_evicted(world) -> None:
    world.shows(*a_cluster(), a_pod("low"))
    await world.turn()
    runs(world, "low")
    await world.turn()
    world.shows(a_pod("high", cls="revenue"))
    await world.turn()
    assert f"{PODS}/low/eviction" in world.written("POST")
    assert world.mirror.view("team/pod:low").assignment is None


async def test_a_group_that_waits_for_chips_says_so_on_its_first_pod(world) -> None:
    group = {"chippool.io/group": "g", "chippool.io/group-size": "2"}
    world.shows(*a_cluster(), a_pod("a", **group), a_pod("b", **group))
    await world.turn()
    assert said(world, "a") == []
    world.now = NOW + 5
    await world.turn()
    world.shows(a_pod("c"))
    await world.turn()
    assert [reason for reason, _ in said(world, "a")] in (["ImpossibleSize"], ["ChipsShort"])
    assert said(world, "b") == []
