import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from chippool.kube.writer import Outcome, Urgency, Write, Writer
from tests.kube.fake_api import PODS, FakeApi, a_pod, drop, hang, refuse
from tests.kube.following import running

QUICK = {"retry": (0.001, 0.01), "answer": 5.0, "fence": lambda: True}


class Outcomes:
    """What became of each write, in order."""

    def __init__(self, api: FakeApi) -> None:
        self.seen: list[tuple[str, Outcome]] = []
        self.answers: list[Any] = []
        self._bell = api.bell

    def of(self, label: str) -> Callable[[Outcome, Any], None]:
        def done(outcome: Outcome, answer: Any) -> None:
            self.seen.append((label, outcome))
            self.answers.append(answer)
            self._bell.ring()

        return done

    async def until(self, count: int) -> None:
        await self._bell.until(lambda: len(self.seen) >= count)


@pytest.fixture
def outcomes(api):
    return Outcomes(api)


def a_create(
    name: str, outcomes: Outcomes | None = None, *, urgency: Urgency = Urgency.DECISION, order: int = 0, key: str = ""
) -> Write:
    done = outcomes.of(name) if outcomes else None
    return Write((key or name,), "POST", PODS, a_pod(name), urgency, order, kind="Pod", done=done)


def a_patch(name: str, value: str, outcomes: Outcomes, *, urgency: Urgency = Urgency.STATUS) -> Write:
    body, content_type = {"status": value}, "application/merge-patch+json"
    return Write((name,), "PATCH", f"{PODS}/{name}", body, urgency, content_type=content_type, done=outcomes.of(value))


def a_writer(client, **settings) -> Writer:
    return Writer(client, **(QUICK | settings))


def names(api: FakeApi) -> list[str]:
    return [seen["metadata"]["name"] for _, what, seen in api._history if what == "ADDED"]


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


async def test_nothing_is_sent_by_who_does_not_lead(api, client, outcomes):
    writer = a_writer(client, fence=lambda: False)
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
        writer.put(a_create("p2", outcomes))
        await outcomes.until(2)
    assert outcomes.seen == [("p1", Outcome.LAPSED), ("p2", Outcome.LAPSED)]
    assert api.requests == []


async def test_what_waits_lapses_when_the_lead_is_lost_also_before_a_retry(api, client, outcomes):
    leading = [True]

    async def lose_the_lead(request):
        leading.clear()
        return await refuse(500)(request)

    api.next("write", lose_the_lead)
    writer = a_writer(client, workers=1, fence=lambda: bool(leading))
    writer.put(a_create("p1", outcomes))
    writer.put(a_create("p2", outcomes))
    async with running(writer.run()):
        await outcomes.until(2)
    assert sorted(outcomes.seen) == [("p1", Outcome.LAPSED), ("p2", Outcome.LAPSED)]
    assert len(api.requests) == 1


async def test_low_value_writes_wait_while_pins_are_expected(api, client, outcomes):
    holding = [True]
    writer = a_writer(client, hold=lambda: bool(holding))
    writer.put(a_create("status", outcomes, urgency=Urgency.STATUS))
    writer.put(a_create("pin", outcomes, urgency=Urgency.PIN))
    async with running(writer.run()):
        await outcomes.until(1)
        assert outcomes.seen == [("pin", Outcome.DONE)]
        holding.clear()
        await outcomes.until(2)


async def test_a_hold_that_never_ends_starves_nobody(api, client, outcomes):
    writer = a_writer(client, hold=lambda: True, longest_hold=0.05)
    writer.put(a_create("event", outcomes, urgency=Urgency.EVENT))
    writer.put(a_create("status", outcomes, urgency=Urgency.STATUS))
    async with running(writer.run()):
        await outcomes.until(2)


async def test_low_value_writes_take_a_third_of_the_workers_at_most(api, client, outcomes):
    api.next("write", *[hang] * 9)
    writer = a_writer(client, workers=9)
    for n in range(9):
        writer.put(a_create(f"status{n}", urgency=Urgency.STATUS))
    async with running(writer.run()):
        await api.bell.until(lambda: len(api.requests) == 3)
        api._faults["write"].clear()
        writer.put(a_create("pin", outcomes, urgency=Urgency.PIN))
        await outcomes.until(1)
        assert len(api.requests) == 4


async def test_low_value_writes_leave_a_reserve_of_the_rate_to_urgent_ones(api, client, outcomes):
    now = [0.0]
    writer = a_writer(client, rate=1.0, burst=8.0, clock=lambda: now[0])
    for n in range(20):
        writer.put(a_create(f"status{n}", outcomes, urgency=Urgency.STATUS))
    async with running(writer.run()):
        await outcomes.until(6)
        writer.put(a_create("pin1", outcomes, urgency=Urgency.PIN))
        writer.put(a_create("pin2", outcomes, urgency=Urgency.PIN))
        await outcomes.until(8)
    assert [label for label, _ in outcomes.seen[6:8]] == ["pin1", "pin2"]
    assert len(names(api)) == 8


async def test_draining_sends_what_is_urgent_and_drops_the_rest(api, client, outcomes):
    writer = a_writer(client)
    for n in range(5):
        writer.put(a_create(f"status{n}", outcomes, urgency=Urgency.STATUS))
        writer.put(a_create(f"job{n}", outcomes))
    async with running(writer.run()):
        await writer.drain(5.0)
        assert sorted(names(api)) == [f"job{n}" for n in range(5)]
        writer.put(a_create("late", outcomes))
        await outcomes.until(11)
    assert outcomes.seen.count(("late", Outcome.LAPSED)) == 1
    assert [outcome for label, outcome in outcomes.seen if "status" in label] == [Outcome.LAPSED] * 5


async def test_draining_ends_in_time(api, client, outcomes):
    api.next("write", hang)
    writer = a_writer(client, workers=1)
    writer.put(a_create("stuck", outcomes))
    writer.put(a_create("waiting", outcomes))
    async with running(writer.run()):
        await writer.drain(0.05)
        assert outcomes.seen == [("waiting", Outcome.LAPSED)]
    assert outcomes.seen[1:] == [("stuck", Outcome.LAPSED)]


async def test_a_callback_that_raises_stops_nothing(api, client, outcomes):
    def raising(outcome, answer):
        raise RuntimeError("not ours")

    writer = a_writer(client)
    writer.put(Write(("a",), "POST", PODS, a_pod("a"), Urgency.PIN, done=raising))
    writer.put(a_create("b", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)


async def test_a_thousand_writes_of_many_keys_all_arrive_once(api, client, outcomes):
    writer = a_writer(client, rate=1e6, burst=1e6)
    async with running(writer.run()):
        for n in range(1000):
            writer.put(a_create(f"p{n}", outcomes, urgency=Urgency(n % 6)))
        await outcomes.until(1000)
    assert len(names(api)) == len(set(names(api))) == 1000
