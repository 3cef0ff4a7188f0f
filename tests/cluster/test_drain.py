"""`chippool drain` on a real control plane: what is managed runs elsewhere, and nothing else was touched."""

import json

import pytest

from tests.cli.conftest import User
from tests.cluster.manifests import a_variant, a_workload

pytestmark = pytest.mark.plane


@pytest.fixture
def user(cluster):
    yield User(str(cluster.plane.kubeconfig))
    for node in cluster.items("nodes"):
        cluster.plane.kubectl("uncordon", node["metadata"]["name"])


def nodes_of(cluster, name):
    return sorted(pod["spec"]["nodeName"] for pod in cluster.running(name))


def a_stranger(node):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stranger"}}
    return body | {"spec": {"nodeName": node, "containers": [{"name": "main", "image": "main:1"}]}}


def test_work_moves_to_other_nodes_and_strangers_stay(cluster, user):
    cluster.apply(a_workload("web", a_variant(chips=4), mode="Service", replicas=2), a_workload("gang"))
    for name in ("web", "gang"):
        cluster.wait_true(name, "Ready")
    (node,) = set(nodes_of(cluster, "web"))
    cluster.apply(a_stranger(node))

    foretold = user.reads("drain", node, "--dry-run")
    assert "would go at once" in foretold
    assert "Dry run: nothing was changed." in foretold
    assert not cluster.find("node", node)["spec"].get("unschedulable")

    said = user.reads("drain", f"node/{node}", "--timeout", "90s")
    assert f"{node} is cordoned" in said
    assert said.count(f"of {cluster.namespace}/web is evicted.") == 2
    assert f"Nothing of chippool's is left on {node}." in said
    assert f"1 other pod is there still: {cluster.namespace}/stranger" in said
    cluster.wait_true("web", "Ready")
    cluster.eventually(lambda: len(nodes_of(cluster, "web")) == 2, "both replicas run")
    assert node not in nodes_of(cluster, "web")
    assert cluster.find("pod", "stranger")["status"]["phase"] == "Running"
    assert (cluster.find("chipworkload", "web")["status"]).get("displacements", 0) == 0


def test_without_room_nothing_is_evicted_and_it_says_why(cluster, user):
    cluster.apply(a_workload("all", replicas=4))
    cluster.wait_true("all", "Ready")
    before = {pod["metadata"]["uid"] for pod in cluster.running("all")}
    node = nodes_of(cluster, "all")[0]
    done = user.types("drain", node, "--timeout", "3s")
    assert done.exit_code == 1
    assert "all stays for now: there is no room elsewhere: " in done.stdout
    assert f"After 3 s 1 pods of chippool's are left on {node}, which stays cordoned" in done.stderr
    assert {pod["metadata"]["uid"] for pod in cluster.running("all")} == before


def test_a_node_that_is_not_there_is_a_sentence(cluster, user):
    done = user.types("drain", "nowhere")
    assert (done.exit_code, 'There is no node "nowhere".' in done.stderr) == (1, True)
    assert json.loads(user.reads("top", "-o", "json"))["pools"]
