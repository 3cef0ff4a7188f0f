"""Pods per second onto nodes beside the floor and a peer: `python -m tools.bench.cluster -o FILE`.

Rounds of all modes follow one another on one plane of 200 nodes with 8 chips. Only one of chippool and Kueue is there
at a time: the other's process, webhooks and admission policies are gone.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.bench import rig
from tools.bench.client import Client
from tools.bench.displace import displacing
from tools.bench.kueue import Kueue
from tools.bench.loads import surroundings
from tools.bench.machine import machine, today
from tools.bench.round import clear, measure
from tools.plane import paths
from tools.plane.fleet import Fleet
from tools.plane.plane import Plane
from tools.replay import audit
from tools.report import add_outputs, show, tell

Json = dict[str, Any]
_FLEET = paths.REPOSITORY / "examples" / "fleets" / "bench.yaml"
_SIZES = ((1000, 1), (100, 10))
_QUICK_SIZES = ((60, 1), (6, 10))
_MODES = ("plain", "gated", "chippool", "kueue-tas")


def main() -> None:
    asked = _arguments()
    with Plane.start(f"bench-{os.getpid()}", _FLEET) as plane:
        rig.install(plane)
        plane.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(surroundings()))
        report = asyncio.run(_Bench(plane, asked).run())
    tell(report, asked.output, asked.rows)
    if asked.output or asked.rows:  # else it has been printed with the rest
        show(report["summary"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.cluster", description=__doc__)
    add_outputs(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=100, help="displacing workloads to time")
    parser.add_argument("--kueue", type=Path, default=os.environ.get("KUEUE_BIN"), help="folder with Kueue, if built")
    parser.add_argument("--peers", type=Path, default=os.environ.get("KUEUE_PEER"), help="folder of its up.py")
    parser.add_argument("--quick", action="store_true", help="few jobs, one round: to see that it works")
    asked = parser.parse_args()
    if asked.kueue and not asked.peers:
        parser.error("--kueue needs --peers, the folder of the script that runs it")
    return asked


class _Bench:
    def __init__(self, plane: Plane, asked: argparse.Namespace) -> None:
        self._plane, self._asked = plane, asked
        self._modes = _MODES if asked.kueue else _MODES[:-1]
        self._log = Path(os.environ.get("TMPDIR", "/tmp")) / f"bench-{os.getpid()}-operator.log"
        self._read = 0
        self._results: list[Json] = []
        self._displacing: Json = {}

    async def run(self) -> Json:
        async with Client(self._plane.kubeconfig) as client:
            await asyncio.to_thread(rig.guard, self._plane, False)
            sizes, rounds = (_QUICK_SIZES, 1) if self._asked.quick else (_SIZES, self._asked.rounds)
            for number in range(rounds):
                for jobs, gang in sizes:
                    for mode in self._modes[number % len(self._modes) :] + self._modes[: number % len(self._modes)]:
                        await self._round(client, mode, jobs, gang, number)
            await self._displace(client)
        return {
            "command": "python -m tools.bench.cluster",
            "date": today(),
            "machine": machine(),
            "nodes": Fleet.load(_FLEET).size,
            "results": self._results,
            "displacing": self._displacing,
            "summary": summary(self._results) | {"displacing": self._displacing},
        }

    async def _round(self, client: Client, mode: str, jobs: int, gang: int, number: int) -> None:
        result: Json = {"mode": mode, "jobs": jobs, "gang": gang, "round": number}
        if mode == "chippool":
            result |= await self._with_chippool(client, jobs, gang)
        elif mode == "kueue-tas":
            result |= await self._with_kueue(client, jobs, gang)
        else:
            result |= await _one(client, mode, jobs, gang)
        self._results.append(result)
        print(json.dumps(result), file=sys.stderr, flush=True)

    async def _with_chippool(self, client: Client, jobs: int, gang: int) -> Json:
        operator = await self._begin()
        try:
            self._new_calls()
            spent = operator.cpu_s()
            figures = await measure(client, "chippool", jobs, gang)
            figures |= _writes(await self._settled(), jobs)
            figures["operator_cpu_ms_per_workload"] = round((operator.cpu_s() - spent) * 1000 / jobs, 2)
            figures["operator_memory_mib"] = operator.memory_mib()
            await clear(client)
        finally:
            await self._end(operator)
        return figures

    async def _with_kueue(self, client: Client, jobs: int, gang: int) -> Json:
        kueue = Kueue(self._plane, self._asked.kueue, Path(self._asked.peers) / "up.py")
        await asyncio.to_thread(kueue.start)
        try:
            return await _one(client, "kueue-tas", jobs, gang)
        finally:
            await asyncio.to_thread(kueue.stop)

    async def _displace(self, client: Client) -> None:
        operator = await self._begin()
        try:
            nodes = Fleet.load(_FLEET).size
            samples = 5 if self._asked.quick else self._asked.samples
            self._displacing = await displacing(client, nodes, samples)
            await clear(client)
        finally:
            await self._end(operator)

    async def _begin(self) -> rig.Operator:
        await asyncio.to_thread(rig.guard, self._plane, True)
        operator = rig.Operator(self._plane, self._log)
        operator.start()
        await rig.ready(operator)
        return operator

    async def _end(self, operator: rig.Operator) -> None:
        await asyncio.to_thread(operator.stop)
        await asyncio.to_thread(rig.guard, self._plane, False)

    def _new_calls(self) -> list[audit.Call]:
        """What the audit log says since the last look."""
        calls, self._read = audit.read_from(self._plane.audit_log, self._read)
        return calls

    async def _settled(self) -> list[audit.Call]:
        """Chippool's own since the last look, once it writes nothing any more but its Lease: events come last."""
        calls: list[audit.Call] = []
        while True:
            await asyncio.sleep(1)
            new = [call for call in self._new_calls() if call.user == rig.USER and call.writes]
            calls += new
            if all(call.resource == "leases" for call in new):
                return calls


