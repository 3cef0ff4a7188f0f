"""Leader election by a Lease (coordination.k8s.io/v1) that can say at any moment whether it still holds.

The client library's own election measures by wall clock, stops leading only between two requests, and can't be asked.
"""

import asyncio
import contextlib
import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chippool.kube.client import ApiError, Client
from chippool.kube.events import micro_time

DURATION_S = 15.0
RENEW_S = 5.0
ANSWER_S = 3.0  # two more tries fit in before a lease that can't be renewed runs out
TIMER_SLACK_S = 0.01
MARGIN = 0.2  # of the duration: a leader stops believing before anybody else starts

logger = logging.getLogger(__name__)


def uptime() -> float:
    """Return seconds that also count while the machine is suspended, where the system can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a follower saw last, and since when it has not changed: nobody's wall clock is compared."""

    holder: str
    version: str
    at: float


class Lease:
    """One contender; `identity` must be unique to this process, or two would both think it theirs. Times in seconds."""

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        identity: str,
        name: str = "chippool",
        duration: float = DURATION_S,
        renew: float = RENEW_S,
        answer: float = ANSWER_S,
        on_change: Callable[[bool], None] | None = None,
        clock: Callable[[], float] = uptime,
    ) -> None:
        self.identity = identity
        self.holder = ""  # who holds it, as last seen
        self.trouble = ""  # a sentence while the Lease can't be read or written
        self._client = client
        self._all = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._all}/{name}"
        self._name = name
        self._duration, self._renew, self._answer = duration, renew, answer
        self._on_change = on_change
        self._clock = clock
        self._until = -math.inf
        self._mine: dict[str, Any] | None = None  # the object as we wrote it last
        self._sighting = Sighting("", "", -math.inf)
        self._told = False
        self._expiry: asyncio.TimerHandle | None = None
        self._released = asyncio.Event()
        self._asking = asyncio.Lock()  # release waits for a renewal under way

    def held(self) -> bool:
        """Whether we lead at this very moment: no other contender can have taken over yet."""
        return self._clock() < self._until

    async def run(self) -> None:
        """Contend, renew, contend again, until released or cancelled."""
        while not self._released.is_set():
            try:
                async with self._asking:
                    await self._step()
                self.trouble = ""
            except ApiError as error:
                lost_the_race = error.status == 409
                self._tell("" if lost_the_race else f"Lease {self._name}: {error.message}")
            except Exception as error:
                logger.exception("lease")
                self._tell(f"Lease {self._name}: {error!r}")
            self._notice()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._released.wait()

    async def release(self) -> None:
        """Stop contending; where we hold it, say so on the Lease, so that a follower takes over at its next look."""
        self._released.set()
        held = self.held()
        self._until = -math.inf
        self._notice()
        async with self._asking:
            if held or self._mine is not None:
                await self._give_up()

    async def _give_up(self) -> None:
        try:
            lease = self._mine or await self._look()
            if lease is not None and lease["spec"].get("holderIdentity") == self.identity:
                spec = lease["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
                await self._client.request("PUT", self._path, lease | {"spec": spec}, within=self._answer)
        except ApiError as error:
            self._tell(f"Lease {self._name} is left to run out: {error.message}")

    async def _step(self) -> None:
        if self._released.is_set():
            return
        if self._mine is not None and await self._renewed(self._mine):
            return
        seen = await self._look()
        if seen is None:
            await self._write("POST", self._all, self._new(), acquired=True)
        elif self._may_take(seen):
            await self._write("PUT", self._path, seen, acquired=self.holder != self.identity)

    async def _renewed(self, mine: dict[str, Any]) -> bool:
        try:
            await self._write("PUT", self._path, mine, acquired=False)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise
            return False  # somebody else has written it: look at once
        return True

    async def _look(self) -> dict[str, Any] | None:
        try:
            return await self._client.request("GET", self._path, within=self._answer)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def _may_take(self, seen: dict[str, Any]) -> bool:
        spec = seen.setdefault("spec", {})
        self.holder = spec.get("holderIdentity") or ""
        version = seen["metadata"]["resourceVersion"]
        if version != self._sighting.version:
            self._sighting = Sighting(self.holder, version, self._clock())
        if self.holder in {"", self.identity}:
            return True
        self._until = -math.inf  # by somebody's hand, long before it ran out
        lasts: float = spec.get("leaseDurationSeconds") or self._duration
        return self._clock() - self._sighting.at > lasts

    async def _write(self, method: str, path: str, lease: dict[str, Any], *, acquired: bool) -> None:
        """Write the Lease as ours; the resourceVersion it carries makes sure that nobody else has since."""
        started = self._clock()
        body = lease | {"spec": self._spec(lease["spec"], acquired=acquired)}
        self._mine = None  # until the answer is in, another look is needed
        self._mine = await self._client.request(method, path, body, within=self._answer)
        if self._released.is_set():
            return
        self.holder = self.identity
        self._until = started + self._duration * (1 - MARGIN)
        self._expect_expiry()

    def _spec(self, spec: dict[str, Any], *, acquired: bool) -> dict[str, Any]:
        renewed = spec | {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, math.ceil(self._duration)),
            "renewTime": _now(),
        }
        if not acquired:
            return renewed
        return renewed | {"acquireTime": _now(), "leaseTransitions": spec.get("leaseTransitions", -1) + 1}

    def _new(self) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name},
            "spec": {},
        }

    def _pause(self) -> float:
        if self._mine is not None:
            return self._renew
        return self._renew * random.uniform(0.2, 0.4)  # noqa: S311  contenders take turns to look

    def _expect_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(
            max(0.0, self._until - self._clock()) + TIMER_SLACK_S, self._notice
        )

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            logger.warning("%s", trouble)
        self.trouble = trouble

    def _notice(self) -> None:
        """Tell of a change, once."""
        held = self.held()
        if held == self._told:
            return
        self._told = held
        if self._on_change is not None:
            self._on_change(held)


def _now() -> str:
    return micro_time(datetime.now(tz=UTC))
