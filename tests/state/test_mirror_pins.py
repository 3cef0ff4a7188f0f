"""Gated pods onto their nodes, and pods that do not get there."""

from chippool.core.ids import NodeName
from chippool.core.plan import Displace, Place, Plan
from chippool.core.reasons import Reason
from tests.state.build import NOW, Cluster, a_class, a_job, a_node, a_pod, a_workload, admit, an_assignment, basics, key


def an_admitted_gang(replicas=1, nodes=("n1",), *raw):
    """The object is seen, its pods are not yet."""
    cluster = Cluster(*basics(), *(a_node(name) for name in sorted(set(nodes))), a_workload(replicas=replicas), *raw)
    assert cluster.admits("w", nodes)
    return cluster.shows(a_job("w", cluster.mirror.view(key("w")).assignment, parallelism=replicas))


def test_a_gated_pod_is_pinned_to_its_reserved_node_once():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    (pin,) = cluster.mirror.pins(NOW)
    assert (pin.pod_uid, pin.namespace, pin.name, pin.workload) == ("pod-team-w-0", "team", "w-0", key("w"))
    assert (pin.node, pin.hostname) == ("n1", "n1")
    assert cluster.pins() == []
    cluster.shows(a_pod("w-0", gated=True))
    assert cluster.pins() == []


def test_a_pin_names_the_nodes_hostname():
    node = a_node("n1", labels={"kubernetes.io/hostname": "host-7"})
    cluster = an_admitted_gang(1, ["n1"]).shows(node, a_pod("w-0", gated=True))
    assert [pin.hostname for pin in cluster.mirror.pins(NOW)] == ["host-7"]


def test_a_pinned_pod_uses_its_reservation_up():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    cluster.pins()
    assert (cluster.workload().reserved, cluster.workload().placed) == (("n1",), ())
    cluster.shows(a_pod("w-0", pinned="n1"))
    assert (cluster.workload().reserved, cluster.workload().placed) == ((), ("n1",))
    cluster.shows(a_pod("w-0", node="n1"))
    assert (cluster.workload().placed, cluster.node().free) == (("n1",), 0)


def test_a_pin_whose_write_failed_is_handed_out_again():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    assert cluster.pins() == [("w-0", "n1")]
    cluster.mirror.unpin("pod-team-w-0")
    assert cluster.pins() == [("w-0", "n1")]


def test_a_pin_nobody_confirms_is_handed_out_again_after_a_minute():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    cluster.pins()
    cluster.mirror.expire(NOW + 59)
    assert cluster.pins() == []
    cluster.mirror.expire(NOW + 60)
    assert cluster.pins() == [("w-0", "n1")]


def test_a_pod_that_vanished_before_its_pin_leaves_the_node_to_the_next():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    cluster.pins()
    cluster.loses(a_pod("w-0")).shows(a_pod("w-0b", gated=True))
    assert cluster.pins() == [("w-0b", "n1")]


def test_a_pod_waits_until_terminating_pods_are_gone():
    leaving = a_pod("x", "", node="n1", chips=2, deleting=True)
    cluster = an_admitted_gang(1, ["n1"], leaving).shows(a_pod("w-0", gated=True))
    assert cluster.pins() == []
    cluster.loses(leaving)
    assert cluster.pins() == [("w-0", "n1")]


def test_the_clock_of_a_start_stands_still_while_chips_are_given_back():
    leaving = a_pod("x", "", node="n1", chips=2, deleting=True)
    cluster = an_admitted_gang(1, ["n1"], leaving).shows(a_pod("w-0", gated=True))
    assert cluster.workload().clock == NOW
    cluster.now += 500
    cluster.pins()
    assert cluster.workload().clock == NOW + 500
    cluster.now += 100
    assert cluster.workload().clock == NOW + 600
    cluster.loses(leaving)
    cluster.pins()
    cluster.now += 50
    assert cluster.workload().clock == NOW + 600


def test_a_pod_that_waits_for_anything_else_has_no_time_to_lose():
    cluster = an_admitted_gang().shows(a_node("n1", chips=0, installed=8), a_pod("w-0", gated=True))
    cluster.now += 500
    assert cluster.pins() == []
    assert cluster.workload().clock == NOW


def test_pins_on_their_way_hold_their_room():
    cluster = Cluster(*basics(), a_node("n1"), a_workload(), a_workload("v"))
    leaving = a_pod("x", "", node="n1", chips=8, deleting=True)
    cluster.shows(leaving).admits("w", ["n1"])
    cluster.shows(a_job("w", cluster.mirror.view(key("w")).assignment), a_pod("w-0", gated=True)).loses(leaving)
    assert cluster.pins() == [("w-0", "n1")]
    cluster.mirror.snapshot()
    assert cluster.mirror.assume(Plan((admit("v", ["n1"]),))) == ()


def test_lower_indexes_take_the_earlier_nodes():
    cluster = an_admitted_gang(3, ["n3", "n1", "n2"])
    cluster.shows(*(a_pod(f"w-{i}", index=i, gated=True) for i in (2, 0, 1)))
    assert cluster.pins() == [("w-0", "n3"), ("w-1", "n1"), ("w-2", "n2")]


def test_a_higher_index_that_comes_first_leaves_the_earlier_nodes_alone():
    cluster = an_admitted_gang(3, ["n3", "n1", "n2"])
    cluster.shows(a_pod("w-2", index=2, gated=True))
    assert cluster.pins() == [("w-2", "n2")]
    cluster.shows(a_pod("w-1", index=1, gated=True))
    assert cluster.pins() == [("w-1", "n1")]
    cluster.shows(a_pod("w-0", index=0, gated=True))
    assert cluster.pins() == [("w-0", "n3")]


