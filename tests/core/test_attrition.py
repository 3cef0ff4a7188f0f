"""Attrition: the declared rate, and what was seen, by the amount of evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.attrition import LONG_S, YEAR_S, Evidence, blended, watched
from chippool.core.ids import CHIP

NOW = 1_800_000_000.0
DAY = 86_400.0


def seen(*steps, owned=100):
    """(days, healthy chips) in turn."""
    found = None
    for days, healthy in steps:
        found = watched(found, healthy * CHIP, owned * CHIP, NOW + days * DAY)
    return found


def test_without_evidence_the_declared_rate_holds():
    found = blended(0.09, None)
    assert found.rate == pytest.approx(0.09)
    assert found.low < 0.09 < found.high


def test_much_evidence_makes_the_declared_rate_forgotten():
    assert blended(0.09, Evidence(NOW, 0, chip_years=10_000, failures=2_000)).rate == pytest.approx(0.2, rel=0.02)


def test_healthy_chips_gather_chip_years():
    assert seen((0, 73), (50, 73)).chip_years == pytest.approx(10.0)


def test_a_chip_that_is_away_for_long_has_failed_once():
    assert seen((0, 100), (1, 98), (1.5, 98)).failures == 0
    assert seen((0, 100), (1, 98), (2, 98), (9, 98)).failures == 2


def test_a_plugin_that_restarts_is_no_failure():
    assert seen((0, 100), (1, 0), (1.01, 100), (5, 100)).failures == 0


def test_what_came_back_in_the_meantime_has_not_failed():
    assert seen((0, 100), (1, 90), (1.5, 96), (2.1, 94)).failures == 4


def test_a_chip_that_was_repaired_can_fail_again():
    assert seen((0, 100), (1, 99), (2, 99), (3, 100), (4, 99), (5, 99)).failures == 2


def test_chips_that_are_not_owned_any_more_have_not_failed():
    found = watched(seen((0, 100), (1, 60)), 60 * CHIP, 60 * CHIP, NOW + 1.5 * DAY)
    assert watched(found, 60 * CHIP, 60 * CHIP, NOW + 9 * DAY).failures == 0


@given(st.floats(0.01, 2.0), st.floats(0, 1e5), st.integers(0, 10_000), st.integers(1, 100))
def test_the_blend_lies_between_what_is_declared_and_what_was_seen(declared, years, failures, more):
    found = blended(declared, Evidence(NOW, 0, chip_years=years, failures=failures))
    assert found.low <= found.rate <= found.high
    if years:
        low, high = sorted((declared, failures / years))
        assert low * (1 - 1e-9) <= found.rate <= high * (1 + 1e-9)
    worse = blended(declared, Evidence(NOW, 0, chip_years=years, failures=failures + more))
    assert worse.rate > found.rate


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.integers(0, 100)), min_size=1, max_size=30))
def test_failures_and_chip_years_never_shrink(steps):
    at, found = 0.0, seen((0, 100))
    for days, healthy in steps:
        at += days
        after = watched(found, healthy * CHIP, 100 * CHIP, NOW + at * DAY)
        assert after.failures >= found.failures
        assert after.chip_years >= found.chip_years
        assert 0 <= after.level <= 100 * CHIP
        found = after
    assert found.chip_years <= 100 * at * DAY / YEAR_S + 1e-9
    assert LONG_S == DAY
