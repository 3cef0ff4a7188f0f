"""Elastic work: minReplicas at once or nothing, growing while chips are free, shrinking before anybody is evicted."""

from dataclasses import replace

import pytest

from chippool.core.cycle import schedule
from chippool.core.model import Assignment, Displaced, Mode
from chippool.core.plan import Admit, Displace, Hold, Keep, Place, Resize, Shrink
from chippool.core.reasons import Reason
from tests.core.build import (
    a_class,
    a_pool,
    a_queue,
    a_reserve,
    a_snapshot,
    a_workload,
    an_access,
    decide,
    decision_of,
    kinds,
    nodes,
)

H800 = [f"h800-{i:03}" for i in range(9)]


def elastic(name="e", cls="train", *, least=1, replicas=4, on=0, first=0, **more):
    """Work of whole nodes that runs on `on` of them, from `first`."""
    return a_workload(
        name, cls, replicas=replicas, min_replicas=least, on=H800[first : first + on], **{"created": 1.0, **more}
    )


def shrunk(plan):
    return {d.workload.removeprefix("ns/"): d.replicas for d in plan.decisions if isinstance(d, Shrink)}


def test_it_starts_with_what_is_free_and_never_with_fewer_than_its_least():
    assert len(decision_of(decide(nodes(3), [elastic(least=2)]), "e").nodes) == 3
    assert len(decision_of(decide(nodes(2), [elastic(least=2)]), "e").nodes) == 2
    assert isinstance(decision_of(decide(nodes(1), [elastic(least=2)]), "e"), Hold)


def test_an_admission_says_how_many_of_how_many_it_starts_with():
    assert "with 3 of 4 replica(s)" in decision_of(decide(nodes(3), [elastic()]), "e").message
    assert "with 4 replica(s)" in decision_of(decide(nodes(5), [elastic()]), "e").message


def test_everybody_gets_their_least_before_anybody_grows():
    plan = decide(nodes(4), [elastic("a", "ads"), elastic("b", "batch", least=2, replicas=2)])
    assert {n: len(decision_of(plan, n).nodes) for n in "ab"} == {"a": 2, "b": 2}


def test_what_is_left_goes_to_the_higher_priority():
    plan = decide(nodes(6), [elastic("a", "train"), elastic("b", "ads", created=2.0)])
    assert {n: len(decision_of(plan, n).nodes) for n in "ab"} == {"a": 2, "b": 4}


def test_queues_of_equal_priority_grow_in_turns():
    queues = [a_queue("x"), a_queue("y")]
    plan = decide(nodes(6), [elastic("a", queue="x"), elastic("b", queue="y", created=2.0)], queues=queues)
    assert {n: len(decision_of(plan, n).nodes) for n in "ab"} == {"a": 3, "b": 3}


def test_it_grows_when_chips_get_free_in_one_step():
    grown = decision_of(decide(nodes(3), [elastic(on=1)]), "e")
    assert isinstance(grown, Resize)
    assert (grown.replicas, grown.nodes, grown.victims) == (3, ("h800-001", "h800-002"), ())


def test_it_does_not_grow_past_a_limit_and_says_why_not():
    kept = decision_of(decide(nodes(3), [elastic(on=2)], queues=[a_queue(limits={"h800": 16})]), "e")
    assert isinstance(kept, Keep)
    assert kept.reason is Reason.QUEUE_LIMIT
    assert "with 2 of 4 replicas" in kept.message


def test_a_reserve_is_not_grown_into():
    assert decision_of(decide(nodes(4), [elastic(on=2)]), "e").replicas == 4
    pools = [a_pool(reserve=[a_reserve(8, "ads")])]
    assert decision_of(decide(nodes(4), [elastic(on=2)], pools=pools), "e").replicas == 3


def test_nobody_grows_in_a_pool_for_which_somebody_within_its_guarantee_waits():
    queues = [a_queue("x", guaranteed={"h800": 24}), a_queue("y")]
    firm = a_workload("firm", "train", queue="y", on=H800[1:3], replicas=2, min_runtime=1e9)
    big = a_workload("big", "train", queue="x", replicas=3)
    plan = decide(nodes(4), [elastic(queue="y", on=1), firm, big], queues=queues)
    assert isinstance(decision_of(plan, "big"), Hold)
    assert "come first" in decision_of(plan, "e").message
    beyond = replace(big, queue=firm.queue)
    assert decision_of(decide(nodes(4), [elastic(queue="y", on=1), firm, beyond], queues=queues), "e").replicas == 2


def test_nobody_grows_where_admitted_work_waits_for_a_node():
    hurt = a_workload("hurt", "train", replicas=3, on=H800[1:2], missing=2)
    hurt = replace(hurt, assignment=replace(hurt.assignment, replicas=3))
    plan = decide(nodes(3), [elastic(on=1), hurt])
    assert kinds(plan) == {"hurt": "Keep", "e": "Keep"}


