"""What moves: where it goes is held for it, and what it leaves counts as given back while its old replicas end."""

from dataclasses import replace

from chippool.core.ids import NodeName, PoolName, VariantName
from chippool.core.model import Displaced
from chippool.core.plan import Migrate, Plan
from chippool.core.reasons import Reason
from tests.state.build import (
    NOW,
    NPU,
    Cluster,
    a_deployment,
    a_job,
    a_node,
    a_pod,
    a_pool,
    a_variant,
    a_workload,
    admit,
    an_assignment,
    basics,
    key,
    rfc,
)

OLD = an_assignment()
ADMITTED_AT = "chippool.io/admitted-at"


def move(name="v", nodes=("n2",), variant="h800", pool="h800"):
    where = tuple(map(NodeName, nodes))
    return Migrate(key(name), VariantName(variant), PoolName(pool), 8000, where, key("w"), "It makes room.")


def a_gang():
    return a_workload("v"), a_job("v", OLD), a_pod("v-0", "v", node="n1", phase="Running", ready=True)


def a_service_pod(name, at, **more):
    return a_pod(name, "v", job="rs", said={ADMITTED_AT: rfc(at).replace("Z", ".000Z")}, **more)


def a_service(variants=None):
    pod = a_service_pod("v-old", NOW - 60, node="n1", phase="Running", ready=True)
    return a_workload("v", mode="Service", variants=variants), a_deployment("v", OLD), pod


def a_cluster(*raw, nodes=3):
    return Cluster(*basics(), *(a_node(f"n{i}") for i in range(1, nodes + 1)), a_workload(), *raw)


def moves(cluster, *decisions):
    cluster.mirror.snapshot()
    return cluster.mirror.assume(Plan(decisions or (move(),)))


def moved(cluster):
    """The mover's object as control would write it."""
    view = cluster.mirror.view(key("v"))
    return a_job("v", view.assignment, suspended=True, displaced=view.displaced)


def test_a_gang_that_moves_holds_its_new_node_and_gives_its_old_one_back():
    cluster = a_cluster(*a_gang())
    assert moves(cluster) == (move(),)
    view = cluster.workload("v")
    assert (view.assignment, view.reserved, view.placed, view.missing) == (an_assignment(at=NOW), ("n2",), (), 0)
    assert (view.displaced.reason, view.displaced.by, view.displaced.at) == (Reason.MIGRATED, key("w"), NOW)
    assert (cluster.node("n1").free, cluster.node("n1").leaving, cluster.node("n2").free) == (8000, 8000, 0)


def test_it_holds_them_until_it_runs_there():
    cluster = a_cluster(*a_gang())
    moves(cluster)
    cluster.shows(moved(cluster), a_pod("v-0", "v", node="n1", deleting=True))
    assert cluster.workload("v").reserved == ("n2",)
    running = a_job("v", cluster.workload("v").assignment, displaced=cluster.workload("v").displaced)
    cluster.loses(a_pod("v-0", "v")).shows(running, a_pod("v-0", "v", uid="again", gated=True))
    assert cluster.pins() == [("v-0", "n2")]


def test_after_a_restart_a_stopped_gang_is_as_admitted_as_before_and_its_replicas_want_a_node():
    first = a_cluster(*a_gang())
    moves(first)
    again = a_cluster(a_workload("v"), moved(first), a_pod("v-0", "v", node="n1", phase="Running", ready=True))
    view = again.workload("v")
    assert (view.assignment, view.placed, view.missing) == (an_assignment(at=NOW), (), 1)
    assert again.node("n1").leaving == 8000


def test_a_gang_keeps_what_it_has_while_its_job_is_made_anew():
    cluster = a_cluster(*a_gang())
    moves(cluster)
    cluster.shows(moved(cluster))
    cluster.mirror.keep(key("v"))
    cluster.shows(a_job("v", an_assignment(at=NOW), suspended=True, deleting=True))
    assert cluster.workload("v").reserved == ("n2",)
    cluster.loses(a_job("v"))
    view = cluster.workload("v")
    assert (view.assignment, view.reserved) == (an_assignment(at=NOW), ("n2",))
    cluster.shows(a_job("v", view.assignment, uid="second", displaced=view.displaced))
    assert cluster.mirror.expire(cluster.now + 61) == []


def test_a_stopped_job_that_goes_was_deleted_by_nobody():
    trace = Displaced(NOW, Reason.MIGRATED, key("w"), 1, 0, 1)
    cluster = a_cluster(a_workload("v"), a_job("v", OLD, suspended=True, deleting=True, displaced=trace))
    assert cluster.workload("v").displaced == trace


