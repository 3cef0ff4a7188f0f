"""What holes are worth, and that placement goes by it."""

from dataclasses import replace

import numpy as np
import pytest

from chippool.core.appraisal import pressure
from chippool.core.constraints import Constraints
from chippool.core.cycle import schedule
from chippool.core.model import Ask, Worth
from chippool.core.placement import fill
from chippool.core.shelf import Shelf
from chippool.core.worth import STEPS, UNIT, Mix, table_of
from tests.core.build import a_node, a_snapshot, a_variant, a_workload, an_ask, decision_of, nodes

ON_A, ON_ANY = Constraints(node_selector=(("model", "a"),)), Constraints()


def learnt(*arrivals):
    mix = Mix()
    for ask in arrivals:
        mix.arrive(ask)
    assert mix.worth != Worth()
    return mix.worth


@pytest.mark.parametrize(
    ("fractions", "hole", "worth"),
    [
        ({50: 10}, 49, 0.0),
        ({50: 10}, 50, 0.5),
        ({81: 10}, 80, 0.0),
        ({81: 10}, 81, 1.0),
        ({81: 10, 16: 1}, 19, 0.0),
        ({25: 10}, 60, 0.5),
        ({33: 1}, 66, 2 / 3),
    ],
)
def test_a_hole_is_worth_what_still_fits_into_it(fractions, hole, worth):
    assert table_of(fractions)[hole] == pytest.approx(worth * UNIT, abs=2)


def test_where_nobody_asks_for_fractions_a_part_of_a_chip_is_worth_its_share():
    assert table_of({}) == Worth().table
    assert Worth().table[STEPS] == UNIT


def test_it_is_learnt_when_arrivals_have_doubled():
    mix = Mix()
    assert [n for n in range(1, 70) if mix.arrive(an_ask(0.5))] == [8, 16, 32, 64]


def test_demand_that_has_passed_is_forgotten():
    mix = Mix()
    for _ in range(20_000):
        mix.arrive(an_ask(0.81))
    assert mix.worth.table[50] == 0
    for _ in range(100_000):
        mix.arrive(an_ask(0.5))
    assert mix.worth.table[50] == pytest.approx(UNIT / 2, abs=2)


def test_what_goes_with_a_chip_is_the_mean_of_those_that_ask_for_chips():
    asks = [Ask(2000, (("cpu", 30_000),), ON_ANY)] * 4 + [Ask(0, (("cpu", 99_000),), ON_ANY)] * 4
    assert learnt(*asks).typical == {"cpu": 15_000}


def test_chips_that_many_must_have_are_under_pressure():
    nodes = [a_node("x", 4, labels={"model": "a"}), a_node("y", 4, labels={"model": "b"})]
    worth = learnt(*[an_ask(1, constraints=ON_A)] * 4, *[an_ask(1, constraints=ON_ANY)] * 4)
    assert list(pressure(worth, nodes, Shelf(nodes).eligibility)) == [1.5 * UNIT, 0.5 * UNIT]
    assert not np.any(pressure(Worth(), nodes, Shelf(nodes).eligibility))


def test_a_fraction_goes_where_what_is_left_is_of_least_use_to_others():
    """All others ask for halves: of two chips, the one that has no half left any more is filled up first."""
    shelf = Shelf([a_node("n1", 2, shares=((0, 300), (1, 600)))])
    fill(shelf, an_ask(0.3), 1)
    assert shelf.shares[0] == ((0, 300), (1, 900))
    other = Shelf([a_node("n1", 2, shares=((0, 300), (1, 420)))])
    other.judge_by(learnt(*[an_ask(0.58)] * 8))
    fill(other, an_ask(0.1), 1)
    assert other.shares[0] == ((0, 400), (1, 420)), "0.12 of chip 0 are nobody's, of chip 1 all is asked for"


def test_a_partial_request_does_not_strand_chips_without_cpu():
    nodes = [a_node("a-short", 8, cpu=80_000), a_node("b-roomy", 8, cpu=400_000)]
    hungry = a_workload("w", "train", a_variant(chips=1, requests=(("cpu", 60_000),)))
    worth = learnt(*[an_ask(1, requests=(("cpu", 10_000),))] * 8)
    assert decision_of(schedule(a_snapshot(nodes, [hungry]), 0.0), "w").nodes == ("a-short",)
    assert decision_of(schedule(a_snapshot(nodes, [hungry], worths={"h800": worth}), 0.0), "w").nodes == ("b-roomy",)


def test_gangs_of_whole_nodes_take_whole_nodes():
    nodes = [a_node(f"n{i}", 8) for i in range(4)]
    worth = learnt(*[an_ask(0.5)] * 8, *[an_ask(8)] * 8)
    work = [a_workload("half", "ads", chips=0.5), a_workload("gang", chips=8, replicas=3)]
    plan = schedule(a_snapshot(nodes, work, worths={"h800": worth}), 0.0)
    assert len(set(decision_of(plan, "gang").nodes)) == 3
    assert not set(decision_of(plan, "gang").nodes) & set(decision_of(plan, "half").nodes)


@pytest.mark.parametrize("count", [4, 40])
def test_nodes_a_search_has_to_stay_off_are_not_taken_and_may_be_taken_later(count):
    shelf = Shelf(nodes(count))
    shelf.judge_by(replace(Worth(), typical={"cpu": 8000}))
    shelf.closed = 1
    assert [i for i, _, _ in fill(shelf, an_ask(8), count)] == list(range(1, count))
    shelf.closed = 0
    assert [i for i, _, _ in fill(shelf, an_ask(8), 1)] == [0]
    shelf = Shelf(nodes(count))
    shelf.judge_by(replace(Worth(), typical={"cpu": 8000}))
    assert [i for i, _, _ in fill(shelf, an_ask(8), 1)] == [0]
    shelf.closed = 2
    assert [i for i, _, _ in fill(shelf, an_ask(8), 1)] == [2]
