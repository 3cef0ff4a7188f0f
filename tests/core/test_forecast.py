"""The forecaster of demand: what it says of histories one can judge by hand, and its laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.forecast import COVERAGE, FIRST, forecast, rolled

histories = st.lists(st.integers(0, 10_000).map(float), min_size=FIRST, max_size=60)


def same(one, other):
    return all(
        np.allclose(getattr(one, part), getattr(other, part), rtol=1e-6, atol=1e-6)
        for part in ("likely", "low", "high")
    )


def test_demand_that_never_changes_goes_on_without_a_doubt():
    found = forecast([120.0] * 40)
    assert np.allclose(found.likely, 120)
    assert np.allclose(found.low, 120)
    assert np.allclose(found.high, 120)


def test_one_strange_day_is_not_taken_for_what_is_to_come():
    found = forecast([*[100.0] * 59, 400.0])
    assert found.likely[0] < 280
    assert found.likely[6] < 160


def test_a_short_history_has_a_forecast_and_no_band_yet():
    found = forecast([10.0] * FIRST)
    assert np.allclose(found.likely, 10)
    assert np.isinf(found.high).all()
    assert (found.low == 0).all()
    with pytest.raises(ValueError, match="14 days, there are 13"):
        forecast([10.0] * (FIRST - 1))


@pytest.mark.parametrize("kind", ["noise", "walk", "a change of level"])
def test_the_band_holds_what_it_says(kind):
    chance = np.random.default_rng(7)
    steps = chance.normal(0, 20, 400)
    daily = {
        "noise": 1000 + steps,
        "walk": 1000 + np.abs(np.cumsum(steps)),
        "a change of level": 1000 + steps + 300 * (np.arange(400) >= 200),
    }[kind]
    made = rolled(daily.tolist())
    within = [
        (said.low <= seen) & (seen <= said.high)
        for origin in range(28, 394)
        for said, seen in [(made[origin - FIRST], daily[origin : origin + 7])]
    ]
    assert abs(np.mean(within) - COVERAGE) < 0.06


@given(histories)
def test_a_forecast_knows_nothing_of_what_comes_after_it(daily):
    made = rolled(daily)
    assert len(made) == len(daily) - FIRST + 1
    for known in {FIRST, (FIRST + len(daily)) // 2, len(daily)}:
        assert same(made[known - FIRST], forecast(daily[:known]))


@given(histories, st.sampled_from([2, 64, 1024]))
def test_twice_the_demand_is_twice_the_forecast(daily, times):
    one, more = forecast(daily), forecast([times * value for value in daily])
    assert np.allclose(more.likely, times * one.likely)
    assert np.allclose(more.high, times * one.high)


@given(histories)
def test_the_likely_demand_lies_within_the_band_and_nothing_is_below_zero(daily):
    found = forecast(daily)
    assert (found.low >= 0).all()
    assert (found.low <= found.likely).all()
    assert (found.likely <= found.high).all()
