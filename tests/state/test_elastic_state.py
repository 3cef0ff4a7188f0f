"""Elastic work as the mirror sees it: which replica goes first, what leaves when it is shrunk, what its object says."""

from dataclasses import replace

import pytest

from chippool.core.ids import NodeName, PoolName, VariantName
from chippool.core.model import Mode
from chippool.core.plan import Displace, Migrate, Plan, Resize, Shrink
from chippool.core.reasons import Reason
from chippool.state import annotations
from chippool.state.replicas import DELETION_COST
from tests.state.build import (
    NOW,
    Cluster,
    a_deployment,
    a_job,
    a_node,
    a_pod,
    a_workload,
    admit,
    an_assignment,
    basics,
    key,
)

MESSAGE = "It keeps fewer."


def a_gang(replicas=4, least=1, on=(), waiting=()):
    """Index i on the i-th node named."""
    pods = [a_pod(f"e-{i}", "e", node=node, index=i, ready=True, phase="Running") for i, node in enumerate(on)]
    gated = [a_pod(f"e-{i}", "e", gated=True, index=i) for i in waiting]
    nodes = [a_node(f"n{i}") for i in range(1, 6)]
    workload = a_workload("e", replicas, minReplicas=least)
    made = [a_job("e", an_assignment(len(on)), parallelism=len(on))] if on else []
    return Cluster(*basics(), *nodes, workload, *made, *pods, *gated)


def a_service(on, numbers, replicas=4):
    pods = [
        a_pod(f"s-{i}", "s", job="rs", node=n, ready=True, phase="Running", said={DELETION_COST: str(-number)})
        for i, (n, number) in enumerate(zip(on, numbers, strict=True))
    ]
    nodes = [a_node(f"n{i}") for i in range(1, 6)]
    made = a_deployment("s", an_assignment(len(on)), replicas=len(on))
    return Cluster(*basics(), *nodes, a_workload("s", replicas, mode="Service"), made, *pods)


def shrink(name, replicas, by="w"):
    return Shrink(key(name), replicas, key(by), MESSAGE)


@pytest.mark.parametrize(
    ("mode", "spec", "expected"),
    [("Gang", {}, None), ("Gang", {"minReplicas": 2}, 2), ("Service", {}, 1), ("Service", {"minReplicas": 3}, 3)],
)
def test_a_gang_needs_all_replicas_and_a_service_one_if_the_spec_says_nothing_else(mode, spec, expected):
    assert Cluster(*basics(), a_workload(replicas=4, mode=mode, **spec)).workload().min_replicas == expected


def test_replicas_of_a_gang_are_told_by_their_index():
    view = a_gang(on=["n3", "n1", "n2"]).workload("e")
    assert (view.placed, view.indexes) == (("n3", "n1", "n2"), (0, 1, 2))


def test_reserved_replicas_are_the_indexes_that_are_not_there():
    cluster = a_gang(on=["n3"])
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Resize(key("e"), 3, (NodeName("n1"), NodeName("n2")), ""),)))
    view = cluster.workload("e")
    assert (view.placed, view.reserved, view.indexes) == (("n3",), ("n1", "n2"), (0, 1, 2))


def test_of_a_service_whichever_came_last_goes_first_and_whoever_is_not_ready_before():
    cluster = a_service(["n1", "n2", "n3"], [3, 1, 2])
    assert cluster.workload("s").placed == ("n2", "n3", "n1")
    cluster.shows(a_pod("s-1", "s", job="rs", node="n2", phase="Running", said={DELETION_COST: "-1"}))
    assert cluster.workload("s").placed == ("n3", "n1", "n2")


def test_pods_of_a_service_are_numbered_as_they_come_to_their_nodes():
    cluster = a_service(["n1"], [7])
    cluster.shows(a_pod("s-8", "s", job="rs", gated=True), a_pod("s-9", "s", job="rs", gated=True))
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Resize(key("s"), 3, (NodeName("n2"), NodeName("n3")), ""),)))
    marks = {pin.name: dict(pin.marks) for pin in cluster.mirror.pins(NOW)}
    assert marks == {"s-8": {DELETION_COST: "-8"}, "s-9": {DELETION_COST: "-9"}}


def test_an_admission_may_have_any_number_from_the_least_to_all():
    for nodes, right in ((["n1"], False), (["n1", "n2"], True), (["n1", "n2", "n3"], True)):
        cluster = a_gang(replicas=3, least=2)
        accepted = cluster.admits("e", nodes)
        assert bool(accepted) is right
        if right:
            assert cluster.workload("e").assignment == an_assignment(len(nodes), at=NOW)


@pytest.mark.parametrize(
    "build", [lambda: a_gang(on=["n1", "n2", "n3"]), lambda: a_service(["n1", "n2", "n3"], [1, 2, 3])]
)
def test_what_is_given_back_counts_as_leaving_at_once_and_until_it_is_gone(build):
    cluster = build()
    (name,) = [k.partition("/")[2] for k in cluster.mirror.snapshot().workloads]
    cluster.mirror.assume(Plan((shrink(name, 1),)))
    view = cluster.workload(name)
    assert (view.assignment.replicas, view.placed, view.missing) == (1, ("n1",), 0)
    assert [(cluster.node(n).free, cluster.node(n).leaving) for n in ("n1", "n2")] == [(0, 0), (8000, 8000)]
    made, kept = (a_job, {"parallelism": 1}) if view.mode is Mode.GANG else (a_deployment, {"replicas": 1})
    cluster.shows(made(name, view.assignment, displaced=view.displaced, **kept))
    assert cluster.workload(name).placed == ("n1",)
    assert cluster.node("n3").leaving == 8000


