"""The laws at 5,000 random cases each, one process a law: how many were tried, and whether any failed.

`python -m tools.laws -o proof/laws.json` keeps what the file says already of other laws, so that `--only TEXT` can fill
it piece by piece.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.bench.machine import machine, today
from tools.plane import paths
from tools.report import add_output, save, show

CASES = 5000
_TRIED = re.compile(r"(\d+) passing(?: examples?)?, (\d+) failing(?: examples?)?, (?:and )?(\d+) invalid")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.laws", description=__doc__)
    parser.add_argument("--only", action="append", help="laws whose name has this in it; may be given several times")
    parser.add_argument("--missing", action="store_true", help="those alone that the file does not have yet")
    add_output(parser)
    asked = parser.parse_args()
    known = _known(asked.output)
    for law in _chosen(asked.only, known if asked.missing else {}):
        known[law] = _tried(law)
        print(f"{law}: {known[law]}", file=sys.stderr, flush=True)
        if asked.output is not None:
            save(_report(known), asked.output)
    if asked.output is None:
        show(_report(known))
    return 1 if any(law["failing"] or law["cases"] < CASES for law in known.values()) else 0


def _known(path: Path | None) -> dict[str, Any]:
    return json.loads(path.read_text())["laws"] if path is not None and path.exists() else {}


def _chosen(only: list[str] | None, known: dict[str, Any]) -> Iterator[str]:
    command = [sys.executable, "-m", "pytest", "tests/laws", "--collect-only", "-q", "-n", "0"]
    said = subprocess.run(command, cwd=paths.REPOSITORY, check=True, capture_output=True, text=True).stdout
    for law in re.findall(r"^tests/laws/(\S+::\S+)$", said, re.MULTILINE):
        if law not in known and (not only or any(part in law for part in only)):
            yield law


def _tried(law: str) -> dict[str, Any]:
    """How many cases of a law passed and failed; the first failure's report, if there is one."""
    began, commit = time.monotonic(), _commit()
    test = f"tests/laws/{law}"
    command = [sys.executable, "-m", "pytest", test, "-q", "-n", "0", "--hypothesis-show-statistics", "-s"]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "proof"}
    answer = subprocess.run(command, cwd=paths.REPOSITORY, check=False, capture_output=True, text=True, env=environment)
    passing, failing = (sum(column) for column in zip(*_counts(answer.stdout), strict=True))
    seconds = round(time.monotonic() - began, 1)
    found: dict[str, Any] = {"cases": passing, "failing": failing, "seconds": seconds, "commit": commit}
    if answer.returncode:
        found |= {"failing": max(failing, 1), "report": answer.stdout[-4000:]}
    return found


def _commit() -> str:
    """The tree a law was tried on: a file that is filled piece by piece may have several."""
    command = ["git", "describe", "--always", "--dirty"]
    answer = subprocess.run(command, cwd=paths.REPOSITORY, check=False, capture_output=True, text=True)
    return answer.stdout.strip()


def _counts(said: str) -> list[tuple[int, int]]:
    """Of each phase the cases that passed and failed: those that were not possible at all don't count."""
    return [(int(passing), int(failing)) for passing, failing, _ in _TRIED.findall(said)] or [(0, 0)]


def _report(known: dict[str, Any]) -> dict[str, Any]:
    laws = dict(sorted(known.items()))
    cases = sum(law["cases"] for law in laws.values())
    head = {"command": "python -m tools.laws", "date": today(), "machine": machine(), "cases": cases}
    return {**head, "laws": laws}


if __name__ == "__main__":
    sys.exit(main())
