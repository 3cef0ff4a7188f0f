from chippool.kube.writer import Outcome, Urgency, Write
from tests.kube.fake_api import PODS, a_pod
from tests.kube.faults import hang, refuse
from tests.kube.following import running
from tests.kube.writing import a_create, a_writer, names


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


async def test_a_write_that_was_started_and_not_sent_when_the_lead_was_lost_lapses(api, client, outcomes):
    looks = [True, True]  # before the batch, before the start, and then no more
    writer = a_writer(client, fence=lambda: bool(looks and looks.pop()))
    writer.put(a_create("p1", outcomes))
    async with running(writer.run()):
        await outcomes.until(1)
    assert outcomes.seen == [("p1", Outcome.LAPSED)]
    assert api.requests == []


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


async def test_what_is_overdue_during_a_hold_goes_one_by_one(api, client, outcomes):
    api.next("write", hang)
    writer = a_writer(client, workers=9, hold=lambda: True, longest_hold=0.0)
    for n in range(3):
        writer.put(a_create(f"status{n}", urgency=Urgency.STATUS))
    async with running(writer.run()):
        await api.bell.until(lambda: len(api.requests) == 1)
        writer.put(a_create("pin", outcomes, urgency=Urgency.PIN))
        await outcomes.until(1)
        assert len(api.requests) == 2


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