def test_a_shrink_leaves_its_trace_and_is_told_apart_from_a_loss():
    cluster = a_gang(on=["n1", "n2", "n3"])
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((shrink("e", 2),)))
    lost = cluster.workload("e").displaced
    assert (lost.reason, lost.by, lost.kept, lost.count, lost.message) == (Reason.SHRUNK, key("w"), 2, 0, MESSAGE)
    assert annotations.displaced_of(annotations.displaced_text(lost)) == lost


def test_who_goes_on_taking_is_remembered_once_and_others_beside_it():
    cluster = a_gang(on=["n1", "n2", "n3", "n4"])
    cluster.mirror.snapshot()
    for replicas, by in ((3, "w"), (2, "w"), (1, "v")):
        cluster.mirror.assume(Plan((shrink("e", replicas, by),)))
        cluster.mirror.snapshot()
    lost = cluster.workload("e").displaced
    assert (lost.by, [by for by, _ in lost.earlier]) == (key("v"), [key("w")])


def test_the_winner_may_take_what_its_victim_gives_back_and_no_more():
    def taken(nodes):
        cluster = a_gang(on=["n1", "n2"])
        cluster.shows(a_workload("w"), a_workload("full"), a_job("full", an_assignment(3), parallelism=3))
        cluster.shows(*(a_pod(f"f{i}", "full", node=f"n{i}", index=i - 3) for i in (3, 4, 5)))
        cluster.mirror.snapshot()
        return cluster.mirror.assume(Plan((admit("w", nodes, ["e"]), shrink("e", 1))))

    assert len(taken(["n2"])) == 2
    assert taken(["n1"]) == ()


def test_one_that_is_shrunk_for_two_gives_once():
    cluster = a_gang(on=["n1", "n2", "n3"])
    cluster.shows(a_workload("w"), a_workload("v"), a_workload("u"))
    cluster.shows(a_workload("full"), a_job("full", an_assignment(2), parallelism=2))
    cluster.shows(*(a_pod(f"f{i}", "full", node=f"n{i}", index=i - 4) for i in (4, 5)))
    cluster.mirror.snapshot()
    plan = Plan((admit("w", ["n3"], ["e"]), admit("v", ["n2"], ["e"]), shrink("e", 1), admit("u", ["n3"])))
    assert [d.workload for d in cluster.mirror.assume(plan)] == [key("w"), key("v"), key("e")]


def test_a_gang_with_succeeded_indexes_waits_for_as_many_as_it_had():
    job = a_job("e", suspended=True, parallelism=3, succeeded=1)
    cluster = Cluster(*basics(), a_node("n1"), a_workload("e", 4, minReplicas=1), job)
    assert cluster.workload("e").size == 3


def test_it_has_started_once_its_least_was_ready():
    cluster = a_gang(on=["n1", "n2"], least=1)
    assert cluster.workload("e").started
    cluster.shows(a_pod("e-1", "e", node="n2", index=1))
    assert cluster.workload("e").started


def test_a_displacement_after_a_shrink_is_one_more_loss():
    cluster = a_gang(on=["n1", "n2"])
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((shrink("e", 1),)))
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Displace(key("e"), Reason.PREEMPTED, key("v"), "Gone."),)))
    lost = cluster.workload("e").displaced
    assert (lost.kept, lost.count, replace(lost, earlier=()).by) == (0, 1, key("v"))


def move(*nodes):
    where = tuple(map(NodeName, nodes))
    return Migrate(key("e"), VariantName("h800"), PoolName("h800"), 8000, where, key("w"), MESSAGE)


@pytest.mark.parametrize("nodes", [["n3", "n4", "n5"], ["n3", "n4"]])
def test_a_gang_that_moves_takes_all_it_has_along_or_is_shrunk_on_the_way(nodes):
    cluster = a_gang(on=["n1", "n2", "n3"], least=2)
    cluster.mirror.snapshot()
    assert cluster.mirror.assume(Plan((move(*nodes),))) == (move(*nodes),)
    view = cluster.workload("e")
    assert (view.assignment.replicas, view.reserved, view.missing) == (len(nodes), tuple(nodes), 0)
    assert view.displaced.kept == 0  # it may grow again as soon as there is room
    assert cluster.node("n1").free == 8000


def test_it_is_never_moved_with_less_than_it_needs_nor_with_more_than_it_has():
    for nodes in (["n4"], ["n1", "n2", "n3", "n4"]):
        cluster = a_gang(on=["n1", "n2", "n3"], least=2)
        cluster.mirror.snapshot()
        assert cluster.mirror.assume(Plan((move(*nodes),))) == ()
