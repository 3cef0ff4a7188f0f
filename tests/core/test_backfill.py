"""Rule 7 case by case: who is next keeps a reservation, and who may go before it."""

from dataclasses import replace

import pytest

from chippool.core.cycle import schedule
from chippool.core.estimate import expected_end, over_by
from chippool.core.ids import CHIP, QueueName
from chippool.core.model import Displaced, Mode
from chippool.core.plan import Admit, Hold
from chippool.core.reasons import Reason
from tests.core.build import (
    a_class,
    a_pool,
    a_queue,
    a_snapshot,
    a_workload,
    an_access,
    decision_of,
    kinds,
    nodes,
)

NOW = 1000.0
HOUR = 3600.0
RUNS = {"admitted_at": NOW - 100.0, "max_runtime": HOUR}
END = NOW - 100.0 + HOUR


def a_blocked_gang(*others, nodes_there=2, replicas=2, **more):
    """One node is taken until END; a gang wants two of them."""
    busy = a_workload("busy", on=["h800-000"], **RUNS)
    gang = a_workload("gang", replicas=replicas, created=1.0)
    return a_snapshot(nodes(nodes_there), [busy, gang, *others], **more)


def test_the_head_says_when_it_starts_and_what_is_kept_for_it_is_counted():
    plan = schedule(a_blocked_gang(), NOW)
    hold = decision_of(plan, "gang")
    assert isinstance(hold, Hold)
    assert hold.reason is Reason.CHIPS_SHORT
    assert hold.starts == END
    assert "It is next in h800" in hold.message
    [kept] = plan.reserved
    assert (kept.workload, kept.pool, kept.chips, kept.start) == ("ns/gang", "h800", 8 * CHIP, END)


def test_short_work_goes_first_and_long_work_does_not():
    short = a_workload("short", created=2.0, max_runtime=HOUR - 100.0)
    long = a_workload("long", created=2.0, max_runtime=HOUR - 99.0)
    endless = a_workload("endless", created=2.0)
    assert kinds(schedule(a_blocked_gang(short), NOW))["short"] == "Admit"
    for other in (long, endless):
        hold = decision_of(schedule(a_blocked_gang(other), NOW), other.key.removeprefix("ns/"))
        assert (hold.reason, hold.shortages[0].free) == (Reason.HELD_BACK, 8 * CHIP)
        assert "kept for work of class train of queue team" in hold.message


def test_what_short_work_takes_is_no_longer_idle():
    short = a_workload("short", chips=3, created=2.0, max_runtime=60.0)
    [kept] = schedule(a_blocked_gang(short), NOW).reserved
    assert kept.chips == 5 * CHIP


def test_long_work_goes_where_the_head_does_not():
    long = a_workload("long", created=2.0)
    plan = schedule(a_blocked_gang(long, nodes_there=3, replicas=3), NOW)
    assert decision_of(plan, "long").reason is Reason.HELD_BACK
    wide = a_workload("gang", replicas=3, created=1.0)
    both = [a_workload("busy", replicas=2, on=["h800-000", "h800-001"], **RUNS), wide, long]
    plan = schedule(a_snapshot(nodes(4), both), NOW)
    assert isinstance(decision_of(plan, "long"), Admit)


def test_long_work_may_have_what_is_left_beside_the_head_on_its_node():
    busy = a_workload("busy", chips=6, on=["h800-000"], **RUNS)
    head = a_workload("head", chips=5, created=1.0)
    fits = a_workload("fits", chips=2, created=2.0)
    one_more = a_workload("one-more", chips=2, created=3.0)
    plan = schedule(a_snapshot(nodes(1), [busy, head, fits]), NOW)
    assert isinstance(decision_of(plan, "fits"), Admit)
    busy = a_workload("busy", chips=4, on=["h800-000"], **RUNS)
    plan = schedule(a_snapshot(nodes(1), [busy, head, fits, one_more]), NOW)
    assert isinstance(decision_of(plan, "fits"), Admit)
    assert decision_of(plan, "one-more").reason is Reason.HELD_BACK


def test_work_the_head_can_displace_fills_its_chips_meanwhile():
    low = a_workload("low", "batch", created=2.0)
    assert isinstance(decision_of(schedule(a_blocked_gang(low), NOW), "low"), Admit)
    never = [a_class("train", 500, preempts=False), a_class("batch", 100)]
    hold = decision_of(schedule(a_blocked_gang(low, classes=never), NOW), "low")
    assert hold.reason is Reason.HELD_BACK


def test_not_if_its_min_runtime_lasts_longer_than_the_head_can_wait():
    patient = a_workload("low", "batch", created=2.0, min_runtime=2 * HOUR)
    assert decision_of(schedule(a_blocked_gang(patient), NOW), "low").reason is Reason.HELD_BACK
    ready = replace(patient, min_runtime=60.0)
    assert isinstance(decision_of(schedule(a_blocked_gang(ready), NOW), "low"), Admit)


def test_not_if_the_head_displaced_it_within_the_hour():
    lost = Displaced(NOW - 60.0, Reason.PREEMPTED, "ns/gang", 1, 0, 1)
    low = a_workload("low", "batch", created=2.0, displaced=lost)
    assert decision_of(schedule(a_blocked_gang(low), NOW), "low").reason is Reason.HELD_BACK


