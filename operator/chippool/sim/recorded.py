"""A cluster from a file of `chippool snapshot`, as the mirror showed it to whoever took it."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chippool.api import names
from chippool.sim.fleet import BadInputError
from chippool.state.annotations import time_of
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from chippool.state.translate_pod import pod

KIND = "ClusterSnapshot"
Json = dict[str, Any]
PROJECTIONS = {kind.name: kind.project for kind in KINDS}
MEMORY = "ConfigMap"
"""Kind of what is no object of the cluster's own, but what the operator remembers of it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the file has; `taken_at` in seconds since the epoch."""

    taken_at: float
    items: tuple[Json, ...]
    memory: tuple[Json, ...] = ()
    """The operator's ConfigMaps, if whoever took it could read them."""


def recorded(path: Path) -> Recorded:
    """Read the file; BadInputError says what is wrong with it."""
    try:
        raw = path.read_bytes()
        found = orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror or error}") from error
    except (orjson.JSONDecodeError, EOFError) as error:
        raise BadInputError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise BadInputError(f"{path} is no file of `chippool snapshot`: its kind is not {KIND}")
    try:
        taken_at, items = time_of(found["takenAt"]), tuple(found["items"])
        memory = tuple(item for item in items if item["kind"] == MEMORY)
        return Recorded(taken_at, tuple(item for item in items if item["kind"] != MEMORY), memory)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{path}: takenAt and items must be a time and a list: {error!r}") from error


def mirror_of(items: Iterable[Json], taken_at: float) -> Mirror:
    """Return a mirror that was told of these objects; what nobody understands hides nothing else."""
    mirror = Mirror(lambda: taken_at)
    for item in items:
        kind, metadata = item["kind"], item["metadata"]
        try:
            record = PROJECTIONS[kind](item)
        except Exception as error:  # noqa: BLE001  as the feed does
            sentence = f"{type(error).__name__}: {error}"
            mirror.spoiled(kind, metadata["uid"], metadata.get("namespace", ""), metadata["name"], sentence)
            continue
        mirror.apply(kind, metadata["uid"], record)
    return mirror


def is_ours(item: Json) -> bool:
    """Whether it is a Job or Deployment of a ChipWorkload, or a pod of any workload, native ones too."""
    if item["kind"] == "Pod":
        return _is_managed(item)
    return item["kind"] in {"Job", "Deployment"} and names.WORKLOAD in (item["metadata"].get("labels") or {})


def _is_managed(item: Json) -> bool:
    try:
        return bool(pod(item).workload)
    except Exception:  # noqa: BLE001  what nobody understands is left where it is
        return False
