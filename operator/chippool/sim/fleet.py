"""Fleet files (as in examples/fleets): the nodes of a simulated cluster, as the API server would show them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

POOL_LABEL = "plane.chippool.io/pool"
Json = dict[str, Any]


class BadInputError(ValueError):
    """A file that can't be simulated; the text names what is wrong with it."""


def read_fleet(path: Path) -> list[Json]:
    """Return the entries of a fleet file. BadInputError names the field that is wrong."""
    raw = documents(path)[0] if documents(path) else None
    if not isinstance(raw, dict) or not isinstance(raw.get("pools"), list) or not raw["pools"]:
        raise BadInputError(f"{path} needs a list `pools`, as the files in examples/fleets have it")
    for number, entry in enumerate(raw["pools"]):
        if not isinstance(entry, dict) or not entry.get("name"):
            raise BadInputError(f"{path}: pools[{number}] needs a name")
    entries: list[Json] = raw["pools"]
    return entries


def documents(path: Path) -> list[Any]:
    """Return the YAML documents of a file that are not empty."""
    try:
        return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} is no YAML: {error}") from error


def nodes_of(entry: Mapping[str, Any]) -> Iterator[Json]:
    """Yield the Node objects of one entry."""
    names = entry.get("names") or [f"{entry['name']}-{i:03d}" for i in range(1, int(entry.get("count", 1)) + 1)]
    zones, per_rack = entry.get("zones") or ["zone-a"], int(entry.get("nodesPerRack", 8))
    size = _size(entry)
    for i, name in enumerate(names):
        rack = i // per_rack
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/arch": entry.get("arch", "amd64"),
            "topology.kubernetes.io/zone": zones[rack % len(zones)],
            "rack": f"{entry['name']}-r{rack + 1}",
            POOL_LABEL: entry["name"],
            **{key: str(value) for key, value in (entry.get("labels") or {}).items()},
        }
        yield {
            "metadata": {"uid": f"node-{name}", "name": name, "labels": labels, "resourceVersion": "1"},
            "spec": {"taints": entry.get("taints") or []},
            "status": {
                "capacity": size,
                "allocatable": size,
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }


def _size(entry: Mapping[str, Any]) -> dict[str, str]:
    chips = {entry["resource"]: str(entry.get("chips", 0))} if entry.get("resource") else {}
    room = {"cpu": "64", "memory": "512Gi", "pods": "110"}
    said = {key: str(entry[key]) for key in room if key in entry}
    return {
        **room,
        **said,
        "ephemeral-storage": str(entry.get("ephemeralStorage", "1Ti")),
        **chips,
        **(entry.get("extra") or {}),
    }
