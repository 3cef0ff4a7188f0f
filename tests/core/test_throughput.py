"""Measured throughput: what is believed, what it corrects, and what it can't."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.ids import chips
from chippool.core.model import Ask, Variant
from chippool.core.throughput import FEWEST, Ratio, believed, corrected, measured
from tests.core.build import ANYWHERE

ON_H800, ON_NPU = 100.0, 60.0  # tokens a second of a chip


def a_cell(throughput, pods=FEWEST):
    return [log(throughput)] * pods


def cells(*namespaces, h800=ON_H800, npu=ON_NPU, unit=1.0):
    """What each of these measures on both pools."""
    both = (("h800", h800), ("npu", npu))
    return {(namespace, pool): a_cell(unit * one) for namespace in namespaces for pool, one in both}


def a_variant(pool, speed, per_replica=8, **more):
    return Variant(pool, (pool,), 1, Ask(chips(per_replica), (), ANYWHERE), speed, **more)


def test_three_namespaces_that_agree_are_believed_whatever_their_units():
    said = measured(cells("a") | cells("b", unit=1000.0) | cells("c", unit=0.001))
    ratio = said.beside("d", "npu", "h800")
    assert ratio.ratio == pytest.approx(0.6, rel=0.03)
    assert (ratio.namespaces, ratio.samples, ratio.outliers) == (3, 18, 0)
    assert said.beside("d", "h800", "npu").ratio == pytest.approx(1 / ratio.ratio)


def test_two_namespaces_say_nothing_to_others_and_each_speaks_for_itself():
    said = measured(cells("a") | cells("b", npu=30.0))
    assert said.beside("c", "npu", "h800") is None
    assert said.beside("a", "npu", "h800").ratio == pytest.approx(0.6, rel=0.03)
    assert said.beside("b", "npu", "h800").ratio == pytest.approx(0.3, rel=0.03)


def test_one_that_is_far_from_all_others_is_shown_and_not_believed():
    ratio = measured(cells("a", "b", "c") | cells("liar", npu=100_000.0)).every["h800", "npu"]
    assert ratio.ratio == pytest.approx(1 / 0.6, rel=0.03)
    assert (ratio.namespaces, ratio.outliers) == (3, 1)


def test_too_few_pods_are_nothing_and_odd_ones_among_many_do_not_count():
    few = {cell: logs[: FEWEST - 1] for cell, logs in cells("a", "b", "c").items()}
    assert measured(few).every == {}
    odd = cells("a", "b", "c")
    odd["a", "npu"] = [*odd["a", "npu"], log(1e9)]
    assert measured(odd) == measured(cells("a", "b", "c"))


def test_a_pool_that_was_measured_alone_has_nothing_to_stand_beside():
    alone = {cell: logs for cell, logs in cells("a", "b", "c").items() if cell[1] == "h800"}
    assert measured(alone).every == measured(alone).own == {}


def test_speeds_are_corrected_by_chip_and_what_was_not_measured_stays_as_it_was_stated():
    said = measured(cells("a", "b", "c"))
    stated = (a_variant("h800", 1.0), a_variant("npu", 0.9, per_replica=16), a_variant("h20", 0.4))
    found = corrected(stated, lambda one, other: said.beside("d", one, other))
    assert [one.speed for one in found] == [1.0, pytest.approx(2 * 0.6, rel=0.03), 0.4]


def test_without_a_measurement_nothing_is_corrected():
    stated = (a_variant("h800", 1.0), a_variant("npu", 0.9), Variant("none", (), 1, Ask(chips(8), (), ANYWHERE), 0.5))
    assert corrected(stated, lambda one, other: None) == stated
    assert corrected(stated, lambda one, other: Ratio(0.5, 3, 9, 0))[2].speed == 0.5


def test_what_is_measured_anew_by_a_hair_is_the_same():
    assert measured(cells("a", "b", "c", npu=60.0)).every == measured(cells("a", "b", "c", npu=60.3)).every


logarithms = st.floats(-5, 5)
some = st.lists(logarithms, min_size=FEWEST, max_size=6)
anything = st.fixed_dictionaries({"h800": some, "npu": some})


@given(st.lists(st.tuples(logarithms, logarithms), max_size=5), anything)
def test_what_one_namespace_says_never_leads_beyond_what_the_others_say(others, liar):
    honest = {
        (f"n{at}", pool): a_cell(exp(one))
        for at, pair in enumerate(others)
        for pool, one in zip(("h800", "npu"), pair, strict=True)
    }
    ratio = measured(honest | {("liar", pool): said for pool, said in liar.items()}).every.get(("h800", "npu"))
    if ratio is not None:
        ratios = [one - other for one, other in others]
        assert len(ratios) >= FEWEST - 1
        assert min(ratios) - 0.03 <= log(ratio.ratio) <= max(ratios) + 0.03


@given(st.lists(logarithms, max_size=12))
def test_the_middle_is_of_what_was_said_and_everybody_is_kept_or_an_outlier(said):
    found = believed(said)
    if found is not None:
        assert min(said) <= found.middle <= max(said)
        assert found.kept + found.outliers == len(said)
        assert found.kept >= FEWEST


@given(st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from(["h20", "h800", "npu"])), some))
def test_the_order_in_which_it_is_told_changes_nothing(told):
    assert measured(dict(reversed(told.items()))) == measured(told)
