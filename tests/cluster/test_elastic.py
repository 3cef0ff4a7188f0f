"""Elastic work on a real control plane of four H800 nodes: it starts small, grows, and shrinks rather than go."""

import json

import pytest

from tests.cluster.manifests import a_workload

pytestmark = pytest.mark.plane


def assigned(cluster, name):
    status = (cluster.find("chipworkload", name) or {}).get("status") or {}
    return (status.get("assignment") or {}).get("replicas", 0)


def on(cluster, name):
    """Nodes of its running pods, by index or name."""
    return {_number(pod): pod["spec"]["nodeName"] for pod in cluster.running(name)}


def _number(pod):
    notes = pod["metadata"].get("annotations", {})
    return notes.get("batch.kubernetes.io/job-completion-index", pod["metadata"]["name"])


def says(cluster, name, kind):
    return cluster.condition(name, kind).get("message", "")


def uids(cluster, name):
    return {pod["metadata"]["uid"] for pod in cluster.running(name)}


def test_a_gang_starts_small_grows_when_chips_get_free_and_shrinks_instead_of_being_evicted(cluster):
    cluster.apply(a_workload("there", replicas=2, cls="training"))
    cluster.wait_true("there", "Ready")
    cluster.apply(a_workload("sweep", replicas=4, minReplicas=1, cls="batch"))
    cluster.wait_true("sweep", "Ready")
    assert assigned(cluster, "sweep") == 2
    assert "It runs with 2 of 4 replicas" in says(cluster, "sweep", "Ready")
    assert "2 of 4 replicas" in says(cluster, "sweep", "Admitted")
    first = uids(cluster, "sweep")

    cluster.delete("chipworkload", "there")
    cluster.eventually(lambda: len(cluster.running("sweep")) == 4, "it has grown into what got free", within=60)
    assert first < uids(cluster, "sweep")
    job = cluster.find("job", "sweep")["spec"]
    assert (job["parallelism"], job["completions"]) == (4, 4)
    before = on(cluster, "sweep")

    cluster.apply(a_workload("urgent", replicas=2, cls="revenue"))
    cluster.wait_true("urgent", "Ready", within=60)
    assert on(cluster, "sweep") == {index: before[index] for index in ("0", "1")}
    assert set(on(cluster, "urgent").values()) == {before["2"], before["3"]}
    job = cluster.find("job", "sweep")["spec"]
    assert (job["parallelism"], job["completions"], job.get("suspend", False)) == (2, 2, False)
    assert "keeps 2 replica" in says(cluster, "sweep", "Displaced")
    assert cluster.condition("sweep", "Displaced")["status"] == "False"
    cluster.eventually(
        lambda: {"Shrunk"} <= {event["reason"] for event in cluster.events("sweep")}, "an event says so", within=30
    )


def test_a_service_gives_the_replicas_that_are_on_the_nodes_the_winner_gets(cluster):
    cluster.apply(a_workload("chat", mode="Service", replicas=4, cls="batch", does={"end_after": "1s"}))
    cluster.eventually(lambda: len(cluster.running("chat")) == 4, "all of it runs", within=60)
    before = set(on(cluster, "chat").values())
    cluster.apply(a_workload("urgent", replicas=3, cls="revenue"))
    cluster.wait_true("urgent", "Ready", within=60)
    assert len(cluster.running("chat")) == 1
    assert cluster.find("deployment", "chat")["spec"]["replicas"] == 1
    assert set(on(cluster, "urgent").values()) | set(on(cluster, "chat").values()) == before
    displaced = cluster.condition("chat", "Displaced")
    assert (displaced["status"], displaced["reason"]) == ("False", "Shrunk")


def test_kubectl_scales_it_and_a_horizontal_pod_autoscaler_reads_its_scale(cluster):
    cluster.apply(a_workload("serve", mode="Service", replicas=1, minReplicas=1))
    cluster.wait_true("serve", "Ready")
    cluster.plane.kubectl("scale", "chipworkload", "serve", "--replicas=3", "-n", cluster.namespace)
    cluster.eventually(lambda: len(cluster.running("serve")) == 3, "it has grown", within=60)
    cluster.plane.kubectl("scale", "chipworkload", "serve", "--replicas=2", "-n", cluster.namespace)
    cluster.eventually(lambda: len(cluster.running("serve")) == 2, "it is smaller again", within=60)
    scale = cluster.plane.kubectl(
        "get", "chipworkload", "serve", "--subresource=scale", "-o", "json", "-n", cluster.namespace
    )
    assert json.loads(scale.stdout)["status"]["selector"] == "chippool.io/workload=serve"

    cluster.apply(an_autoscaler("serve", least=3))
    cluster.eventually(lambda: able(cluster, "serve"), "the autoscaler reads the scale", within=60)
    cluster.eventually(lambda: len(cluster.running("serve")) == 3, "it scales to its own least", within=90)


def an_autoscaler(name, least):
    target = {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipWorkload", "name": name}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": 4, "metrics": [metric]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": spec,
    }


def able(cluster, name):
    found = cluster.find("horizontalpodautoscaler", name) or {}
    conditions = found.get("status", {}).get("conditions", [])
    return any(c["type"] == "AbleToScale" and c["status"] == "True" for c in conditions)


def test_an_operator_that_is_killed_goes_on_with_the_sizes_it_finds(quiet):
    operator = quiet.start_operator()
    operator.wait_ready()
    quiet.apply(a_workload("there", replicas=1, cls="training"), a_workload("also", replicas=1, cls="training"))
    quiet.wait_true("there", "Ready")
    quiet.wait_true("also", "Ready")
    quiet.apply(a_workload("sweep", replicas=4, minReplicas=1, cls="batch"))
    quiet.wait_true("sweep", "Ready")
    before = uids(quiet, "sweep")
    operator.kill()
    quiet.delete("chipworkload", "there")
    quiet.forget_lease()
    operator = quiet.start_operator()
    operator.wait_ready()
    quiet.eventually(lambda: len(quiet.running("sweep")) == 3, "the next operator lets it grow", within=60)
    assert before < uids(quiet, "sweep")

    quiet.apply(a_workload("urgent", replicas=2, cls="revenue"))
    quiet.eventually(lambda: assigned(quiet, "sweep") == 1, "it gives two replicas", within=30)
    operator.kill()
    quiet.forget_lease()
    quiet.start_operator().wait_ready()
    quiet.wait_true("urgent", "Ready", within=60)
    assert (len(quiet.running("sweep")), len(quiet.running("also"))) == (1, 1)
    assert uids(quiet, "sweep") < before | uids(quiet, "sweep")
