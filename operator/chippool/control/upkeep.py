"""What keeps the house in order beside the decisions."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chippool.control import publish, shadows
from chippool.control.custody import Custody
from chippool.control.expiry import Expiry
from chippool.control.losses import LOST_S, Losses
from chippool.core.model import Snapshot
from chippool.core.plan import Plan
from chippool.kube.events import Regarding, event
from chippool.kube.writer import Outcome, Write, Writer
from chippool.metrics import Metrics
from chippool.state.mirror import Mirror
from chippool.state.records import Stuck

STUCK_S = 180.0
"""kube-scheduler binds a pinned pod within a second, or says at once why it can't (which the mirror sees sooner).
Silence means it is away or behind: taking its work back before it has come round helps nobody."""
AVOID_S = 300.0
EVERY_S = 5.0
SHADOWS_S = 5.0
NOT_BOUND = "NotBound"

logger = logging.getLogger(__name__)


class Upkeep:
    """Times in seconds since the epoch; `instance` is this replica's identity."""

    def __init__(
        self,
        mirror: Mirror,
        writer: Writer,
        metrics: Metrics,
        custody: Custody,
        *,
        instance: str,
        lost_after: float = LOST_S,
    ) -> None:
        self._mirror, self._writer, self._metrics = mirror, writer, metrics
        self._losses = Losses(mirror, writer, metrics, after=lost_after, instance=instance)
        self._custody, self._instance = custody, instance
        self._expiry = Expiry()
        self._last = 0.0

    async def before(self, snapshot: Snapshot) -> None:
        """Have the shadow classes made before anything that needs them; waits a few seconds at most."""
        missing = sorted(shadows.missing(snapshot))
        if not missing:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHADOWS_S):
                await asyncio.gather(*(self._written(shadows.write(name, snapshot)) for name in missing))

    def step(self, snapshot: Snapshot, now: float) -> None:
        """Do what is due."""
        self._losses.step(now)
        self._free_the_stuck(now)
        self._custody.classes = snapshot.classes.keys()
        self._custody.step(now)
        if now - self._last < EVERY_S:
            return
        self._last = now
        for write in self._expiry.due(self._mirror.workload_records, now):
            self._writer.put(write)

    def note(self, plan: Plan) -> None:
        """Remember what a plan says that is told of pools."""
        self._custody.kept = {kept.pool: kept.chips for kept in plan.reserved}

    async def _written(self, write: Write) -> None:
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome, answer: Any) -> None:
            if outcome is Outcome.REFUSED:
                logger.warning("refused: %s: %s", write.path, answer)
            if not landed.done():
                landed.set_result(None)

        self._writer.put(replace(write, done=done))
        await landed

    def _free_the_stuck(self, now: float) -> None:
        for stuck in self._mirror.stuck(now, STUCK_S):
            self._writer.put(publish.evict(stuck))
            self._writer.put(self._event(stuck, now))
            self._mirror.avoid(stuck.node, now + AVOID_S)
            self._metrics.unstuck.inc()
            logger.warning("not bound in time", extra={"fields": {"workload": stuck.workload, "node": stuck.node}})

    def _event(self, stuck: Stuck, now: float) -> Write:
        note = f"kube-scheduler did not put it on node {stuck.node}: {stuck.message or 'no reason given'}."
        return event(
            Regarding("v1", "Pod", stuck.namespace, stuck.name, stuck.pod_uid),
            NOT_BOUND,
            f"{note} It is evicted, and the node is avoided for {AVOID_S / 60:g} minutes.",
            action="Evict",
            now=datetime.fromtimestamp(now, tz=UTC),
            instance=self._instance,
            type="Warning",
        )