def test_not_if_it_is_within_a_guarantee_the_head_may_not_touch():
    low = a_workload("low", "batch", created=2.0, queue="owner")
    queues = [a_queue(), a_queue("owner", guaranteed={"h800": 8})]
    assert decision_of(schedule(a_blocked_gang(low, queues=queues), NOW), "low").reason is Reason.HELD_BACK


def test_scavengers_may_stay_until_the_head_starts():
    low = a_workload("low", "batch", created=2.0, min_runtime=2 * HOUR)
    pools = [a_pool(access=(an_access(["batch"], scavenge=True), an_access()))]
    assert isinstance(decision_of(schedule(a_blocked_gang(low, pools=pools), NOW), "low"), Admit)


def test_long_work_displaces_nobody_on_the_heads_nodes():
    low = a_workload("low", "batch", on=["h800-001"], admitted_at=5.0)
    rival = a_workload("rival", created=2.0)
    plan = schedule(a_blocked_gang(low, rival), NOW)
    assert decision_of(plan, "gang").starts == END
    assert isinstance(decision_of(plan, "rival"), Hold)
    short = replace(rival, max_runtime=60.0)
    assert isinstance(decision_of(schedule(a_blocked_gang(low, short), NOW), "rival"), Admit)


def test_chips_admitted_in_the_same_plan_are_waited_for():
    first = a_workload("first", "ads", max_runtime=HOUR, created=5.0)
    gang = a_workload("gang", replicas=2, created=1.0)
    later = a_workload("later", created=2.0)
    plan = schedule(a_snapshot(nodes(2), [first, gang, later]), NOW)
    assert kinds(plan)["first"] == "Admit"
    assert decision_of(plan, "gang").starts == NOW + HOUR
    assert decision_of(plan, "later").reason is Reason.HELD_BACK


def test_nothing_is_kept_where_nobody_knows_when_it_would_start():
    busy = a_workload("busy", on=["h800-000"])
    gang, later = a_workload("gang", replicas=2, created=1.0), a_workload("later", created=2.0)
    plan = schedule(a_snapshot(nodes(2), [busy, gang, later]), NOW)
    assert decision_of(plan, "gang").starts is None
    assert plan.reserved == ()
    assert isinstance(decision_of(plan, "later"), Admit)


def test_what_the_queues_work_took_tells_when_a_gang_ends():
    busy = a_workload("busy", on=["h800-000"], admitted_at=NOW - 100.0)
    gang, later = a_workload("gang", replicas=2, created=1.0), a_workload("later", created=2.0)
    cluster = replace(a_snapshot(nodes(2), [busy, gang, later]), runtimes={QueueName("team"): 300.0})
    plan = schedule(cluster, NOW)
    assert decision_of(plan, "gang").starts == NOW + 200.0
    assert decision_of(plan, "later").reason is Reason.HELD_BACK


@pytest.mark.parametrize(("ran", "left"), [(0.0, 300.0), (299.0, 1.0), (300.0, 300.0), (700.0, 500.0)])
def test_a_guess_that_has_passed_is_doubled(ran, left):
    one = a_workload(on=["h800-000"], admitted_at=NOW - ran)
    assert expected_end(one, {QueueName("team"): 300.0}, NOW) == NOW + left


def test_a_limit_is_known_and_a_service_has_no_end():
    assert expected_end(a_workload(on=["h800-000"], **RUNS), {QueueName("team"): 300.0}, NOW) == END
    service = a_workload(mode=Mode.SERVICE, on=["h800-000"])
    assert expected_end(service, {QueueName("team"): 300.0}, NOW) == float("inf")
    assert over_by(service, NOW) == float("inf")


def test_the_plan_is_looked_at_again_when_an_estimate_should_have_come_true():
    assert schedule(a_blocked_gang(), NOW).wake == END


def test_each_pool_has_one_reservation_and_a_head_takes_the_soonest():
    soon = a_workload("soon", pool="h20", on=["h20-000"], admitted_at=NOW, max_runtime=60.0)
    late = a_workload("late", on=["h800-000"], **RUNS)
    first = a_workload("first", pool=("h800", "h20"), created=1.0)
    second = a_workload("second", pool=("h20", "h800"), created=2.0)
    third = a_workload("third", pool=("h20", "h800"), created=3.0)
    plan = schedule(a_snapshot([*nodes(1), *nodes(1, pool="h20")], [soon, late, first, second, third]), NOW)
    assert [(kept.workload, kept.pool) for kept in plan.reserved] == [("ns/first", "h20"), ("ns/second", "h800")]
    assert decision_of(plan, "third").starts is None


def test_who_finds_something_to_scavenge_keeps_nothing():
    busy = a_workload("busy", on=["h800-000"], **RUNS)
    head = a_workload("head", pool=("h800", "h20"), created=1.0)
    pools = [a_pool("h800"), a_pool("h20", access=(an_access(["train"], scavenge=True),))]
    plan = schedule(a_snapshot([*nodes(1), *nodes(1, pool="h20")], [busy, head], pools=pools), NOW)
    assert decision_of(plan, "head").pool == "h20"
    assert plan.reserved == ()
