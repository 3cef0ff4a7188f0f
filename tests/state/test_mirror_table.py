"""Each row of "What the cluster shows, and what it means", as the mirror tells it."""

from dataclasses import replace

from chippool.core.model import Displaced
from chippool.core.reasons import Reason
from tests.state.build import (
    NOW,
    Cluster,
    a_deployment,
    a_job,
    a_node,
    a_pod,
    a_workload,
    an_assignment,
    basics,
    key,
    rfc,
)

LOST = Displaced(NOW - 30, Reason.PREEMPTED, key("other"), 1, 0, 1, "Displaced.")


def a_cluster(*raw):
    return Cluster(*basics(), a_node("n1"), a_node("n2"), a_workload(), *raw)


def test_a_workload_without_an_object_is_pending():
    view = a_cluster().workload()
    assert (view.assignment, view.active, view.missing, view.placed) == (None, False, 0, ())


def test_an_object_with_an_assignment_is_admitted_and_what_has_no_pod_is_missing():
    view = a_cluster(a_job(assignment=an_assignment(2), parallelism=2)).workload()
    assert view.assignment == an_assignment(2)
    assert (view.active, view.missing, view.started) == (True, 2, False)


def test_gated_pods_hold_nothing_and_are_still_missing():
    cluster = a_cluster(a_job(assignment=an_assignment()), a_pod("w-0", gated=True))
    assert cluster.workload().missing == 1
    assert cluster.node().free == 8000


def test_pinned_and_bound_pods_are_placed_and_hold_their_chips():
    cluster = a_cluster(
        a_job(assignment=an_assignment(2), parallelism=2),
        a_pod("w-0", node="n2", phase="Running", ready=True),
        a_pod("w-1", pinned="n1"),
    )
    view = cluster.workload()
    assert (view.placed, view.missing, view.ready, view.started) == (("n1", "n2"), 0, 1, False)
    assert (cluster.node("n1").free, cluster.node("n2").free) == (0, 0)


def test_a_workload_whose_replicas_are_all_ready_has_started():
    cluster = a_cluster(a_job(assignment=an_assignment()), a_pod("w-0", node="n1", phase="Running", ready=True))
    assert cluster.workload().started


def test_a_workload_that_was_ready_before_has_started_though_a_pod_is_missing_now():
    status = {
        "assignment": {"admittedAt": rfc(NOW - 60)},
        "conditions": [{"type": "Ready", "status": "False", "reason": "PodsNotReady"}],
    }
    cluster = a_cluster(a_workload(status=status), a_job(assignment=an_assignment()))
    assert cluster.workload().started


def test_having_been_ready_in_an_earlier_admission_does_not_count():
    status = {
        "assignment": {"admittedAt": rfc(NOW - 600)},
        "conditions": [{"type": "Ready", "status": "True", "reason": "PodsReady"}],
    }
    assert not a_cluster(a_workload(status=status), a_job(assignment=an_assignment())).workload().started


