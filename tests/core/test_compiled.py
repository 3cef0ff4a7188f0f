"""The core as it ships, beside its sources (docs/adr/0015)."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chippool.core import cycle

_REPOSITORY = Path(__file__).parents[2]
_READS_ALL = {
    "Counter", "all", "any", "bits_of", "dict", "frozenset", "fromkeys", "join", "list", "max", "min", "next", "reduce",
    "set", "sorted", "sum", "tuple", "update",
}  # fmt: skip
"""Calls to which it makes no difference when the elements are made; for `any`, `all` and `next` mypyc stops early."""
_PLANS = """
from chippool.core import cycle
from tools.bench.features import all_on
from tools.bench.world import NOW, Scale, a_world
print(cycle.__file__.endswith(".py"))
for make in (a_world, all_on):
    for full in (True, False):
        plan = cycle.schedule(make(Scale(200, 400, full)), NOW)
        print(*plan.decisions, *plan.reserved, plan.wake, sep="\\n")
"""


def test_the_core_as_it_runs_here_makes_the_plans_of_its_sources() -> None:
    """Compiled where `make test` runs it; else the sources once more, in a process that hashes strings otherwise."""
    kind, *here = _plans(os.environ.get("PYTHONPATH", ""), seed="1")
    assert kind == str(cycle.__file__.endswith(".py"))
    kind, *interpreted = _plans(str(_REPOSITORY / "operator"), seed="2")
    assert kind == "True"
    assert here == interpreted


def test_no_generator_expression_of_the_core_counts_on_being_lazy() -> None:
    sources = sorted((_REPOSITORY / "operator/chippool/core").glob("*.py"))
    lazy = [f"{source.name}:{line}" for source in sources for line in _generator_expressions(source)]
    assert lazy == [], "mypyc makes all elements at once: write a list, a generator function, or map and filter"


def test_it_is_compiled_with_what_the_lock_file_names() -> None:
    hook = _toml("pyproject.toml")["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]
    asked = dict(dependency.replace("[mypyc]", "").split("==") for dependency in hook["dependencies"])
    locked = {(package["name"], package["version"]) for package in _toml("uv.lock")["package"]}
    assert {item for item in asked.items() if item[0] in {name for name, _ in locked}} <= locked


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((_REPOSITORY / name).read_text())


def _generator_expressions(source: Path) -> Iterator[int]:
    """Lines of those that anything but a call that reads them at once gets."""
    tree = ast.parse(source.read_text())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.GeneratorExp) and not _is_read_at_once(parents[node]):
            yield node.lineno


def _is_read_at_once(parent: ast.AST) -> bool:
    if isinstance(parent, ast.Starred):
        return True
    if not isinstance(parent, ast.Call):
        return False
    called = parent.func.id if isinstance(parent.func, ast.Name) else getattr(parent.func, "attr", "")
    return called in _READS_ALL


def _plans(path: str, seed: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", _PLANS]
    done = subprocess.run(command, cwd=_REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
