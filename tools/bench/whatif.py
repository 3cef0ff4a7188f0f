"""How long `chippool what-if` takes to answer once the cluster is read: `python -m tools.bench.whatif -o FILE`.

The cluster is at rest, as one with an operator is: what is decided is what the change leads to.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from typing import Any

from chippool.core.ids import CHIP, ClassName, PoolName
from chippool.core.model import Snapshot
from chippool.core.whatif import AddChips, Change, LoseChips, SetClass, nodes_of
from chippool.shell import memory
from chippool.sim.settled import settled
from chippool.sim.whatif import what_if
from tools.bench.features import all_on
from tools.bench.machine import machine, today
from tools.bench.world import NOW, Scale, a_world
from tools.report import add_output, tell

_SCALE = Scale(5_000, 2_000, full=True)
_QUICK = Scale(200, 100, full=True)
H20, H800 = PoolName("nvidia-h20"), PoolName("nvidia-h800")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_output(parser)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a small cluster, to see that it works")
    asked = parser.parse_args()
    scale, runs = (_QUICK, 1) if asked.quick else (_SCALE, asked.runs)
    report = {"command": "python -m tools.bench.whatif", "date": today(), "machine": machine()}
    worlds = {"queues with limits": a_world, "every feature": all_on}
    results = [_measured(uses, settled(make(scale), NOW).snapshot, scale, runs) for uses, make in worlds.items()]
    tell(report | {"results": [one for some in results for one in some]}, asked.output)


def _measured(uses: str, snapshot: Snapshot, scale: Scale, runs: int) -> list[dict[str, Any]]:
    found = []
    for question, wanted in _questions(snapshot).items():
        print(f"{scale}, {uses}: {question} …", file=sys.stderr, flush=True)
        found.append({"uses": uses, "question": question, **_one(snapshot, wanted, scale, runs)})
        print(f"  median {found[-1]['median_s']} s", file=sys.stderr, flush=True)
    return found


def _questions(snapshot: Snapshot) -> dict[str, list[Change]]:
    h20 = sum(node.installed for node in nodes_of(snapshot, H20))
    waiting = sorted(key for key, one in snapshot.workloads.items() if one.assignment is None)
    return {
        "lose 30 % of a pool": [LoseChips(H20, h20 * 3 // 10)],
        "lose 3 % of a pool": [LoseChips(H20, h20 * 3 // 100)],
        "512 chips more": [AddChips(H800, 512 * CHIP)],
        "100 that wait become revenue": [SetClass(key, ClassName("revenue")) for key in waiting[:100]],
    }


def _one(snapshot: Snapshot, wanted: list[Change], scale: Scale, runs: int) -> dict[str, Any]:
    memory.settle()  # as the command does once it has read the cluster
    took, busy = [], []
    for _ in range(runs):
        start, spent = time.perf_counter(), time.process_time()
        found = what_if(snapshot, wanted, NOW)
        took.append(time.perf_counter() - start)
        busy.append(time.process_time() - spent)
    return {
        "nodes": scale.nodes,
        "workloads": len(snapshot.workloads),
        "median_s": round(statistics.median(took), 2),
        "max_s": round(max(took), 2),
        "cpu_s": round(statistics.median(busy), 2),
        "runs": runs,
        "decisions": found.otherwise.rounds + found.then.rounds,
        "at_rest": found.otherwise.at_rest and found.then.at_rest,
        "fates": dict(Counter(one.fate.value for one in found.outcomes if one.due_to_change).most_common()),
    }


if __name__ == "__main__":
    main()
