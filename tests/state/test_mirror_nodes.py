"""What is free on a node, and what pools and queues add up to."""

import pytest

from chippool.core.capacity import Purpose
from chippool.core.ids import PoolName, QueueName
from chippool.state.records import PoolCounts
from tests.state.build import (
    NPU,
    Cluster,
    a_job,
    a_node,
    a_pod,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    an_assignment,
    basics,
    key,
)

H800 = PoolName("h800")


def test_a_node_is_in_a_pool_if_labels_match_and_it_has_the_resource():
    cluster = Cluster(a_pool(), a_node("n1"), a_node("n2", pool="other"), a_node("n3", resource=NPU))
    assert [cluster.node(name).pools for name in ("n1", "n2", "n3")] == [("h800",), (), ()]


def test_a_node_in_two_pools_shows_both():
    cluster = Cluster(a_pool(), a_pool("all", selector={"kubernetes.io/hostname": "n1"}), a_node("n1"), a_node("n2"))
    assert cluster.node("n1").pools == ("all", "h800")
    assert cluster.mirror.pool_counts(H800).overlaps == ("all",)
    cluster.loses(a_pool("all"))
    assert cluster.mirror.pool_counts(H800).overlaps == ()


def test_capacity_is_installed_and_allocatable_is_healthy():
    node = Cluster(a_pool(), a_node("n1", chips=6, installed=8)).node()
    assert (node.installed, node.allocatable, node.free) == (8000, 6000, 6000)


@pytest.mark.parametrize("trouble", [{"ready": False}, {"cordoned": True}])
def test_a_node_that_is_not_ready_or_cordoned_is_not_usable(trouble):
    assert Cluster(a_pool(), a_node("n1")).node().usable
    assert not Cluster(a_pool(), a_node("n1", **trouble)).node().usable


def test_pods_of_others_are_unmanaged_and_take_their_room():
    cluster = Cluster(a_pool(), a_node("n1"), a_pod("x", "", node="n1", chips=2))
    node = cluster.node()
    assert (node.free, node.unmanaged, node.room["cpu"], node.room["pods"]) == (6000, 2000, 63000, 109)
    assert "nvidia.com/gpu" not in node.room


def test_a_label_without_a_controller_makes_no_pod_ours():
    cluster = Cluster(*basics(), a_node("n1"), a_workload(), a_pod("x", job="", node="n1"))
    assert (cluster.node().unmanaged, cluster.node().leaving) == (8000, 0)


def test_finished_pods_hold_nothing():
    cluster = Cluster(a_pool(), a_node("n1"), a_pod("x", "", node="n1", phase="Failed"))
    assert cluster.node().free == 8000


def test_terminating_pods_count_as_leaving_and_as_free():
    cluster = Cluster(a_pool(), a_node("n1"), a_pod("x", "", node="n1", chips=3, deleting=True))
    assert (cluster.node().free, cluster.node().leaving, cluster.node().unmanaged) == (8000, 3000, 0)


def test_pods_that_come_before_their_node_are_counted():
    cluster = Cluster(a_pod("x", "", node="n1", chips=2), a_pool())
    cluster.shows(a_node("n1"))
    assert cluster.node().free == 6000


def test_a_pod_is_pinned_by_hostname_whatever_the_name_of_its_node():
    cluster = Cluster(*basics(), a_workload(), a_job(assignment=an_assignment()), a_pod("w-0", pinned="host-7"))
    cluster.shows(a_node("n1", labels={"kubernetes.io/hostname": "host-7"}))
    assert cluster.workload().placed == ("n1",)
    assert cluster.node().free == 0


def test_a_node_made_anew_under_its_name_is_one_node():
    first, second = a_node("n1"), a_node("n1", chips=4)
    second["metadata"]["uid"] = "another"
    cluster = Cluster(a_pool(), first, second).loses(first)
    assert cluster.node().allocatable == 4000
    assert cluster.mirror.pool_counts(H800).nodes == 1


def test_a_pool_edited_takes_other_nodes():
    cluster = Cluster(a_pool(), a_node("n1"), a_node("n2", pool="h20"))
    assert cluster.mirror.pool_counts(H800).nodes == 1
    cluster.shows(a_pool(selector={"pool": "h20"}))
    assert [cluster.node(name).pools for name in ("n1", "n2")] == [(), ("h800",)]


