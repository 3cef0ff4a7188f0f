"""The operator beside a large cluster: memory, and start to synced. `python -m tools.bench.scale -o FILE`.

5,000 nodes of three chips and 20,000 bound pods that are not chippool's, half of them on chips; then some
ChipWorkloads come and go, so that what is measured is an operator at work.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tools.bench import rig
from tools.bench.client import Client
from tools.bench.loads import POOL, WORKLOADS, surroundings, workload
from tools.bench.machine import machine, today
from tools.bench.round import clear, watching
from tools.plane import paths
from tools.plane.fleet import Fleet
from tools.plane.plane import Plane
from tools.report import save, show

Json = dict[str, Any]
_FLEET = paths.REPOSITORY / "examples" / "fleets" / "large.yaml"
_QUICK_FLEET = paths.REPOSITORY / "examples" / "fleets" / "bench.yaml"
_OTHERS = "others"
_AT_ONCE = 48
_SETTLE_S = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.scale", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/bench/scale.json"))
    parser.add_argument("--pods", type=int, default=20_000)
    parser.add_argument("--starts", type=int, default=3, help="how often the operator is started")
    parser.add_argument("--workloads", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="200 nodes and 400 pods, to see that it works")
    asked = parser.parse_args()
    report = measure(_QUICK_FLEET if asked.quick else _FLEET, 400 if asked.quick else asked.pods, asked)
    save(report, asked.output)
    show(report)


def measure(fleet: Path, pods: int, asked: argparse.Namespace) -> Json:
    begun = time.monotonic()
    with Plane.start(f"scale-{os.getpid()}", fleet, audit=False) as plane:
        rig.install(plane)
        plane.kubectl("create", "namespace", _OTHERS)
        plane.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(surroundings()))
        asyncio.run(_populate(plane, pods))
        set_up = time.monotonic() - begun
        print(f"set up in {set_up:.0f} s", file=sys.stderr, flush=True)
        starts = asyncio.run(_starts(plane, asked))
    synced = [start["synced_s"] for start in starts]
    return {
        "command": "python -m tools.bench.scale",
        "date": today(),
        "machine": machine(),
        "nodes": Fleet.load(fleet).size,
        "pods": pods,
        "set_up_s": round(set_up, 1),
        "start_to_synced_s": round(statistics.median(synced), 2),
        "resident_mib": max(start["at_work"]["peak"] for start in starts),
        "starts": starts,
    }


async def _populate(plane: Plane, pods: int) -> None:
    """Pods of others, dealt to the nodes in turn, bound as they are made."""
    async with Client(plane.kubeconfig) as client:
        nodes, _ = await client.listed("/api/v1/nodes")
        limit = asyncio.Semaphore(_AT_ONCE)
        done = 0

        async def make(i: int) -> None:
            nonlocal done
            async with limit:
                await client.call("POST", f"/api/v1/namespaces/{_OTHERS}/pods", _pod(i, nodes[i % len(nodes)]))
            done += 1
            if done % 2000 == 0:
                print(f"{done} of {pods} pods made", file=sys.stderr, flush=True)

        await asyncio.gather(*(make(i) for i in range(pods)))
        await _until_running(client)


async def _until_running(client: Client) -> None:
    """The kubelets are behind by minutes: what is measured is a cluster at rest."""
    waiting = f"/api/v1/namespaces/{_OTHERS}/pods?fieldSelector=status.phase%3DPending&limit=1"
    while (await client.call("GET", waiting))["items"]:
        print("not all pods are Running yet", file=sys.stderr, flush=True)
        await asyncio.sleep(5)


def _pod(i: int, node: Json) -> Json:
    """About the size of a real one; every other pod takes a chip."""
    chip = next((r for r in node["status"]["allocatable"] if "/" in r), None)
    chips = {chip: "1"} if chip and i % 2 else {}
    requests = {"cpu": "2", "memory": "8Gi", **chips}
    env = [{"name": f"SETTING_{n}", "value": f"value-{n}-{i}"} for n in range(12)]
    mounts = [{"name": f"volume-{n}", "mountPath": f"/mnt/{n}"} for n in range(4)]
    container = {
        "name": "main", "image": "registry.example/team/service:1.2.3", "env": env, "volumeMounts": mounts,
        "resources": {"requests": requests, "limits": chips},
    }  # fmt: skip
    labels = {f"example.com/label-{n}": f"value-{i % 97}" for n in range(6)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"other-{i}", "namespace": _OTHERS, "labels": labels},
        "spec": {
            "nodeName": node["metadata"]["name"],
            "containers": [container, {"name": "sidecar", "image": "registry.example/proxy:1"}],
            "volumes": [{"name": f"volume-{n}", "emptyDir": {}} for n in range(4)],
        },
    }


async def _starts(plane: Plane, asked: argparse.Namespace) -> list[Json]:
    found = []
    async with Client(plane.kubeconfig) as client:
        for _ in range(asked.starts):
            found.append(await _start(plane, client, asked.workloads))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    return found


async def _start(plane: Plane, client: Client, workloads: int) -> Json:
    operator = rig.Operator(plane)
    operator.start()
    try:
        synced = await rig.ready(operator)
        at_start = operator.memory_mib()
        ready = await _work(client, workloads)
        await clear(client)
        await asyncio.sleep(_SETTLE_S)
        at_work = operator.memory_mib()
        cpu = operator.cpu_s()
    finally:
        await asyncio.to_thread(operator.stop)
    return {
        "synced_s": round(synced, 2), "synced": at_start, "at_work": at_work, "cpu_s": round(cpu, 2),
        f"{POOL}_ready_s": ready,
    }  # fmt: skip


async def _work(client: Client, count: int) -> float:
    """Seconds until so many single-pod workloads are Ready."""
    async with watching(client, workloads=True, pins=False) as seen:
        begun = time.monotonic()
        for i in range(count):
            await client.call("POST", WORKLOADS, workload(f"load-{i}", 1))
        await seen.until(ready=count)
        return round(time.monotonic() - begun, 2)


if __name__ == "__main__":
    main()
