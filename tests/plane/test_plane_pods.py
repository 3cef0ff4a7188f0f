"""Pods live and end on the plane as their annotations say, and as a kubelet would have it."""

import json

import pytest

from tests.plane.builders import a_job, a_pod, apply, at, audited, eventually, get, pods_of, wait

pytestmark = pytest.mark.plane
H800 = {"nvidia.com/gpu.product": "NVIDIA-H800"}


def phases(plane, pod):
    """The phases its kubelet wrote, each with the event that wrote it."""
    writes = [event for event in audited(plane.audit_log, "pods", pod) if event["user"]["username"] == "kwok"]
    statuses = [(event, (event.get("requestObject") or {}).get("status") or {}) for event in writes]
    return [(status["phase"], event) for event, status in statuses if "phase" in status]


def deletions(plane, pod):
    return [event for event in audited(plane.audit_log, "pods", pod) if event["verb"] == "delete"]


def is_gone(plane, pod):
    return plane.kubectl("get", "pod", pod, check=False).returncode != 0


def test_a_pod_is_running_and_ready_at_once_with_one_write_of_its_kubelet(plane):
    apply(plane, a_pod("plain"))
    wait(plane, "pod/plain", "condition=Ready")
    pod = get(plane, "pod", "plain")
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"]
    assert [phase for phase, _ in phases(plane, "plain")] == ["Running"]


def test_a_job_runs_and_completes_by_annotation(plane):
    apply(plane, a_job("completes", pods=2, run_for="1s"))
    wait(plane, "job/completes", "condition=complete")
    assert get(plane, "job", "completes")["status"]["succeeded"] == 2


def test_a_nonzero_exit_code_fails_the_job(plane):
    apply(plane, a_job("fails", run_for="500ms", exit_code="3"))
    wait(plane, "job/fails", "condition=failed")
    (pod,) = pods_of(plane, "fails")
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_a_container_is_started_again_where_its_restart_policy_says_so(plane):
    apply(plane, a_pod("restarts", restart="OnFailure", run_for="500ms", exit_code="1"))
    wait(plane, "pod/restarts", "jsonpath={.status.containerStatuses[0].restartCount}=2")
    assert get(plane, "pod", "restarts")["status"]["phase"] == "Running"


def test_a_change_of_the_pod_does_not_start_its_run_anew(plane):
    apply(plane, a_pod("changed", run_for="3s"))
    wait(plane, "pod/changed", "condition=Ready")
    for number in range(12):
        plane.kubectl("annotate", "pod", "changed", f"example.com/n={number}", "--overwrite")
    wait(plane, "pod/changed", "jsonpath={.status.phase}=Succeeded")
    (_, started), (_, ended) = phases(plane, "changed")
    assert 2.9 <= (at(ended) - at(started)).total_seconds() <= 4.5


def test_an_image_that_cannot_be_pulled_leaves_the_pod_pending_and_says_why(plane):
    apply(plane, a_pod("unpulled", pull_error="manifest unknown"))
    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff"
    wait(plane, "pod/unpulled", "condition=PodScheduled", waiting)
    status = get(plane, "pod", "unpulled")["status"]
    assert status["phase"] == "Pending"
    assert "manifest unknown" in status["containerStatuses"][0]["state"]["waiting"]["message"]
    plane.kubectl("annotate", "pod", "unpulled", "plane.chippool.io/pull-error-")
    wait(plane, "pod/unpulled", "condition=Ready")


def test_a_pod_becomes_ready_when_asked_or_never(plane):
    apply(plane, a_pod("late", ready_after="1s"), a_pod("never", never_ready="true", run_for="2s"))
    wait(plane, "pod/never", "jsonpath={.status.phase}=Running")
    assert conditions(plane, "never")["Ready"] == "False"
    wait(plane, "pod/late", "condition=Ready")
    pod = get(plane, "pod", "late")
    assert pod["status"]["containerStatuses"][0]["ready"] is True
    wait(plane, "pod/never", "jsonpath={.status.phase}=Succeeded")


def conditions(plane, pod):
    return {one["type"]: one["status"] for one in get(plane, "pod", pod)["status"]["conditions"]}


def test_a_pod_takes_as_long_to_end_as_asked_and_is_failed_before_it_is_gone(plane):
    apply(plane, a_pod("slow", end_after="2s"))
    wait(plane, "pod/slow", "condition=Ready")
    plane.kubectl("delete", "pod", "slow", "--wait=false")
    eventually(lambda: is_gone(plane, "slow"), "the pod is gone")
    asked, removed = deletions(plane, "slow")
    phase, ended = phases(plane, "slow")[-1]
    assert phase == "Failed"
    assert at(asked) < at(ended) < at(removed)
    assert 1.9 <= (at(ended) - at(asked)).total_seconds() <= 3.5
    assert exit_codes(ended) == [143]


def exit_codes(write):
    statuses = write["requestObject"]["status"]["containerStatuses"]
    return [one["state"]["terminated"]["exitCode"] for one in statuses]


def test_a_pod_ends_within_its_grace_period(plane):
    apply(plane, a_pod("stubborn", grace=1, end_after="1h"))
    wait(plane, "pod/stubborn", "condition=Ready")
    plane.kubectl("delete", "pod", "stubborn", "--wait=false")
    eventually(lambda: is_gone(plane, "stubborn"), "the pod is gone", within=5)


def test_finalizers_are_left_to_their_owners(plane):
    apply(plane, a_pod("finalized", finalizers=["example.com/mine"]))
    wait(plane, "pod/finalized", "condition=Ready")
    plane.kubectl("delete", "pod", "finalized", "--wait=false")
    wait(plane, "pod/finalized", "jsonpath={.status.phase}=Failed")
    assert get(plane, "pod", "finalized")["metadata"]["finalizers"] == ["example.com/mine"]
    plane.kubectl("patch", "pod", "finalized", "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}}))
    eventually(lambda: is_gone(plane, "finalized"), "the pod is gone")


def test_a_plain_delete_of_a_jobs_pod_uses_up_its_backoff_limit(plane):
    apply(plane, a_job("deleted"))
    eventually(lambda: pods_of(plane, "deleted"), "the Job made its pod")
    pod = pods_of(plane, "deleted")[0]["metadata"]["name"]
    wait(plane, f"pod/{pod}", "condition=Ready")
    plane.kubectl("delete", "pod", pod, "--wait=false")
    wait(plane, "job/deleted", "condition=failed")
    assert get(plane, "job", "deleted")["status"]["failed"] == 1


def test_a_pod_that_fits_nowhere_stays_pending(plane):
    apply(plane, a_pod("too-big", chips=9, selector=H800))
    wait(plane, "pod/too-big", "jsonpath={.status.conditions[0].reason}=Unschedulable")
