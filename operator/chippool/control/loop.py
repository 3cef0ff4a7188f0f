"""Rule 9, the loop: what changed is gathered, decided in one step on one view, assumed, and written."""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chippool.control.batch import Batch
from chippool.control.carry import Carrier
from chippool.control.decided import decided
from chippool.control.learner import Learner
from chippool.control.pins import Pins
from chippool.control.refusals import Refusals
from chippool.control.tally import count
from chippool.control.tell import Teller
from chippool.control.upkeep import Upkeep
from chippool.control.words import explained
from chippool.core.cycle import Policy
from chippool.core.ids import Milli, PoolName
from chippool.core.model import Snapshot
from chippool.core.plan import Admit, Decision, Hold, Keep, Place, Plan, Resize
from chippool.core.prices import running_mean
from chippool.kube.client import Client
from chippool.metrics import Metrics
from chippool.state.mirror import Mirror

BEAT_S = 2.0
"""So long after the last look there is another one, changes or not: assumptions run out, statuses have landed."""
AFTER_ERROR_S = 1.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pulse:
    """Whether the loop is alive, for the probes: monotonic seconds, and failures in a row."""

    beat: float = -math.inf
    failures: int = 0
    error: str = ""


class Loop:
    """Decides and publishes while `leads()` and `synced()`; `clock` in seconds since the epoch."""

    def __init__(
        self,
        *,
        mirror: Mirror,
        client: Client,
        batch: Batch,
        pins: Pins,
        carrier: Carrier,
        teller: Teller,
        refusals: Refusals,
        upkeep: Upkeep,
        metrics: Metrics,
        leads: Callable[[], bool],
        synced: Callable[[], bool],
        policy: Policy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pulse = Pulse()
        self.snapshot: Snapshot | None = None  # the last one that was decided on
        self.holds: Counter[str] = Counter()
        self.kept: Mapping[PoolName, Milli] = {}
        self.prices: dict[PoolName, float] = {}  # what one more chip would have added lately
        self._mirror, self._client, self._batch = mirror, client, batch
        self._pins, self._carrier, self._teller = pins, carrier, teller
        self._refusals, self._upkeep, self._metrics = refusals, upkeep, metrics
        self._leads, self._synced, self._clock = leads, synced, clock
        self._policy = policy or Policy()
        self._learner = Learner()
        self._led = False
        self._wake: float | None = None
        self._plan: Plan | None = None
        self._priced = -math.inf

    async def run(self) -> None:
        """Go round until cancelled; what goes wrong in one cycle is logged and counted, and does not end the loop."""
        while True:
            try:
                await self.cycle()
                self.pulse.failures = 0
            except Exception as error:
                logger.exception("cycle failed")
                self.pulse.failures += 1
                self.pulse.error = repr(error)
                self._metrics.cycle_failures.inc()
                self.snapshot = None
                await asyncio.sleep(AFTER_ERROR_S)

    async def cycle(self) -> None:
        """Go round once."""
        # 1 wait until changes have settled, or until the clock alone can change a decision
        await self._batch.ready(within=self._pause())
        self.pulse.beat = time.monotonic()
        # 2 nothing is decided on half a mirror, nor by a follower
        if not self._may_decide():
            return
        # 3 one view of everything; pins that are possible by now go out first
        self._tidy()
        snapshot = self._refusals.told(self._mirror.snapshot(), self._clock())
        self._upkeep.step(snapshot, self._clock())
        if not self._is_due(snapshot):
            return
        started = time.monotonic()
        await self._upkeep.before(snapshot)
        # 4 decide, beside the event loop
        plan = await asyncio.to_thread(self._decide, snapshot, self._clock())
        plan = await explained(self._carrier.possible(plan), snapshot, self._mirror, self._client)
        # 5 take for true what is still right
        accepted = self._mirror.assume(plan) if self._leads() else ()
        # 6 publish, observe
        self._publish(snapshot, plan, accepted)
        self._observe(snapshot, plan, accepted, time.monotonic() - started)

    def decided(self) -> tuple[Snapshot, Plan] | None:
        """Return the last view, and what was decided on it."""
        return None if self.snapshot is None or self._plan is None else (self.snapshot, self._plan)

    def _decide(self, snapshot: Snapshot, now: float) -> Plan:
        return decided(self._learner.taught(snapshot), now, self._policy)

    def _pause(self) -> float:
        if not self._led:  # whoever may not decide has nothing to be in time for
            return BEAT_S
        moments = (self._wake, self._refusals.wake(), self._carrier.wake())
        soonest = min((moment for moment in moments if moment is not None), default=math.inf)
        return min(BEAT_S, max(0.0, soonest - self._clock()))

    def _may_decide(self) -> bool:
        leads = self._leads() and self._synced()
        if leads and not self._led:
            self._mirror.expire(math.inf)  # what was assumed in an earlier reign may never have been written
            self._carrier.forget()
            self._teller.forget()
            self.snapshot = None
        self._led = leads
        return leads

    def _tidy(self) -> None:
        self._carrier.renew()
        self._mirror.expire(self._clock())
        self._pins.send()
        self._carrier.carry_on()
        self._teller.tell_again()

    def _is_due(self, snapshot: Snapshot) -> bool:
        """The same view gives the same plan, until the clock makes a difference."""
        if snapshot is not self.snapshot:
            return True
        return self._wake is not None and self._clock() >= self._wake

    def _publish(self, snapshot: Snapshot, plan: Plan, accepted: tuple[Decision, ...]) -> None:
        self._carrier.carry_out(accepted)
        self._carrier.roll_out(plan.decisions)
        self._pins.expect(sum(_pods_to_come(decision) for decision in accepted))
        self._pins.send()
        self._teller.tell(_told(plan, accepted), snapshot.workloads)

    def _observe(self, snapshot: Snapshot, plan: Plan, accepted: tuple[Decision, ...], seconds: float) -> None:
        self.snapshot, self._plan, self._wake = snapshot, plan, plan.wake
        self.kept = {kept.pool: kept.chips for kept in plan.reserved}
        self._upkeep.note(plan)
        self.holds = Counter(decision.reason.value for decision in plan.decisions if isinstance(decision, Hold))
        now = self._clock()
        self.prices, self._priced = running_mean(self.prices, plan.prices, now - self._priced), now
        for name in {name for queue in snapshot.queues.values() for name in queue.class_names}:
            self._metrics.know(name)
        self._metrics.cycle.observe(seconds)
        self._batch.spent(seconds)
        done = [decision for decision in accepted if not isinstance(decision, Keep | Hold)]
        for decision in done:
            count(self._metrics, decision, snapshot.workloads[decision.workload], now)
        if done:
            counts = Counter(type(decision).__name__.lower() for decision in done)
            fields = {**counts, "held": self.holds.total(), "seconds": round(seconds, 3)}
            logger.info("decided", extra={"fields": fields})


def _pods_to_come(decision: Decision) -> int:
    match decision:
        case Admit(nodes=nodes, waits=False) | Place(nodes=nodes) | Resize(nodes=nodes):
            return len(nodes)
        case _:
            return 0


def _told(plan: Plan, accepted: Iterable[Decision]) -> list[Decision]:
    """What users are told: what was done, and why everything else stays as it is; not what has become impossible."""
    done = {decision.workload: decision for decision in accepted}
    quiet = [entry for entry in plan.decisions if isinstance(entry, Keep | Hold) and entry.workload not in done]
    return [*done.values(), *quiet]
