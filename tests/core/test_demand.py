"""The ring of demand: hourly and daily means, bounded, and the same however often anybody looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.demand import DAYS, HOUR_S, HOURS, OTHERS, SERIES, Ring, advanced, begun, noted, totals

START = 480_000 * HOUR_S  # midnight: 480,000 hours are whole days


def run(ring, hours, demand, at=START, every=HOUR_S / 4):
    """So much is asked for, for so many hours, looked at every quarter of one."""
    for n in range(round(hours * HOUR_S / every)):
        ring = noted(ring, at + n * every, at + (n + 1) * every, demand)
    return ring


def test_an_hour_is_the_mean_of_what_was_asked_for_in_it():
    ring = run(begun(START), 0.5, {"ads": 10.0})
    assert ring.hourly == {}
    ring = run(ring, 0.5, {"ads": 30.0, "batch": 4.0}, START + HOUR_S / 2)
    assert ring.hourly == {"ads": (20.0,), "batch": (2.0,), OTHERS: (0.0,)}


def test_a_day_is_the_mean_of_its_hours_and_a_series_that_came_later_had_nothing_before():
    ring = run(begun(START), 12, {"ads": 10.0})
    ring = run(ring, 12, {"ads": 10.0, "batch": 8.0}, START + 12 * HOUR_S)
    assert ring.daily == {"ads": (10.0,), "batch": (4.0,), OTHERS: (0.0,)}
    assert totals(ring) == [14.0]


def test_hours_nobody_looked_at_are_unknown_and_a_day_is_the_mean_of_the_others():
    ring = advanced(run(begun(START), 3, {"ads": 10.0}), 480_000 + 21)
    ring = run(ring, 3, {"ads": 20.0}, START + 21 * HOUR_S)
    assert ring.hourly["ads"][3:21] == (None,) * 18
    assert ring.daily["ads"] == (15.0,)


def test_a_day_nobody_saw_is_as_the_one_before():
    ring = run(begun(START), 24, {"ads": 10.0})
    ring = run(advanced(ring, 480_048), 24, {"ads": 12.0}, START + 48 * HOUR_S)
    assert ring.daily["ads"] == (10.0, None, 12.0)
    assert totals(ring) == [10.0, 10.0, 12.0]


def test_a_series_without_demand_is_forgotten_in_time_and_after_more_than_a_year_all_is():
    ring = run(run(begun(START), 24, {"gone": 1.0}), 24, {"ads": 1.0}, START + 24 * HOUR_S)
    assert set(ring.daily) == {"gone", "ads", OTHERS}
    quiet = Ring(480_024, {"old": (0.0,) * HOURS}, {"old": (0.0,) * DAYS})
    assert set(run(quiet, 24, {"ads": 1.0}, START + 24 * HOUR_S).daily) == {"ads", OTHERS}
    assert advanced(ring, ring.hour + 25 * 401) == Ring(ring.hour + 25 * 401)


def test_more_series_than_are_told_apart_are_counted_together():
    ring = run(begun(START), 1, {f"c{n:02}": 1.0 for n in range(40)})
    assert len(ring.hourly) == SERIES
    assert ring.hourly[OTHERS] == (40.0 - (SERIES - 1),)


def test_it_remembers_two_weeks_of_hours_and_a_year_of_days():
    ring = run(begun(START), 24 * 420, {"ads": 1.0}, every=HOUR_S)
    assert (len(ring.hourly["ads"]), len(ring.daily["ads"])) == (HOURS, DAYS)


@given(st.lists(st.integers(1, 7000), min_size=1, max_size=60), st.integers(1, 100))
def test_how_often_anybody_looks_makes_no_difference(steps, chips):
    total, at, often = sum(steps), START, begun(START)
    for step in steps:
        often = noted(often, at, at + step, {"ads": float(chips)})
        at += step
    once = noted(begun(START), START, START + total, {"ads": float(chips)})
    assert often.hourly == once.hourly
    assert often.seen_s == pytest.approx(once.seen_s)
