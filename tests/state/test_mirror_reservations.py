"""Reservations: room for replicas whose pods are not there yet."""

from chippool.core.ids import NodeName
from chippool.core.plan import Place, Plan
from tests.state.build import NOW, Cluster, a_job, a_node, a_pod, a_pool, a_workload, an_assignment, basics, key


def a_cluster(*raw, nodes=2):
    return Cluster(*basics(), *(a_node(f"n{i}") for i in range(1, nodes + 1)), a_workload(), *raw)


def shown(cluster, name="w"):
    """The object as control would write it."""
    return a_job(name, cluster.mirror.view(key(name)).assignment)


def test_missing_replicas_are_placed_in_memory_alone():
    cluster = a_cluster(a_job(assignment=an_assignment(2), parallelism=2), a_pod("w-0", node="n1"))
    assert cluster.workload().missing == 1
    assert cluster.mirror.assume(Plan((Place(key("w"), (NodeName("n2"),), ""),)))
    assert (cluster.workload().missing, cluster.workload().reserved) == (0, ("n2",))
    assert cluster.mirror.expire(NOW + 3600) == []


def test_a_placement_for_more_replicas_than_are_missing_is_dropped():
    cluster = a_cluster(a_job(assignment=an_assignment()))
    cluster.mirror.snapshot()
    cluster.shows(a_pod("w-0", node="n1"))
    assert cluster.mirror.assume(Plan((Place(key("w"), (NodeName("n2"),), ""),))) == ()


def test_a_reservation_on_a_node_that_vanished_is_missing_again():
    for change in (lambda c: c.loses(a_node("n1")), lambda c: c.shows(a_node("n1", ready=False))):
        cluster = a_cluster()
        cluster.admits()
        cluster.shows(shown(cluster))
        change(cluster)
        assert (cluster.workload().reserved, cluster.workload().missing) == ((), 1)


def test_a_device_plugin_that_restarts_takes_no_reservation():
    cluster = a_cluster()
    cluster.admits()
    cluster.shows(shown(cluster), a_node("n1", chips=0, installed=8))
    assert cluster.workload().reserved == ("n1",)


def test_a_reservation_whose_room_somebody_else_took_is_missing_again():
    cluster = a_cluster()
    cluster.admits()
    cluster.shows(shown(cluster), a_pod("x", "", node="n1", chips=1))
    assert (cluster.workload().reserved, cluster.workload().missing) == ((), 1)


def test_a_node_to_be_avoided_is_not_usable_for_a_while():
    cluster = a_cluster()
    cluster.mirror.avoid(NodeName("n1"), NOW + 300)
    assert not cluster.node().usable
    cluster.mirror.expire(NOW + 300)
    assert cluster.node().usable


def test_a_pool_that_is_gone_takes_back_what_was_reserved_in_it():
    cluster = a_cluster()
    cluster.admits()
    cluster.shows(shown(cluster)).loses(a_pool())
    assert cluster.workload().reserved == ()
