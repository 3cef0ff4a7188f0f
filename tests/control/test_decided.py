"""The collector stands still while a plan is made, and goes on whatever comes of it."""

import gc
from dataclasses import replace

import pytest

from chippool.control.decided import decided
from chippool.core.cycle import Policy
from tests.core.build import a_snapshot, nodes


class _Watched(dict):
    """Says whether the collector was at work when the core looked."""

    def __init__(self, fails):
        super().__init__()
        self.fails, self.seen = fails, []

    def values(self):
        self.seen.append(gc.isenabled())
        if self.fails:
            raise RuntimeError("a fault of the core")
        return super().values()


@pytest.mark.parametrize("fails", [False, True])
def test_the_collector_goes_on_after_a_plan(fails):
    watched = _Watched(fails)
    snapshot = replace(a_snapshot(nodes(1)), workloads=watched)
    if fails:
        with pytest.raises(RuntimeError):
            decided(snapshot, 0.0, Policy())
    else:
        decided(snapshot, 0.0, Policy())
    assert not any(watched.seen)
    assert gc.isenabled()
