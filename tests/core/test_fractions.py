"""Fractions sit on one chip each, and whole chips need chips nobody shares."""

import pytest

from chippool.core.cycle import schedule
from chippool.core.placement import fill
from chippool.core.shares import added, capacity, overfull, unused, whole
from chippool.core.shelf import Shelf
from tests.core.build import a_node, a_snapshot, a_workload, an_ask, decision_of, kinds

NOW = 100.0


@pytest.mark.parametrize(
    ("free", "shares", "chips", "fit"),
    [
        (2000, (), 300, 6),
        (1500, ((0, 500),), 300, 4),
        (1000, ((0, 500), (1, 500)), 600, 0),
        (1000, ((0, 500), (1, 500)), 1000, 0),
        (2500, ((3, 500),), 2000, 1),
        (0, ((0, 1000),), 100, 0),
        (1000, (), 0, 1 << 40),
    ],
)
def test_replicas_fit_chip_by_chip(free, shares, chips, fit):
    assert capacity(free, shares, chips) == fit


def test_a_chip_that_nobody_uses_any_more_is_whole_again():
    shares = added((), 2, 400)
    assert (shares, whole(1600, shares)) == (((2, 400),), 1)
    assert (added(shares, 2, -400), whole(2000, ())) == ((), 2)


def test_a_new_share_goes_on_a_chip_with_a_number_of_its_own():
    assert unused(((0, 100), (2, 100))) == 1


def test_more_on_one_chip_than_it_has_is_too_much_though_the_node_has_room():
    assert overfull(900, ((0, 1100),), {})
    assert not overfull(900, ((0, 100),), {"cpu": 0})


def test_fractions_share_the_tightest_chip_they_fit_on():
    shelf = Shelf([a_node("n1", 4)])
    for chips in (0.5, 0.3, 0.5, 0.2):
        fill(shelf, an_ask(chips), 1)
    assert shelf.shares[0] == ((0, 1000), (1, 500))
    assert whole(shelf.free[0], shelf.shares[0]) == 2


def test_a_replica_of_whole_chips_does_not_fit_on_what_fractions_leave():
    busy = a_workload("f", chips=0.5, on=["n1", "n1"], seats=(0, 1))
    plan = schedule(a_snapshot([a_node("n1", 2)], [busy, a_workload("w", "batch", chips=1)]), NOW)
    assert kinds(plan)["w"] == "Hold"
    assert decision_of(plan, "w").shortages[0].free == 1000


def test_a_fraction_larger_than_every_hole_waits_and_is_told_chips_are_short():
    busy = a_workload("f", chips=0.5, on=["n1", "n1"], seats=(0, 1))
    plan = schedule(a_snapshot([a_node("n1", 2)], [busy, a_workload("w", "batch", chips=0.6)]), NOW)
    assert decision_of(plan, "w").reason == "ChipsShort"


def test_fractions_of_many_replicas_are_all_placed_or_none():
    node = a_node("n1", 2)
    assert kinds(schedule(a_snapshot([node], [a_workload("w", chips=0.3, replicas=6)]), NOW))["w"] == "Admit"
    assert kinds(schedule(a_snapshot([node], [a_workload("w", chips=0.3, replicas=7)]), NOW))["w"] == "Hold"


def test_for_a_whole_chip_only_those_who_share_one_chip_have_to_go():
    low = [a_workload(f"f{i}", "batch", chips=0.5, on=["n1"], seats=(i // 2,), admitted_at=float(i)) for i in range(4)]
    plan = schedule(a_snapshot([a_node("n1", 2)], [*low, a_workload("w", "train", chips=1)]), NOW)
    assert kinds(plan)["w"] == "Admit"
    assert set(decision_of(plan, "w").victims) == {"ns/f2", "ns/f3"}


def test_for_a_fraction_the_one_whose_chip_then_has_the_room_goes():
    keeper = a_workload("keeper", "ads", chips=0.7, on=["n1"], seats=(0,))
    low = [
        a_workload("beside", "batch", chips=0.3, on=["n1"], seats=(0,), admitted_at=9.0),
        a_workload("alone", "batch", chips=0.9, on=["n1"], seats=(1,), admitted_at=1.0),
    ]
    plan = schedule(a_snapshot([a_node("n1", 2)], [keeper, *low, a_workload("w", "train", chips=0.5)]), NOW)
    assert decision_of(plan, "w").victims == ("ns/alone",)


def test_what_is_being_given_back_comes_after_what_is_free():
    nodes = [a_node("a", 1, leaving=1), a_node("b", 1)]
    plan = schedule(a_snapshot(nodes, [a_workload("w", chips=0.5)]), NOW)
    assert decision_of(plan, "w").nodes == ("b",)
