"""How long a top-class workload takes from create to Running when it has to displace, one after the other."""

import asyncio
import time
from typing import Any

from tools.bench.client import Client
from tools.bench.loads import LOW, TOP, WORKLOADS, workload
from tools.bench.round import watching

Json = dict[str, Any]


async def displacing(client: Client, nodes: int, samples: int) -> Json:
    """Fill every node with low work of eight chips, then bring in top work of eight chips; seconds."""
    async with watching(client, workloads=True, pins=False) as seen:
        for i in range(nodes):
            await client.call("POST", WORKLOADS, workload(f"low-{i}", 1, class_name=LOW, chips=8))
        await seen.until(running=nodes, ready=nodes)
        took = []
        for i in range(samples):
            before = len(seen.running)
            start = time.monotonic()
            await client.call("POST", WORKLOADS, workload(f"top-{i}", 1, class_name=TOP, chips=8))
            await seen.until(running=before + 1)
            took.append(time.monotonic() - start)
            await asyncio.sleep(0.2)
    return summary(took)


def summary(took: list[float]) -> Json:
    ranked = sorted(took)
    return {
        "samples": len(ranked),
        "p50_s": round(_at(ranked, 0.5), 3),
        "p90_s": round(_at(ranked, 0.9), 3),
        "p99_s": round(_at(ranked, 0.99), 3),
        "max_s": round(ranked[-1], 3),
    }


def _at(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]
