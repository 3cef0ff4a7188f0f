"""Things that are taken away, are in the way, or contradict one another: said where it shows, nothing else held up."""

import json

import pytest

from tests.cluster.bad_input import a_good_one_runs, an_event_says, must_say
from tests.cluster.cluster import ROOT
from tests.cluster.manifests import H20, a_pool, a_queue, a_variant, a_workload
from tools.plane.fleet import Fleet

pytestmark = pytest.mark.plane


def overlaps(cluster, pool):
    return cluster.condition(pool, "NodesOverlap", "chippool").get("status") == "True"


def a_job(name):
    pod = {"containers": [{"name": "main", "image": "other:1"}], "restartPolicy": "Never"}
    spec = {"suspend": True, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def test_a_job_of_somebody_else_is_left_alone_and_the_workload_says_so(cluster):
    cluster.apply(a_job("w"))
    theirs = cluster.find("job", "w")
    cluster.apply(a_workload("w"))
    sentence = cluster.wait_held("w", "NameTaken")
    must_say(sentence, "Job w exists and is not this workload's", "delete or rename it, or rename the workload")
    an_event_says(cluster, "w", "Misconfigured", sentence)
    a_good_one_runs(cluster)
    untouched = cluster.find("job", "w")
    assert (untouched["metadata"]["uid"], untouched["spec"]) == (theirs["metadata"]["uid"], theirs["spec"])
    cluster.delete("job", "w")
    cluster.wait_true("w", "Ready")


def test_pools_that_overlap_say_so_of_each_other_until_one_is_edited(cluster):
    cluster.apply(a_pool("greedy", {"nvidia.com/gpu.present": "true", **H20}))
    try:
        for pool, other in (("greedy", "h20"), ("h20", "greedy")):
            cluster.eventually(lambda pool=pool: overlaps(cluster, pool), f"{pool} says that it overlaps")
            sentence = cluster.condition(pool, "NodesOverlap", "chippool")["message"]
            must_say(sentence, f"in pool {other} too", "such as h20-", "nothing new is placed", "spec.nodeSelector")
        cluster.apply(a_workload("w", a_variant("h20")))
        must_say(cluster.wait_held("w", "ChipsShort"), "Nodes of h20 that are in another pool too", "NodesOverlap")
        cluster.apply(a_workload("good"))
        cluster.wait_true("good", "Ready")
        cluster.patch("chippool", "greedy", {"spec": {"nodeSelector": {"disk": "nvme"}}})
        cluster.wait_true("w", "Ready")
        cluster.eventually(lambda: not overlaps(cluster, "h20"), "h20 is healed")
    finally:
        cluster.plane.kubectl("delete", "chippool", "greedy", "--timeout=30s")


def test_what_runs_on_nodes_that_become_another_pools_too_runs_on(cluster):
    cluster.apply(a_workload("w", a_variant("h20")))
    cluster.wait_true("w", "Ready")
    (before,) = cluster.running("w")
    cluster.apply(a_pool("greedy", H20))
    try:
        cluster.eventually(lambda: overlaps(cluster, "h20"), "h20 says that it overlaps")
        (after,) = cluster.running("w")
        assert before["metadata"]["uid"] == after["metadata"]["uid"]
        assert cluster.is_true("w", "Ready")
    finally:
        cluster.plane.kubectl("delete", "chippool", "greedy", "--timeout=30s")


def test_a_pool_whose_nodes_vanish_says_so_and_its_work_goes_on_when_they_are_back(cluster):
    (fleet,) = (p for p in Fleet.load(ROOT / "examples/fleets/small.yaml").pools if p.name == "h800")
    cluster.apply(a_workload("ran", replicas=2))
    cluster.wait_true("ran", "Ready")
    for node in cluster.plane.fleet.names("h800"):
        cluster.plane.fleet.remove(node)
    cluster.apply(a_workload("waits"))
    must_say(cluster.wait_held("waits", "NoNodes"), "ChipPool h800 has no nodes now")
    cluster.eventually(
        lambda: cluster.condition("h800", "Ready", "chippool")["reason"] == "NoNodes", "the pool says so", within=60
    )
    a_good_one_runs(cluster)
    assert not cluster.is_true("ran", "Finished")
    cluster.plane.fleet.add(fleet)
    cluster.plane.fleet.wait_ready()
    cluster.eventually(lambda: len(cluster.running("ran")) == 2, "it runs again", within=120, about="ran")
    cluster.wait_true("waits", "Ready")
    assert not cluster.is_true("ran", "Finished")


def test_a_namespace_that_is_deleted_gives_its_chips_back(cluster):
    cluster.plane.kubectl("create", "namespace", "doomed")
    apply_in(cluster, "doomed", a_workload("runs", replicas=4))
    cluster.plane.kubectl(*["wait", "chipworkload/runs", "-n", "doomed", "--for=condition=Ready", "--timeout=30s"])
    apply_in(cluster, "doomed", a_workload("waits", replicas=2))
    cluster.apply(a_workload("next", replicas=4))
    cluster.wait_held("next", "ChipsShort")
    cluster.plane.kubectl("delete", "namespace", "doomed", "--timeout=60s")
    cluster.wait_true("next", "Ready")
    a_good_one_runs(cluster)
    assert all("cycle failed" not in one.log.read_text() for one in cluster.operators)


def test_nothing_is_admitted_in_a_namespace_that_is_being_deleted(cluster):
    cluster.plane.kubectl("create", "namespace", "ending")
    kept = a_workload("waits", queue="later")
    kept["metadata"]["finalizers"] = ["tests.example/keeps"]
    apply_in(cluster, "ending", kept)
    cluster.plane.kubectl("delete", "namespace", "ending", "--wait=false")
    cluster.apply(a_queue("later"))
    a_good_one_runs(cluster)
    assert not json.loads(cluster.plane.kubectl("get", "jobs", "-n", "ending", "-o", "json").stdout)["items"]
    release = ("patch", "chipworkload", "waits", "-n", "ending", "--type=merge", "-p")
    cluster.plane.kubectl(*release, '{"metadata":{"finalizers":null}}')
    cluster.plane.kubectl("wait", "namespace/ending", "--for=delete", "--timeout=60s")


def apply_in(cluster, namespace, made):
    cluster.plane.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(made))


