import pytest

from chippool.core.assignment import Effort, greedy, solve, worth
from chippool.core.ids import PoolName, VariantName, WorkloadKey
from chippool.core.matching import (
    AGEING,
    Contender,
    Way,
    ageing,
    choose_together,
    claims_in_order,
    relative_speeds,
    worths,
)
from chippool.core.prices import running_mean
from chippool.core.seating import Option, Problem, Row, seated
from tests.core.contenders import a_contender, a_way, free, pools_of

NO_EFFORT = Effort(steps=0, choices=0, pivots=0)


def chosen(contenders, effort=None, **counts):
    matching = choose_together(contenders, free(**counts), effort or Effort())
    return pools_of(contenders, matching)


def test_the_scarce_chip_goes_to_whom_it_adds_most():
    either = a_contender("either", h800=1.0, npu=0.9)
    needs_it = a_contender("needs-it", h800=1.0, npu=0.2)
    assert chosen([either, needs_it], h800=1, npu=1) == {"either": "npu", "needs-it": "h800"}


def test_a_chip_is_left_to_one_that_runs_nowhere_else():
    first = a_contender("first", claim=1.0, h800=1.0, npu=0.1)
    only = a_contender("only", h800=1.0)
    assert chosen([first, only], h800=1, npu=1) == {"first": "npu", "only": "h800"}


def test_only_ratios_of_a_workloads_own_speeds_count():
    loud = a_contender("loud", h800=1000.0, npu=900.0)
    quiet = a_contender("quiet", h800=0.001, npu=0.0002)
    assert chosen([loud, quiet], h800=1, npu=1) == {"loud": "npu", "quiet": "h800"}


@pytest.mark.parametrize(
    ("speeds", "relative"),
    [((1.0, 0.5), (1.0, 0.5)), ((1.0, 4.0), (0.25, 1.0)), ((1.0, 0.001), (1.0, 0.05)), ((1.0, 400.0), (0.05, 1.0))],
)
def test_speeds_are_relative_to_the_best_and_claims_are_bounded(speeds, relative):
    assert relative_speeds(speeds) == pytest.approx(relative)


@pytest.mark.parametrize(
    ("speeds", "worth"), [((1.0, 0.5), [1, 0.5]), ((1.0, 0.7, 1.3), [1, 0.7, 0.7]), ((0.5, 0.001), [1, 0.05])]
)
def test_a_way_is_never_worth_more_than_one_that_is_preferred(speeds, worth):
    assert worths(speeds) == pytest.approx(worth)


def test_running_work_trades_chips_where_the_sum_rises_by_5_percent():
    here = a_contender("here", runs_on="h800", h800=1.0, npu=0.90)
    there = a_contender("there", runs_on="npu", h800=1.0, npu=0.80)
    assert chosen([here, there]) == {"here": "npu", "there": "h800"}


def test_running_work_stays_where_a_trade_brings_less():
    here = a_contender("here", runs_on="h800", h800=1.0, npu=0.86)
    there = a_contender("there", runs_on="npu", h800=1.0, npu=0.80)
    assert chosen([here, there]) == {"here": "h800", "there": "npu"}


def test_what_was_placed_a_moment_ago_moves_for_any_gain():
    here = a_contender("here", runs_on="h800", settled=False, h800=1.0, npu=0.86)
    there = a_contender("there", runs_on="npu", settled=False, h800=1.0, npu=0.80)
    assert chosen([here, there]) == {"here": "npu", "there": "h800"}


def test_running_work_moves_up_to_a_free_better_chip():
    assert chosen([a_contender("it", runs_on="npu", h800=1.0, npu=0.8)], h800=1) == {"it": "h800"}


def test_running_work_makes_room_and_keeps_a_place():
    runs = a_contender("runs", runs_on="h800", h800=1.0, npu=0.7)
    waits = a_contender("waits", h800=1.0)
    assert chosen([runs, waits], npu=1) == {"runs": "npu", "waits": "h800"}


