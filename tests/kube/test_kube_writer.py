import asyncio
import time

import pytest

from chippool.kube.writer import Outcome, Urgency
from tests.kube.fake_api import PODS, a_pod
from tests.kube.faults import drop, hang, refuse
from tests.kube.following import running
from tests.kube.writing import a_create, a_patch, a_writer, names


async def test_writes_go_out_by_urgency_then_order_then_arrival(api, client, outcomes):
    writer = a_writer(client, workers=1)
    writer.put(a_create("event", outcomes, urgency=Urgency.EVENT))
    writer.put(a_create("status", outcomes, urgency=Urgency.STATUS))
    writer.put(a_create("victim", outcomes, order=1))
    writer.put(a_create("winner", outcomes, order=0))
    writer.put(a_create("pin", outcomes, urgency=Urgency.PIN, order=5))
    async with running(writer.run()):
        await outcomes.until(5)
    assert names(api) == ["pin", "winner", "victim", "status", "event"]
    assert writer.stats == {("Pod", Outcome.DONE): 5}
    assert set(writer.pending.values()) == {0}


async def test_the_answer_is_the_object_as_the_server_made_it(api, client, outcomes):
    writer = a_writer(client)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.answers[0]["metadata"]["uid"] in api.uids()


async def test_a_newer_write_of_the_same_key_takes_the_place_of_the_waiting_one(api, client, outcomes):
    api.put(PODS, a_pod("p1"))
    writer = a_writer(client)
    for value in ("old", "newer", "newest"):
        writer.put(a_patch("p1", value, outcomes))
    async with running(writer.run()):
        await outcomes.until(3)
    assert [outcome for _, outcome in outcomes.seen] == [Outcome.SUPERSEDED, Outcome.SUPERSEDED, Outcome.DONE]
    assert api.objects[f"{PODS}/p1"]["status"] == "newest"
    assert api.count("PATCH", f"{PODS}/p1") == 1


async def test_two_writes_of_one_key_are_never_in_flight_together(api, client, outcomes):
    api.put(PODS, a_pod("p1"))
    at_once = []

    async def look(request):
        at_once.append(api.flying.count(f"{PODS}/p1"))
        await asyncio.sleep(0)

    api.next("done", *[look] * 20)
    writer = a_writer(client)
    async with running(writer.run()):
        for value in range(20):
            sent = len(api.requests)
            writer.put(a_patch("p1", str(value), outcomes))
            if value % 2:
                await api.bell.until(lambda sent=sent: len(api.requests) > sent)
        await outcomes.until(20)
    assert set(at_once) == {1}
    assert api.objects[f"{PODS}/p1"]["status"] == "19"


@pytest.mark.parametrize("fault", [refuse(429, "TooManyRequests"), refuse(500), refuse(503), drop])
async def test_a_failure_that_may_pass_is_tried_again(api, client, outcomes, fault):
    api.next("write", fault, fault)
    writer = a_writer(client)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.DONE)]
    assert writer.retries == 2


async def test_429_is_waited_out_as_long_as_the_server_asks(api, client, outcomes):
    api.next("write", refuse(429, "TooManyRequests", retry_after=1))
    writer = a_writer(client)
    writer.put(a_create("p1", outcomes))
    started = time.monotonic()
    async with running(writer.run()):
        await outcomes.until(1)
    assert time.monotonic() - started >= 1.0


async def test_a_failing_write_does_not_hold_up_the_others(api, client, outcomes):
    api.next("write", refuse(429, "TooManyRequests", retry_after=30))
    writer = a_writer(client, workers=1)
    writer.put(a_create("stuck", outcomes))
    writer.put(a_create("p2", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
        assert outcomes.seen == [("p2", Outcome.DONE)]
        assert writer.pending[Urgency.DECISION] == 1


async def test_a_write_that_fails_gives_way_to_a_newer_one_of_its_key(api, client, outcomes):
    api.put(PODS, a_pod("p1"))
    writer = a_writer(client)

    async def put_a_newer_one(request):
        writer.put(a_patch("p1", "new", outcomes))
        return await refuse(500)(request)

    api.next("write", put_a_newer_one)
    writer.put(a_patch("p1", "old", outcomes))
    async with running(writer.run()):
        await outcomes.until(2)
    assert outcomes.seen == [("old", Outcome.SUPERSEDED), ("new", Outcome.DONE)]


async def test_a_create_whose_answer_got_lost_is_a_conflict_with_the_servers_status(api, client, outcomes):
    api.next("done", drop)
    writer = a_writer(client)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.CONFLICT)]
    assert outcomes.answers[0] == {"code": 409, "reason": "AlreadyExists", "message": '"p1" already exists'}


async def test_a_write_without_an_answer_is_tried_again(api, client, outcomes):
    api.next("write", hang)
    writer = a_writer(client, answer=0.05)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.DONE)]


async def test_what_is_gone_is_gone(client, outcomes):
    writer = a_writer(client)
    writer.put(a_patch("nobody", "x", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("x", Outcome.GONE)]


async def test_a_refusal_is_told_in_the_servers_words(api, client, outcomes):
    api.next("write", refuse(422, "Invalid", "spec.replicas: must be positive"))
    writer = a_writer(client)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.REFUSED)]
    assert outcomes.answers == ["spec.replicas: must be positive"]


async def test_an_error_that_outlasts_all_patience_is_a_refusal(api, client, outcomes):
    api.next("write", *[refuse(500, "InternalError", "failed calling webhook")] * 50)
    writer = a_writer(client, patience=0.0)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.REFUSED)]
    assert outcomes.answers == ["failed calling webhook"]
