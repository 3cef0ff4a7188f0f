"""A writer under test: what it is given, and what became of it."""

from collections.abc import Callable
from typing import Any

from chippool.kube.client import Client
from chippool.kube.writer import Outcome, Urgency, Write, Writer
from tests.kube.fake_api import PODS, FakeApi, a_pod

QUICK = {"retry": (0.001, 0.01), "answer": 5.0, "fence": lambda: True}


class Outcomes:
    """What became of each write, in order."""

    def __init__(self, api: FakeApi) -> None:
        self.seen: list[tuple[str, Outcome]] = []
        self.answers: list[Any] = []
        self._bell = api.bell

    def of(self, label: str) -> Callable[[Outcome, Any], None]:
        def done(outcome: Outcome, answer: Any) -> None:
            self.seen.append((label, outcome))
            self.answers.append(answer)
            self._bell.ring()

        return done

    async def until(self, count: int) -> None:
        await self._bell.until(lambda: len(self.seen) >= count)


def a_create(
    name: str, outcomes: Outcomes | None = None, *, urgency: Urgency = Urgency.DECISION, order: int = 0, key: str = ""
) -> Write:
    done = outcomes.of(name) if outcomes else None
    return Write((key or name,), "POST", PODS, a_pod(name), urgency, order, kind="Pod", done=done)


def a_patch(name: str, value: str, outcomes: Outcomes, *, urgency: Urgency = Urgency.STATUS) -> Write:
    body, content_type = {"status": value}, "application/merge-patch+json"
    return Write((name,), "PATCH", f"{PODS}/{name}", body, urgency, content_type=content_type, done=outcomes.of(value))


def a_writer(client: Client, **settings: Any) -> Writer:
    return Writer(client, **(QUICK | settings))


def names(api: FakeApi) -> list[str]:
    return [seen["metadata"]["name"] for _, what, seen in api._history if what == "ADDED"]
