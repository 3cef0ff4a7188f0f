"""What the cluster shows while the replay runs, kept up by watches, and how long nothing has changed."""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tools.bench.client import Client, ServerError
from tools.replay.belief import LABEL, Objects, conditions_of
from tools.replay.openb import NAMESPACE

Json = dict[str, Any]
WORKLOADS = f"/apis/chippool.io/v1alpha1/namespaces/{NAMESPACE}/chipworkloads"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_WATCHED = {
    "workloads": WORKLOADS,
    "pods": PODS,
    "jobs": f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs",
}
_LISTED = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "jobs": "/apis/batch/v1/jobs",
    "deployments": "/apis/apps/v1/deployments",
    "pools": "/apis/chippool.io/v1alpha1/chippools",
    "queues": "/apis/chippool.io/v1alpha1/chipqueues",
    "workloads": "/apis/chippool.io/v1alpha1/chipworkloads",
    "classes": "/apis/scheduling.k8s.io/v1/priorityclasses",
}
_AGAIN_S = 0.5


@dataclass(slots=True)
class Live:
    """`held` says for every reason which workloads ever waited for it."""

    shown: dict[str, dict[str, Json]] = field(default_factory=lambda: {kind: {} for kind in _WATCHED})
    held: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    changes: int = 0
    changed: float = field(default_factory=time.monotonic)

    def finished(self) -> dict[str, str]:
        """Reason by name, of the workloads that have ended."""
        conditions = ((name, conditions_of(w).get("Finished", {})) for name, w in self.shown["workloads"].items())
        return {name: said["reason"] for name, said in conditions if said.get("status") == "True"}

    def leaving(self) -> int:
        """Pods on their way out: terminating, or of a Job that was suspended or deleted."""
        jobs = self.shown["jobs"]
        stopped = {name for name, job in jobs.items() if job["spec"].get("suspend")}
        return sum(_is_leaving(pod, jobs, stopped) for pod in self.shown["pods"].values())

    def terminating(self) -> list[Json]:
        pods = self.shown["pods"].values()
        return [p for p in pods if p["metadata"].get("deletionTimestamp") and not _is_over(p)]

    def phases(self) -> Counter[str]:
        return Counter(pod.get("status", {}).get("phase", "?") for pod in self.shown["pods"].values())

    def quiet_for(self) -> float:
        """Seconds since the last change."""
        return time.monotonic() - self.changed

    def note(self, kind: str, event: str, thing: Json) -> None:
        self.changes += 1
        self.changed = time.monotonic()
        name = thing["metadata"]["name"]
        if event == "DELETED":
            self.shown[kind].pop(name, None)
            return
        self.shown[kind][name] = thing
        if kind == "workloads":
            self._note_hold(name, thing)

    def _note_hold(self, name: str, workload: Json) -> None:
        admitted = conditions_of(workload).get("Admitted", {})
        if admitted.get("status") == "False" and name not in self.held[admitted["reason"]]:
            self.held[admitted["reason"]].add(name)

    async def follow(self, client: Client) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as watches:
            for kind, path in _WATCHED.items():
                watches.create_task(self._follow(client, kind, path))

    async def _follow(self, client: Client, kind: str, path: str) -> None:
        while True:
            with contextlib.suppress(ServerError, aiohttp.ClientError):
                items, version = await client.listed(path)
                self.shown[kind] = {}
                for thing in items:
                    self.note(kind, "ADDED", thing)
                async for event in client.watch(path, version):
                    if event["type"] == "ERROR":
                        break
                    if event["type"] != "BOOKMARK":
                        self.note(kind, event["type"], event["object"])
            await asyncio.sleep(_AGAIN_S)


def _is_over(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _is_leaving(pod: Json, jobs: dict[str, Json], stopped: set[str]) -> bool:
    if _is_over(pod):
        return False
    job = (pod["metadata"].get("labels") or {}).get(LABEL, "")
    return bool(pod["metadata"].get("deletionTimestamp")) or job in stopped or job not in jobs


async def objects(client: Client) -> Objects:
    """Everything the hold check looks at, straight from the server."""
    found = await asyncio.gather(*(client.listed(path) for path in _LISTED.values()))
    return Objects(**{kind: items for kind, (items, _) in zip(_LISTED, found, strict=True)})
