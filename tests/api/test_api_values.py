"""Quantities and durations as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.api import duration, quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", Decimal(8)),
        (8, Decimal(8)),
        ("0.62", Decimal("0.62")),
        (".5", Decimal("0.5")),
        ("500m", Decimal("0.5")),
        ("1k", Decimal(1000)),
        ("2Ki", Decimal(2048)),
        ("16Gi", Decimal(16 * 2**30)),
        ("1e3", Decimal(1000)),
        ("1E3", Decimal(1000)),
        ("1E", Decimal(10) ** 18),
        ("100n", Decimal("1e-7")),
        ("-2", Decimal(-2)),
    ],
)
def test_a_quantity_has_its_exact_value(text, value):
    assert quantity.parse(text) == value


@pytest.mark.parametrize("text", ["", "half", "1 Gi", "1g", "1Mi5", "e3", "1.2.3", "NaN", "Infinity"])
def test_what_is_no_quantity_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="is no quantity: write 8"):
        quantity.parse(text)


def test_parts_are_rounded_up_as_kubernetes_does():
    assert quantity.milli("1100u") == 2
    assert quantity.milli("0.62") == 620
    assert quantity.whole("1.5") == 2
    assert quantity.whole("500m") == 1
    assert quantity.whole("2Ki") == 2048


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("24h", 86400), ("1h30m", 5400), ("1h0m5s", 3605), ("0s", 0)],
)
def test_a_duration_is_counted_in_seconds(text, seconds):
    assert duration.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "soon", "3d", "1.5h", "5m1h", "-1m", "1h 30m", "1H", "10m\n"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="is no duration: write 90s"):
        duration.seconds(text)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    assert duration.seconds(f"{hours}h{minutes}m{seconds}s") == (hours * 60 + minutes) * 60 + seconds
