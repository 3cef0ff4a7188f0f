"""What `top`, `pools` and the board say of a pool's stock: what its chips are worth, and how long they last."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from chippool.core.capacity import capacities
from chippool.state.records import PoolCounts, PoolRecord
from chippool.visibility.words import Number, number

UNKNOWN = "Unknown"
"""The operator's word where too little is known to name a day."""


@dataclass(frozen=True, slots=True)
class Runway:
    """As the operator last wrote it into the pool's status: days, or `Later`, or `Unknown`."""

    until: str
    earliest: str
    latest: str
    message: str


def effective(record: PoolRecord, counts: PoolCounts) -> dict[str, Number]:
    """Return what all healthy chips are worth in chips of the reference, by purpose."""
    worth = capacities(record.yields, max(0, counts.healthy), counts.purposes)
    return {one.purpose.value: round(one.chips, 3) for one in worth}


def runway(record: PoolRecord) -> Runway | None:
    """Return how long it lasts; None where the operator has not said so."""
    said = orjson.loads(record.status or b"{}").get("runway")
    if not said:
        return None
    until, earliest, latest = (str(said.get(end) or UNKNOWN) for end in ("until", "earliest", "latest"))
    return Runway(until, earliest, latest, str(said.get("message") or ""))


def effective_text(worth: Mapping[str, Number]) -> str:
    """Return the purposes in one cell."""
    return ", ".join(f"{purpose} {number(round(chips, 1))}" for purpose, chips in worth.items()) or "-"


def runway_text(said: Runway | None) -> str:
    """Return the day with its interval in one cell."""
    if said is None or said.until == UNKNOWN:
        return "-"
    return f"{said.until} ({said.earliest} … {said.latest})"
