"""One round: from the first create to the last pod Running, and for chippool to the last status that says Ready."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tools.bench.client import STRATEGIC, Client
from tools.bench.loads import GATE, JOBS, LOADS, PODS, RESOURCE, WORKLOADS

Json = dict[str, Any]
_AT_ONCE = 64
_PATIENCE_S = 900.0


@dataclass(slots=True)
class Seen:
    """When each pod and each workload got there, in monotonic seconds."""

    running: dict[str, float] = field(default_factory=dict)
    ready: dict[str, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def note_pod(self, pod: Json) -> None:
        if pod.get("status", {}).get("phase") == "Running" and pod["metadata"]["name"] not in self.running:
            self.running[pod["metadata"]["name"]] = time.monotonic()
            self.news.set()

    def note_workload(self, workload: Json) -> None:
        name = workload["metadata"]["name"]
        if name not in self.ready and says(workload, "Ready"):
            self.ready[name] = time.monotonic()
            self.news.set()

    async def until(self, *, running: int = 0, ready: int = 0) -> None:
        """TimeoutError after a quarter of an hour."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.running) < running or len(self.ready) < ready:
                self.news.clear()
                await self.news.wait()


def says(workload: Json, kind: str) -> bool:
    conditions = workload.get("status", {}).get("conditions") or []
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)


@contextlib.asynccontextmanager
async def watching(client: Client, *, workloads: bool, pins: bool) -> AsyncIterator[Seen]:
    """Follow pods from now on; with `pins` send gated ones to the next free node as they come."""
    seen = Seen()
    _, version = await client.listed(PODS)
    tasks = [asyncio.create_task(_pods(client, version, seen, await _slots(client) if pins else None))]
    if workloads:
        _, version = await client.listed(WORKLOADS)
        tasks.append(asyncio.create_task(_workloads(client, version, seen)))
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _slots(client: Client) -> list[str]:
    """A node name for every chip of the cluster, node by node."""
    nodes, _ = await client.listed("/api/v1/nodes")
    chips = {node["metadata"]["name"]: int(node["status"]["allocatable"].get(RESOURCE, 0)) for node in nodes}
    return [name for name, count in chips.items() for _ in range(count)]


async def _pods(client: Client, version: str, seen: Seen, slots: list[str] | None) -> None:
    pinned: set[str] = set()
    async with asyncio.TaskGroup() as pins:
        async for event in client.watch(PODS, version):
            pod = event["object"]
            seen.note_pod(pod)
            name = pod["metadata"]["name"]
            if slots is not None and name not in pinned and pod["spec"].get("schedulingGates"):
                pinned.add(name)
                pins.create_task(_pin(client, name, slots.pop()))


async def _pin(client: Client, name: str, node: str) -> None:
    gates = [{"$patch": "delete", "name": GATE}]
    change = {"spec": {"schedulingGates": gates, "nodeSelector": {"kubernetes.io/hostname": node}}}
    await client.call("PATCH", f"{PODS}/{name}", change, kind=STRATEGIC)


async def _workloads(client: Client, version: str, seen: Seen) -> None:
    async for event in client.watch(WORKLOADS, version):
        seen.note_workload(event["object"])


async def measure(client: Client, mode: str, jobs: int, gang: int) -> Json:
    """Make them, wait until all runs, and take everything away again; seconds from the first create."""
    load = LOADS[mode]
    ours = mode == "chippool"
    async with watching(client, workloads=ours, pins=mode == "gated") as seen:
        limit = asyncio.Semaphore(_AT_ONCE)
        start = time.monotonic()

        async def create(i: int) -> None:
            async with limit:
                await client.call("POST", load.path, load.made(f"load-{i}", gang))

        await asyncio.gather(*(create(i) for i in range(jobs)))
        created = time.monotonic() - start
        await seen.until(running=jobs * gang)
        took = time.monotonic() - start
        figures = {"create_s": round(created, 2), "running_s": round(took, 2)}
        figures["pods_per_s"] = round(jobs * gang / took, 1)
        if ours:
            await seen.until(ready=jobs)
            figures["ready_s"] = round(time.monotonic() - start, 2)
    return figures


async def clear(client: Client) -> None:
    """Delete all loads and wait until nothing of them is left."""
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
    kueues = "/apis/kueue.x-k8s.io/v1beta2/namespaces/default/workloads"
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            for path in (WORKLOADS, JOBS):
                await client.call("DELETE", f"{path}?labelSelector=app%3Dload", options, fine=(404, 409, 429, 504))
            left = [
                await client.call("GET", f"{path}?limit=1", fine=(404,)) for path in (PODS, JOBS, WORKLOADS, kueues)
            ]
            if not any(found.get("items") for found in left):
                return
            await asyncio.sleep(1)
