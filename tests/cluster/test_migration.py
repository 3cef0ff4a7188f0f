"""Moving what runs, on a real control plane: nobody is evicted who has room elsewhere, and the operator may die."""

import pytest

from tests.cluster.audit import Audit
from tests.cluster.manifests import a_variant, a_workload

pytestmark = pytest.mark.plane

NPU_IMAGE = {"spec": {"containers": [{"name": "main", "image": "registry.example/main-ascend:1"}]}}


def pools_of(cluster, name):
    """Where the workload's running pods are, by the names of their nodes."""
    return sorted(pod["spec"]["nodeName"].rpartition("-")[0] for pod in cluster.running(name))


def nodes_of(cluster, name):
    return sorted(pod["spec"]["nodeName"] for pod in cluster.running(name))


def assignment(cluster, name):
    return ((cluster.find("chipworkload", name) or {}).get("status") or {}).get("assignment") or {}


def ready_pods(audit, namespace, name):
    """How many of a workload's pods were Ready and had not to go, at every moment that changed it."""
    pods = {}
    for call in sorted(audit.calls(), key=lambda call: call.answered):
        pod = call.response
        if not (call.succeeded and call.writes and call.namespace == namespace and pod.get("kind") == "Pod"):
            continue
        metadata = pod["metadata"]
        if metadata.get("labels", {}).get("chippool.io/workload") != name:
            continue
        said = pod.get("status", {}).get("conditions") or []
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in said)
        pods[metadata["uid"]] = ready and "deletionTimestamp" not in metadata and call.verb != "delete"
        yield sum(pods.values())


def restart(cluster):
    """As a machine that loses power would, and another one takes over."""
    for operator in cluster.operators:
        if operator.running:
            operator.kill()
    cluster.forget_lease()
    cluster.start_operator()


def test_a_service_goes_over_to_the_domestic_chip_with_no_gap_while_the_operator_is_killed(quiet):
    """Chat could run on either chip; search only on H800, and needs the two nodes chat is on."""
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("stays", cls="revenue", replicas=2))
    quiet.wait_true("stays", "Ready")
    ways = [a_variant("h800"), a_variant("npu", patch=NPU_IMAGE)]
    quiet.apply(
        a_workload(
            "chat", *ways, mode="Service", replicas=2, minReplicas=2, does={"ready_after": "3s", "end_after": "1s"}
        )
    )
    quiet.wait_true("chat", "Ready")
    audit = Audit(quiet)

    quiet.apply(a_workload("search", cls="inference", mode="Service", replicas=2, minReplicas=2))
    quiet.eventually(
        lambda: "rolling over" in quiet.find("deployment", "chat")["metadata"]["annotations"]["chippool.io/rendered"],
        "chat's Deployment rolls over",
    )
    restart(quiet)
    quiet.wait_true("search", "Ready", within=60)
    assert pools_of(quiet, "chat") == ["ascend910b"] * 2
    quiet.eventually(lambda: assignment(quiet, "chat").get("pool") == "npu", "its status says so")
    quiet.eventually(lambda: quiet.condition("chat", "Ready").get("reason") == "PodsReady", "the new ones are Ready")

    seen = list(ready_pods(audit, quiet.namespace, "chat"))
    assert seen.index(2) < len(seen) - 1
    assert min(seen[seen.index(2) :]) >= 2, f"replicas that were Ready: {seen}"
    lost = quiet.condition("chat", "Displaced")
    assert (lost["status"], lost["reason"]) == ("False", "Migrated")
    assert lost["message"].startswith("Makes room for inference work of queue team: goes on as variant npu")
    made = quiet.find("deployment", "chat")["spec"]
    assert made["template"]["spec"]["containers"][0]["image"] == "registry.example/main-ascend:1"
    quiet.eventually(
        lambda: quiet.find("deployment", "chat")["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0,
        "its own strategy is back",
    )
    assert audit.violations() == []
    told = [event for event in quiet.events("chat") if event["reason"] == "Migrated"]
    assert [event["note"] for event in told] == [lost["message"]]


def test_a_gang_moves_within_its_pool_and_goes_on_while_the_operator_is_killed(quiet):
    """Two nodes are full; the gang, of elastic size, sits on both others: something was in its way that is gone."""
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("full", cls="revenue", replicas=2))
    quiet.wait_true("full", "Ready")
    quiet.apply(a_workload("gone-soon", a_variant("h800", 5)))
    quiet.wait_true("gone-soon", "Ready")
    quiet.apply(a_workload("gang", a_variant("h800", 2), replicas=3, minReplicas=1, does={"end_after": "3s"}))
    quiet.eventually(lambda: len(quiet.running("gang")) == 3, "it has grown", within=60)
    quiet.delete("chipworkload", "gone-soon")
    quiet.eventually(lambda: not quiet.items("pods", "-l", "chippool.io/workload=gone-soon"), "it has gone")
    before, made = nodes_of(quiet, "gang"), quiet.find("job", "gang")["metadata"]["uid"]
    assert len(set(before)) == 2
    audit = Audit(quiet).from_now()

    quiet.apply(a_workload("whole"))
    quiet.eventually(lambda: quiet.find("job", "gang")["spec"]["suspend"], "the gang is stopped")
    restart(quiet)
    quiet.wait_true("whole", "Ready", within=60)
    quiet.eventually(lambda: len(quiet.running("gang")) == 3, "the gang goes on with all it had", within=60)
    after = nodes_of(quiet, "gang")
    assert len(set(after)) == 1
    assert set(after) <= set(before)
    assert nodes_of(quiet, "whole") == sorted(set(before) - set(after))
    assert quiet.find("job", "gang")["metadata"]["uid"] == made
    quiet.wait_true("gang", "Ready")
    assert quiet.condition("gang", "Displaced")["reason"] == "Migrated"
    assert audit.stops(quiet.namespace) == {"gang": 1}
    assert audit.violations() == []
