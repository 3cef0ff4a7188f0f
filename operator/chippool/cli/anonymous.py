"""Made-up names for a snapshot that leaves the house: the same name everywhere, so that all still fits together."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import orjson

from chippool.cli.anonymous_memory import names_in, under_names
from chippool.sim.recorded import MEMORY

Json = dict[str, Any]
WORDS = {
    "Namespace": "namespace",
    "Node": "node",
    "ChipQueue": "queue",
    "PriorityClass": "class",
    "ChipWorkload": "workload",
    "Job": "job",
    "Deployment": "deployment",
    "Pod": "pod",
}
"""Pools keep theirs: they say which hardware it is."""
KEPT = frozenset({"default", "kube-system", "system-cluster-critical", "system-node-critical"})
TALK = frozenset({"message", "image", "imageID", "containerID", "generateName", "hostname", "subdomain"})
VERBATIM = frozenset({"apiVersion", "kind", "key", "topology", "within", "topologyKey", "resourceName", "uid"})
"""What names a label, a resource or a kind, whatever else is called so."""
JSON_TEXTS = frozenset({"chippool.io/assignment", "chippool.io/displaced"})
LABELLED = frozenset({"Node", "Namespace", "ChipPool", "ChipQueue"})
"""Kinds whose labels decisions look at; of others only chippool's own stay."""


def anonymised(items: Sequence[Json]) -> list[Json]:
    """Return the objects under other names, without images, messages and labels that are nobody's business."""
    renamed = _renamed(items)
    teams = _teams(items, renamed)
    found = []
    for item in items:
        bare = item if item["kind"] in LABELLED else _unlabelled(item)
        named: Json = under_names(renamed, _under(renamed, bare)) if item["kind"] == MEMORY else _under(renamed, bare)
        found.append(_under(teams, named) if item["kind"] in {"Namespace", "ChipQueue"} else named)
    return found


def _renamed(items: Sequence[Json]) -> dict[str, str]:
    """What is made is called like its workload, so workloads come first."""
    found: dict[str, str] = {}
    for kind, word in WORDS.items():
        _number(found, word, (item["metadata"]["name"] for item in items if item["kind"] == kind), KEPT)
    owners = (owner.get("name", "") for item in items for owner in item["metadata"].get("ownerReferences") or ())
    _number(found, "owner", owners, KEPT)
    past = (name for item in items if item["kind"] == MEMORY for name in names_in(item))
    _number(found, "past", past, KEPT)
    return found


def _teams(items: Sequence[Json], renamed: Mapping[str, str]) -> dict[str, str]:
    """Labels of namespaces, by which queues choose them: teams and customers."""
    found: dict[str, str] = {}
    labels = (item["metadata"].get("labels") or {} for item in items if item["kind"] == "Namespace")
    _number(found, "label", (value for some in labels for value in some.values()), {*renamed, *renamed.values(), *KEPT})
    return found


def _number(found: dict[str, str], word: str, names: Iterable[str], kept: Container[str]) -> None:
    fresh = [name for name in dict.fromkeys(names) if name and name not in found and name not in kept]
    found |= {name: f"{word}-{number}" for number, name in enumerate(fresh, 1)}


def _unlabelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_unlabelled(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {key: _unlabelled(part) for key, part in value.items()}
    if isinstance(found.get("labels"), dict):
        found["labels"] = {key: one for key, one in found["labels"].items() if key.startswith("chippool.io/")}
    return found


def _under(renamed: Mapping[str, str], value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: part if key in VERBATIM else _text(renamed, part) if key in JSON_TEXTS else _under(renamed, part)
            for key, part in value.items()
            if key not in TALK
        }
    if isinstance(value, list):
        return [_under(renamed, part) for part in value]
    return _name(renamed, value) if isinstance(value, str) else value


def _text(renamed: Mapping[str, str], value: Any) -> Any:
    try:
        return orjson.dumps(_under(renamed, orjson.loads(value))).decode()
    except orjson.JSONDecodeError:
        return ""


def _name(renamed: Mapping[str, str], value: str) -> str:
    """A name, or NAMESPACE/NAME, or the shadow of a class."""
    if value in renamed:
        return renamed[value]
    if value.startswith("chippool-") and value.removeprefix("chippool-") in renamed:
        return f"chippool-{renamed[value.removeprefix('chippool-')]}"
    namespace, slash, name = value.partition("/")
    if slash and namespace in renamed and name in renamed:
        return f"{renamed[namespace]}/{renamed[name]}"
    return value
