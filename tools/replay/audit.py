"""The API server's audit log as a list of answered requests: the independent record of who did what, when."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]
_READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was answered; times in seconds since the epoch."""

    received: float
    answered: float
    user: str
    verb: str
    resource: str
    """With its subresource after a slash, as in pods/status."""
    namespace: str
    name: str
    code: int
    request: Json
    response: Json
    agent: str = ""
    """What the client calls itself; replicas of one user differ in it."""

    @property
    def succeeded(self) -> bool:
        return self.code < 300

    @property
    def writes(self) -> bool:
        return self.verb not in _READS


def read(path: Path) -> Iterator[Call]:
    """The calls of a log, in the order they were answered; a line that is not complete yet ends it."""
    yield from read_from(path, 0)[0]


def read_from(path: Path, offset: int) -> tuple[list[Call], int]:
    """The calls after so many bytes, and where to go on."""
    calls = []
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                break
            offset += len(line)
            event = orjson.loads(line)
            if event.get("stage") == "ResponseComplete":
                calls.append(call(event))
    return calls, offset


def call(event: Json) -> Call:
    target = event.get("objectRef") or {}
    resource, sub = target.get("resource", ""), target.get("subresource")
    response = event.get("responseObject") or {}
    return Call(
        received=_seconds(event["requestReceivedTimestamp"]),
        answered=_seconds(event["stageTimestamp"]),
        user=event["user"]["username"],
        verb=event["verb"],
        resource=f"{resource}/{sub}" if sub else resource,
        namespace=target.get("namespace", ""),
        name=target.get("name") or response.get("metadata", {}).get("name", ""),
        code=(event.get("responseStatus") or {}).get("code", 0),
        request=event.get("requestObject") or {},
        response=response,
        agent=event.get("userAgent", ""),
    )


def by_user(calls: Iterable[Call]) -> dict[str, dict[str, int]]:
    """How many calls each user made, by verb and resource, the busiest user first."""
    counts: dict[str, Counter[str]] = {}
    for each in calls:
        counts.setdefault(each.user, Counter())[f"{each.verb} {each.resource}"] += 1
    busiest = sorted(counts.items(), key=lambda entry: -entry[1].total())
    return {user: {"total": count.total(), **dict(count.most_common())} for user, count in busiest}


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
