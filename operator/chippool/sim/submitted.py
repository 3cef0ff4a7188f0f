"""ChipWorkloads from files, as a cluster would show them that was just asked for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from chippool.api.workload import ChipWorkload
from chippool.core.eta import NOTHING, Experience
from chippool.core.ids import PoolName
from chippool.core.model import Snapshot, Workload
from chippool.sim.fleet import BadInputError, Json, documents
from chippool.sim.whatif_stock import Stock
from chippool.state.annotations import time_text
from chippool.state.holds import Tally
from chippool.state.project import project_workload
from chippool.state.records import PoolRecord
from chippool.state.standing import Standing
from chippool.state.translate_workload import workload


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The cluster they come to; `now` in seconds since the epoch."""

    snapshot: Snapshot
    pools: Mapping[PoolName, PoolRecord]
    namespace: str
    """Of those that name none."""
    now: float
    stock: Stock = field(default_factory=Stock)
    experience: Experience = NOTHING


def latest(snapshot: Snapshot) -> float:
    """Return the last moment the workloads of a snapshot tell of; seconds since the epoch."""
    given = (one.assignment.admitted_at for one in snapshot.workloads.values() if one.assignment)
    lost = (one.displaced.at for one in snapshot.workloads.values() if one.displaced)
    made = (one.created for one in snapshot.workloads.values())
    return max(chain(made, given, lost), default=0.0)


def submitted(files: Iterable[Path], around: Surroundings) -> Iterator[Workload]:
    """Yield the workloads, the youngest there are. BadInputError names the file and the field."""
    taken = set(around.snapshot.workloads)
    for number, (path, raw) in enumerate((file, raw) for file in files for raw in _objects(file)):
        one = _workload(path, raw, around, number)
        if one.key in taken:
            raise BadInputError(f"{path}: there is a ChipWorkload {one.key} already; give it another name")
        taken.add(one.key)
        yield one


def _objects(file: Path) -> Iterator[Json]:
    found = False
    for path in sorted(file.rglob("*.yaml")) if file.is_dir() else [file]:
        for raw in documents(path):
            if not isinstance(raw, dict):
                raise BadInputError(f"{path} has a document that is no object")
            for one in raw.get("items") or [] if raw.get("kind") == "List" else [raw]:
                found = True
                yield one
    if not found:
        raise BadInputError(f"{file} has no ChipWorkload")


def _workload(file: Path, raw: Json, around: Surroundings, number: int) -> Workload:
    metadata = raw.get("metadata") or {}
    if raw.get("kind") != "ChipWorkload" or not metadata.get("name"):
        what = f"{raw.get('kind', 'an object without kind')} {metadata.get('name', 'without metadata.name')}"
        raise BadInputError(f"{file} has {what}; only ChipWorkloads can be submitted")
    try:
        ChipWorkload.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInputError(f"{file}: ChipWorkload {metadata['name']}: {where}: {first['msg']}") from error
    made = {
        "name": metadata["name"],
        "namespace": metadata.get("namespace") or around.namespace,
        "uid": f"~{number:08d}",  # after every real one
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": time_text(around.now),
    }
    record = workload({"metadata": made, "spec": raw["spec"]})
    return project_workload(record, None, Standing(), Tally(), (), around.pools, clock=0.0)
