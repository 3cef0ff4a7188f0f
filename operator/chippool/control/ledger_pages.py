"""The ledger as it is written: a ConfigMap for each day, in the operator's own namespace."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chippool.core.ledger import Day
from chippool.kube.client import Client
from chippool.kube.writer import Answer, Outcome, Urgency, Write, Writer
from chippool.state.ledgers import LABEL, data_of, date_of, days_of, name_of

logger = logging.getLogger(__name__)


class Pages:
    """Reads them once, when the operator begins to lead, and writes them from then on."""

    def __init__(self, writer: Writer, client: Client, namespace: str) -> None:
        self._writer, self._client = writer, client
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._there: set[str] = set()
        self._over: dict[int, Day] = {}
        self._failed = False
        self._said = ""

    @property
    def behind(self) -> bool:
        """Something is to be written again."""
        return self._failed or bool(self._over)

    async def read(self) -> list[Day]:
        """Return all there are, in order: the last is where the ledger stopped. ApiError: they can't be read."""
        found = (await self._client.get(self._path, labelSelector=LABEL) or {}).get("items", [])
        self._there, self._over = {item["metadata"]["name"] for item in found}, {}
        return days_of(found)

    def close(self, day: Day) -> None:
        """Take in a day that is over."""
        self._over[day.day] = replace(day, held={}, stock={})

    def write(self, day: Day) -> None:
        """Write the day that runs, and those that are over and not written yet."""
        self._failed = False
        for one in (*self._over.values(), day):
            self._writer.put(self._write(one))

    def complain(self, error: str) -> None:
        """Once, until it is another."""
        if error != self._said:
            logger.warning("the ledger is not written: %s", error)
        self._said = error

    def _write(self, day: Day) -> Write:
        name = name_of(day.day)
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {LABEL: date_of(day.day)}},
            "data": data_of(day),
        }
        there = name in self._there
        return Write(
            ("ConfigMap", name),
            "PATCH" if there else "POST",
            f"{self._path}/{name}" if there else self._path,
            body,
            Urgency.UPKEEP,
            content_type="application/merge-patch+json" if there else "application/json",
            kind="ledger",
            done=self._landed(name, day.day),
        )

    def _landed(self, name: str, day: int) -> Callable[[Outcome, Answer], None]:
        def done(outcome: Outcome, answer: Answer) -> None:
            match outcome:
                case Outcome.DONE:
                    self._there.add(name)
                    self._over.pop(day, None)
                    return
                case Outcome.LAPSED | Outcome.SUPERSEDED:
                    return
                case Outcome.CONFLICT:
                    self._there.add(name)
                case Outcome.GONE:
                    self._there.discard(name)
                case Outcome.REFUSED:
                    self.complain(str(answer))
            self._failed = True

        return done
