"""Garbage collection for a process that keeps a large, mostly unchanging mirror."""

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 50
"""A decision makes some hundred thousand short-lived objects; the default 700 would walk the mirror again and again."""


def settle() -> None:
    """Take what lives now out of the collector's sight; call once the mirror is filled."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.collect()
    gc.freeze()
