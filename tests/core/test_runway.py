"""Runway: how long the stock lasts, and why."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.attrition import Attrition
from chippool.core.capacity import Purpose, Yields
from chippool.core.demand import OTHERS, Ring
from chippool.core.ids import CHIP
from chippool.core.outlook import Known, mean_gain, outlook
from chippool.core.runway import HORIZON, NEEDED, Arrival, Stockpile, demand_ahead, runway
from chippool.core.supply import Export, Order, Supply

NOW = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
DAY = 86_400.0
NO_LOSS = Attrition(0.0, 0.0, 0.0)
GROWING = tuple(500.0 + 2.0 * day for day in range(180))  # 858 on the last day, two more a day


def a_ring(daily=GROWING, **more):
    hour = int(NOW // 3600)
    return Ring(hour, {}, {"training": tuple(daily), OTHERS: (0.0,) * len(daily), **more})


def known(supply=None, *, healthy=1000, installed=None, efficiency=None, used=None):
    yields = Yields(dict.fromkeys(Purpose, 1.0), efficiency or {})
    return Known(supply, yields, (installed or healthy) * CHIP, healthy * CHIP, used or {})


def test_demand_that_grows_by_two_a_day_passes_the_stock_when_it_must():
    found = runway(demand_ahead(GROWING), Stockpile(1000.0, NO_LOSS))
    assert found.likely == pytest.approx((1000 - GROWING[-1]) / 2, abs=14), (
        "the week to come leans to the mean of those before"
    )
    assert found.earliest <= found.likely <= found.latest


def test_steady_demand_below_the_stock_never_passes_it():
    demand = demand_ahead([500.0] * 60)
    assert runway(demand, Stockpile(1000.0, NO_LOSS)).likely is None
    assert demand.weekly_growth == 0.0


def test_attrition_alone_ends_a_stock():
    found = runway(demand_ahead([500.0] * 60), Stockpile(1000.0, Attrition(0.5, 0.4, 0.6)))
    assert found.likely == pytest.approx(365 * np.log(2) / 0.5, abs=1)
    assert found.earliest < found.likely < found.latest


def test_what_arrives_is_there_from_its_day_on():
    stock = Stockpile(100.0, NO_LOSS, (Arrival(10.5, 50.0),)).ahead(0.0)
    assert (stock[9], stock[10]) == (100.0, 150.0)


def test_too_few_days_give_no_outlook_and_say_how_many_it_takes():
    seen = outlook(a_ring([1.0] * (NEEDED - 1)), known(), NOW)
    assert seen.demand is None
    assert seen.sentence == f"Demand is known of {NEEDED - 1} days; an outlook needs {NEEDED}."
    assert outlook(None, known(), NOW).days == 0


def test_the_reason_is_one_sentence():
    supply = Supply(owned=1000, failure_rate=0.2, on_order=(Order(1600, NOW + 30 * DAY),))
    said = outlook(a_ring(), known(supply), NOW).sentence
    start = (
        "demand grows 1.6 % a week (most of it training), 200 chips lost a year, 1,600 ordered: stock lasts until 202"
    )
    assert said.startswith(start)
    assert said.endswith(").")
    assert "(80 %: " in said


def test_a_ban_counts_neither_orders_nor_repairs_and_a_licence_counts_them_in_part():
    supply = Supply(owned=1000, failure_rate=0.1, on_order=(Order(400, NOW + 30 * DAY),), licence=0.25)
    whole = known(supply, healthy=900, installed=1000)
    free, licence, banned = (
        outlook(a_ring(), replace(whole, supply=replace(supply, export=export)), NOW)
        for export in (Export.UNRESTRICTED, Export.LICENCE_REQUIRED, Export.BANNED)
    )
    assert (free.stock.chips, licence.stock.chips, banned.stock.chips) == (1000.0, 1000.0, 900.0)
    assert [one.stock.arrivals for one in (free, licence, banned)] == [
        (Arrival(30.0, 400.0),),
        (Arrival(30.0, 100.0),),
        (),
    ]
    assert free.runway.likely > licence.runway.likely > banned.runway.likely
    assert "400 ordered (counted at 25 %)" in licence.sentence
    assert "400 ordered and not counted" in banned.sentence


def test_twice_the_efficiency_is_twice_the_stock():
    once = outlook(a_ring(), known(), NOW)
    twice = outlook(a_ring(), known(efficiency=dict.fromkeys(Purpose, 2.0)), NOW)
    assert list(twice.stock.ahead(0.1)) == list(2 * once.stock.ahead(0.1))
    assert once.runway.likely is not None
    assert twice.runway.likely is None or twice.runway.likely > once.runway.likely


def test_the_efficiency_of_a_stock_is_that_of_what_it_is_held_for():
    yields = Yields(efficiency={Purpose.SERVING: 3.0})
    assert mean_gain(yields, {Purpose.SERVING: 1_000, Purpose.TRAINING: 1_000}) == 2.0
    assert mean_gain(yields, {}) == pytest.approx(5 / 3)


demands = st.lists(st.floats(0, 2000), min_size=NEEDED, max_size=90)


@given(demands, st.floats(1, 3000), st.floats(0.01, 1), st.floats(0.1, 1000), st.floats(0, 400))
def test_more_chips_sooner_or_fewer_failures_never_shorten_a_runway(daily, chips, rate, more, day):
    demand, worse = demand_ahead(daily), Attrition(rate * 1.5, rate, rate * 2)
    stock = Stockpile(chips, worse)
    better = (
        Stockpile(chips + more, worse),
        Stockpile(chips, worse, (Arrival(day, more),)),
        Stockpile(chips, Attrition(rate, rate / 2, rate * 1.5)),
        Stockpile(chips, worse, gain=1.0 + more),
    )
    first = runway(demand, stock)
    for one in better:
        after = runway(demand, one)
        for before, now in zip(ends(first), ends(after), strict=True):
            assert now >= before


@given(demands, st.floats(1, 3000))
def test_the_band_holds_the_expected_day(daily, chips):
    earliest, likely, latest = ends(runway(demand_ahead(daily), Stockpile(chips, Attrition(0.1, 0.05, 0.2))))
    assert earliest <= likely <= latest


def ends(found):
    return tuple(HORIZON + 1 if day is None else day for day in (found.earliest, found.likely, found.latest))