def test_it_is_shrunk_before_anybody_is_evicted_and_only_as_far_as_is_needed():
    running = [elastic(on=4), a_workload("low", "batch", on=["h800-004"])]
    plan = decide(nodes(5), [*running, a_workload("w", "ads", replicas=2)])
    assert kinds(plan) == {"w": "Admit", "e": "Shrink", "low": "Keep"}
    given = decision_of(plan, "e")
    assert (given.replicas, given.by, given.reason) == (2, "ns/w", Reason.SHRUNK)
    assert (
        given.message
        == "It keeps 2 replica(s); the others are displaced by ads work of queue team: its priority is higher."
    )
    assert decision_of(plan, "w").victims == ("ns/e",)
    assert set(decision_of(plan, "w").nodes) == {"h800-002", "h800-003"}
    assert [d.workload for d in plan.decisions][:2] == ["ns/w", "ns/e"]


def test_what_it_can_not_spare_is_taken_whole():
    plan = decide(nodes(3), [elastic(on=3, least=2), a_workload("w", "ads", replicas=3)])
    assert kinds(plan) == {"w": "Admit", "e": "Displace"}
    plan = decide(nodes(3), [elastic(on=3, least=2), a_workload("w", "ads", replicas=1)])
    assert shrunk(plan) == {"e": 2}


def test_several_give_a_replica_each_rather_than_one_going():
    running = [elastic("a", on=2, replicas=2), elastic("b", on=2, first=2, replicas=2)]
    assert shrunk(decide(nodes(4), [*running, a_workload("w", "ads", replicas=2)])) == {"a": 1, "b": 1}


def test_a_gang_gives_its_highest_indexes_wherever_they_are():
    e = elastic(on=3, indexes=(2, 0, 1))
    plan = decide(nodes(3), [e, a_workload("w", "ads")])
    assert shrunk(plan) == {"e": 2}
    assert decision_of(plan, "w").nodes == ("h800-000",)


def test_two_winners_of_one_plan_take_one_replica_each():
    plan = decide(nodes(4), [elastic(on=4), a_workload("w", "ads"), a_workload("v", "serve", created=2.0)])
    assert shrunk(plan) == {"e": 2}
    assert {decision_of(plan, n).nodes for n in "wv"} == {("h800-002",), ("h800-003",)}


def test_a_gang_with_succeeded_indexes_keeps_its_size():
    done = replace(elastic(on=3), succeeded=1, placed=("h800-001", "h800-002"))
    plan = decide(nodes(4), [done])
    assert "keeps its size" in decision_of(plan, "e").message
    plan = decide(nodes(3), [done, a_workload("w", "ads", replicas=2)])
    assert kinds(plan) == {"w": "Admit", "e": "Displace"}


def test_a_displaced_gang_with_succeeded_indexes_runs_as_large_as_it_was():
    last = Displaced(5.0, Reason.PREEMPTED, None, 1, 0, 1)
    gang = elastic(succeeded=1, displaced=last, size=3)
    assert len(decision_of(decide(nodes(4), [gang]), "e").nodes) == 2
    assert isinstance(decision_of(decide(nodes(1), [gang]), "e"), Hold)


def test_equal_priority_gives_nothing():
    plan = decide(nodes(3), [elastic(on=3), a_workload("w", "train")])
    assert kinds(plan) == {"w": "Hold", "e": "Keep"}


def test_a_queue_within_its_guarantee_gets_back_what_others_have_past_their_least():
    queues = [a_queue("x", guaranteed={"h800": 16}), a_queue("y", guaranteed={"h800": 8})]
    plan = decide(nodes(3), [elastic("e", queue="y", on=3), a_workload("w", queue="x", replicas=2)], queues=queues)
    assert shrunk(plan) == {"e": 1}
    assert "within its guarantee" in decision_of(plan, "e").message


def test_only_what_is_borrowed_is_reclaimed():
    queues = [a_queue("x", guaranteed={"h800": 16}), a_queue("y", guaranteed={"h800": 16})]
    running = [elastic("e", queue="y", on=3)]
    plan = decide(nodes(3), [*running, a_workload("w", queue="x", replicas=2)], queues=queues)
    assert kinds(plan) == {"w": "Hold", "e": "Keep"}


def test_a_growing_workload_takes_what_lower_ones_have_past_their_least_and_evicts_nobody():
    high = elastic("high", "ads", on=1)
    low = elastic("low", "batch", on=2, first=1, replicas=2)
    plan = decide(nodes(3), [high, low])
    assert (decision_of(plan, "high").replicas, shrunk(plan)) == (2, {"low": 1})
    plan = decide(nodes(2), [high, replace(low, placed=(low.placed[0],), assignment=one(low))])
    assert kinds(plan) == {"high": "Keep", "low": "Keep"}


def one(workload):
    return replace(workload.assignment, replicas=1)


def test_scavengers_give_way_to_whoever_grows():
    access = [an_access(["batch"], scavenge=True), an_access(None)]
    low = a_workload("low", "batch", on=["h800-001"])
    plan = decide(nodes(2), [elastic("e", on=1, replicas=2), low], pools=[a_pool(access=access)])
    assert kinds(plan) == {"e": "Resize", "low": "Displace"}


