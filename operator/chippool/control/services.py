"""The headless Services of gangs, by which their replicas find one another: made again where one is missing."""

import asyncio
import logging
from collections.abc import Callable

from chippool.api import names
from chippool.control import publish
from chippool.core.ids import WorkloadKey
from chippool.core.model import Mode, Workload
from chippool.kube.client import ApiError, Client
from chippool.kube.writer import Writer
from chippool.state.mirror import Mirror

EVERY_S = 30.0
"""Pods that look for one another retry; a Service is rarely missing, and asking for all costs one list."""

logger = logging.getLogger(__name__)


class Services:
    """They are not followed by a watch: looked at now and then."""

    def __init__(self, mirror: Mirror, writer: Writer, client: Client, *, may_write: Callable[[], bool]) -> None:
        self._mirror, self._writer, self._client, self._may_write = mirror, writer, client, may_write

    async def run(self) -> None:
        """Look every 30 s, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
            except ApiError as error:
                logger.warning("services not listed: %s", error)

    async def look(self) -> None:
        """Queue the writes of those that are missing. ApiError: they can't be listed."""
        gangs = [key for key in self._mirror.workload_records if _needs_one(self._mirror.view(key))]
        if not gangs or not self._may_write():
            return
        found = await self._client.get("/api/v1/services", labelSelector=names.WORKLOAD)
        there = {_key(item["metadata"]) for item in (found or {}).get("items", [])}
        for key in gangs:
            if key not in there:
                self._make(key)

    def _make(self, key: WorkloadKey) -> None:
        try:
            writes = publish.service(key, self._mirror)
        except (LookupError, ValueError):
            return  # a spec that can't be rendered any more: whoever carries decisions out says so
        for write in writes:
            self._writer.put(write)


def _needs_one(view: Workload | None) -> bool:
    if view is None or view.deleting or view.assignment is None or not view.active:
        return False
    return view.mode is Mode.GANG and view.assignment.replicas > 1


def _key(metadata: dict[str, str]) -> WorkloadKey:
    return WorkloadKey(f"{metadata['namespace']}/{metadata['name']}")
