"""Where the figures of a benchmark go: the whole with the machine, and its rows as a list for whoever compares them."""

import argparse
import json
from pathlib import Path
from typing import Any


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Take `-o` and `--rows`."""
    parser.add_argument("-o", "--output", type=Path, help="file of the whole report, with machine and command, as JSON")
    parser.add_argument("--rows", type=Path, help="file of its results alone, as a JSON list")


def write(report: dict[str, Any], asked: argparse.Namespace) -> None:
    """Write both files, those that are asked for."""
    for path, what in ((asked.output, report), (asked.rows, report["results"])):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(what, indent=2) + "\n")
