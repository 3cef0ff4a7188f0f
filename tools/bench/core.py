"""How long one decision cycle takes, and how that grows with the cluster: `python -m tools.bench.core -o FILE`."""

import argparse
import gc
import itertools
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from chippool.control.decided import decided
from chippool.core.cycle import Policy
from chippool.core.model import Snapshot
from chippool.core.plan import Admit, Displace, Hold
from chippool.shell import memory
from tools.bench.features import all_on
from tools.bench.machine import machine, today
from tools.bench.steady import steady
from tools.bench.world import NOW, Scale, a_world
from tools.report import add_outputs, tell

_NODES = (1_000, 5_000, 15_000)
_PENDING = (1_000, 10_000)
_LARGEST = 100_000
"""Nodes; with the most pending, and full."""
_QUICK_NODES, _QUICK_PENDING = (200, 1_000), (200,)

_Case = tuple[str, Callable[[Scale], Snapshot], Scale]
"""What is in use there, who makes it, and how large it is."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_outputs(parser)
    parser.add_argument("--runs", type=int, default=5, help="runs of each size")
    parser.add_argument("--quick", action="store_true", help="small sizes only, to see that it works")
    asked = parser.parse_args()
    report = measure(tuple(_cases(asked.quick)), 1 if asked.quick else asked.runs)
    tell(report, asked.output, asked.rows)


def measure(cases: tuple[_Case, ...], runs: int) -> dict[str, Any]:
    """Every case in turn; medians in seconds and their growth from one number of nodes to the next."""
    results = []
    for uses, make, scale in cases:
        print(f"{scale}, {uses} …", file=sys.stderr, flush=True)
        results.append({"uses": uses, **one(make(scale), scale, runs)})
        print(f"  median {results[-1]['median_s']} s", file=sys.stderr, flush=True)
    return {
        "command": "python -m tools.bench.core",
        "date": today(),
        "machine": machine(),
        "results": results,
        "growth": list(_growth(results)),
    }


def one(snapshot: Snapshot, scale: Scale, runs: int) -> dict[str, Any]:
    import_module("scipy.optimize")  # as the operator does before it starts
    memory.settle()  # and once its mirror is filled
    took, busy = [], []
    for _ in range(runs):
        gc.collect()
        start, spent = time.perf_counter(), time.process_time()
        plan = decided(snapshot, NOW, Policy())
        took.append(time.perf_counter() - start)
        busy.append(time.process_time() - spent)
    kinds = Counter(type(d) for d in plan.decisions)
    return {
        "nodes": scale.nodes,
        "pending": scale.pending,
        "full": scale.full,
        "admitted_before": sum(w.assignment is not None for w in snapshot.workloads.values()),
        "median_s": round(statistics.median(took), 4),
        "max_s": round(max(took), 4),
        "cpu_s": round(statistics.median(busy), 4),
        "runs": runs,
        "admitted": kinds[Admit],
        "displaced": kinds[Displace],
        "held": kinds[Hold],
        "holds": dict(Counter(str(d.reason) for d in plan.decisions if isinstance(d, Hold)).most_common()),
    }


def _cases(quick: bool) -> Iterator[_Case]:
    for full in (False, True):
        for pending in _QUICK_PENDING if quick else _PENDING:
            for nodes in _QUICK_NODES if quick else _NODES:
                yield "queues with limits", a_world, Scale(nodes, pending, full)
    if not quick:
        yield "queues with limits", a_world, Scale(_LARGEST, max(_PENDING), full=True)
    pending = max(_QUICK_PENDING if quick else _PENDING)
    for nodes in _QUICK_NODES if quick else _NODES:
        yield "every feature", all_on, Scale(nodes, pending, full=True)
    largest = Scale(max(_QUICK_NODES if quick else _NODES), pending, full=True)
    yield "queues with limits, 100 changes since", steady(a_world), largest
    yield "every feature, 100 changes since", steady(all_on), largest


def _growth(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """t(more nodes) / t(fewer nodes) for the same pending and fullness."""
    for smaller, larger in itertools.pairwise(results):
        if all(smaller[key] == larger[key] for key in ("uses", "pending", "full")):
            yield {
                "uses": larger["uses"],
                "pending": larger["pending"],
                "full": larger["full"],
                "nodes": [smaller["nodes"], larger["nodes"]],
                "ratio": round(larger["median_s"] / smaller["median_s"], 2),
            }


if __name__ == "__main__":
    main()