def test_pods_that_are_not_ready_say_why():
    waiting = {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    cluster = a_cluster(a_job(assignment=an_assignment()), a_pod("w-0", node="n1", statuses=[waiting]))
    assert cluster.workload().error == "container main: ImagePullBackOff: no such image"


def test_a_displaced_workload_is_pending_and_its_pods_are_leaving():
    job = a_job(displaced=LOST, suspended=True)
    cluster = a_cluster(job, a_pod("w-0", node="n1", phase="Running", deleting=True), a_pod("w-1", node="n2"))
    view = cluster.workload()
    assert (view.assignment, view.displaced, view.active) == (None, LOST, False)
    for name in ("n1", "n2"):
        assert (cluster.node(name).free, cluster.node(name).leaving) == (8000, 8000)


def test_a_complete_job_is_an_outcome_and_holds_nothing():
    complete = [{"type": "Complete", "status": "True", "message": "Reached expected number of succeeded pods"}]
    cluster = a_cluster(
        a_job(assignment=an_assignment(), succeeded=1, conditions=complete),
        a_pod("w-0", node="n1", phase="Succeeded"),
    )
    view = cluster.workload()
    assert view.outcome is not None
    assert view.outcome.reason is Reason.COMPLETED
    assert (view.active, view.missing, view.succeeded, cluster.node().free) == (False, 0, 1, 8000)


def test_a_failed_job_is_an_outcome_in_its_own_words():
    failed = [
        {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached its limit"}
    ]
    view = a_cluster(a_job(assignment=an_assignment(), conditions=failed)).workload()
    assert view.outcome is not None
    assert (view.outcome.reason, view.outcome.message) == (Reason.FAILED, "Job has reached its limit")


def test_an_object_deleted_by_someone_leaves_the_workload_pending():
    job = a_job(assignment=an_assignment())
    cluster = a_cluster(job)
    assert cluster.workload().assignment is not None
    cluster.loses(job)
    assert cluster.workload().assignment is None


def test_an_object_that_is_being_deleted_admits_nobody_but_keeps_the_trace_of_the_displacement():
    view = a_cluster(a_job(displaced=LOST, suspended=True, deleting=True)).workload()
    assert (view.assignment, view.displaced, view.active) == (None, LOST, False)


def test_an_object_that_goes_with_its_assignment_was_deleted_by_someone():
    view = a_cluster(a_job(assignment=an_assignment(), displaced=LOST, deleting=True)).workload()
    assert view.assignment is None
    assert (view.displaced.reason, view.displaced.count) == (Reason.OBJECT_DELETED, LOST.count + 1)


def test_a_status_that_speaks_of_an_assignment_tells_that_the_object_was_deleted_and_the_next_one_inherits_it():
    status = {"assignment": {"admittedAt": rfc(NOW - 60)}, "displacements": 2}
    cluster = a_cluster(a_workload(status=status))
    view = cluster.workload()
    assert (view.displaced.reason, view.displaced.count) == (Reason.OBJECT_DELETED, 3)
    cluster.admits()
    assert cluster.workload().displaced == replace(view.displaced, at=NOW)


def test_a_finished_workload_without_an_object_has_lost_nothing():
    status = {"assignment": {"admittedAt": rfc(NOW)}, "conditions": [{"type": "Finished", "status": "True"}]}
    assert a_cluster(a_workload(status=status)).workload().displaced is None


def test_a_suspended_workload_says_so():
    assert a_cluster(a_workload(suspend=True)).workload().suspend


def test_a_finished_workload_is_finished_and_what_still_runs_of_it_is_leaving():
    status = {"conditions": [{"type": "Finished", "status": "True"}]}
    cluster = a_cluster(a_workload(status=status), a_job(assignment=an_assignment()), a_pod("w-0", node="n1"))
    view = cluster.workload()
    assert (view.finished, view.active, view.missing) == (True, True, 0)
    assert cluster.node().leaving == 8000


def test_a_deleted_workload_counts_the_chips_of_its_pods_until_they_are_gone():
    workload, pod = a_workload(), a_pod("w-0", node="n1", phase="Running")
    cluster = a_cluster(a_job(assignment=an_assignment()), pod).loses(workload)
    assert (cluster.node().free, cluster.node().leaving) == (8000, 8000)
    cluster.loses(pod)
    assert (cluster.node().free, cluster.node().leaving) == (8000, 0)


def test_a_workload_being_deleted_has_its_pods_counted_as_leaving():
    cluster = a_cluster(a_workload(deleting=True), a_job(assignment=an_assignment()), a_pod("w-0", node="n1"))
    assert cluster.node().leaving == 8000


def test_succeeded_indexes_count_once_and_are_not_missing():
    cluster = a_cluster(
        a_job(assignment=an_assignment(3), parallelism=3, succeeded=1),
        a_pod("w-0-a", index=0, node="n1", phase="Succeeded"),
        a_pod("w-1-a", index=1, node="n1", phase="Succeeded"),
        a_pod("w-1-b", index=1, node="n1", phase="Succeeded"),
        a_pod("w-2-a", index=2, node="n1", phase="Failed"),
    )
    view = cluster.workload()
    assert (view.succeeded, view.missing) == (2, 1)


def test_a_displaced_pod_that_ends_well_leaves_its_replica_to_be_done():
    cluster = a_cluster(
        a_job(assignment=an_assignment(), displaced=LOST),
        a_pod("w-0-a", index=0, node="n1", phase="Succeeded", deleting=True),
    )
    view = cluster.workload()
    assert (view.succeeded, view.missing) == (0, 1)


def test_an_object_of_that_name_that_is_not_ours_is_a_problem_and_admits_nobody():
    view = a_cluster(a_job(assignment=an_assignment(), owner="")).workload()
    assert view.assignment is None
    assert [problem.reason for problem in view.problems] == [Reason.NAME_TAKEN]
    assert "delete or rename it" in view.problems[0].message


def test_an_object_of_an_earlier_workload_of_the_name_is_in_the_way_too():
    view = a_cluster(a_job(assignment=an_assignment(), owner="uid-of-the-one-before")).workload()
    assert view.assignment is None
    assert "earlier workload" in view.problems[0].message


def test_an_assignment_nobody_understands_is_none():
    for text in ("{", "[]", '{"variant": "h800"}', '{"variant":"a","pool":"b","replicas":"x","admittedAt":"now"}'):
        assert a_cluster(a_job(said={"chippool.io/assignment": text})).workload().assignment is None


def test_a_service_is_its_deployment():
    cluster = Cluster(*basics(), a_node("n1"), a_workload(mode="Service", replicas=2))
    cluster.shows(
        a_deployment(assignment=an_assignment(2), replicas=2), a_pod("w-abc", job="rs", node="n1", ready=True)
    )
    view = cluster.workload()
    assert (view.active, view.placed, view.missing, view.ready) == (True, ("n1",), 1, 1)


def test_a_deployment_that_cannot_make_pods_says_why():
    refused = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
    cluster = Cluster(*basics(), a_workload(mode="Service"))
    cluster.shows(a_deployment(assignment=an_assignment(), conditions=refused))
    assert cluster.workload().error == "exceeded quota"


def test_pods_of_a_workload_nobody_understands_are_left_alone():
    workload = a_workload()
    cluster = a_cluster(a_job(assignment=an_assignment()), a_pod("w-0", node="n1"))
    cluster.mirror.spoiled("ChipWorkload", workload["metadata"]["uid"], "team", "w", "KeyError: spec")
    assert key("w") not in cluster.mirror.snapshot().workloads
    assert (cluster.node().free, cluster.node().leaving) == (0, 0)
    assert [entry.name for entry in cluster.mirror.spoiled_objects] == ["w"]
    cluster.shows(workload)
    assert cluster.workload().assignment is not None
    assert cluster.mirror.spoiled_objects == ()


def test_the_latest_checkpoint_any_replica_tells_of_counts_for_the_workload():
    pods = [a_pod(f"w-{i}", node=f"n{i + 1}", phase="Running", ready=True) for i in range(2)]
    for raw, at in zip(pods, (NOW - 90, NOW - 30), strict=True):
        raw["metadata"]["annotations"] = {"chippool.io/checkpointed-at": rfc(at)}
    cluster = a_cluster(a_job(assignment=an_assignment(2), parallelism=2), *pods)
    assert cluster.workload().checkpointed_at == NOW - 30
