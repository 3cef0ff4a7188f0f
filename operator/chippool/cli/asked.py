"""What the operator itself says by visibility.chippool.io, where that is installed and the user may ask it."""

from dataclasses import dataclass
from typing import Any

from chippool.cli.failures import Failure
from chippool.kube.client import ApiError, Client
from chippool.visibility.discovery import explanation_path

ANSWER_S = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An explanation as the operator gave it."""

    sentences: tuple[str, ...]
    explanation: dict[str, Any]


async def asked(client: Client, namespace: str, name: str, pool: str | None) -> Answer | None:
    """Return the operator's answer, None where another way must do; Failure if no variant names the pool."""
    params = {"pool": pool} if pool else {}
    try:
        found = await client.request("GET", explanation_path(namespace, name), params=params, within=ANSWER_S)
    except ApiError as error:
        if error.status == 400:
            raise Failure(error.message) from error
        return None  # not installed, not running, not allowed, not known there yet
    return Answer(tuple(found["sentences"]), found["explanation"])
