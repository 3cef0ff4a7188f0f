"""Where the figures of a run go, as JSON."""

import argparse
import json
from pathlib import Path
from typing import Any


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, help="where the JSON goes; standard output without it")


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Take a file for the results alone, too: a list, for whoever compares them."""
    add_output(parser)
    parser.add_argument("--rows", type=Path, help="file of the results alone, as a JSON list")


def tell(report: dict[str, Any], output: Path | None, rows: Path | None = None) -> None:
    """Write what is asked for; print the report where that is nothing."""
    if rows is not None:
        save(report["results"], rows)
    if output is not None:
        save(report, output)
    elif rows is None:
        show(report)


def save(document: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(document) + "\n")


def show(document: Any) -> None:
    print(_text(document))


def _text(document: Any) -> str:
    return json.dumps(document, indent=2)
