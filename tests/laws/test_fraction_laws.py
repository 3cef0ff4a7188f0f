"""Laws of placement chip by chip, against the plainest count there is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.holes import Ground, Holes
from chippool.core.ids import CHIP
from chippool.core.placement import fill, total
from chippool.core.shares import overfull
from chippool.core.shelf import Shelf
from chippool.core.worth import STEPS, UNIT, Mix, table_of
from tests.core.build import SMALL, a_node, an_ask

SIZES = st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.81, 1, 2, 4])
MANY_CPU = (("cpu", 30_000), ("memory", 1 << 30), ("pods", 1))
ASKS = st.builds(lambda chips, requests: an_ask(chips, requests=requests), SIZES, st.sampled_from([SMALL, MANY_CPU]))
FRACTIONS = st.dictionaries(st.integers(1, STEPS - 1), st.integers(1, 1000), max_size=12)


@st.composite
def shelves(draw):
    nodes = [a_node(f"n{i}", draw(st.sampled_from([1, 2, 4, 8]))) for i in range(draw(st.integers(1, 4)))]
    shelf = Shelf(nodes)
    if draw(st.booleans()):
        mix = Mix()
        for ask in draw(st.lists(ASKS, min_size=8, max_size=16)):
            mix.arrive(ask)
        shelf.judge_by(mix.worth)
    return shelf


class Ledger:
    """Every chip by itself: what fractions use of it; whole chips are counted beside."""

    def __init__(self, shelf):
        self.chips = [node.installed // CHIP for node in shelf.nodes]
        self.whole = [0] * len(shelf.nodes)
        self.parts = [{} for _ in shelf.nodes]
        self.cpu = [node.room["cpu"] for node in shelf.nodes]

    def put(self, ask, spots):
        for i, count, seats in spots:
            self.cpu[i] -= count * dict(ask.requests)["cpu"]
            if ask.chips >= CHIP:
                self.whole[i] += count * ask.chips // CHIP
            for seat in seats:
                self.parts[i][seat] = self.parts[i].get(seat, 0) + ask.chips
            assert len(seats) == (count if ask.chips < CHIP else 0)
            assert all(used <= CHIP for used in self.parts[i].values())
            assert self.whole[i] + len(self.parts[i]) <= self.chips[i]
            assert self.cpu[i] >= 0

    def fit(self, i, ask):
        idle = self.chips[i] - self.whole[i] - len(self.parts[i])
        if ask.chips >= CHIP:
            by_chips = idle * CHIP // ask.chips
        else:
            holes = [CHIP - used for used in self.parts[i].values()] + [CHIP] * idle
            by_chips = sum(hole // ask.chips for hole in holes)
        return min(by_chips, self.cpu[i] // dict(ask.requests)["cpu"])


@given(shelves(), st.lists(st.tuples(ASKS, st.integers(1, 6)), max_size=12))
def test_no_chip_is_given_twice_and_whatever_fits_is_found(shelf, arrivals):
    ledger = Ledger(shelf)
    for ask, replicas in arrivals:
        room = sum(ledger.fit(i, ask) for i in range(len(shelf.nodes)))
        spots = fill(shelf, ask, replicas)
        assert total(spots) == min(room, replicas)
        ledger.put(ask, spots)
        assert not any(map(overfull, shelf.free, shelf.shares, shelf.room))


@given(shelves(), st.lists(ASKS, max_size=6), st.lists(ASKS, min_size=1, max_size=6), ASKS)
def test_what_is_rolled_back_leaves_no_trace(shelf, before, tried, after):
    for ask in before:
        fill(shelf, ask, 1)
    state = list(shelf.free), list(shelf.shares), list(map(dict, shelf.room))
    start = shelf.checkpoint()
    for ask in tried:
        for i, count, seats in fill(shelf, ask, 2):
            if count == 1:
                shelf.give(i, ask, count, seats)
        fill(shelf, ask, 1)
    shelf.rollback(start)
    assert (list(shelf.free), list(shelf.shares), list(map(dict, shelf.room))) == state
    fresh = Shelf(shelf.nodes)
    fresh.judge = shelf.judge
    for ask in before:
        fill(fresh, ask, 1)
    assert fill(shelf, after, 3) == fill(fresh, after, 3)


@given(FRACTIONS)
def test_a_larger_hole_is_worth_no_less_and_a_whole_chip_is_worth_one(fractions):
    table = table_of(fractions)
    assert (table[0], table[STEPS], len(table)) == (0, UNIT, STEPS + 1)
    assert list(table) == sorted(table)


@given(FRACTIONS)
def test_two_holes_are_worth_no_more_than_one_as_large_as_both(fractions):
    table = table_of(fractions)
    slack = STEPS + 1  # prices are whole millionths
    assert all(table[a] + table[b] <= table[a + b] + slack for a in range(STEPS + 1) for b in range(STEPS + 1 - a))


@given(FRACTIONS, st.randoms(use_true_random=False))
def test_the_same_arrivals_teach_the_same(fractions, random):
    shuffled = list(fractions.items())
    random.shuffle(shuffled)
    assert table_of(dict(shuffled)) == table_of(fractions)


@given(shelves(), st.lists(st.tuples(ASKS, st.integers(1, 3)), max_size=6), ASKS)
def test_a_node_costs_the_same_whether_it_is_judged_alone_or_among_all(shelf, before, ask):
    for other, replicas in before:
        fill(shelf, other, replicas)
    ground, judge = Ground(shelf.free, shelf.shares, shelf.room), shelf.judge or shelf.unlearnt
    among_all = Holes(ground).costs(ask, judge, lambda: np.ones(len(shelf.nodes), np.bool_))
    assert among_all.tolist() == [Holes(ground).cost_of(i, ask, judge) for i in range(len(shelf.nodes))]
