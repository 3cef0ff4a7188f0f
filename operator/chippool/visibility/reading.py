"""One look at the cluster, and what would be decided on it."""

import asyncio
import time
from dataclasses import dataclass

from chippool.control.learner import Learner
from chippool.core.cycle import schedule
from chippool.core.model import Snapshot
from chippool.core.plan import Plan
from chippool.state.mirror import Mirror
from chippool.visibility.expectation import UNSEEN, Known


@dataclass(frozen=True, slots=True)
class Reading:
    """What is, and what the operator would decide now; `now` in seconds since the epoch."""

    mirror: Mirror
    snapshot: Snapshot
    plan: Plan
    now: float
    known: Known = UNSEEN
    """What starts are predicted from."""


async def decided(mirror: Mirror, at: float | None = None, known: Known = UNSEEN) -> Reading:
    """Return what the mirror shows, with what `schedule` makes of it now or `at` a time; feeds go on meanwhile."""
    snapshot, now = Learner().taught(mirror.look()), time.time() if at is None else at
    return Reading(mirror, snapshot, await asyncio.to_thread(schedule, snapshot, now), now, known)
