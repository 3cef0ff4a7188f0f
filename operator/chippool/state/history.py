"""What is remembered of a pool in its ConfigMap: demand by class, and the evidence on how its chips fail.

Bounded: 16 series of 336 hourly and 400 daily means are 100 KB at most, of the 1 MiB a ConfigMap may have.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson

from chippool.core.attrition import Evidence
from chippool.core.demand import DAYS, HOURS, Means, Ring

Json = Mapping[str, Any]

DEMAND, ATTRITION = "demand", "attrition"
"""Keys of the ConfigMap."""
LABEL = "chippool.io/history"
"""Label of the ConfigMap: the pool whose it is."""


def name_of(pool: str) -> str:
    """Return the ConfigMap of a pool."""
    return f"chippool-history-{pool}"


def data_of(ring: Ring, evidence: Evidence | None) -> dict[str, str]:
    """Return the ConfigMap's data; the hour that runs is not in it."""
    demand = {"hour": ring.hour, "hourly": _trimmed(ring.hourly), "daily": _trimmed(ring.daily)}
    data = {DEMAND: orjson.dumps(demand).decode()}
    if evidence is not None:
        data[ATTRITION] = orjson.dumps(_plain(evidence)).decode()
    return data


def ring_of(data: Json) -> Ring | None:
    """Return the ring as it was written; what nobody understands is none."""
    try:
        said = orjson.loads(data[DEMAND])
        return Ring(int(said["hour"]), _means(said["hourly"], HOURS), _means(said["daily"], DAYS))
    except (LookupError, TypeError, ValueError):
        return None


def evidence_of(data: Json) -> Evidence | None:
    """Return the evidence as it was written; what nobody understands is none."""
    try:
        return Evidence(**orjson.loads(data[ATTRITION]))
    except (LookupError, TypeError, ValueError):
        return None


def _plain(evidence: Evidence) -> dict[str, float | None]:
    """Orjson would read a record of the compiled core as if it were Python's own, and crash."""
    return {field.name: getattr(evidence, field.name) for field in fields(evidence)}


def _trimmed(means: Means) -> dict[str, list[float | int | None]]:
    """Whole numbers without their zero."""
    return {
        name: [int(mean) if mean is not None and mean == int(mean) else mean for mean in row]
        for name, row in sorted(means.items())
    }


def _means(said: Json, most: int) -> Means:
    return {
        str(name): tuple(None if mean is None else float(mean) for mean in row[-most:]) for name, row in said.items()
    }
