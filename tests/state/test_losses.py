"""Nodes that are lost and chips that are damaged: what is handed out, and what counts as there."""

import pytest

from chippool.core.ids import NodeName, PoolName
from chippool.core.plan import Place, Plan
from tests.state.build import NOW, Cluster, a_job, a_node, a_pod, a_workload, an_assignment, basics, key, rfc

AFTER = 300.0


def unready(name, since, status="Unknown"):
    node = a_node(name)
    node["status"]["conditions"] = [{"type": "Ready", "status": status, "lastTransitionTime": rfc(since)}]
    return node


def a_gang_on_two(*more):
    """Two replicas, on n1 and n2; n3 is free."""
    job = a_job(assignment=an_assignment(2), parallelism=2)
    pods = [a_pod(f"w-{i}", node=f"n{i + 1}", phase="Running", ready=True, index=i) for i in range(2)]
    nodes = [a_node(f"n{i}") for i in (1, 2, 3)]
    return Cluster(*basics(), *nodes, a_workload(replicas=2), job, *pods, *more)


@pytest.mark.parametrize("status", ["Unknown", "False"])
def test_pods_of_a_node_that_is_not_ready_for_long_are_lost_and_their_replicas_missing(status):
    cluster = a_gang_on_two(unready("n2", NOW, status))
    assert cluster.mirror.lost(NOW + AFTER - 1, AFTER) == []
    assert cluster.workload().missing == 0
    (lost,) = cluster.mirror.lost(NOW + AFTER, AFTER)
    assert (lost.name, lost.node, lost.workload, lost.since) == ("w-1", "n2", key("w"), NOW)
    assert (cluster.workload().placed, cluster.workload().missing) == (("n1",), 1)


def test_a_restart_loses_no_time():
    cluster = a_gang_on_two(unready("n2", NOW - AFTER))
    assert len(cluster.mirror.lost(NOW, AFTER)) == 1


def test_a_lost_pod_is_handed_out_once_a_minute_until_it_is_gone():
    cluster = a_gang_on_two(unready("n2", NOW))
    assert len(cluster.mirror.lost(NOW + AFTER, AFTER)) == 1
    assert cluster.mirror.lost(NOW + AFTER + 1, AFTER) == []
    cluster.mirror.expire(NOW + AFTER + 60)
    assert len(cluster.mirror.lost(NOW + AFTER + 61, AFTER)) == 1
    cluster.loses(a_pod("w-1"))
    cluster.mirror.expire(NOW + AFTER + 200)
    assert cluster.mirror.lost(NOW + AFTER + 200, AFTER) == []


def test_a_pod_that_is_being_evicted_already_is_lost_too_for_no_kubelet_ends_it():
    cluster = a_gang_on_two(unready("n2", NOW), a_pod("w-1", node="n2", phase="Running", deleting=True, index=1))
    assert [lost.name for lost in cluster.mirror.lost(NOW + AFTER, AFTER)] == ["w-1"]


def test_pods_of_others_are_left_alone():
    cluster = a_gang_on_two(unready("n3", NOW), a_pod("x", workload="", node="n3"), a_pod("y", job="", node="n3"))
    assert cluster.mirror.lost(NOW + AFTER, AFTER) == []


def test_a_replaced_replica_goes_where_it_was_placed_and_the_other_keeps_its_node():
    cluster = a_gang_on_two(unready("n2", NOW))
    cluster.mirror.lost(NOW + AFTER, AFTER)
    cluster.mirror.snapshot()
    assert cluster.mirror.assume(Plan((Place(key("w"), (NodeName("n3"),), ""),)))
    cluster.loses(a_pod("w-1")).shows(a_pod("w-1b", gated=True, index=1))
    assert cluster.pins() == [("w-1b", "n3")]
    assert cluster.workload().placed == ("n1",)


def test_since_when_it_is_short_is_when_the_pod_was_made_that_waits():
    cluster = a_gang_on_two(unready("n2", NOW))
    assert cluster.workload().short_since is None
    cluster.mirror.lost(NOW + AFTER, AFTER)
    assert (cluster.workload().missing, cluster.workload().short_since) == (1, None)
    cluster.loses(a_pod("w-1")).shows(a_pod("w-1b", gated=True, index=1))
    assert cluster.workload().short_since == NOW - 3600  # as all objects of these tests


def test_chips_of_lost_nodes_are_counted_until_they_are_back_and_then_the_node_rests_a_minute():
    cluster = a_gang_on_two(unready("n2", NOW))
    cluster.mirror.lost(NOW + AFTER, AFTER)
    assert cluster.mirror.pool_counts(PoolName("h800")).lost == 8000
    cluster.shows(a_node("n2"))
    cluster.mirror.lost(NOW + 400, AFTER)
    assert cluster.mirror.pool_counts(PoolName("h800")).lost == 0
    assert not cluster.node("n2").usable
    cluster.mirror.expire(NOW + 460)
    assert cluster.node("n2").usable


def test_a_node_that_is_deleted_is_left_to_the_cluster():
    cluster = a_gang_on_two(unready("n2", NOW))
    cluster.loses(a_node("n2"))
    assert cluster.mirror.lost(NOW + AFTER, AFTER) == []


# --- chips that are not healthy


def test_a_dip_of_the_device_plugin_stops_new_placement_and_moves_nobody():
    cluster = a_gang_on_two(a_node("n2", chips=0, installed=8))
    assert cluster.node("n2").free < 0
    assert cluster.mirror.displaced_by_damage(NOW + 10, AFTER) == []
    cluster.shows(a_node("n2"))
    cluster.node("n2")
    assert cluster.mirror.displaced_by_damage(NOW + AFTER, AFTER) == []


def test_chips_lost_for_good_move_what_does_not_run_and_nothing_else():
    idle = a_pod("w-1", node="n2", phase="Pending", index=1)
    cluster = a_gang_on_two(a_node("n2", chips=4, installed=8), idle, a_node("n1", chips=4, installed=8))
    cluster.mirror.snapshot()
    assert cluster.mirror.displaced_by_damage(NOW + AFTER - 1, AFTER) == []
    assert [stuck.name for stuck in cluster.mirror.displaced_by_damage(NOW + AFTER, AFTER)] == ["w-1"]
    assert (cluster.workload().placed, cluster.workload().missing) == (("n1",), 1)
    assert cluster.mirror.displaced_by_damage(NOW + AFTER, AFTER) == []


def test_a_replica_that_waits_for_damaged_chips_gives_its_place_up():
    cluster = Cluster(*basics(), a_node("n1"), a_workload())
    cluster.admits(nodes=["n1"])
    cluster.shows(a_node("n1", chips=4, installed=8))
    assert cluster.workload().reserved == ("n1",)
    assert cluster.mirror.displaced_by_damage(NOW + AFTER, AFTER) == []
    assert (cluster.workload().reserved, cluster.workload().missing) == ((), 1)