def _writes(calls: list[audit.Call], jobs: int) -> Json:
    kinds = audit.by_user(call for call in calls if call.succeeded).get(rig.USER, {"total": 0})
    return {
        "writes_per_workload": round(kinds["total"] / jobs, 2),
        "writes": {kind: count for kind, count in kinds.items() if kind != "total"},
    }


async def _one(client: Client, mode: str, jobs: int, gang: int) -> Json:
    figures = await measure(client, mode, jobs, gang)
    await clear(client)
    return figures


def summary(results: list[Json]) -> Json:
    """Medians of pods per second, and chippool's ratio to each other mode, by size."""
    said: Json = {}
    for jobs, gang in dict.fromkeys((r["jobs"], r["gang"]) for r in results):
        rates = {mode: _median(results, mode, jobs, gang) for mode in dict.fromkeys(r["mode"] for r in results)}
        ours = rates.get("chippool", 0.0)
        said[f"{jobs}x{gang}"] = {
            "pods_per_s": rates,
            "chippool_to": {mode: round(ours / rate, 2) for mode, rate in rates.items() if mode != "chippool" and rate},
            **dict(_extras(results, jobs, gang)),
        }
    return said


def _extras(results: list[Json], jobs: int, gang: int) -> Iterator[tuple[str, float]]:
    ours = [r for r in results if (r["mode"], r["jobs"], r["gang"]) == ("chippool", jobs, gang)]
    for figure in ("ready_s", "writes_per_workload", "operator_cpu_ms_per_workload"):
        if ours:
            yield figure, statistics.median(r[figure] for r in ours)


def _median(results: list[Json], mode: str, jobs: int, gang: int) -> float:
    rates = [r["pods_per_s"] for r in results if (r["mode"], r["jobs"], r["gang"]) == (mode, jobs, gang)]
    return round(statistics.median(rates), 1) if rates else 0.0


if __name__ == "__main__":
    main()
