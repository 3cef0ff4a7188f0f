"""What the operator remembers, in ConfigMaps of its own namespace: found by a label, made where there are none."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from chippool.kube.client import Client
from chippool.kube.writer import Answer, Outcome, Urgency, Write, Writer

Json = Mapping[str, Any]

logger = logging.getLogger(__name__)


class ConfigMaps:
    """Those of one label. Their writes count as `kind`, and `what` is said to be amiss where they fail."""

    def __init__(self, writer: Writer, client: Client, namespace: str, *, label: str, kind: str, what: str) -> None:
        self._writer, self._client = writer, client
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._label, self._kind, self._what = label, kind, what
        self._there: set[str] = set()
        self._said = ""

    async def read(self) -> list[Json]:
        """Return all there are. ApiError: they can't be read."""
        found: list[Json] = (await self._client.get(self._path, labelSelector=self._label) or {}).get("items", [])
        self._there = {item["metadata"]["name"] for item in found}
        return found

    def write(
        self, name: str, mark: str, data: Mapping[str, str], done: Callable[[Outcome], None], owner: Json | None = None
    ) -> None:
        """Queue a write of one, with the label's value; it goes with its owner, if it has one."""
        metadata: dict[str, Any] = {"name": name, "labels": {self._label: mark}}
        if owner is not None:
            metadata["ownerReferences"] = [owner]
        there = name in self._there
        self._writer.put(
            Write(
                ("ConfigMap", name),
                "PATCH" if there else "POST",
                f"{self._path}/{name}" if there else self._path,
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},
                Urgency.UPKEEP,
                content_type="application/merge-patch+json" if there else "application/json",
                kind=self._kind,
                done=self._landed(name, done),
            )
        )

    def forget(self, name: str) -> None:
        """It has gone, with its owner."""
        self._there.discard(name)

    def complain(self, error: str) -> None:
        """Once, until it is another."""
        if error != self._said:
            logger.warning("%s: %s", self._what, error)
        self._said = error

    def _landed(self, name: str, done: Callable[[Outcome], None]) -> Callable[[Outcome, Answer], None]:
        def landed(outcome: Outcome, answer: Answer) -> None:
            match outcome:
                case Outcome.DONE | Outcome.CONFLICT:
                    self._there.add(name)
                case Outcome.GONE:
                    self._there.discard(name)
                case Outcome.REFUSED:
                    self.complain(str(answer))
            done(outcome)

        return landed
