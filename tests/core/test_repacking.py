"""Rule 6: where no single node can be emptied, gangs give back together and are put beside the winner."""

from dataclasses import replace

from chippool.core.constraints import Constraints
from chippool.core.model import Bystander, Mode
from chippool.core.plan import Hold
from tests.core.build import a_pool, a_queue, a_reserve, a_workload, decide, decision_of, kinds, nodes

A, B, C = "h800-000", "h800-001", "h800-002"


def mixed(**more):
    """Two idle chips on each of three nodes; to bring them together takes three moves, each in the way of another."""
    sizes = [("four", 4, A), ("three", 3, B), ("one", 1, B), ("trio", 3, C), ("single", 1, C)]
    return [a_workload(name, chips=chips, on=[on], **more) for name, chips, on in sizes]


def six(cls="train"):
    return a_workload("six", cls, chips=6, created=9.0)


def spread(*on, **more):
    return a_workload("spread", chips=1, replicas=len(on), on=on, **more)


def test_workloads_change_places_where_that_alone_brings_idle_chips_together():
    plan = decide(nodes(3, 6), [*mixed(), six()])
    assert kinds(plan)["six"] == "Admit"
    assert set(kinds(plan).values()) <= {"Admit", "Migrate", "Keep"}


def test_nobody_is_moved_who_is_not_in_the_way():
    """Of the five on three nodes two may stay."""
    plan = decide(nodes(4, 6), [*mixed(), a_workload("full", chips=6, on=["h800-003"]), six()])
    assert kinds(plan)["full"] == "Keep"
    assert list(kinds(plan).values()).count("Migrate") == 3


def test_a_gang_that_is_in_the_way_on_several_nodes_leaves_all_of_them():
    waiting = a_workload("pair", chips=4, replicas=2, created=9.0)
    for more in ({}, {"min_replicas": 1}):
        plan = decide(nodes(3, 4), [spread(A, B, C, **more), waiting])
        assert len(set(decision_of(plan, "spread").nodes)) == 1
        assert set(decision_of(plan, "pair").nodes).isdisjoint(decision_of(plan, "spread").nodes)


def test_a_service_does_not_give_back_before_it_is_elsewhere():
    plan = decide(nodes(3, 6), [*mixed(mode=Mode.SERVICE), six()])
    assert isinstance(decision_of(plan, "six"), Hold)


def test_nobody_changes_places_for_less_or_where_a_foreign_pod_could_come_first_or_a_reserve_is_to_stay():
    assert isinstance(decision_of(decide(nodes(3, 6), [*mixed(), six("batch")]), "six"), Hold)
    pod = Bystander((("nvidia.com/gpu", 1), ("pods", 1)), Constraints())
    assert isinstance(decision_of(decide(nodes(3, 6), [*mixed(), six()], bystanders=[pod]), "six"), Hold)
    kept = [replace(a_pool(), reserve=(a_reserve(1, "ads"),))]
    assert isinstance(decision_of(decide(nodes(3, 6), [*mixed(), six()], pools=kept), "six"), Hold)


def test_parts_of_chips_change_places_too():
    """Half a chip, a third and a fifth make one chip, which leaves two whole ones."""
    parts = [("half", 0.5, A), ("third", 0.3, B), ("fifth", 0.2, C)]
    running = [a_workload(name, chips=part, on=[on], seats=(0,)) for name, part, on in parts]
    plan = decide(nodes(3, 1), [*running, a_workload("two", chips=1, replicas=2, created=9.0)])
    assert kinds(plan)["two"] == "Admit"
    assert list(kinds(plan).values()).count("Migrate") == 2


def test_they_change_places_beside_those_who_are_evicted():
    """Of team's chips two are borrowed; the other queue needs two nodes, and a gang of team's is on all three."""
    queues = [a_queue(guaranteed={"h800": 4}), a_queue("other", guaranteed={"h800": 8})]
    lent = a_workload("lent", chips=2, on=[A], created=1.0)
    waiting = a_workload("pair", chips=4, replicas=2, queue="other", created=9.0)
    plan = decide(nodes(3, 4), [spread(A, B, C), lent, waiting], queues=queues)
    assert kinds(plan) == {"pair": "Admit", "lent": "Displace", "spread": "Migrate"}
