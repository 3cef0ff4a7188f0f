"""Shares of a cluster given by each policy on four published pod lists: `python -m tools.packing --data DIR -o FILE`.

Beside the published figures of FGD (USENIX ATC 2023) and what chippool's own must reach; ends with 1 where one misses.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chippool.core.appraisal import WEIGHTS, Appraisal, Weights
from chippool.core.model import Ask, Worth
from chippool.core.placement import fill
from chippool.core.shelf import Shelf
from chippool.core.worth import Mix
from chippool.sim.packing import Lists, Place, pack_by
from tools.bench.machine import machine, today
from tools.report import add_output, tell

_NODES, _PODS = "openb_node_list_gpu_node.csv", "openb_pod_list_{}.csv"
_PUBLISHED = {
    "default": {"random": (86.303, 0.332), "bestfit": (92.862, 0.144), "fgd": (95.227, 0.106)},
    "gpushare100": {"random": (78.900, 0.153), "bestfit": (84.616, 0.222), "fgd": (86.640, 0.157)},
    "gpuspec10": {"random": (86.257, 0.254), "bestfit": (93.099, 0.214), "fgd": (94.663, 0.190)},
    "gpuspec20": {"random": (85.902, 0.350), "bestfit": (88.463, 0.124), "fgd": (94.662, 0.135)},
}
"""Mean and standard deviation of ten seeds, in per cent, where as much has arrived as there is."""
_AT_LEAST = {"default": 96.05, "gpushare100": 88.0, "gpuspec10": 95.7, "gpuspec20": 95.7}
_REPRODUCED = ("default", "gpushare100")
"""On these the harness must be within two standard deviations; of the others the distance is told."""
_PARTS: dict[str, tuple[Weights, bool]] = {
    "all": (WEIGHTS, True),
    "without the worth of holes": (WEIGHTS, False),
    "without stranding": (replace(WEIGHTS, stranded=0), True),
    "without surplus": (replace(WEIGHTS, surplus=0), True),
    "without best fit": (replace(WEIGHTS, left=0), True),
    "without pressure": (replace(WEIGHTS, pressure=0), True),
    "best fit alone": (Weights(0, 0, WEIGHTS.left, 0), False),
    "worth of holes and best fit": (Weights(0, 0, WEIGHTS.left, 0), True),
    "stranding and best fit": (replace(WEIGHTS, surplus=0, pressure=0), False),
    "best fit half as heavy": (replace(WEIGHTS, left=WEIGHTS.left // 2), True),
    "best fit twice as heavy": (replace(WEIGHTS, left=WEIGHTS.left * 2), True),
    "surplus half as heavy": (replace(WEIGHTS, surplus=WEIGHTS.surplus // 2), True),
    "surplus twice as heavy": (replace(WEIGHTS, surplus=WEIGHTS.surplus * 2), True),
    "pressure half as heavy": (replace(WEIGHTS, pressure=WEIGHTS.pressure // 2), True),
    "pressure twice as heavy": (replace(WEIGHTS, pressure=WEIGHTS.pressure * 2), True),
}
"""Weights, and whether holes are worth what was learnt or their share of a chip."""
_PART_SEEDS = range(20, 25)
_SEEDS, _FIRST_SEED = 10, 10
"""Weights were chosen on seeds 20 to 25."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.packing", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of openb's CSV files")
    add_output(parser)
    asked = parser.parse_args()
    results = [_one(asked.data, name, policy) for name in _PUBLISHED for policy in (*_PUBLISHED[name], "chippool")]
    parts = [_part(asked.data, name, part) for part in _PARTS for name in _PUBLISHED]
    report = {
        "command": "python -m tools.packing",
        "date": today(),
        "machine": machine(),
        "results": results,
        "parts": parts,
    }
    tell(report, asked.output)
    return 0 if all(r["as_expected"] is not False for r in results) else 1


def _one(data: Path, name: str, policy: str) -> dict[str, Any]:
    lists = ["--nodes", str(data / _NODES), "--pods", str(data / _PODS.format(name))]
    seeds = ["--seeds", str(_SEEDS), "--first-seed", str(_FIRST_SEED)]
    start = time.perf_counter()
    command = [sys.executable, "-c", "from chippool.cli.main import app; app()", "simulate", "packing"]
    done = subprocess.run(
        [*command, *lists, "--policy", policy, *seeds, "-o", "json"], check=True, stdout=subprocess.PIPE
    )
    found = json.loads(done.stdout)
    print(f"{name} {policy}: {found['mean']:.2f} ± {found['sd']:.2f}", file=sys.stderr, flush=True)
    took = round(time.perf_counter() - start, 1)
    return {"pods": name, **found, "took_s": took, **_judged(name, policy, found["mean"])}


def _part(data: Path, name: str, part: str) -> dict[str, Any]:
    """What one term of the cost adds."""
    lists = Lists.read(data / _NODES, data / _PODS.format(name))
    weights, learns = _PARTS[part]
    shares = [pack_by(partial(_placer, weights, learns), lists, seed) for seed in _PART_SEEDS]
    mean, sd = round(statistics.fmean(shares), 3), round(statistics.stdev(shares), 3)
    print(f"{name}, {part}: {mean:.2f} ± {sd:.2f}", file=sys.stderr, flush=True)
    return {"pods": name, "part": part, "mean": mean, "sd": sd, "seeds": list(_PART_SEEDS)}


def _placer(weights: Weights, learns: bool, shelf: Shelf, _: Sequence[Ask], __: int) -> Place:
    mix = Mix()

    def place(ask: Ask) -> bool:
        if mix.arrive(ask) or shelf.judge is None:
            worth = mix.worth if learns else replace(mix.worth, table=Worth().table)
            shelf.holes.forget()
            shelf.judge = Appraisal(worth, shelf.nodes, shelf.eligibility, weights)
        return bool(fill(shelf, ask, 1))

    return place


def _judged(name: str, policy: str, mean: float) -> dict[str, Any]:
    if policy == "chippool":
        return {"at_least": _AT_LEAST[name], "as_expected": mean >= _AT_LEAST[name]}
    published, sd = _PUBLISHED[name][policy]
    within = abs(mean - published) <= 2 * sd
    return {"published": published, "published_sd": sd, "as_expected": within if name in _REPRODUCED else None}


if __name__ == "__main__":
    sys.exit(main())
