"""How many model generations the stock carries."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.attrition import Attrition
from chippool.core.generations import ModelGeneration, Part, carried
from chippool.core.runway import HORIZON, Arrival, Stockpile

NOW = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
NO_LOSS = Attrition(0.0, 0.0, 0.0)


def a_part(chips=1000.0, per_chip=1.0, limit=None, attrition=NO_LOSS, arrivals=()):
    return Part(Stockpile(chips, attrition, tuple(arrivals), gain=7.0), per_chip, limit)


def a_generation(of_the_stock=0.3, growth=2.0, days=180):
    """The next takes that part of what 1,000 chips do in its days."""
    return ModelGeneration(of_the_stock * 1000 * days * 24, growth, days)


def test_each_takes_more_until_one_takes_more_than_there_is():
    found = carried(a_generation(), [a_part()], NOW)  # 0.3, 0.6, 1.2 of the stock
    assert (found.likely, found.low, found.high) == (2, 2, 2)
    assert found.needs == pytest.approx(1.2 * 1000 * 180 * 24)
    assert found.yields == pytest.approx(1000 * 180 * 24)
    assert found.sentence == (
        "The stock carries 2 more model generations (80 %: 2 … 2): the one after, from 2027-11 on, takes 5,184,000 "
        "effective chip-hours in 180 days, and there will be 4,320,000."
    )


def test_a_stock_that_is_too_small_already_says_so():
    found = carried(a_generation(1.1), [a_part()], NOW)
    assert found.likely == 0
    assert found.sentence.startswith("The stock carries no more model generations (80 %: 0 … 0): the one after")


def test_no_more_are_counted_than_are_looked_ahead():
    found = carried(a_generation(0.1, growth=1.0), [a_part()], NOW)
    assert (found.likely, found.beyond) == (HORIZON // 180, True)
    assert found.sentence == "The stock carries 6 more model generations at least: three years are looked ahead."


def test_what_one_chip_is_worth_and_how_many_a_queue_may_have_count():
    assert carried(a_generation(), [a_part(per_chip=2.0)], NOW).likely == 3
    assert carried(a_generation(), [a_part(limit=500.0)], NOW).likely == 1
    assert carried(a_generation(), [a_part(500.0), a_part(500.0)], NOW).likely == 2
    assert carried(a_generation(), [], NOW).likely == 0


def test_failures_take_generations_away_and_orders_bring_them_back():
    losing = Attrition(0.5, 0.2, 0.9)
    assert carried(a_generation(0.3, 1.5), [a_part()], NOW).likely == 3
    lost = carried(a_generation(0.3, 1.5), [a_part(attrition=losing)], NOW)
    assert lost.low <= lost.likely < 3
    arrivals = [Arrival(200.0, 2000.0)]
    assert carried(a_generation(0.3, 1.5), [a_part(attrition=losing, arrivals=arrivals)], NOW).likely >= 3


amounts = st.floats(0.01, 1e6)


@given(amounts, amounts, st.floats(0.1, 1000), st.integers(7, 1095), st.floats(0.0, 3.0))
def test_more_chips_better_chips_and_smaller_steps_never_carry_fewer(chips, hours, growth, days, rate):
    attrition = Attrition(rate, rate / 2, rate * 2)
    wanted = ModelGeneration(hours * 1e3, growth, days)

    def count(chips, per_chip=1.0, wanted=wanted):
        found = carried(wanted, [a_part(chips, per_chip, attrition=attrition)], NOW)
        assert found.low <= found.likely <= found.high <= HORIZON // days
        return found.likely

    once = count(chips)
    assert count(2 * chips) >= once
    assert count(chips, 2.0) >= once
    assert count(chips, wanted=ModelGeneration(hours * 1e3, growth / 2, days)) >= once
    assert count(chips, wanted=ModelGeneration(hours * 2e3, growth, days)) <= once
