"""Cases as they stand in a folder: facts taken from the test tables of other schedulers, one YAML list a file."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Case:
    """`twins` are other cases whose facts are the same; if they end differently, what differs was not recorded."""

    id: str
    suite: str
    facts: dict
    twins: list["Case"] = field(default_factory=list)

    @property
    def of_jobs(self):
        """Whether it is a cluster with nodes and jobs; else it is one decision about quota."""
        return "jobs" in self.facts


OUTCOME = {"id", "name", "tags", "rounds", "expect", "expect_pods", "derived", "expect_evicted", "expect_count"}


def read(folder):
    """Every case of a folder, in the order of files and lists."""
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise FileNotFoundError(f"{folder} has no *.yaml with cases.")
    found = {}
    for case in (case for file in files for case in _cases(file)):
        found.setdefault(case.id, case)
    return _with_twins(list(found.values()))


def _cases(file):
    """Those of a file; what can't be understood is a case of its own, which fails."""
    try:
        listed = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        listed = [str(error)]
    for number, facts in enumerate(listed if isinstance(listed, list) else [listed]):
        name = f"{file.stem}/{number}"
        if isinstance(facts, dict):
            name = str(facts.get("id", name))
            yield Case(name, _suite(name), facts)
        else:
            yield Case(name, _suite(name), {"not a case": facts})


def _suite(name):
    """`kai/integration_tests/reclaim/reclaim#L1` is of suite `kai reclaim`, `kueue/TestX/name` of `kueue TestX`."""
    parts = [part for part in name.partition("#")[0].split("/") if part != "integration_tests"]
    return " ".join(parts[:2])


def _with_twins(cases):
    by_facts = {}
    for case in cases:
        known = yaml.safe_dump({k: v for k, v in case.facts.items() if k not in OUTCOME})
        by_facts.setdefault(known, []).append(case)
    for same in by_facts.values():
        for case in same:
            case.twins.extend(other for other in same if other is not case)
    return cases
