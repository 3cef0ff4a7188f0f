from tests.replay.calls import OPERATOR, a_binding, a_call, a_job, a_life, a_pod, ended, made
from tools.replay.invariants import record, violations

STOCK = {"n1": {"nvidia.com/gpu": 2}}


def rules_broken(*calls):
    seen = record(sorted(calls, key=lambda c: c.answered), [OPERATOR], STOCK)
    return {one.rule for one in violations(seen)}


def test_an_undisturbed_life_breaks_no_rule():
    assert rules_broken(made(), *a_life(end=8.0), ended()) == set()


def test_pods_that_follow_one_another_on_a_full_node_break_no_rule():
    first = a_life("a-0", chips=2, end=5.0)
    second = a_life("b-0", chips=2, start=5.0, end=8.0)
    assert rules_broken(made("a"), made("b"), *first, *second, ended("a"), ended("b")) == set()


def test_a_node_over_its_chips_is_found():
    lives = [call for name in "abc" for call in a_life(f"{name}-0", end=8.0)]
    assert "node over its allocatable chips" in rules_broken(*(made(n) for n in "abc"), *lives)


def test_a_pin_onto_a_full_node_is_found_before_it_is_bound():
    first = list(a_life("a-0", chips=2, end=8.0))
    promised = list(a_life("b-0", chips=2, start=3.0))[:2]
    assert rules_broken(made("a"), made("b"), *first, *promised) == {"node promised more than its allocatable chips"}


def test_chips_lost_by_a_node_do_not_blame_who_runs_there():
    lost = {"metadata": {"name": "n1"}, "status": {"allocatable": {"nvidia.com/gpu": "0", "cpu": "4"}}}
    shrunk = a_call("patch", "nodes/status", 4.0, lost)
    assert rules_broken(made(), *a_life(chips=2, end=8.0), shrunk, ended()) == set()


def test_a_gang_of_which_only_a_part_is_on_nodes_at_the_end_is_found():
    lonely = list(a_life("w-1"))[:1]
    assert rules_broken(made(), *a_life("w-0"), *lonely) == {"gang partly bound at the end"}


def test_chips_of_a_finished_job_that_are_not_back_are_found():
    assert rules_broken(made(), *a_life(), ended()) == {"chips of ended work not back"}


def test_chips_of_a_suspended_job_that_are_not_back_are_found():
    stopped = a_call("patch", "jobs", 5.0, a_job(suspend=True), user=OPERATOR)
    assert rules_broken(made(), *a_life(), stopped) == {"chips of ended work not back"}


def test_a_job_made_twice_is_found():
    assert rules_broken(made(), made(at=2.0, uid="another")) == {"Job made twice"}


def test_a_job_made_again_after_it_was_deleted_is_fine():
    gone = a_call("delete", "jobs", 1.5, {"kind": "Status", "metadata": {"namespace": "ns"}}, name="w")
    assert rules_broken(made(), gone, made(at=2.0, uid="another")) == set()


