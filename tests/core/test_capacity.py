"""Effective chips: 2x efficiency is twice the chips."""

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.capacity import Purpose, Yields, capacities, share
from chippool.core.ids import CHIP

H20 = {Purpose.TRAINING: 0.15, Purpose.SERVING: 0.26, Purpose.BATCH: 0.15}


def by_purpose(yields, chips=100, used=None):
    held = {purpose: n * CHIP for purpose, n in (used or {}).items()}
    return {one.purpose: one for one in capacities(yields, chips * CHIP, held)}


def test_one_chip_is_worth_another_number_for_each_purpose():
    found = by_purpose(Yields(H20), used={Purpose.SERVING: 50})
    assert (found[Purpose.SERVING].chips, found[Purpose.SERVING].used) == (26.0, 13.0)
    assert (found[Purpose.TRAINING].chips, found[Purpose.TRAINING].used) == (15.0, 0.0)


def test_a_purpose_nothing_is_known_for_is_left_out():
    assert set(by_purpose(Yields({Purpose.SERVING: 0.26}))) == {Purpose.SERVING}
    assert by_purpose(Yields(efficiency={Purpose.SERVING: 2.0})) == {}


def test_the_share_of_nothing_is_nothing():
    assert share([], []) == 0.0
    assert share([1.0], [1.0, 3.0]) == 0.25


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(0, 100_000))
def test_twice_the_efficiency_is_twice_the_chips_for_its_purpose_alone(speed, gain, chips):
    speeds = dict.fromkeys(Purpose, speed)
    before = by_purpose(Yields(speeds, {Purpose.SERVING: gain}), chips, {Purpose.SERVING: chips})
    after = by_purpose(Yields(speeds, {Purpose.SERVING: 2 * gain}), chips, {Purpose.SERVING: chips})
    assert after[Purpose.SERVING].chips == 2 * before[Purpose.SERVING].chips
    assert after[Purpose.SERVING].used == 2 * before[Purpose.SERVING].used
    assert after[Purpose.TRAINING] == before[Purpose.TRAINING]
