"""Shares of a cluster given by each policy on four published pod lists: `python -m tools.packing --data DIR -o FILE`.

Beside the published figures of FGD (USENIX ATC 2023) and what chippool's own must reach; ends with 1 where one misses.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tools.bench.machine import machine, today

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
_SEEDS, _FIRST_SEED = 10, 10
"""Weights were chosen on seeds 20 to 25."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.packing", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of openb's CSV files")
    parser.add_argument("-o", "--output", type=Path, help="where the JSON goes; standard output without it")
    asked = parser.parse_args()
    results = [_one(asked.data, name, policy) for name in _PUBLISHED for policy in (*_PUBLISHED[name], "chippool")]
    report = {"command": "python -m tools.packing", "date": today(), "machine": machine(), "results": results}
    text = json.dumps(report, indent=2) + "\n"
    asked.output.write_text(text) if asked.output else print(text, end="")
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


def _judged(name: str, policy: str, mean: float) -> dict[str, Any]:
    if policy == "chippool":
        return {"at_least": _AT_LEAST[name], "as_expected": mean >= _AT_LEAST[name]}
    published, sd = _PUBLISHED[name][policy]
    within = abs(mean - published) <= 2 * sd
    return {"published": published, "published_sd": sd, "as_expected": within if name in _REPRODUCED else None}


if __name__ == "__main__":
    sys.exit(main())
