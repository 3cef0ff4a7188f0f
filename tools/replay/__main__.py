"""Alibaba's openb list on a live plane: `python -m tools.replay --data DIR`; the lists' folder is also `$DATA`."""

import argparse
import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.bench.client import Client
from tools.bench.machine import machine, today
from tools.bench.rig import USER, Operator, install, ready
from tools.plane.plane import Plane
from tools.replay import audit, openb
from tools.replay.drive import Course, Driver
from tools.replay.invariants import record
from tools.replay.live import Live
from tools.replay.report import report
from tools.replay.squeeze import Times, squeeze
from tools.report import tell

Json = dict[str, Any]
_END_S = 1.0
"""How long a pod takes to end when it is displaced."""


def main() -> int:
    asked = _arguments()
    result = replay(asked)
    tell(result, None if asked.output == "json" else Path(asked.output))
    return 0 if is_good(result, asked.pods) else 1


def is_good(result: Json, pods: int) -> bool:
    """All complete, demand of twice the stock, something displaced, nothing violated, every hold right."""
    right = not result["invariant_violations"] and not result["hold_checks"]["mismatches"]
    looked = not result["hold_checks"]["given_up"]
    squeezed = result["peak_demand_chips"] >= 2 * result["stock_chips"]
    return bool(right and looked and squeezed and result["displacements"] and result["completed"] == pods)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.replay", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of the CSV files")
    parser.add_argument("--list", default="default", help="which pod list: default, gpuspec20, …")
    parser.add_argument("--pods", type=int, default=1000, help="the first so many that ask for a GPU")
    parser.add_argument("--every", type=int, default=20, help="every so many nodes of the node list")
    parser.add_argument("--peak", type=float, default=2.5, help="demand at its peak if nobody waited, in stocks")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of checks and kills")
    parser.add_argument("--kill", type=int, default=0, help="how often the operator is killed (-9) in between")
    parser.add_argument("--checks", type=int, default=20, help="at how many moments every hold is checked")
    parser.add_argument("--keep-audit", type=Path, help="copy the audit log there")
    parser.add_argument("-o", "--output", default="json", help="a file, or json for standard output")
    asked = parser.parse_args()
    if asked.data is None or not Path(asked.data, openb.NODES).exists():
        parser.error("the folder of openb's CSV files is missing: --data DIR, or DATA=DIR")
    return asked


def replay(asked: argparse.Namespace) -> Json:
    nodes = openb.read_nodes(Path(asked.data), asked.every)
    pods = openb.read_pods(Path(asked.data), asked.pods, asked.list)
    stock = sum(node.chips for node in nodes)
    times = squeeze(
        [p.created for p in pods], [p.lasted for p in pods], [p.num_gpu for p in pods], asked.peak * stock
    )  # fmt: skip
    print(f"{len(nodes)} nodes, {stock} chips, {len(pods)} pods in {times.arrivals[-1]:.0f} s", file=sys.stderr)
    course = Course(_workloads(nodes, pods, times))
    with Plane.start(f"replay-{os.getpid()}", openb.fleet(nodes)) as plane:
        install(plane)
        plane.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(list(openb.surroundings(nodes))))
        live, took, operator = asyncio.run(_run(plane, course, asked))
        calls = list(audit.read(plane.audit_log))
        if asked.keep_audit:
            asked.keep_audit.write_bytes(plane.audit_log.read_bytes())
    pool_of = {node.name: openb.pool_name(node.model) for node in nodes}
    stock_of = {node.name: {openb.RESOURCE: node.chips} for node in nodes}
    figures = report(course, live, record(calls, [USER], stock_of), calls, pool_of)
    return {
        **_head(asked), "nodes": len(nodes), "stock_chips": stock, "took_s": round(took, 1),
        "operator_starts": operator.starts, "notes": _notes(pods, times), **figures,
    }  # fmt: skip


def _workloads(
    nodes: Sequence[openb.OpenbNode], pods: Sequence[openb.OpenbPod], times: Times
) -> list[tuple[float, Json]]:
    models = list(dict.fromkeys(node.model for node in nodes))
    return [
        (arrival, openb.workload(pod, run, _END_S, models))
        for pod, arrival, run in zip(pods, times.arrivals, times.runs, strict=True)
    ]


async def _run(plane: Plane, course: Course, asked: argparse.Namespace) -> tuple[Live, float, Operator]:
    operator, live = Operator(plane), Live()
    print(f"the operator's log: {operator.log}", file=sys.stderr)
    operator.start()
    try:
        async with Client(plane.kubeconfig) as client:
            following = asyncio.create_task(live.follow(client))
            await ready(operator)
            begun = time.monotonic()
            driver = Driver(plane, operator, client, live, course)
            await driver.run(asked.kill, asked.checks, random.Random(asked.seed))
            took = time.monotonic() - begun
            await asyncio.sleep(2)  # what is still on its way into the audit log
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
    finally:
        operator.stop()
    return live, took, operator


def _head(asked: argparse.Namespace) -> Json:
    options = f"--pods {asked.pods} --every {asked.every} --seed {asked.seed} --kill {asked.kill} --peak {asked.peak:g}"
    command = f"python -m tools.replay --data DATA {options} --checks {asked.checks}"
    return {"command": command, "list": asked.list, "date": today(), "machine": machine()}


def _notes(pods: Sequence[openb.OpenbPod], times: Times) -> list[str]:
    fractional = sum(pod.fractional for pod in pods)
    return [
        f"{fractional} pods ask for a part of a GPU; they are rounded up to one chip.",
        f"One second of arrivals is {times.factor:.0f} s of the list; gaps over 2 s are cut to 2 s.",
        "Run times are 5 to 60 s by the logarithm of the list's; a displaced pod begins anew.",
        "A hold is checked while arrivals and endings are stopped and nothing has changed for 2 s.",
    ]


if __name__ == "__main__":
    sys.exit(main())