def test_who_scavenges_grows_last_and_into_free_chips():
    access = [an_access(["batch"], scavenge=True), an_access(None)]
    some = [elastic("s", "batch", on=1), elastic("e", on=1, first=1, replicas=2)]
    plan = decide(nodes(4), some, pools=[a_pool(access=access)])
    assert {n: decision_of(plan, n).replicas for n in "se"} == {"s": 2, "e": 2}


def test_a_class_that_never_preempts_grows_into_free_chips_alone():
    classes = [a_class("batch"), a_class("ads", preempts=False)]
    some = [elastic("high", "ads", on=1), elastic("low", "batch", on=2, first=1, replicas=2)]
    assert kinds(decide(nodes(3), some, classes=classes)) == {"high": "Keep", "low": "Keep"}
    assert decision_of(decide(nodes(4), some, classes=classes), "high").replicas == 2


@pytest.mark.parametrize("more", [{"min_runtime": 2000.0}, {"cooldown": 600.0}])
def test_min_runtime_and_cooldown_protect_every_replica(more):
    last = Displaced(900.0, Reason.PREEMPTED, "ns/other", 1, 0, 1, kept=3)
    plan = decide(nodes(3), [elastic(on=3, displaced=last, **more), a_workload("w", "ads")])
    assert kinds(plan) == {"w": "Hold", "e": "Keep"}


def test_who_was_shrunk_does_not_grow_before_its_cooldown_is_over():
    last = Displaced(900.0, Reason.PREEMPTED, "ns/other", 1, 0, 1, kept=3)
    e = elastic(on=3, displaced=last, cooldown=200.0)
    plan = decide(nodes(4), [e])
    assert "cooldown" in decision_of(plan, "e").message
    assert plan.wake == 1100.0
    assert schedule(a_snapshot(nodes(4), [e]), now=1100.0).decisions[0].replicas == 4


def test_nobody_takes_twice_within_the_hour_from_who_has_grown_again_in_between():
    last = Displaced(900.0, Reason.PREEMPTED, "ns/w", 1, 0, 1, kept=2)
    w = a_workload("w", "ads")
    assert kinds(decide(nodes(3), [elastic(on=3, displaced=last), w])) == {"w": "Hold", "e": "Keep"}
    assert shrunk(decide(nodes(2), [elastic(on=2, displaced=last), w])) == {"e": 1}


def test_replicas_that_lost_their_node_take_from_others_only_if_it_can_not_do_without():
    hurt = elastic("hurt", "ads", least=2, on=1)
    low = a_workload("low", "batch", on=["h800-001"])
    short = replace(hurt, assignment=replace(hurt.assignment, replicas=2), missing=1)
    assert kinds(decide(nodes(2), [short, low])) == {"hurt": "Place", "low": "Displace"}
    spare = replace(short, min_replicas=1)
    assert kinds(decide(nodes(2), [spare, low])) == {"hurt": "Keep", "low": "Keep"}
    assert isinstance(decision_of(decide(nodes(3), [spare, low]), "hurt"), Place)


def test_a_raised_least_is_asked_for_like_an_admission():
    e = elastic("e", "ads", least=3, on=1)
    plan = decide(nodes(4), [e, *(a_workload(f"low{i}", "batch", on=[f"h800-{i:03}"]) for i in (1, 2, 3))])
    assert (decision_of(plan, "e").replicas, sum(isinstance(d, Displace) for d in plan.decisions)) == (3, 2)


def test_a_service_with_a_least_of_its_own_starts_with_that():
    service = elastic("s", "serve", least=2, mode=Mode.SERVICE)
    service = replace(service, replicas=4)
    admitted = decision_of(decide(nodes(3), [service]), "s")
    assert isinstance(admitted, Admit)
    assert len(admitted.nodes) == 3


def test_fractions_are_given_back_one_by_one():
    e = a_workload("e", "train", replicas=3, chips=0.5, min_replicas=1, on=["h800-000"] * 3, seats=(0, 0, 1))
    plan = decide(nodes(1, chips=2), [e, a_workload("w", "ads", chips=1)])
    assert shrunk(plan) == {"e": 2}


def test_missing_replicas_are_given_back_first():
    e = elastic(on=2)
    e = replace(e, assignment=Assignment("h800", "h800", 3, 1.0), missing=1)
    plan = decide(nodes(2), [e, a_workload("w", "ads")])
    assert shrunk(plan) == {"e": 1}


@pytest.mark.parametrize(("least", "expected"), [(1, "Resize"), (2, "Displace")])
def test_a_gang_that_lost_nodes_goes_on_without_them_if_it_can(least, expected):
    hurt = elastic("hurt", least=least, replicas=2, on=1, short_since=100.0, replace_timeout=600.0)
    hurt = replace(hurt, assignment=replace(hurt.assignment, replicas=2), missing=1)
    plan = decide(nodes(1), [hurt])
    assert kinds(plan) == {"hurt": expected}
    if expected == "Resize":
        assert decision_of(plan, "hurt").replicas == 1
