import json
from dataclasses import replace

import pytest

from chippool.control import publish
from chippool.control.render import render
from chippool.core.model import Outcome
from chippool.core.plan import Admit, Displace, Finish, Hold, Keep, Place, Resize, Shrink, Stop
from chippool.core.reasons import Reason
from chippool.kube.writer import Urgency
from chippool.state.records import Pin, Stuck
from tests.control.build import (
    H800,
    KEY,
    NOW,
    NPU,
    a_cluster,
    a_displacement,
    a_job,
    a_pod,
    a_pool,
    a_record,
    a_spec,
    an_assignment,
)

ADMIT = Admit(KEY, "h800", H800, 8000, ("n1",), False, "")
JOB = "/apis/batch/v1/namespaces/ads/jobs"


def stamp(record, assignment):
    return render(record, assignment, a_pool(assignment.pool)).stamp


def written(decision, cluster, order=0):
    return publish.writes(decision, cluster, NOW, order)


def test_admitting_is_one_write_where_nothing_was_made():
    (write,) = written(ADMIT, a_cluster(a_record(), assignment=an_assignment()), order=3)
    assert (write.method, write.path, write.urgency, write.order) == ("POST", JOB, Urgency.DECISION, 3)
    assert json.loads(write.body["metadata"]["annotations"]["chippool.io/assignment"])["pool"] == H800


def test_a_gang_of_several_gets_its_service_after_its_job():
    record = a_record(a_spec(replicas=2))
    job, service = written(ADMIT, a_cluster(record, assignment=an_assignment(replicas=2)))
    assert (job.body["kind"], service.body["kind"]) == ("Job", "Service")
    assert job.urgency < service.urgency


def test_a_suspended_job_is_resumed_by_one_patch_and_keeps_its_trace():
    record, given = a_record(), an_assignment()
    made = a_job(record, suspended=True, rendered=stamp(record, given), displaced=a_displacement())
    (write,) = written(ADMIT, a_cluster(record, made, assignment=given, displaced=a_displacement()))
    assert (write.method, write.path) == ("PATCH", f"{JOB}/ctr")
    assert write.body["spec"] == {"suspend": False, "parallelism": 1, "completions": 1}
    assert write.body["metadata"]["uid"] == "uid-job"
    assert write.body["metadata"]["resourceVersion"] == "42"
    assert json.loads(write.body["metadata"]["annotations"]["chippool.io/displaced"])["count"] == 1


def test_a_suspended_job_moves_to_another_vendors_chips_in_the_patch_that_resumes_it():
    record, given = a_record(), an_assignment(pool=NPU)
    made = a_job(record, suspended=True, rendered=stamp(record, an_assignment()))
    (write,) = written(ADMIT, a_cluster(record, made, assignment=given))
    (container,) = write.body["spec"]["template"]["spec"]["containers"]
    chips = {"huawei.com/Ascend910": "8"}
    assert container == {"name": "main", "resources": {"$patch": "replace", "limits": chips, "requests": chips}}
    assert write.content_type == "application/strategic-merge-patch+json"


@pytest.mark.parametrize(
    ("pod", "waits"), [({}, True), ({"finished": True, "deleting": True}, True), ({"finished": True}, False)]
)
def test_other_chips_wait_for_the_old_pods_to_go(pod, waits):
    record = a_record()
    made = a_job(record, suspended=True, rendered=stamp(record, an_assignment()))
    cluster = a_cluster(record, made, assignment=an_assignment(pool=NPU))
    cluster.there = (a_pod(made, **pod),)
    assert (written(ADMIT, cluster) == []) == waits


def test_a_job_of_another_rendering_goes_before_the_next_one_is_made():
    record, given = a_record(), an_assignment()
    made = a_job(record, suspended=True, rendered="other nvidia.com/gpu=8")
    (write,) = written(ADMIT, a_cluster(record, made, assignment=given))
    assert (write.method, write.body["propagationPolicy"]) == ("DELETE", "Foreground")
    assert write.body["preconditions"] == {"uid": "uid-job", "resourceVersion": "42"}
    assert publish.admission(KEY, a_cluster(record, replace(made, deleting=True), assignment=given)) == []
    assert publish.admission(KEY, a_cluster(record, assignment=given))[0].method == "POST"


