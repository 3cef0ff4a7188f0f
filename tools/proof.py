"""Everything too long for CI, one after the other, each result with the machine it was measured on: `make proof`.

`python -m tools.proof --data DIR --gavel DIR --demand CSV` writes proof/*.json; `--only NAME` runs one. Kueue is
compared with if it was built (`--kueue` and `--peers`, or `$KUEUE_BIN` and `$KUEUE_PEER`).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.plane import paths

Json = dict[str, Any]
_INPUTS = {
    "data": ("folder of openb's CSV files", "DIR"),
    "gavel": ("folder of Gavel's job lists", "DIR"),
    "demand": ("list of hourly demand", "CSV"),
}
"""What a step may need that is not in the repository: what it is, and how it is named."""
STEPS = {
    "bench-core": ("tools.bench.core",),
    "replay": ("tools.replay", "--data", "{data}", "--checks", "20"),
    "replay-kill": ("tools.replay", "--data", "{data}", "--checks", "20", "--kill", "5"),
    "bench-cluster": ("tools.bench.cluster",),
    "scale": ("tools.bench.scale",),
    "scrape": ("tools.bench.scrape",),
    "jobs": ("tools.jobs", "--data", "{gavel}"),
    "packing": ("tools.packing", "--data", "{data}"),
    "eta": ("tools.eta", "--data", "{data}"),
    "backtest": ("tools.backtest", "--csv", "{demand}"),
    "what-if": ("tools.bench.whatif",),
    "board": ("tools.bench.board",),
    "day": ("tools.day", "--hours", "24"),
    "laws": ("tools.laws",),
}
"""By the name of its file: the module to run and its arguments."""
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
    for name, (what, metavar) in _INPUTS.items():
        parser.add_argument(f"--{name}", default=os.environ.get(name.upper()), metavar=metavar, help=what)
    parser.add_argument("--folder", type=Path, default=paths.REPOSITORY / "proof", help="where the results go")
    parser.add_argument("--kueue", default=os.environ.get("KUEUE_BIN"))
    parser.add_argument("--peers", default=os.environ.get("KUEUE_PEER"))
    parser.add_argument("--only", action="append", choices=list(STEPS), help="may be given several times")
    asked = parser.parse_args()
    parts = {part for step in asked.only or STEPS for part in STEPS[step]}
    for name, (what, metavar) in _INPUTS.items():
        if not getattr(asked, name) and f"{{{name}}}" in parts:
            parser.error(f"the {what} is missing: --{name} {metavar}, or {name.upper()}={metavar}")
    return asked


def _run(name: str, asked: argparse.Namespace) -> bool:
    module, *rest = [part.format(**vars(asked)) for part in STEPS[name]]
    target = asked.folder / f"{name}.json"
    print(f"== {name} → {target.name}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", module, *rest, "-o", str(target)]
    peer = {key: said for key, said in (("KUEUE_BIN", asked.kueue), ("KUEUE_PEER", asked.peers)) if said}
    return subprocess.run(command, cwd=paths.REPOSITORY, check=False, env=os.environ | peer).returncode == 0


def _same_set(folder: Path) -> bool:
    """Whether both replays, where they are there, completed the same workloads."""
    found: list[Json] = [json.loads((folder / n).read_text()) for n in _SAME_SET if (folder / n).exists()]
    return len({one["completed_digest"] for one in found}) <= 1


if __name__ == "__main__":
    sys.exit(main())