def test_the_old_replicas_of_a_service_count_as_leaving_and_serve_on():
    cluster = a_cluster(*a_service())
    moves(cluster)
    view = cluster.workload("v")
    assert (view.placed, view.reserved, view.ready, view.outgoing) == ((), ("n2",), 0, 1)
    assert (cluster.node("n1").leaving, cluster.node("n2").free) == (8000, 0)


def test_the_new_replica_of_a_service_goes_to_its_new_node_and_the_old_one_does_not():
    cluster = a_cluster(*a_service())
    moves(cluster)
    view = cluster.workload("v")
    cluster.shows(a_deployment("v", view.assignment, displaced=view.displaced))
    cluster.shows(a_service_pod("v-new", NOW, gated=True), a_service_pod("v-late", NOW - 60, gated=True))
    assert cluster.pins() == [("v-new", "n2")]


def test_after_a_restart_the_old_replicas_of_a_service_are_still_told_apart():
    cluster = a_cluster(
        a_workload("v", mode="Service"),
        a_deployment("v", an_assignment(at=NOW)),
        a_service_pod("v-old", NOW - 60, node="n1", phase="Running", ready=True),
        a_service_pod("v-new", NOW, node="n2", phase="Running"),
    )
    view = cluster.workload("v")
    assert (view.placed, view.missing, view.ready, view.outgoing) == (("n2",), 0, 0, 1)


def test_a_service_goes_over_to_another_pool():
    ways = [a_variant(), a_variant("npu", ["npu"])]
    cluster = a_cluster(a_pool("npu", NPU), a_node("a1", pool="npu", resource=NPU), *a_service(ways))
    moves(cluster, move(nodes=("a1",), variant="npu", pool="npu"))
    view = cluster.workload("v")
    assert (view.assignment.variant, view.assignment.pool, view.reserved) == ("npu", "npu", ("a1",))
    assert (cluster.node("n1").leaving, cluster.node("a1").free) == (8000, 0)


def test_a_winner_is_not_taken_for_true_without_room_for_those_who_move_for_it():
    cluster = a_cluster(*a_gang())
    cluster.mirror.snapshot()
    plan = Plan((admit("w", ["n1"], ["v"]), move()))
    cluster.shows(a_pod("other", "", node="n2"))
    assert cluster.mirror.assume(plan) == ()
    assert cluster.workload("v").assignment == OLD


def test_a_winner_and_those_who_move_for_it_are_taken_for_true_together():
    cluster = a_cluster(*a_gang())
    cluster.mirror.snapshot()
    plan = Plan((admit("w", ["n1"], ["v"]), move()))
    assert cluster.mirror.assume(plan) == plan.decisions
    assert (cluster.workload("w").reserved, cluster.workload("v").reserved) == (("n1",), ("n2",))


def test_two_may_change_places():
    cluster = a_cluster(*a_gang(), a_workload("u"), a_job("u", OLD), a_pod("u-0", "u", node="n2"), nodes=2)
    assert len(moves(cluster, move("v", ["n2"]), move("u", ["n1"]))) == 2
    assert (cluster.workload("v").reserved, cluster.workload("u").reserved) == (("n2",), ("n1",))


def test_the_room_a_service_goes_on_in_beside_its_old_replicas_is_left_to_it():
    """The old replica of n1 ends when the new one there is Ready: whoever took its room first would wait for itself."""
    old = [
        a_service_pod(f"v-{node}", NOW - 60, node=node, phase="Running", ready=True, chips=4) for node in ("n1", "n2")
    ]
    ways = [a_variant(chips=4)]
    service = a_workload("v", replicas=2, mode="Service", variants=ways), a_deployment("v", an_assignment(2))
    cluster = a_cluster(*service, *old, a_workload(variants=ways))
    cluster.mirror.snapshot()
    goes = replace(move(nodes=("n1", "n3")), chips=4000)
    assert cluster.mirror.assume(Plan((admit("w", ["n1"], ["v"], 4), goes))) != ()
    view = cluster.mirror.view(key("v"))
    cluster.shows(a_job("w", cluster.mirror.view(key("w")).assignment), a_pod("w-0", gated=True, chips=4))
    cluster.shows(a_deployment("v", view.assignment, displaced=view.displaced))
    assert cluster.pins() == []
    cluster.shows(*(a_service_pod(name, NOW, gated=True, chips=4) for name in ("v-new-1", "v-new-2")))
    assert sorted(cluster.pins()) == [("v-new-1", "n1"), ("v-new-2", "n3")]
    cluster.shows(a_service_pod("v-new-1", NOW, node="n1", phase="Running", ready=True, chips=4)).loses(old[0])
    assert cluster.pins() == [("w-0", "n1")]