def test_nobody_loses_its_chips_however_long_another_waits():
    runs = a_contender("runs", runs_on="h800", h800=0.1, npu=1.0)
    waits = a_contender("waits", claim=1e6, h800=1.0)
    assert chosen([runs, waits]) == {"runs": "h800"}


def test_a_higher_priority_is_chosen_for_first_and_lower_running_work_keeps_a_place():
    low = a_contender("low", runs_on="h800", h800=1.0, npu=0.6)
    waits = a_contender("waits", claim=100.0, h800=1.0, npu=0.5)
    high = a_contender("high", priority=9, h800=1.0, npu=0.01)
    assert chosen([low, waits, high], npu=1) == {"high": "h800", "low": "npu"}


def test_who_waits_longest_is_served_first_among_the_alike():
    young, old = (a_contender(name, claim=ageing(s), h800=1.0) for name, s in (("a-young", 60), ("z-old", 120)))
    assert chosen([young, old], h800=1) == {"z-old": "h800"}


def test_waiting_outweighs_wrong_speeds_after_the_time_that_is_said():
    bright = a_contender("bright", h800=1.0, npu=0.1)
    dim = {"npu": 1.0, "h800": 0.05}
    assert chosen([bright, a_contender("dim", claim=ageing(0.9 * AGEING), **dim)], h800=1) == {"bright": "h800"}
    assert chosen([bright, a_contender("dim", claim=ageing(AGEING), **dim)], h800=1) == {"dim": "h800"}


def test_claims_in_order_serve_strictly_in_that_order():
    claims = claims_in_order(["team/dim", "team/bright"], pools=1)
    bright = a_contender("bright", claim=claims["team/bright"], h800=1.0, npu=0.1)
    dim = a_contender("dim", claim=claims["team/dim"], npu=1.0, h800=0.05)
    assert chosen([bright, dim], h800=1) == {"dim": "h800"}


def test_unlike_sizes_are_packed_exactly():
    large = a_contender("large", count=8, h800=1.0, npu=0.9)
    small = [a_contender(f"small-{i}", count=4, h800=1.0, npu=0.5) for i in range(2)]
    assert chosen([large, *small], h800=8, npu=8) == {"large": "npu", "small-0": "h800", "small-1": "h800"}


def test_two_variants_on_one_pool_are_told_apart():
    it = a_contender("it", h800=1.0)
    both = type(it)(it.key, (a_way("h800", 1.0, count=8), a_way("h800", 0.6, count=4)))
    assert choose_together([both], free(h800=4)).ways == {it.key: 1}
    assert choose_together([both], free(h800=8)).ways == {it.key: 0}


def test_past_the_bound_the_answer_is_greedy_by_regret_and_says_so():
    either = a_contender("either", h800=1.0, npu=0.9)
    needs_it = a_contender("needs-it", h800=1.0, npu=0.2)
    matching = choose_together([either, needs_it], free(h800=1, npu=1), NO_EFFORT)
    assert pools_of([either, needs_it], matching) == {"either": "npu", "needs-it": "h800"}
    assert not matching.exact
    assert choose_together([either, needs_it], free(h800=1, npu=1)).exact


def test_past_the_bound_running_work_stays_where_it_is():
    here = a_contender("here", runs_on="h800", h800=0.1, npu=1.0)
    there = a_contender("there", runs_on="npu", h800=1.0, npu=0.1)
    assert chosen([here, there], NO_EFFORT) == {"here": "h800", "there": "npu"}


def test_exact_finds_what_greedy_misses():
    large = Problem((Row((Option(0, 3, 100),)), Row((Option(0, 2, 90),)), Row((Option(0, 2, 90),))), (4,))
    assert (worth(large, solve(large, Effort()).taken), worth(large, greedy(large).taken)) == (180, 100)


def test_many_of_unlike_sizes_are_chosen_for_nearly_as_well_as_exactly():
    rows = [Row((Option(0, 1 + i % 5, 90 + i % 7), Option(1, 1 + i % 3, 40 + i % 11))) for i in range(24)]
    problem = Problem(rows, (30, 20))
    exact, near = (solve(problem, Effort(choices=c)) for c in (99, 0))
    assert (exact.exact, near.exact) == (True, False)
    assert worth(problem, exact.taken) * 0.95 <= worth(problem, near.taken) <= worth(problem, exact.taken)