@pytest.mark.parametrize(
    "more",
    [{"owner_uid": "somebody"}, {"outcome": Outcome(Reason.COMPLETED, "")}, {"assignment": an_assignment()}],
    ids=["somebody else's", "ended", "there already"],
)
def test_an_object_that_is_not_to_be_touched_is_not(more):
    record = a_record()
    made = a_job(record, **more)
    assert written(ADMIT, a_cluster(record, made, assignment=an_assignment())) == []


def test_a_deployment_at_0_is_rendered_anew_by_one_patch():
    record, given = a_record(a_spec(mode="Service", replicas=3)), an_assignment(replicas=3)
    (write,) = written(ADMIT, a_cluster(record, a_job(record, suspended=True), assignment=given))
    operations = {operation["path"]: operation["value"] for operation in write.body}
    assert operations["/spec"]["replicas"] == 3
    assert operations["/metadata/resourceVersion"] == "42"
    assert "/metadata/annotations/chippool.io~1assignment" in operations


def test_an_edited_service_is_rolled_out_once():
    record, given = a_record(a_spec(mode="Service")), an_assignment()
    made = a_job(record, assignment=given, rendered="older nvidia.com/gpu=8")
    (write,) = publish.refresh(KEY, a_cluster(record, made, assignment=given))
    assert write.urgency is Urgency.UPKEEP
    current = replace(made, rendered=stamp(record, given))
    assert publish.refresh(KEY, a_cluster(record, current, assignment=given)) == []


def test_a_gangs_template_is_not_rolled_out():
    record, given = a_record(), an_assignment()
    made = a_job(record, assignment=given, rendered="older nvidia.com/gpu=8")
    assert publish.refresh(KEY, a_cluster(record, made, assignment=given)) == []


@pytest.mark.parametrize(("mode", "rest"), [("Gang", {"suspend": True}), ("Service", {"replicas": 0})])
def test_displacing_is_one_write(mode, rest):
    record = a_record(a_spec(mode=mode))
    made = a_job(record, assignment=an_assignment())
    lost = a_displacement(by="ads/top", count=2)
    decision = Displace(KEY, Reason.PREEMPTED, "ads/top", "")
    (write,) = written(decision, a_cluster(record, made, displaced=lost))
    said = write.body["metadata"].pop("annotations")
    assert write.body == {"metadata": {"uid": "uid-job", "resourceVersion": "42"}, "spec": rest}
    assert said["chippool.io/assignment"] is None
    assert json.loads(said["chippool.io/displaced"])["by"] == "ads/top"
    assert json.loads(said["chippool.io/displaced"])["count"] == 2


@pytest.mark.parametrize(
    ("mode", "spec"), [("Gang", {"parallelism": 3, "completions": 3}), ("Service", {"replicas": 3})]
)
def test_resizing_is_one_write(mode, spec):
    record = a_record(a_spec(mode=mode))
    made = a_job(record, assignment=an_assignment())
    decision = Resize(KEY, 3, ("n2", "n3"), "")
    (write,) = written(decision, a_cluster(record, made, assignment=an_assignment(replicas=3)))
    assert write.body["spec"] == spec
    assert json.loads(write.body["metadata"]["annotations"]["chippool.io/assignment"])["replicas"] == 3


def test_an_end_is_said_before_what_still_runs_is_stopped():
    record = a_record()
    made = a_job(record, assignment=an_assignment())
    decision = Finish(KEY, Reason.MAX_RUNTIME_EXCEEDED, "It ran for longer than spec.maxRuntime.")
    said, stopped = written(decision, a_cluster(record, made, assignment=an_assignment(), finished=True))
    assert said.urgency is Urgency.FINISH
    assert said.path.endswith("/chipworkloads/ctr/status")
    finished = {entry["type"]: entry for entry in said.body["status"]["conditions"]}["Finished"]
    assert (finished["status"], finished["reason"]) == ("True", "MaxRuntimeExceeded")
    assert stopped.body == {"metadata": {"uid": "uid-job"}, "spec": {"suspend": True}}
    assert said.urgency < stopped.urgency


def test_a_job_that_has_ended_is_not_stopped():
    record = a_record()
    made = a_job(record, assignment=an_assignment(), outcome=Outcome(Reason.COMPLETED, ""))
    decision = Finish(KEY, Reason.COMPLETED, "Its Job is complete.")
    assert len(written(decision, a_cluster(record, made, assignment=an_assignment()))) == 1


