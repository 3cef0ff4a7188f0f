import json

import pytest

from chippool.control.words import explained
from chippool.core.ids import Namespace
from chippool.core.plan import Displace, Plan
from chippool.core.reasons import Reason
from chippool.kube.client import Client
from chippool.state.records import MadeRecord
from chippool.state.translate_pod import pod
from tests.kube.fake_api import FakeApi, a_kubeconfig
from tests.kube.faults import refuse, say
from tests.loop.builders import a_snapshot, a_workload
from tests.state.build import a_pod

PROBE = "Readiness probe failed: HTTP probe failed with statuscode: 503"
QUOTA = 'Error creating: pods "train-0" is forbidden: exceeded quota: few'


@pytest.fixture
async def plane(tmp_path):
    api = FakeApi()
    await api.start()
    client = await Client.connect(a_kubeconfig(tmp_path, api.url))
    yield api, client
    await client.close()
    await api.stop()


def a_job() -> MadeRecord:
    return MadeRecord(
        uid="job-1",
        kind="Job",
        namespace=Namespace("team"),
        name="train",
        version="1",
        owner_uid="u1",
        deleting=False,
        assignment=None,
        displaced=None,
        rendered="",
        suspended=False,
        replicas=1,
        succeeded=0,
        outcome=None,
    )


class Known:
    """A mirror that knows one Job and, if any, its pods."""

    def __init__(self, *pods) -> None:
        self._pods = pods

    def made(self, _):
        return a_job()

    def pods(self, _):
        return self._pods


def a_plan(reason: Reason = Reason.NOT_STARTED) -> Plan:
    return Plan((Displace(a_workload().key, reason, None, "It did not start within 10 minutes."),))


def events(*said: tuple[str, str]) -> bytes:
    return json.dumps({"items": [{"lastTimestamp": at, "message": text} for at, text in said]}).encode()


async def test_the_last_thing_the_job_was_told_is_added(plane) -> None:
    api, client = plane
    api.next("list", say(events(("2026-01-02T00:00:00Z", QUOTA), ("2026-01-01T00:00:00Z", "older"))))
    plan = await explained(a_plan(), a_snapshot(a_workload()), Known(), client)
    assert plan.decisions[0].message == f"It did not start within 10 minutes: {QUOTA}"
    assert "involvedObject.uid=job-1" in api.queries[-1]["fieldSelector"]


async def test_a_pod_that_never_became_ready_tells_its_last_warning(plane) -> None:
    api, client = plane
    api.next("list", say(events()))
    api.next("list", say(events(("2026-01-02T00:00:00Z", PROBE))))
    unready = pod(a_pod("train-0", "train", node="n1", phase="Running"))
    plan = await explained(a_plan(), a_snapshot(a_workload()), Known(unready), client)
    assert plan.decisions[0].message == f"It did not start within 10 minutes: {PROBE}"
    assert "involvedObject.uid=pod-team-train-0,type=Warning" in api.queries[-1]["fieldSelector"]


async def test_a_server_that_does_not_answer_costs_only_the_sentence(plane) -> None:
    api, client = plane
    api.next("list", refuse(500, "InternalError", "no"))
    assert await explained(a_plan(), a_snapshot(a_workload()), Known(), client) == a_plan()


async def test_nobody_is_asked_about_other_displacements(plane) -> None:
    api, client = plane
    plan = a_plan(Reason.PREEMPTED)
    assert await explained(plan, a_snapshot(a_workload()), Known(), client) is plan
    assert api.requests == []
