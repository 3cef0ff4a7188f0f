"""A node dies under a gang, on a real control plane: it is made whole elsewhere, or gives everything back."""

import pytest

from tests.cluster.manifests import H800, a_pool, a_workload

pytestmark = pytest.mark.plane

LOST_AFTER = "2"
SPARES = [{"chips": 8, "priorityClassName": "revenue", "spares": True}]


@pytest.fixture
def hurried(quiet):
    """An operator that gives a node up after two seconds; all nodes are whole again afterwards."""
    quiet.start_operator(None, None, "--lost-after", LOST_AFTER).wait_ready()
    yield quiet
    for node in quiet.plane.fleet.names("h800"):
        quiet.plane.fleet.recover(node)
    quiet.apply(a_pool("h800", H800))


def where(cluster, name):
    """Node by completion index of the pods that run."""
    return {p["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"]: p["spec"]["nodeName"]
            for p in cluster.running(name)}  # fmt: skip


def anew(cluster, operator):
    """The operator as after the loss of its machine."""
    operator.kill()
    cluster.forget_lease()
    return cluster.start_operator(None, None, "--lost-after", LOST_AFTER)


def a_gang(name="gang", replicas=3, **more):
    return a_workload(name, replicas=replicas, job={"backoffLimit": 0}, **more)


def test_a_gang_is_made_whole_with_a_spare_and_keeps_its_other_nodes(hurried):
    """Four nodes: three for the gang, one spare; below class revenue nothing else may have that."""
    hurried.apply(a_pool("h800", H800, reserve=SPARES))
    hurried.apply(a_gang())
    hurried.wait_true("gang", "Ready")
    hurried.apply(a_workload("waits"))
    hurried.wait_held("waits", "Reserved")
    before = where(hurried, "gang")
    uids = {p["metadata"]["uid"] for p in hurried.running("gang")}

    hurried.plane.fleet.fail(before["1"])
    hurried.eventually(
        lambda: where(hurried, "gang").get("1", before["1"]) not in before.values(), "index 1 runs elsewhere", 60
    )

    after = where(hurried, "gang")
    assert {k: after[k] for k in "02"} == {k: before[k] for k in "02"}
    assert len(uids & {p["metadata"]["uid"] for p in hurried.running("gang")}) == 2
    hurried.wait_true("gang", "Ready")
    assert hurried.condition("gang", "Displaced") == {}
    hurried.eventually(lambda: degraded(hurried) == "NodesLost", "the pool says so", 30)
    assert hurried.operators[-1].metric("chippool_pods_lost_total") == 1


def degraded(cluster):
    return cluster.condition("h800", "Degraded", "chippool").get("reason")


def test_without_a_spare_lower_work_gives_way(hurried):
    hurried.apply(a_gang())
    hurried.wait_true("gang", "Ready")
    hurried.apply(a_workload("low", cls="batch"))
    hurried.wait_true("low", "Ready")
    hurried.plane.fleet.fail(where(hurried, "gang")["2"])
    hurried.eventually(lambda: hurried.condition("low", "Displaced").get("reason") == "Preempted", "low goes", 60)
    hurried.eventually(lambda: len(where(hurried, "gang")) == 3, "the gang is whole", 60)


def test_a_gang_that_can_not_be_made_whole_gives_everything_back_and_is_admitted_when_the_node_is_back(hurried):
    """Through the end of its operator between the loss and the time that is left."""
    hurried.apply(a_gang(replicas=4, disruption={"replaceTimeout": "8s"}))
    hurried.wait_true("gang", "Ready")
    dead = where(hurried, "gang")["3"]
    hurried.plane.fleet.fail(dead)
    hurried.eventually(lambda: hurried.condition("gang", "Ready").get("reason") == "ReplacingReplicas", "it waits", 30)
    assert len(where(hurried, "gang")) == 3
    anew(hurried, hurried.operators[-1])

    hurried.eventually(lambda: hurried.condition("gang", "Displaced").get("reason") == "ReplaceTimeout", "it goes", 60)
    lost = hurried.condition("gang", "Displaced")
    assert "1 of its 4 replicas lost their node and could not be placed within spec.disruption." in lost["message"]
    hurried.wait_held("gang", "ChipsShort")
    hurried.eventually(lambda: hurried.running("gang") == [], "all its chips are free", 30)

    hurried.plane.fleet.recover(dead)
    hurried.wait_true("gang", "Ready", within=120)
    assert len(where(hurried, "gang")) == 4


def test_pods_of_a_node_that_is_lost_while_no_operator_runs_are_replaced_once_there_is_one(hurried):
    hurried.apply(a_gang())
    hurried.wait_true("gang", "Ready")
    hurried.operators[-1].kill()
    hurried.plane.fleet.fail(where(hurried, "gang")["0"])
    dead = where(hurried, "gang")["0"]
    hurried.forget_lease()
    hurried.start_operator(None, None, "--lost-after", LOST_AFTER)
    hurried.eventually(lambda: where(hurried, "gang").get("0", dead) != dead, "its replica runs elsewhere", 60)
    hurried.wait_true("gang", "Ready")


def test_a_service_has_its_replica_elsewhere(hurried):
    hurried.apply(a_workload("service", mode="Service", replicas=2))
    hurried.wait_true("service", "Ready")
    dead = hurried.running("service")[0]["spec"]["nodeName"]
    hurried.plane.fleet.fail(dead)

    def nodes():
        return [p["spec"]["nodeName"] for p in hurried.running("service")]

    hurried.eventually(lambda: len(nodes()) == 2 and dead not in nodes(), "both replicas run elsewhere", 60)


def test_a_dip_of_the_device_plugin_moves_nobody(hurried):
    hurried.apply(a_gang())
    hurried.wait_true("gang", "Ready")
    before = {p["metadata"]["uid"] for p in hurried.running("gang")}
    hurried.plane.fleet.dip(where(hurried, "gang")["0"], 5).join()
    hurried.apply(a_workload("after", replicas=1))
    hurried.wait_true("after", "Ready")
    assert {p["metadata"]["uid"] for p in hurried.running("gang")} == before


def test_a_replica_that_does_not_run_yet_leaves_a_node_whose_chips_are_lost(hurried):
    hurried.apply(a_workload("slow", startTimeout="10m", does={"pull_error": "manifest unknown"}))

    def node():
        return next((pod["spec"].get("nodeName") for pod in hurried.items("pods")), None)

    hurried.eventually(node, "its pod has a node, and its image is not there", about="slow")
    broken = node()
    hurried.plane.fleet.lose_chips(broken, 8)
    hurried.eventually(lambda: node() not in {broken, None}, "it is sent to another node", 60, about="slow")
    assert not hurried.is_true("slow", "Displaced")
