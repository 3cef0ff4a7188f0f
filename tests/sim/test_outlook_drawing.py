"""The picture of demand, stock and runway."""

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.capacity import Yields
from chippool.core.demand import HOUR_S, OTHERS, Ring
from chippool.core.ids import CHIP
from chippool.core.outlook import Known, outlook
from chippool.core.supply import Order, Supply
from chippool.sim.outlook_drawing import HEIGHT, drawn

HOUR = 500_000 // 24 * 24
NOW = HOUR * HOUR_S
SVG = "{http://www.w3.org/2000/svg}"


def seen(days=90, chips=1000, rise=2.0, supply=None):
    daily = tuple(500 + rise * day for day in range(days))
    ring = Ring(HOUR, {}, {"train": daily, OTHERS: (0.0,) * days})
    return outlook(ring, Known(supply, Yields(), chips * CHIP, chips * CHIP, {}), NOW)


def lines(picture, kind):
    """Of each plot; those of the key are no polylines."""
    found = [one for one in ET.fromstring(picture).iter(f"{SVG}polyline") if one.get("class") == kind]
    return [[tuple(map(float, pair.split(","))) for pair in one.get("points").split()] for one in found]


def ends(picture):
    """Where runways end."""
    found = [one for one in ET.fromstring(picture).iter(f"{SVG}line") if one.get("class") == "end"]
    return [float(one.get("x1")) for one in found if one.get("y1") != one.get("y2")]


def test_the_runway_is_marked_where_demand_crosses_the_stock():
    picture = drawn([("h800", seen())], NOW)
    (will,), (stock,), (end,) = lines(picture, "will"), lines(picture, "stock"), ends(picture)
    crossed = next(one[0] for one, other in zip(will, stock, strict=True) if one[1] < other[1])
    assert crossed == pytest.approx(end, abs=8)


def test_what_was_asked_for_ends_today_and_what_is_expected_begins_there():
    (was,), (will,) = (lines(drawn([("h800", seen())], NOW), kind) for kind in ("was", "will"))
    assert was[-1][0] < will[0][0]
    assert was[0][1] > was[-1][1], "it grew, and up is less"


def test_orders_are_a_step_in_the_stock():
    supply = Supply(owned=1000, on_order=(Order(500, NOW + 100 * 86_400),))
    (stock,) = lines(drawn([("h800", seen(supply=supply))], NOW), "stock")
    assert max(one[1] - other[1] for one, other in itertools.pairwise(stock)) > HEIGHT / 5


def test_a_stock_that_lasts_has_no_end_and_one_of_too_few_days_no_forecast():
    assert ends(drawn([("h800", seen(chips=10**6))], NOW)) == []
    assert lines(drawn([("h800", seen(days=9))], NOW), "will") == []


def test_all_pools_are_in_one_picture_that_says_in_words_what_it_shows():
    one, other = seen(), seen(days=9)
    picture = drawn([("h800", one), ("<b>&", other)], NOW)
    title = ET.fromstring(picture).find(f"{SVG}title").text
    assert title == f"h800: {one.sentence}; <b>&: {other.sentence}"
    assert len(lines(picture, "was")) == 2


@given(st.integers(0, 200), st.floats(0.0, 1e6), st.floats(-50, 50))
def test_whatever_is_known_it_is_a_picture_without_a_number_that_is_none(days, chips, rise):
    daily = tuple(max(0.0, 500 + rise * day) for day in range(days))
    ring = Ring(HOUR, {}, {"train": daily, OTHERS: (0.0,) * days}) if days else None
    some = outlook(ring, Known(None, Yields(), int(chips * CHIP), int(chips * CHIP), {}), NOW)
    picture = drawn([("h800", some)], NOW)
    assert "nan" not in picture.lower()
    ET.fromstring(picture)