def test_stopping_takes_the_assignment_too():
    record = a_record()
    (write,) = written(Stop(KEY, Reason.SUSPENDED, ""), a_cluster(record, a_job(record)))
    assert write.body["spec"] == {"suspend": True}
    assert write.body["metadata"]["annotations"] == {"chippool.io/assignment": None}


@pytest.mark.parametrize(
    "decision", [Place(KEY, ("n1",), ""), Keep(KEY, Reason.ADMITTED, ""), Hold(KEY, Reason.CHIPS_SHORT, "")]
)
def test_what_changes_no_object_writes_none(decision):
    record = a_record()
    assert written(decision, a_cluster(record, a_job(record, assignment=an_assignment()))) == []


def test_a_workload_that_is_gone_is_not_written():
    cluster = a_cluster(a_record())
    cluster.records.clear()
    cluster.views.clear()
    for decision in (ADMIT, Displace(KEY, Reason.PREEMPTED, None, ""), Finish(KEY, Reason.FAILED, "")):
        assert written(decision, cluster) == []


def test_a_pin_takes_the_gate_and_names_the_node():
    write = publish.pin(Pin("uid-pod", "ads", "ctr-0-x", KEY, "n1", "host-1"), 5)
    assert write.path == "/api/v1/namespaces/ads/pods/ctr-0-x"
    assert write.body["metadata"] == {"uid": "uid-pod", "managedFields": [{}]}
    assert write.body["spec"] == {"schedulingGates": None, "nodeSelector": {"kubernetes.io/hostname": "host-1"}}
    assert write.content_type == "application/merge-patch+json"
    assert (write.urgency, write.order) == (Urgency.PIN, 5)


def test_a_pin_says_which_chips_of_the_node_are_meant():
    marks = (("chippool.io/chips", "GPU-1"), ("nvidia.com/use-gpuuuid", "GPU-1"))
    write = publish.pin(Pin("uid-pod", "ads", "ctr-0-x", KEY, "n1", "host-1", marks=marks), 5)
    assert write.body["metadata"]["annotations"] == dict(marks)


def test_a_pin_labels_the_pod_with_its_pool_where_the_name_fits_into_a_label():
    for pool, labels in (("h800", {"chippool.io/pool": "h800"}), ("h" * 64, None)):
        write = publish.pin(Pin("uid-pod", "ads", "ctr-0-x", KEY, "n1", "host-1", pool=pool), 5)
        assert write.body["metadata"].get("labels") == labels


def test_a_pin_leaves_the_gates_of_others():
    write = publish.pin(Pin("uid-pod", "ads", "ctr-0-x", KEY, "n1", "host-1", other_gates=True), 5)
    assert write.body["spec"]["schedulingGates"] == [{"$patch": "delete", "name": "chippool.io/placement"}]
    assert write.content_type == "application/strategic-merge-patch+json"


def test_an_eviction_means_one_pod_only():
    write = publish.evict(Stuck("uid-pod", "ads", "ctr-0-x", KEY, "n1", ""))
    assert (write.method, write.path) == ("POST", "/api/v1/namespaces/ads/pods/ctr-0-x/eviction")
    assert write.body["deleteOptions"]["preconditions"]["uid"] == "uid-pod"


@pytest.mark.parametrize(
    ("mode", "spec"), [("Gang", {"parallelism": 1, "completions": 1}), ("Service", {"replicas": 1})]
)
def test_shrinking_is_one_write_that_says_for_whom(mode, spec):
    record = a_record(a_spec(mode=mode, replicas=3, minReplicas=1))
    made = a_job(record, assignment=an_assignment(replicas=3))
    lost = a_displacement(Reason.SHRUNK, by="ads/top")
    decision = Shrink(KEY, 1, "ads/top", "")
    (write,) = written(decision, a_cluster(record, made, assignment=an_assignment(replicas=1), displaced=lost))
    said = write.body["metadata"]["annotations"]
    assert write.body["spec"] == spec
    assert json.loads(said["chippool.io/assignment"])["replicas"] == 1
    assert json.loads(said["chippool.io/displaced"])["by"] == "ads/top"
