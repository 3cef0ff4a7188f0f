"""Rule 8 acted out: pods of lost nodes are failed and removed, and what damaged chips can't run is moved."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

from chippool.control import publish
from chippool.kube.events import Regarding, event
from chippool.kube.writer import Answer, Outcome, Write, Writer
from chippool.metrics import Metrics
from chippool.state.mirror import Mirror
from chippool.state.records import Lost, Stuck

LOST_S = 300.0
"""As long as Kubernetes itself waits before it gives up the pods of a node that is not Ready."""
NODE_LOST, CHIPS_LOST = "NodeLost", "ChipsLost"

logger = logging.getLogger(__name__)


class Losses:
    """`after` seconds a node that is not Ready is lost; `instance` is this replica's identity."""

    def __init__(self, mirror: Mirror, writer: Writer, metrics: Metrics, *, after: float, instance: str) -> None:
        self._mirror, self._writer, self._metrics = mirror, writer, metrics
        self._after, self._instance = after, instance

    def step(self, now: float) -> None:
        """Write what is due; `now` in seconds since the epoch."""
        for lost in self._mirror.lost(now, self._after):
            self._fail(lost, now)
        for stuck in self._mirror.displaced_by_damage(now, self._after):
            self._writer.put(publish.evict(stuck))
            self._writer.put(self._event(stuck, CHIPS_LOST, f"Node {stuck.node} {stuck.message}: it is evicted.", now))
            logger.warning("chips lost", extra={"fields": {"workload": stuck.workload, "node": stuck.node}})

    def _fail(self, lost: Lost, now: float) -> None:
        """Failed first and then gone: a Job replaces a pod only once it has failed."""

        def failed(outcome: Outcome, answer: Answer) -> None:
            if outcome is Outcome.DONE:
                self._writer.put(publish.remove(lost))
            elif outcome is Outcome.REFUSED:
                logger.warning("refused: %s: %s", lost.name, answer)

        note = f"Node {lost.node} is not Ready for too long: the pod counts as failed, its replica is placed elsewhere."
        self._writer.put(replace(publish.fail(lost, now), done=failed))
        self._writer.put(self._event(lost, NODE_LOST, note, now))
        self._metrics.lost.inc()
        logger.warning("node lost", extra={"fields": {"workload": lost.workload, "node": lost.node}})

    def _event(self, pod: Lost | Stuck, reason: str, note: str, now: float) -> Write:
        return event(
            Regarding("v1", "Pod", pod.namespace, pod.name, pod.pod_uid),
            reason,
            note,
            action="Replace",
            now=datetime.fromtimestamp(now, tz=UTC),
            instance=self._instance,
            type="Warning",
        )
