"""A feed under test: its sink, and times in milliseconds."""

import asyncio
import contextlib
from typing import Any

from chippool.kube.client import Client
from chippool.kube.feed import Feed
from chippool.state.kinds import Kind
from tests.kube.fake_api import PODS
from tests.kube.faults import Bell

QUICK = {"idle": 5.0, "retry": (0.001, 0.01)}


class Recording:
    """A sink that remembers records by uid, and in what order it was told."""

    def __init__(self, bell: Bell) -> None:
        self.records: dict[str, Any] = {}
        self.spoils: list[tuple[str, str, str, str]] = []
        self.sweeps = 0
        self._bell = bell

    def apply(self, kind: str, uid: str, record: Any) -> None:
        self.records[uid] = record
        self._bell.ring()

    def remove(self, kind: str, uid: str) -> None:
        self.records.pop(uid, None)
        self._bell.ring()

    def sweep(self, kind: str, uids: set[str]) -> None:
        self.records = {uid: record for uid, record in self.records.items() if uid in uids}
        self.sweeps += 1
        self._bell.ring()

    def spoiled(self, kind: str, uid: str, namespace: str, name: str, error: str) -> None:
        self.spoils.append((uid, namespace, name, error))
        self._bell.ring()


def its_version(raw: dict[str, Any]) -> str:
    return raw["metadata"]["resourceVersion"]


def a_feed(client: Client, sink: Recording, *, path: str = PODS, project=its_version, **times: Any) -> Feed:
    return Feed(client, Kind("Pod", path, project), sink, **(QUICK | times))


@contextlib.asynccontextmanager
async def running(*runs):
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
