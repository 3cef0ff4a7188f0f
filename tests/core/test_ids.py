"""Chips as people write them."""

from chippool.core.ids import shown


def test_whole_chips_are_written_out_whatever_their_number_and_parts_as_parts():
    assert [shown(n) for n in (8_000, 250, 1_500, 0, 1_200_000_000)] == ["8", "0.25", "1.5", "0", "1200000"]
