"""What `simulate cluster` is told: a fleet, and manifests of pools, queues, classes and workloads with their times.

Annotations of a ChipWorkload say what the simulation alone wants to know: `simulate.chippool.io/arrives` (since the
start), `runs-for` (with all replicas of its first variant), and `copies` with `every` for more of the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chippool.api.duration import seconds
from chippool.api.workload import ChipWorkload
from chippool.core.ids import ClassName, Namespace, NodeName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import Class, NamespaceView, Node, Pool, Queue, Workload
from chippool.core.plan import Admit
from chippool.sim.fleet import POOL_LABEL, BadInputError, Json, documents, nodes_of
from chippool.state import translate_policy as policy
from chippool.state.annotations import time_text
from chippool.state.project import pools_of, project_node
from chippool.state.records import PoolRecord
from chippool.state.translate_node import node
from chippool.state.translate_workload import workload

SAYS = "simulate.chippool.io/"


@dataclass(frozen=True, slots=True)
class Errand:
    """A workload as it will arrive, and how long it runs."""

    workload: Workload
    length: float
    """Seconds with all replicas of its first variant; infinity: to the end."""
    speeds: Mapping[VariantName, float]


@dataclass(slots=True)
class Stage:
    """A cluster before anything has arrived."""

    nodes: dict[NodeName, Node] = field(default_factory=dict)
    pools: dict[PoolName, Pool] = field(default_factory=dict)
    queues: dict[QueueName, Queue] = field(default_factory=dict)
    classes: dict[ClassName, Class] = field(default_factory=dict)
    namespaces: dict[Namespace, NamespaceView] = field(default_factory=dict)
    errands: list[Errand] = field(default_factory=list)
    standing: dict[WorkloadKey, tuple[Admit, float]] = field(default_factory=dict)
    """What has its chips from the start, and since when (not after 0)."""


def staged(fleet: Iterable[Json], paths: Iterable[Path]) -> Stage:
    """Read everything. BadInputError names the file and the field; what no file has is made up as open as can be."""
    entries, stage, records = [*fleet], Stage(), []
    for path in paths:
        for raw in _objects(path):
            record = _taken(stage, path, raw)
            records += [record] if record else []
    records = records or [policy.pool(_a_pool(entry)) for entry in entries if entry.get("resource")]
    stage.pools = {record.name: record.view for record in records}
    stage.nodes = dict(_nodes(entries, sorted(records, key=lambda record: record.name)))
    _fill_in(stage)
    stage.errands.sort(key=lambda one: (one.workload.created, one.workload.uid))
    return stage


def _objects(path: Path) -> Iterator[Json]:
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    for file in files:
        for raw in documents(file):
            if not isinstance(raw, dict):
                raise BadInputError(f"{file} has a document that is no object")
            yield from raw.get("items") or [] if raw.get("kind") == "List" else [raw]


def _taken(stage: Stage, path: Path, raw: Json) -> PoolRecord | None:
    metadata = raw.get("metadata") or {}
    if "kind" not in raw or not metadata.get("name"):
        raise BadInputError(f"{path}: an object without kind or metadata.name")
    named = raw | {"metadata": {"uid": metadata["name"], "resourceVersion": "1", **metadata}}
    match raw["kind"]:
        case "ChipPool":
            return policy.pool(named)
        case "ChipQueue":
            stage.queues[QueueName(metadata["name"])] = policy.queue(named).view
        case "PriorityClass":
            stage.classes[ClassName(metadata["name"])] = policy.priority_class(named).view
        case "Namespace":
            record = policy.namespace(named)
            stage.namespaces[Namespace(record.name)] = NamespaceView(record.labels)
        case "ChipWorkload":
            stage.errands += _errands(path, raw, len(stage.errands))
    return None


def _errands(path: Path, raw: Json, number: int) -> Iterator[Errand]:
    said = {key.removeprefix(SAYS): str(value) for key, value in (raw["metadata"].get("annotations") or {}).items()}
    try:
        ChipWorkload.model_validate(raw)
        times = {name: seconds(said.get(name, "0s")) for name in ("arrives", "every")}
        length = seconds(said["runs-for"]) if "runs-for" in said else inf
        copies = int(said.get("copies", "1"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{path}: ChipWorkload {raw['metadata']['name']}: {where}: {first['msg']}") from error
    except ValueError as error:
        raise BadInputError(f"{path}: ChipWorkload {raw['metadata']['name']}: {SAYS}…: {error}") from error
    speeds = {VariantName(v["name"]): float(v.get("speed", 1)) for v in raw["spec"]["variants"]}
    for copy in range(copies):
        created = times["arrives"] + copy * times["every"]
        yield Errand(_workload(raw, created, number + copy, copy if copies > 1 else None), length, speeds)


def errand_length(raw: Json, default: float) -> float:
    """Return how many seconds a workload says it runs; BadInputError if it says no duration."""
    said = (raw["metadata"].get("annotations") or {}).get(f"{SAYS}runs-for")
    try:
        return default if said is None else seconds(str(said))
    except ValueError as error:
        raise BadInputError(f"ChipWorkload {raw['metadata']['name']}: {SAYS}runs-for: {error}") from error


def _workload(raw: Json, created: float, number: int, copy: int | None) -> Workload:
    metadata = raw["metadata"]
    name = metadata["name"] if copy is None else f"{metadata['name']}-{copy + 1}"
    made = {
        "name": name,
        "namespace": metadata.get("namespace") or "default",
        "uid": f"{number:08d}",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": time_text(created),
    }
    return workload({"metadata": made, "spec": raw["spec"]}).view


def _nodes(entries: Iterable[Json], records: list[PoolRecord]) -> Iterator[tuple[NodeName, Node]]:
    for entry in entries:
        for raw in nodes_of(entry):
            record = node(raw)
            yield NodeName(record.name), project_node(record, pools_of(record, records), (), (), avoided=False)


def _a_pool(entry: Mapping[str, Any]) -> Json:
    name = entry["name"]
    return {
        "metadata": {"name": name, "uid": name, "resourceVersion": "1"},
        "spec": {"chip": {"resourceName": entry["resource"]}, "nodeSelector": {POOL_LABEL: name}},
    }


def _fill_in(stage: Stage) -> None:
    """A queue that no file has lets everybody in, and so does a namespace; a class must be there."""
    for errand in stage.errands:
        one = errand.workload
        stage.namespaces.setdefault(one.namespace, NamespaceView({"kubernetes.io/metadata.name": one.namespace}))
        if one.class_name not in stage.classes:
            raise BadInputError(f"no file has PriorityClass {one.class_name}, which {one.key} names")
    asked = {errand.workload.queue for errand in stage.errands} - stage.queues.keys()
    for name in sorted(asked):
        stage.queues[name] = Queue(name, frozenset(stage.classes), ())
