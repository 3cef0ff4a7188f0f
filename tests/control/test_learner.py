"""What the operator learns of what is really asked for, and what it remembers."""

import random
from dataclasses import replace

from chippool.control.learner import Learner
from chippool.core.model import Worth
from chippool.core.placement import fill
from chippool.core.shelf import Shelf
from chippool.core.worth import Mix
from tests.core.build import a_node, a_pool, a_snapshot, a_variant, a_workload, an_ask

SIZES = (0.3, 0.7, 0.5, 1, 0.3, 0.7, 0.3, 0.7, 2, 0.3)


def workloads(count=40, **more):
    return [a_workload(f"w{i:02}", chips=SIZES[i % len(SIZES)], created=float(i), **more) for i in range(count)]


def a_cluster(given):
    return a_snapshot([a_node("n1", 8)], given)


def test_few_arrivals_teach_nothing():
    assert Learner().taught(a_cluster(workloads(7))).worths == {}


def test_it_learns_what_the_simulation_learns():
    mix = Mix()
    for workload in workloads():
        mix.arrive(workload.variants[0].ask)
    assert Learner().taught(a_cluster(workloads())).worths == {"h800": mix.worth}
    assert mix.worth.table[30] > Worth().table[30]


def test_who_has_arrived_is_counted_once_and_is_not_forgotten_when_it_goes():
    learner, given = Learner(), workloads()
    first = learner.taught(a_cluster(given))
    for _ in range(3):
        assert learner.taught(a_cluster(given)) == first
    assert learner.taught(a_cluster(given[:5])).worths == first.worths


def test_all_at_once_or_one_by_one_in_whatever_order_they_are_listed():
    given, learner = workloads(), Learner()
    for count in range(1, len(given) + 1):
        one_by_one = learner.taught(a_cluster(given[:count]))
    shuffled = random.Random(4).sample(given, len(given))
    assert Learner().taught(a_cluster(shuffled)).worths == one_by_one.worths


def test_a_workload_counts_in_each_pool_it_may_run_in_with_the_way_it_would_rather():
    given = [
        replace(w, variants=(a_variant(("a", "b"), chips=0.3), a_variant("b", chips=1), a_variant("c", chips=0.7)))
        for w in workloads(8)
    ]
    pools = [a_pool(name) for name in "abc"]
    worths = Learner().taught(a_snapshot([a_node("n1", pool="a")], given, pools=pools)).worths
    assert worths["a"] == worths["b"] != worths["c"]


def test_a_pool_that_is_gone_is_forgotten():
    learner = Learner()
    learner.taught(a_cluster(workloads()))
    gone = replace(a_cluster(workloads()), pools={})
    assert learner.taught(gone).worths == {}


def test_a_plan_places_by_what_was_learnt():
    """0.7 is asked for as often as 0.3: beside a 0.3 there is exactly room for one, beside a 0.5 there is none."""
    worth = Learner().taught(a_cluster(workloads())).worths["h800"]
    shelf = Shelf([a_node("n1", 2, shares=((0, 300), (1, 500)))])
    shelf.judge_by(worth)
    ((_, _, seats),) = fill(shelf, an_ask(0.5), 1)
    assert seats == (1,)