def test_workloads_deleted_in_the_middle_of_their_admission_leave_nothing(cluster):
    for burst in range(6):
        names = [f"w-{burst}-{number}" for number in range(4)]
        cluster.apply(*(a_workload(name) for name in names))
        cluster.plane.kubectl("delete", "chipworkload", *names, "-n", cluster.namespace, "--wait=false")
    cluster.eventually(lambda: not cluster.items("jobs"), "no Job is left", within=60)
    cluster.eventually(lambda: not cluster.items("pods"), "no pod is left", within=60)
    cluster.apply(a_workload("after", replicas=4))
    cluster.wait_true("after", "Ready")


def test_a_job_deleted_by_hand_is_made_again_and_the_workload_says_so(cluster):
    cluster.apply(a_workload("w", replicas=2))
    cluster.wait_true("w", "Ready")
    old = cluster.find("job", "w")["metadata"]["uid"]
    cluster.delete("job", "w")
    cluster.eventually(
        lambda: (cluster.find("job", "w") or {"metadata": {"uid": old}})["metadata"]["uid"] != old, "it is made again"
    )
    cluster.wait_true("w", "Ready")
    cluster.eventually(lambda: len(cluster.running("w")) == 2, "both replicas run", about="w")
    cluster.eventually(lambda: said_of_deletion(cluster, "w"), "an event says why", about="w")
    must_say(cluster.condition("w", "Displaced")["message"], "deleted by someone")


def said_of_deletion(cluster, name):
    events = [e for e in cluster.events(name) if e["reason"] == "Displaced"]
    return any(e["action"] == "ObjectDeleted" and "deleted by someone" in e["note"] for e in events)


def test_a_workload_whose_job_was_deleted_waits_at_its_old_age(cluster):
    cluster.apply(a_workload("old", replicas=4))
    cluster.wait_true("old", "Ready")
    cluster.pass_second()
    cluster.apply(a_workload("young", replicas=4))
    cluster.wait_held("young", "ChipsShort")
    cluster.delete("job", "old")
    cluster.eventually(lambda: said_of_deletion(cluster, "old"), "an event says why", about="old")
    cluster.wait_true("old", "Ready")
    assert not cluster.is_true("young", "Admitted")


def test_the_service_of_a_gang_that_is_deleted_is_made_again(cluster):
    cluster.apply(a_workload("gang", replicas=2))
    cluster.wait_true("gang", "Ready")
    cluster.eventually(lambda: cluster.find("service", "gang") is not None, "the gang has its Service")
    cluster.delete("service", "gang")
    cluster.eventually(lambda: cluster.find("service", "gang") is not None, "it has one again", within=60)
