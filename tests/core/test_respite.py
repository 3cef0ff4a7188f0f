"""Rule 6: whom it leaves alone for a while, and who of equals loses the least."""

from dataclasses import replace

from chippool.core.cycle import schedule
from chippool.core.ids import WorkloadKey
from chippool.core.loss import work_lost
from chippool.core.model import Displaced
from chippool.core.plan import Admit, Displace, Hold
from chippool.core.reasons import Reason
from tests.core.build import a_queue, a_snapshot, a_workload, decision_of, nodes

NOW = 1000.0


def decide(*args, **more):
    return schedule(a_snapshot(*args, **more), now=NOW)


def victims(plan):
    return {d.workload.removeprefix("ns/") for d in plan.decisions if isinstance(d, Displace)}


def displaced(workload, at, by="ns/other", **more):
    return replace(
        workload, displaced=Displaced(at, Reason.PREEMPTED, WorkloadKey(by) if by else None, 1, 0, 1, **more)
    )


def test_nobody_goes_before_its_minruntime_and_the_plan_wakes_when_it_ends():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=900.0, min_runtime=300.0)
    plan = decide(nodes(1), [running, a_workload("w", "ads")])
    assert victims(plan) == set()
    assert plan.wake == 1200.0
    assert "left alone until its minRuntime or cooldown is over" in decision_of(plan, "w").message


def test_where_nobody_waits_the_end_of_a_minruntime_wakes_nobody():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=900.0, min_runtime=300.0)
    assert decide(nodes(1), [running]).wake is None


def test_every_queue_above_caps_the_minruntime_its_workloads_ask_for():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=900.0, min_runtime=1e6)
    queues = [a_queue("org", min_runtime_cap=60.0), a_queue("team", parent="org", min_runtime_cap=600.0)]
    assert victims(decide(nodes(1), [running, a_workload("w", "ads")], queues=queues)) == {"low"}


def test_nobody_is_displaced_again_within_its_cooldown():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=950.0, cooldown=300.0)
    assert victims(decide(nodes(1), [displaced(running, 900.0), a_workload("w", "ads")])) == set()
    assert victims(decide(nodes(1), [displaced(running, 600.0), a_workload("w", "ads")])) == {"low"}


def test_a_start_that_failed_begins_no_cooldown():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=950.0, cooldown=300.0)
    assert victims(decide(nodes(1), [displaced(running, 900.0, by=None), a_workload("w", "ads")])) == {"low"}


def test_over_an_hour_nobody_is_displaced_twice_by_the_same_other():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=950.0)
    winner = a_workload("w", "ads")
    plan = decide(nodes(1), [displaced(running, 900.0, by="ns/w"), winner])
    assert isinstance(decision_of(plan, "w"), Hold)
    earlier = displaced(running, 940.0, earlier=((WorkloadKey("ns/w"), 900.0),))
    assert isinstance(decision_of(decide(nodes(1), [earlier, winner]), "w"), Hold)
    past = displaced(running, 940.0, earlier=((WorkloadKey("ns/w"), 940.0 - 3600),))
    assert isinstance(decision_of(decide(nodes(1), [past, winner]), "w"), Admit)


def test_another_one_may_displace_it_within_the_hour():
    running = a_workload("low", "batch", on=["h800-000"], admitted_at=950.0)
    plan = decide(nodes(1), [displaced(running, 900.0, by="ns/w"), a_workload("w", "ads"), a_workload("v", "ads")])
    assert isinstance(decision_of(plan, "v"), Admit)
    assert isinstance(decision_of(plan, "w"), Hold)


def test_among_equals_the_one_that_loses_the_least_work_goes():
    running = [
        a_workload("saved", "batch", on=["h800-000"], admitted_at=10.0, checkpointed_at=990.0),
        a_workload("young", "batch", on=["h800-001"], admitted_at=900.0),
    ]
    assert victims(decide(nodes(2), [*running, a_workload("w", "ads")])) == {"saved"}


def test_lower_priority_goes_first_however_much_it_loses():
    running = [
        a_workload("saved", "train", on=["h800-000"], admitted_at=10.0, checkpointed_at=990.0),
        a_workload("long", "batch", on=["h800-001"], admitted_at=10.0),
    ]
    assert victims(decide(nodes(2), [*running, a_workload("w", "ads")])) == {"long"}


def lost(**more):
    return work_lost(a_workload("w", on=["n"], admitted_at=0.0, **more), NOW)


def test_work_lost_counts_since_the_last_checkpoint_but_never_more_than_the_interval():
    assert lost() == 1000.0
    assert lost(checkpoint_interval=300.0) == 300.0
    assert lost(checkpoint_interval=300.0, checkpointed_at=900.0) == 100.0
    assert lost(checkpoint_interval=300.0, checkpointed_at=1.0) == 300.0
    assert lost(checkpointed_at=900.0) == 100.0


def test_a_checkpoint_of_before_the_admission_or_of_the_future_counts_for_what_it_can_be():
    assert lost(checkpointed_at=-500.0) == 1000.0
    assert lost(checkpointed_at=5000.0) == 0.0
