"""The table "What the cluster shows", as far as decisions go."""

from dataclasses import replace

import pytest

from chippool.core.constraints import Requirement
from chippool.core.cycle import schedule
from chippool.core.ids import Namespace, PoolName
from chippool.core.model import Assignment, Displaced, NamespaceView, Outcome, Problem
from chippool.core.plan import Admit, Displace, Finish, Hold, Keep, Stop
from chippool.core.reasons import Reason
from tests.core.build import a_pool, a_queue, a_snapshot, a_variant, a_workload, decision_of, nodes


def decide(workload, now=1000.0, **more):
    return decision_of(schedule(a_snapshot(more.pop("nodes", nodes(2)), [workload], **more), now=now), "w")


def running(**more):
    return a_workload("w", on=["h800-000"], **more)


def test_an_admitted_workload_is_left_alone():
    assert isinstance(decide(running()), Keep)


def test_a_finished_job_finishes_the_workload_and_frees_its_chips():
    done = running(outcome=Outcome(Reason.COMPLETED, "all indexes succeeded"))
    waiting = a_workload("x", replicas=2)
    plan = schedule(a_snapshot(nodes(2), [done, waiting]), now=1000.0)
    assert isinstance(decision_of(plan, "w"), Finish)
    assert isinstance(decision_of(plan, "x"), Admit)


def test_what_has_finished_is_never_made_again_and_stopped_if_it_still_runs():
    assert isinstance(decide(a_workload("w", finished=True)), Keep)
    assert isinstance(decide(replace(running(), finished=True)), Stop)


def test_max_runtime_counts_from_the_last_admission():
    workload = running(max_runtime=100.0, admitted_at=950.0)
    assert isinstance(decide(workload), Keep)
    ended = decide(workload, now=1050.0)
    assert isinstance(ended, Finish)
    assert ended.reason is Reason.MAX_RUNTIME_EXCEEDED


def test_a_suspended_workload_gives_its_chips_back_and_is_not_queued():
    assert decide(running(suspend=True)) == Displace(
        "ns/w", Reason.SUSPENDED, None, "spec.suspend is true; set it to false to queue it again."
    )
    assert decide(a_workload("w", suspend=True)).reason is Reason.SUSPENDED


def test_one_that_does_not_start_in_time_is_displaced_with_its_pods_own_words():
    late = running(started=False, admitted_at=0.0, error="ImagePullBackOff: no such image")
    decision = decide(late)
    assert isinstance(decision, Displace)
    assert decision.reason is Reason.NOT_STARTED
    assert "no such image" in decision.message


def test_waiting_for_releasing_chips_does_not_count_as_starting():
    assert isinstance(decide(replace(running(started=False, admitted_at=0.0), clock=500.0)), Keep)


def failed(times, at=1000.0, generation=1):
    return Displaced(at, Reason.NOT_STARTED, None, times, times, generation, "It said no.")


@pytest.mark.parametrize(("times", "seconds"), [(1, 60), (2, 120), (3, 240), (4, 480)])
def test_a_failed_start_is_tried_again_after_a_back_off_that_doubles(times, seconds):
    workload = a_workload("w", displaced=failed(times))
    held = decide(workload, now=1000.0 + seconds - 1)
    assert (held.reason, held.until) == (Reason.BACK_OFF, 1000.0 + seconds)
    assert isinstance(decide(workload, now=1000.0 + seconds), Admit)


def test_after_five_failed_starts_it_is_held_until_its_spec_is_edited():
    workload = a_workload("w", displaced=failed(5))
    assert decide(workload, now=1e9).reason is Reason.NOT_STARTED
    assert isinstance(decide(replace(workload, generation=2)), Admit)


def test_the_plan_says_when_the_clock_alone_changes_something():
    plan = schedule(a_snapshot(nodes(1), [a_workload("w", displaced=failed(1))]), now=1001.0)
    assert plan.wake == 1060.0


@pytest.mark.parametrize(
    "given",
    [
        Assignment("other", PoolName("h800"), 1, 0.0),
        Assignment("h800", PoolName("h20"), 1, 0.0),
    ],
)
def test_an_assignment_that_never_could_be_right_is_displaced(given):
    decision = decide(replace(running(), assignment=given))
    assert isinstance(decision, Displace)
    assert decision.reason is Reason.UNAUTHORIZED


def test_an_assignment_in_a_namespace_the_queue_does_not_serve_is_displaced():
    queues = [a_queue(selector=(Requirement("team", "In", ("a",)),))]
    assert decide(running(), queues=queues).reason is Reason.UNAUTHORIZED


def test_a_limit_tightened_later_displaces_nobody():
    assert isinstance(decide(running(), queues=[a_queue(limits={"h800": 0})]), Keep)


@pytest.mark.parametrize(
    ("workload", "more", "reason", "words"),
    [
        (a_workload("w", queue="nope"), {}, Reason.UNKNOWN_QUEUE, "spec.queueName"),
        (a_workload("w", pool="nope"), {}, Reason.UNKNOWN_POOL, "spec.variants[nope].poolNames"),
        (a_workload("w", "vip"), {}, Reason.UNKNOWN_CLASS, "create it or name one of ads, batch, serve, train."),
        (a_workload("w"), {"queues": [a_queue(classes=["ads"])]}, Reason.CLASS_NOT_ALLOWED, "does not allow train"),
        (a_workload("w"), {"pools": [a_pool(access=[["ads"]])]}, Reason.ACCESS_DENIED, "not let train in, only ads"),
        (a_workload("w"), {"queues": [a_queue(selector=None)]}, Reason.NAMESPACE_NOT_ALLOWED, "namespaceSelector"),
        (a_workload("w"), {"pools": [replace(a_pool(), deleting=True)]}, Reason.POOL_TERMINATING, "is being deleted"),
        (a_workload("w"), {"queues": [replace(a_queue(), deleting=True)]}, Reason.QUEUE_TERMINATING, "spec.queueName"),
        (a_workload("w", chips=9), {}, Reason.IMPOSSIBLE_SIZE, "chipsPerReplica: 9 chips a replica is more than any"),
        (a_workload("w", replicas=3), {}, Reason.IMPOSSIBLE_SIZE, "3 replicas are more than ChipPool h800 could ever"),
        (a_workload("w"), {"nodes": [], "pools": None}, Reason.NO_NODES, "has no nodes"),
        (
            a_workload("w"),
            {"namespaces": {Namespace("ns"): NamespaceView({}, deleting=True)}},
            Reason.NAMESPACE_TERMINATING,
            "is being deleted",
        ),
        (
            a_workload("w", problems=(Problem(Reason.BAD_PATCH, "spec.variants[a].patch: no"),)),
            {},
            Reason.BAD_PATCH,
            "patch",
        ),
        (
            a_workload("w", "train", a_variant(requests=(("cpu", 999_000), ("pods", 1)))),
            {},
            Reason.IMPOSSIBLE_SIZE,
            "large enough",
        ),
    ],
)
def test_a_mistake_is_held_with_a_sentence_that_names_the_field(workload, more, reason, words):
    held = decide(workload, **more)
    assert isinstance(held, Hold)
    assert held.reason is reason
    assert words in held.message


def test_one_mistake_holds_up_nobody_else():
    plan = schedule(a_snapshot(nodes(1), [a_workload("bad", "ads", queue="nope"), a_workload("good")]), now=0.0)
    assert isinstance(decision_of(plan, "good"), Admit)


def test_work_being_deleted_gets_no_decision():
    plan = schedule(a_snapshot(nodes(1), [a_workload("w", deleting=True)]), now=0.0)
    assert plan.decisions == ()