def test_succeeded_and_placed_indexes_are_not_waited_for():
    cluster = an_admitted_gang(3, ["n1", "n2", "n3"])
    cluster.shows(a_pod("w-0", index=0, phase="Succeeded"), a_pod("w-1", index=1, pinned="n1"))
    assert cluster.workload().reserved == ("n2",)
    cluster.shows(a_pod("w-2", index=2, gated=True))
    assert cluster.pins() == [("w-2", "n2")]


def test_pods_of_another_controller_get_nothing():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True, job="job-of-before"))
    assert cluster.pins() == []


def test_no_pod_is_pinned_before_its_object_is_seen():
    cluster = Cluster(*basics(), a_node("n1"), a_workload(), a_pod("w-0", gated=True))
    assert cluster.admits()
    assert cluster.pins() == []
    cluster.shows(a_job("w", cluster.mirror.view(key("w")).assignment))
    assert cluster.pins() == [("w-0", "n1")]


def test_a_displaced_workload_gets_no_pins():
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True))
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Displace(key("w"), Reason.PREEMPTED, None, ""),)))
    assert cluster.pins() == []


def test_higher_priority_is_pinned_first():
    cluster = Cluster(*basics(), a_class("ads", 1000), a_node("n1"), a_node("n2"), a_workload())
    cluster.shows(a_workload("v", priorityClassName="ads"))
    assert cluster.admits("w", ["n1"], others=[admit("v", ["n2"])])
    for name in ("w", "v"):
        cluster.shows(a_job(name, cluster.mirror.view(key(name)).assignment), a_pod(f"{name}-0", name, gated=True))
    assert cluster.pins() == [("v-0", "n2"), ("w-0", "n1")]


def test_after_a_restart_replicas_are_pinned_as_soon_as_they_have_nodes_again():
    cluster = Cluster(
        *basics(), a_node("n1"), a_workload(), a_job(assignment=an_assignment()), a_pod("w-0", gated=True)
    )
    assert cluster.pins() == []
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Place(key("w"), (NodeName("n1"),), ""),)))
    assert cluster.pins() == [("w-0", "n1")]


def a_pinned_pod(**more):
    refused = [{"type": "PodScheduled", "status": "False", **more}] if more else []
    return a_pod("w-0", pinned="n1", conditions=refused)


def test_a_pinned_pod_that_is_not_bound_in_time_is_stuck_and_its_replica_is_missing():
    cluster = an_admitted_gang().shows(a_pinned_pod())
    assert cluster.mirror.stuck(NOW + 29, 30) == []
    (stuck,) = cluster.mirror.stuck(NOW + 30, 30)
    assert (stuck.name, stuck.node, stuck.workload, stuck.message) == ("w-0", "n1", key("w"), "")
    assert (cluster.workload().placed, cluster.workload().missing, cluster.node().leaving) == ((), 1, 8000)
    assert cluster.mirror.stuck(NOW + 31, 30) == []


def test_a_stuck_pod_that_does_not_go_is_stuck_again():
    cluster = an_admitted_gang().shows(a_pinned_pod())
    cluster.mirror.stuck(NOW + 30, 30)
    cluster.mirror.expire(NOW + 60)
    assert cluster.workload().placed == ("n1",)
    assert len(cluster.mirror.stuck(NOW + 91, 30)) == 1


def test_a_pod_kube_scheduler_refuses_is_stuck_at_once_with_its_words():
    cluster = an_admitted_gang().shows(a_pinned_pod(reason="Unschedulable", message="0/1 nodes are available"))
    assert cluster.mirror.stuck(NOW + 4, 30) == []
    assert [stuck.message for stuck in cluster.mirror.stuck(NOW + 5, 30)] == ["0/1 nodes are available"]


def test_a_gated_or_bound_pod_is_never_stuck():
    gate = [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]
    cluster = an_admitted_gang().shows(a_pod("w-0", gated=True, conditions=gate))
    assert cluster.mirror.stuck(NOW + 600, 30) == []
    cluster.shows(a_pinned_pod(), a_pod("w-0", node="n1"))
    assert cluster.mirror.stuck(NOW + 600, 30) == []


def test_a_pod_that_is_not_ours_or_on_its_way_out_is_never_stuck():
    cluster = an_admitted_gang().shows(a_pod("x", job="", pinned="n1"), a_pod("w-0", pinned="n1", job="job-of-before"))
    assert cluster.mirror.stuck(NOW + 600, 30) == []


def test_an_evicted_pod_that_is_gone_is_forgotten_and_the_next_one_gets_another_node():
    cluster = an_admitted_gang(1, ["n1"], a_node("n2")).shows(a_pinned_pod())
    (stuck,) = cluster.mirror.stuck(NOW + 30, 30)
    cluster.mirror.avoid(stuck.node, NOW + 330)
    cluster.mirror.snapshot()
    assert cluster.mirror.assume(Plan((Place(key("w"), (NodeName("n2"),), ""),)))
    cluster.shows(a_pod("w-0", pinned="n1", deleting=True)).loses(a_pod("w-0"))
    cluster.shows(a_pod("w-0b", gated=True))
    assert cluster.pins() == [("w-0b", "n2")]
