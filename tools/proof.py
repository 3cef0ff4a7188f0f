"""Everything too long for CI, one after the other, each result with the machine it was measured on: `make proof`.

`python -m tools.proof --data DIR --gavel DIR` writes proof/*.json; `--only NAME` runs one. Kueue is compared with if it
was built (`--kueue` and `--peers`, or `$KUEUE_BIN` and `$KUEUE_PEER`).
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.plane import paths

Json = dict[str, Any]
_SAME_SET = ("replay.json", "replay-kill.json")


def main() -> int:
    asked = _arguments()
    asked.folder.mkdir(parents=True, exist_ok=True)
    failed = [name for name in asked.only or STEPS if not _run(name, asked)]
    if not _same_set(asked.folder):
        failed.append("the same set completed whether or not the operator was killed")
    for name in failed:
        print(f"not as expected: {name}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.proof", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA"), help="folder of openb's CSV files")
    parser.add_argument("--gavel", default=os.environ.get("GAVEL"), help="folder of Gavel's job lists")
    parser.add_argument("--demand", default=os.environ.get("DEMAND"), help="CSV of hourly demand, as spot2026's")
    parser.add_argument("--folder", type=Path, default=paths.REPOSITORY / "proof", help="where the results go")
    parser.add_argument("--kueue", default=os.environ.get("KUEUE_BIN"))
    parser.add_argument("--peers", default=os.environ.get("KUEUE_PEER"))
    parser.add_argument("--only", action="append", choices=list(STEPS), help="may be given several times")
    asked = parser.parse_args()
    if asked.data is None and any(name.startswith(("replay", "packing", "eta")) for name in asked.only or STEPS):
        parser.error("the folder of openb's CSV files is missing: --data DIR, or DATA=DIR")
    if asked.gavel is None and "jobs" in (asked.only or STEPS):
        parser.error("the folder of Gavel's job lists is missing: --gavel DIR, or GAVEL=DIR")
    if asked.demand is None and "backtest" in (asked.only or STEPS):
        parser.error("the list of hourly demand is missing: --demand CSV, or DEMAND=CSV")
    return asked


def _replay(asked: argparse.Namespace) -> list[str]:
    return ["tools.replay", "--data", str(asked.data), "--checks", "20"]


def _replay_kill(asked: argparse.Namespace) -> list[str]:
    return ["tools.replay", "--data", str(asked.data), "--checks", "20", "--kill", "5"]


def _cluster(asked: argparse.Namespace) -> list[str]:
    peer = ["--kueue", str(asked.kueue), "--peers", str(asked.peers)] if asked.kueue else []
    return ["tools.bench.cluster", *peer]


def _core(_: argparse.Namespace) -> list[str]:
    return ["tools.bench.core"]


def _jobs(asked: argparse.Namespace) -> list[str]:
    return ["tools.jobs", "--data", str(asked.gavel)]


def _packing(asked: argparse.Namespace) -> list[str]:
    return ["tools.packing", "--data", str(asked.data)]


def _eta(asked: argparse.Namespace) -> list[str]:
    return ["tools.eta", "--data", str(asked.data)]


def _scale(_: argparse.Namespace) -> list[str]:
    return ["tools.bench.scale"]


def _scrape(_: argparse.Namespace) -> list[str]:
    return ["tools.bench.scrape"]


def _backtest(asked: argparse.Namespace) -> list[str]:
    return ["tools.backtest", "--csv", str(asked.demand)]


def _what_if(_: argparse.Namespace) -> list[str]:
    return ["tools.bench.whatif"]


def _board(_: argparse.Namespace) -> list[str]:
    return ["tools.bench.board"]


def _day(_: argparse.Namespace) -> list[str]:
    return ["tools.day", "--hours", "24"]


def _laws(_: argparse.Namespace) -> list[str]:
    return ["tools.laws"]


STEPS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "bench-core": _core,
    "replay": _replay,
    "replay-kill": _replay_kill,
    "bench-cluster": _cluster,
    "scale": _scale,
    "scrape": _scrape,
    "jobs": _jobs,
    "packing": _packing,
    "eta": _eta,
    "backtest": _backtest,
    "what-if": _what_if,
    "board": _board,
    "day": _day,
    "laws": _laws,
}
"""By the name of its file: the module to run and its arguments."""


def _run(name: str, asked: argparse.Namespace) -> bool:
    module, *rest = STEPS[name](asked)
    target = asked.folder / f"{name}.json"
    print(f"== {name} → {target.name}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", module, *rest, "-o", str(target)]
    return subprocess.run(command, cwd=paths.REPOSITORY, check=False).returncode == 0


def _same_set(folder: Path) -> bool:
    """Whether both replays, where they are there, completed the same workloads."""
    found: list[Json] = [json.loads((folder / n).read_text()) for n in _SAME_SET if (folder / n).exists()]
    return len({one["completed_digest"] for one in found}) <= 1


if __name__ == "__main__":
    sys.exit(main())