def test_of_unlike_sizes_the_first_in_order_is_served_though_two_others_would_add_more():
    large = Row((Option(0, 4, 10),), claim=2)
    small = Row((Option(0, 2, 90),), claim=1)
    assert solve(Problem((small, large, small), (4,)), Effort()).taken == (None, 0, None)


def test_those_before_move_on_to_where_they_are_slower_so_that_a_large_one_gets_its_only_place():
    first = Row((Option(0, 8, 100), Option(1, 8, 60)), claim=9)
    large = Row((Option(0, 64, 100),), claim=8)
    later = [Row((Option(0, 8, 100),), claim=c) for c in (7, 6, 5)]
    assert solve(Problem((first, large, *later), (64, 8)), Effort()).taken == (1, 0, None, None, None)


def test_a_seat_is_found_along_a_chain_of_moves():
    chain = [Row((Option(p, 1, 9), Option(p + 1, 2, 5)), claim=9 - p) for p in range(3)]
    last = Row((Option(0, 1, 1),), claim=1)
    assert [row.stays for row in seated(Problem((*chain, last), (1, 2, 2, 2))).rows] == [1, 1, 1, 0]


def test_of_equally_fast_ways_the_first_named_is_taken():
    assert chosen([a_contender("it", npu=1.0, h800=1.0)], h800=1, npu=1) == {"it": "npu"}


def test_nobody_to_choose_for_is_no_trouble():
    assert choose_together([], free(h800=4)).ways == {}
    assert chosen([a_contender("it", h800=1.0)], h800=0) == {}
    assert chosen([a_contender("it", count=2, h800=1.0)], h800=-1) == {}


def test_the_price_of_a_chip_is_what_one_more_would_add():
    contenders = [a_contender("a", h800=1.0, npu=0.3), a_contender("b", h800=1.0, npu=0.5), a_contender("c", npu=1.0)]
    prices = choose_together(contenders, free(h800=1, npu=2)).prices
    assert prices == {"h800": 0.5, "npu": 0.0}


def test_the_price_follows_a_chain_of_moves():
    contenders = [
        a_contender("a", runs_on="npu", settled=False, h800=1.0, npu=0.9),
        a_contender("b", npu=1.0, mlu=0.8),
        a_contender("c", mlu=1.0),
    ]
    matching = choose_together(contenders, free(h800=0, mlu=1))
    assert pools_of(contenders, matching) == {"a": "npu", "c": "mlu"}
    assert matching.prices["h800"] == pytest.approx(1.1)


def test_prices_are_kept_as_a_mean_that_forgets():
    assert running_mean({}, {"h800": 0.4}, seconds=60) == {"h800": pytest.approx(0.4)}
    assert running_mean({"h800": 1.0}, {"h800": 0.0}, seconds=3600, memory=3600)["h800"] == pytest.approx(
        0.3679, abs=1e-4
    )
    assert running_mean({"h800": 1.0}, {"h800": 0.0}, seconds=0) == {"h800": 1.0}


def test_who_is_left_out_where_sizes_are_unlike_may_have_had_a_place():
    """Nobody moves into the pool that is being cleared: w4 would have to go there for w0 to leave it for w2."""

    def way(pool, chips):
        return Way(VariantName(f"on-{pool}"), PoolName(pool), chips, 1.0)

    contenders = [
        Contender(WorkloadKey("w0"), (way("c", 2000), way("b", 2000)), held=0, settled=False),
        Contender(WorkloadKey("w2"), (way("c", 2000),), claim=1.0),
        Contender(WorkloadKey("w4"), (way("c", 1000), way("b", 1000)), held=1, settled=False),
    ]
    found = choose_together(contenders, {PoolName("b"): 1000, PoolName("c"): 1000})
    assert "w2" not in found.ways
    assert not found.exact
