"""One call of the core, left alone by the garbage collector."""

import gc

from chippool.core.cycle import Policy, schedule
from chippool.core.model import Snapshot
from chippool.core.plan import Plan


def decided(snapshot: Snapshot, now: float, policy: Policy) -> Plan:
    """The plan for a snapshot.

    What a plan is made of goes when nobody points at it any more: to look for cycles among some hundred thousand
    objects while it is made only costs, 5 % of the time. What there are is found afterwards.
    """
    gc.disable()
    try:
        return schedule(snapshot, now, policy)
    finally:
        gc.enable()
