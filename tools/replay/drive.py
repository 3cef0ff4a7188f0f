"""The replay on a live plane: workloads in, holds checked at quiet moments, the operator killed in between."""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.bench.client import MERGE, Client
from tools.bench.rig import Operator, ready
from tools.plane.plane import Plane
from tools.replay.holds import Mismatch, mismatches, unfit
from tools.replay.live import PODS, WORKLOADS, Live, objects

Json = dict[str, Any]
QUIET_S = 2.0
_TRIES = 8
_SETTLES_WITHIN_S = 40.0
_STALLED_S = 120.0
_LINE_S = 5.0
_POLL_S = 0.05


@dataclass(slots=True)
class Course:
    """What is to happen, and what did."""

    workloads: Sequence[tuple[float, Json]]
    """When, in seconds from the begin, and what."""
    created: dict[str, float] = field(default_factory=dict)
    """Epoch seconds by name."""
    peak_demand: int = 0
    """Most chips of workloads submitted and not finished."""
    checks: list[Json] = field(default_factory=list)
    wrong: list[Mismatch] = field(default_factory=list)
    kills: int = 0
    stalled: bool = False


class Driver:
    """Runs one course; `live` is followed by the caller."""

    def __init__(self, plane: Plane, operator: Operator, client: Client, live: Live, course: Course) -> None:
        self._plane, self._operator, self._client = plane, operator, client
        self._live, self._course = live, course
        self._go = asyncio.Event()
        self._go.set()
        self._chips = {w["metadata"]["name"]: w["spec"]["variants"][0]["chipsPerReplica"] for _, w in course.workloads}

    async def run(self, kills: int, checks: int, chance: random.Random) -> None:
        """Until everything has finished, or nothing has happened for two minutes."""
        what = [*["kill"] * kills, *["check"] * checks]
        moments = sorted((chance.uniform(0.03, 0.97), name) for name in what)
        async with asyncio.TaskGroup() as tasks:
            side = [tasks.create_task(self._show()), tasks.create_task(self._follow_demand())]
            side.append(tasks.create_task(self._incidents(moments, chance)))
            await self._submit()
            await self._until_finished()
            for task in side:
                task.cancel()

    async def _submit(self) -> None:
        """Each when it is due; what became due while arrivals were stopped comes at once."""
        begun = time.monotonic()
        limit = asyncio.Semaphore(32)
        async with asyncio.TaskGroup() as writes:
            for arrival, workload in self._course.workloads:
                await asyncio.sleep(max(0.0, begun + arrival - time.monotonic()))
                await self._go.wait()
                await limit.acquire()
                writes.create_task(self._create(workload, limit))

    async def _create(self, workload: Json, limit: asyncio.Semaphore) -> None:
        try:
            self._course.created[workload["metadata"]["name"]] = time.time()
            await self._client.call("POST", WORKLOADS, workload)
        finally:
            limit.release()

    async def _until_finished(self) -> None:
        while len(self._live.finished()) < len(self._course.workloads):
            if self._live.quiet_for() > _STALLED_S:
                self._course.stalled = True
                return
            await asyncio.sleep(0.5)

    # --- incidents

    def _progress(self) -> float:
        """From 0 to 1: half of it is submitting, half finishing."""
        return (len(self._course.created) + len(self._live.finished())) / (2 * len(self._course.workloads))

    async def _incidents(self, moments: list[tuple[float, str]], chance: random.Random) -> None:
        for at, name in moments:
            await self._until_progress(at)
            if name == "kill":
                await self._kill(chance)
            else:
                await self._check()

    async def _until_progress(self, at: float) -> None:
        await _until(lambda: self._progress() >= at)

    async def _kill(self, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, 1))
        self._operator.kill()
        self._course.kills += 1
        self._operator.start()

    async def _check(self) -> None:
        """Stop arrivals, then what runs from ending, wait until nothing moves, and look."""
        await ready(self._operator)
        self._go.clear()
        try:
            for _ in range(_TRIES):
                if await self._look():
                    return
            self._course.checks.append({"at": round(self._progress(), 3), "given_up": True})
        finally:
            self._go.set()

    async def _look(self) -> bool:
        """Nothing that runs ends any more; what is on its way out does, so that demand is not worked off meanwhile."""
        await asyncio.to_thread(self._plane.stop_signal, "kwok")
        try:
            return await self._settle() and await self._compare()
        finally:
            await asyncio.to_thread(self._plane.cont, "kwok")

    async def _settle(self) -> bool:
        begun = time.monotonic()
        ended: set[str] = set()
        while self._live.quiet_for() < QUIET_S or self._live.leaving():
            if time.monotonic() - begun > _SETTLES_WITHIN_S:
                return False
            for pod in self._live.terminating():
                if pod["metadata"]["uid"] not in ended:
                    ended.add(pod["metadata"]["uid"])
                    await end(self._client, pod)
            await asyncio.sleep(_POLL_S)
        return True

    async def _compare(self) -> bool:
        before = self._live.changes
        seen = await objects(self._client)
        if self._live.changes != before or unfit(seen):
            return False
        looked_at, wrong = await asyncio.to_thread(mismatches, seen)
        running = self._live.phases()["Running"]
        self._course.checks.append({"at": round(self._progress(), 3), "holds": looked_at, "running": running})
        self._course.wrong += wrong
        return True

    # --- showing

    async def _follow_demand(self) -> None:
        while True:
            ended = self._live.finished()
            wanted = sum(self._chips[name] for name in self._course.created if name not in ended)
            self._course.peak_demand = max(self._course.peak_demand, wanted)
            await asyncio.sleep(0.5)

    async def _show(self) -> None:
        begun = time.monotonic()
        while True:
            print(f"{time.monotonic() - begun:6.0f} s  {self._line()}", file=sys.stderr, flush=True)
            await asyncio.sleep(_LINE_S)

    def _line(self) -> str:
        phases, course = self._live.phases(), self._course
        finished = len(self._live.finished())
        return (
            f"{len(course.created)} of {len(course.workloads)} submitted, {phases['Running']} running, "
            f"{finished} finished, {len(course.checks)} checks ({len(course.wrong)} holds wrong), {course.kills} kills"
        )


async def end(client: Client, pod: Json) -> None:
    """What the kubelet of a terminating pod does: Failed, then gone."""
    path = f"{PODS}/{pod['metadata']['name']}"
    ended = {"exitCode": 143, "reason": "Error"}
    said = [
        {"name": c["name"], "image": c["image"], "imageID": "", "ready": False, "restartCount": 0,
         "state": {"terminated": ended}}
        for c in pod["spec"]["containers"]
    ]  # fmt: skip
    failed = {"status": {"phase": "Failed", "containerStatuses": said}}
    await client.call("PATCH", f"{path}/status", failed, kind=MERGE, fine=(404, 409))
    now = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
    precondition = {"preconditions": {"uid": pod["metadata"]["uid"]}}
    await client.call("DELETE", path, now | precondition, fine=(404, 409))


async def _until(true: Callable[[], bool]) -> None:
    while True:
        if true():
            return
        await asyncio.sleep(_POLL_S)