def test_a_pool_counts_its_chips():
    cluster = Cluster(
        *basics(),
        a_node("n1"),
        a_node("n2", chips=7, installed=8),
        a_node("n3", cordoned=True),
        a_workload(),
        a_job(assignment=an_assignment()),
        a_pod("w-0", node="n1"),
        a_pod("x", "", node="n2", chips=2),
        a_pod("y", "", node="n2", chips=1, deleting=True),
    )
    assert cluster.mirror.pool_counts(H800) == PoolCounts(
        nodes=3,
        installed=24000,
        allocatable=23000,
        allocated=8000,
        releasing=1000,
        free=4000,
        unmanaged=2000,
        usable_nodes=2,
        healthy=23000,
        purposes={Purpose.TRAINING: 8000},
    )


def test_an_unknown_pool_counts_nothing():
    assert Cluster().mirror.pool_counts(H800) == PoolCounts()


def test_a_queue_counts_what_its_workloads_use_and_wait_for():
    cluster = Cluster(
        *basics(), a_workload("w", 2), a_job("w", an_assignment(2)), a_workload("v", 3), a_workload("s", suspend=True)
    )
    counts = cluster.mirror.queue_counts(QueueName("q"))
    assert (dict(counts.used), dict(counts.pending)) == ({"h800": 16000}, {"h800": 24000})
    assert (counts.admitted_workloads, counts.pending_workloads) == (1, 1)
    cluster.loses(a_workload("w"), a_workload("v"))
    assert dict(cluster.mirror.queue_counts(QueueName("q")).used) == {}


def test_bystanders_are_pending_pods_of_others_each_shape_once():
    cluster = Cluster(
        a_pod("a", "", chips=1, selector={"zone": "z"}),
        a_pod("b", "", chips=1, selector={"zone": "z"}),
        a_pod("c", "", chips=1, gated=True),
        a_pod("d", "", chips=1, node="n1"),
        a_pod("e", "", chips=1, phase="Succeeded"),
        a_pod("f", "w", chips=1),
    )
    (bystander,) = cluster.mirror.snapshot().bystanders
    assert bystander.constraints.node_selector == (("zone", "z"),)
    assert dict(bystander.resources)["nvidia.com/gpu"] == 1
    cluster.shows(a_pod("a", "", chips=1, node="n1"), a_pod("b", "", chips=1, node="n1"))
    assert cluster.mirror.snapshot().bystanders == ()


def test_a_template_that_asks_for_the_pools_chips_itself_is_a_problem_once_the_pool_is_known():
    pod = {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}
    cluster = Cluster(a_workload(pod=pod, variants=[a_variant(), a_variant("b", ["other"])]))
    assert cluster.workload().problems == ()
    cluster.shows(a_pool())
    (problem,) = cluster.workload().problems
    assert problem.reason == "BadTemplate"
    assert "nvidia.com/gpu" in problem.message


def test_nothing_new_is_the_same_snapshot():
    pod = a_pod("x", "", node="n1")
    cluster = Cluster(*basics(), a_node("n1"), pod, a_workload())
    snapshot = cluster.mirror.snapshot()
    heard = cluster.changes
    cluster.shows(pod, a_node("n1"), a_queue(selector={}), a_workload(status={"conditions": []}))
    assert cluster.mirror.snapshot() is snapshot
    assert (cluster.changes, cluster.mirror.changed) == (heard, False)


def test_a_snapshot_never_changes_once_it_is_made():
    cluster = Cluster(*basics(), a_node("n1"), a_workload())
    before = cluster.mirror.snapshot()
    cluster.shows(a_pod("x", "", node="n1"), a_node("n2"), a_workload("v")).loses(a_workload())
    assert before.nodes["n1"].free == 8000
    assert (list(before.nodes), list(before.workloads)) == (["n1"], [key("w")])
    after = cluster.mirror.snapshot()
    assert (sorted(after.nodes), list(after.workloads)) == (["n1", "n2"], [key("v")])


def test_what_can_change_a_decision_is_told():
    cluster = Cluster(*basics(), a_node("n1"))
    cluster.mirror.snapshot()
    heard = cluster.changes
    cluster.shows(a_pod("x", "", node="n1"))
    assert cluster.mirror.changed
    assert cluster.changes == heard + 1


def test_a_sweep_forgets_what_the_list_does_not_have():
    cluster = Cluster(a_pool(), a_node("n1"), a_node("n2"))
    cluster.mirror.spoiled("Node", "bad", "", "n3", "KeyError")
    cluster.mirror.sweep("Node", {"node--n2"})
    assert list(cluster.mirror.snapshot().nodes) == ["n2"]
    assert cluster.mirror.spoiled_objects == ()


def test_removing_what_was_never_there_changes_nothing():
    cluster = Cluster(a_pool())
    cluster.loses(a_node("n9"), a_pod("x"), a_workload("v"))
    assert cluster.mirror.snapshot().nodes == {}