def test_a_job_made_again_after_the_garbage_collector_took_it_away_is_fine():
    """It is gone with its last finalizer, and the answer to that shows its metadata alone."""
    leaving = a_job()["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    waits = leaving | {"finalizers": ["foregroundDeletion"]}
    asked = a_call("delete", "jobs", 1.0, a_job() | {"metadata": waits})
    let_go = a_call("patch", "jobs", 1.5, {"kind": "PartialObjectMetadata", "metadata": leaving})
    assert rules_broken(made(), asked, made(at=2.0, uid="another")) == {"Job made twice"}
    assert rules_broken(made(), asked, let_go, made(at=2.0, uid="another")) == set()


def test_a_refused_second_making_is_fine():
    refused = a_call("create", "jobs", 2.0, a_job(uid="another"), user=OPERATOR, code=409)
    assert rules_broken(made(), refused) == set()


def test_an_index_that_succeeded_twice_is_found():
    again = a_life(start=9.0, end=12.0, uid="another")
    assert rules_broken(made(), *a_life(end=8.0), *again) == {"index succeeded twice"}


def test_an_index_that_ended_well_while_it_was_displaced_may_run_again():
    """Kubernetes lets go of a suspended Job's pods before they have ended, and does not count them."""
    leaving = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    shown = a_pod(to="n1", node="n1", phase="Succeeded", metadata=leaving)
    first = [*a_life(), a_call("patch", "pods/status", 6.0, shown)]
    assert rules_broken(made(), *first, *a_life(start=7.0, end=12.0, uid="another")) == set()


def test_an_index_that_ended_well_just_after_its_job_was_suspended_may_run_again():
    stopped = a_call("patch", "jobs", 7.0, a_job(suspend=True), user=OPERATOR)
    resumed = a_call("patch", "jobs", 8.5, a_job(), user=OPERATOR)
    again = a_life(start=9.0, end=12.0, uid="another")
    assert rules_broken(made(), *a_life(end=8.0), stopped, resumed, *again) == set()


def test_a_pod_made_for_an_index_that_was_counted_is_found():
    counted = a_job() | {"status": {"completedIndexes": "0-1"}}
    told = a_call("update", "jobs/status", 8.0, counted, user="job-controller")
    again = list(a_life("w-1", start=9.0))[:1]
    assert rules_broken(made(), told, *again) == {"index succeeded twice"}


def test_a_preemption_by_kube_scheduler_is_found():
    target = [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]
    hit = a_call("patch", "pods/status", 5.0, a_pod(to="n1", node="n1", phase="Running", conditions=target))
    assert rules_broken(made(), *a_life(end=8.0), hit, ended()) == {"preempted by kube-scheduler"}


def test_a_gate_taken_off_by_somebody_else_is_found():
    assert rules_broken(made(), *a_life(end=8.0, pinned_by="mallory"), ended()) == {"bound without a decision"}


def test_a_pin_whose_sender_was_killed_before_the_answer_is_a_pin():
    """The API server answers 504 to nobody, and has done it."""
    open_ended = {
        "code": 504,
        "name": "w-0",
        "request": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "n1"}}},
        "user": OPERATOR,
    }
    broken_off = a_call("patch", "pods", 1.1, {"kind": "Status", "metadata": {"namespace": "ns"}}, **open_ended)
    life = [broken_off if (c.verb, c.resource) == ("patch", "pods") else c for c in a_life(end=8.0)]
    assert rules_broken(made(), *life, ended()) == set()


def test_a_managed_pod_made_without_a_gate_is_found():
    loose = a_call("create", "pods", 1.0, a_pod(), user="job-controller")
    assert rules_broken(made(), loose, a_binding("w-0", 2.0, "n1")) == {"bound without a decision"}


def a_life_begun_without_an_answer(*, gated):
    """The API server stood still while the pod was made: the log has what was asked, under 504 and without a name."""
    asked = a_pod(gated=gated)
    asked["metadata"] = {"generateName": "w-0-", "namespace": "ns"}
    first = {"code": 504, "request": asked, "user": "job-controller"}
    answered = [call for call in a_life("w-0-x7", end=8.0) if call.verb != "create" or call.resource != "pods"]
    return [a_call("create", "pods", 1.0, {"kind": "Status", "metadata": {"namespace": "ns"}}, **first), *answered]


def test_a_pod_whose_making_was_never_answered_was_made_as_asked():
    assert rules_broken(made(), *a_life_begun_without_an_answer(gated=True), ended()) == set()
    assert "bound without a decision" in rules_broken(made(), *a_life_begun_without_an_answer(gated=False), ended())


def test_a_pod_bound_elsewhere_than_it_was_sent_is_found():
    life = [call for call in a_life(end=8.0) if call.resource != "pods/binding"]
    assert rules_broken(made(), *life, a_binding("w-0", 1.2, "n2"), ended()) == {
        "bound without a decision",
        "node over its allocatable chips",
    }
