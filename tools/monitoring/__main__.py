"""Writes dashboards and rules into the chart: `python -m tools.monitoring helm/chippool`."""

import sys
from pathlib import Path

from tools.monitoring.boards import BOARDS
from tools.monitoring.grafana import as_json
from tools.monitoring.rules import alerts, recordings


def main() -> None:
    for path, text in made().items():
        target = Path(sys.argv[1]) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def made() -> dict[str, str]:
    """Every file by its path in the chart."""
    boards = {f"dashboards/{board.uid}.json": as_json(board) for board in BOARDS}
    return {**boards, "rules/alerts.yaml": alerts(), "rules/recordings.yaml": recordings()}


if __name__ == "__main__":
    main()
