"""The forecaster on a list of real demand: `python -m tools.backtest --csv FILE -o FILE`.

The command line's own back-test, with the machine beside it, and what it has to reach on the list `spot2026`; ends with
1 where that is missed.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from chippool.sim.backtest import Backtest, backtest, read_demand
from tools.bench.machine import machine, today
from tools.report import add_output, tell

_MOST = {"H800": 324.0, "A800-SXM4-80GB": 19.0, "A100-SXM4-80GB": 182.0}
"""Mean absolute error in chips; the best of plain methods has 344, 19.4 and 189."""
_COVERAGE, _COVERAGE_OF_LAST_THIRD = (0.75, 0.85), 0.70


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.backtest", description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="hourly demand: hour, and a column for each chip")
    add_output(parser)
    asked = parser.parse_args()
    report = reported(backtest(read_demand(asked.csv), {}))
    tell(report, asked.output)
    return 1 if report["missed"] else 0


def reported(found: Backtest) -> dict[str, Any]:
    """Error and coverage by chip that something is asked of, and sentences on what is missed."""
    results = [
        {
            "chip": chip,
            "mae": round(found.mae[chip].overall, 2),
            "at_most": most,
            "coverage": round(found.coverage[chip].overall, 4),
            "coverage_of_last_third": round(found.coverage[chip].last_third, 4),
        }
        for chip, most in _MOST.items()
        if chip in found.mae
    ]
    return {
        "command": "python -m tools.backtest --csv CSV",
        "date": today(),
        "machine": machine(),
        "origins": found.origins,
        "results": results,
        "missed": [sentence for one in results for sentence in _missed(one)],
    }


def _missed(one: dict[str, Any]) -> list[str]:
    low, high = _COVERAGE
    said = []
    if one["mae"] > one["at_most"]:
        said.append(f"{one['chip']}: an error of {one['mae']}, at most {one['at_most']} were asked for")
    if not low <= one["coverage"] <= high:
        said.append(f"{one['chip']}: the band covers {one['coverage']}, {low} to {high} were asked for")
    if one["coverage_of_last_third"] < _COVERAGE_OF_LAST_THIRD:
        said.append(f"{one['chip']}: the band covers {one['coverage_of_last_third']} of the last third")
    return said


if __name__ == "__main__":
    sys.exit(main())
