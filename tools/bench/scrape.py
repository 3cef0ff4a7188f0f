"""A scrape of /metrics beside a large cluster: `python -m tools.bench.scrape -o FILE`.

15,000 nodes, 200 queues, 10 classes, and workloads in every state of each queue and class: the most series there can
be. Measured is what Prometheus would: a GET over HTTP from another process, and how long the operator's event loop,
which does everything else meanwhile, stands still for it; and the CPU it takes, which what else a machine does moves
less.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from chippool.core.capacity import Purpose, Yields
from chippool.core.demand import OTHERS, Ring
from chippool.core.ids import CHIP, Namespace, PoolName
from chippool.core.ledger import CHIP_SECOND, Account, Stock, Sums
from chippool.core.outlook import Known, Outlook, outlook
from chippool.core.reasons import Reason
from chippool.kube.backlog import Outcome, Urgency
from chippool.kube.feed import FeedStats
from chippool.metrics import Metrics
from chippool.shell import memory
from chippool.shell.probes import Server
from chippool.shell.readings import readers
from chippool.shell.readings_ledger import LedgerReadings
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from tools.bench.machine import machine, today
from tools.bench.objects import NOW, Size, everything
from tools.report import save, show

Json = dict[str, Any]
ROUNDS = 30
GROWING = Ring(int(NOW // 3600), {}, {OTHERS: tuple(50.0 + day for day in range(60))})
"""What a pool was asked for."""
_LOOK_S = 0.001
_PROJECT = {kind.name: kind.project for kind in KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.scrape", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/bench/scrape.json"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    report = asyncio.run(measure(Size(), asked.rounds, settled=memory.settle))
    save(report, asked.output)
    show(report)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a loop remembers of a plan: chips kept in each pool, and holds by each reason."""

    kept: dict[Any, int] = field(default_factory=dict)
    prices: dict[Any, float] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrote:
    """What a writer has counted."""

    stats: Counter[tuple[str, Outcome]]
    pending: dict[Urgency, int]
    retries: int = 0


@dataclass(slots=True)
class Heard:
    """What a feed has counted."""

    kind: Any
    stats: Any

    def age(self, now: float) -> float:
        return now % 60


@dataclass(frozen=True, slots=True)
class Booked:
    """What a ledger has counted: for every queue, class and pool."""

    accounts: dict[Account, Sums]
    pools: dict[PoolName, Stock]

    def sums(self) -> dict[Account, Sums]:
        return self.accounts

    def stock(self) -> dict[PoolName, Stock]:
        return self.pools


def booked(mirror: Mirror) -> Booked:
    """An account of each queue and class in each pool, and of each purpose in turn."""
    work, pools, purposes = sorted(mirror.seen().tallies.workloads), sorted(mirror.pool_records), list(Purpose)
    everywhere = enumerate((queue, name, pool) for queue, name, _ in work for pool in pools)
    return Booked(
        {
            Account(queue, name, Namespace("team"), pool, purposes[n % len(purposes)]): Sums(*[CHIP_SECOND] * 8)
            for n, (queue, name, pool) in everywhere
        },
        {pool: Stock(CHIP_SECOND, CHIP_SECOND) for pool in pools},
    )


def filled(size: Size) -> Mirror:
    """The mirror of a cluster of this size."""
    mirror = Mirror(lambda: NOW)
    for raw in everything(size):
        mirror.apply(raw["kind"], raw["metadata"]["uid"], _PROJECT[raw["kind"]](raw))
    mirror.snapshot()
    return mirror


def metrics_of(mirror: Mirror) -> Metrics:
    """All metrics of an operator that leads beside this mirror."""
    metrics = Metrics()
    classes = sorted({name for _, name, _ in mirror.seen().tallies.workloads})
    for name in classes:
        metrics.know(name)
        metrics.admission_wait.labels(name).observe(10.0)
    for reason in Reason:
        for kind in ("Admit", "Displace", "Migrate"):
            metrics.decisions.labels(kind, reason.value).inc()
    decided = Decided(
        dict.fromkeys(mirror.pool_records, 8000),
        dict.fromkeys(mirror.pool_records, 0.5),
        {reason.value: 10 for reason in Reason},
    )
    outcomes = Counter({(kind.name, outcome): 5 for kind in KINDS for outcome in Outcome})
    wrote = Wrote(outcomes, dict.fromkeys(Urgency, 1))
    feeds = [Heard(kind, FeedStats()) for kind in KINDS]
    lasting = outlook(GROWING, Known(None, Yields(), 100 * CHIP, 100 * CHIP, {}), NOW)

    def lasts(_: PoolName) -> Outlook:
        return lasting

    known: Any = (mirror, decided, feeds, wrote, lasts)
    told = readers(*known, leads=lambda: True, synced=lambda: True, clock=lambda: NOW)
    metrics.show(*told, LedgerReadings(booked(mirror)))  # type: ignore[arg-type]
    return metrics


async def measure(size: Size, rounds: int, settled: Callable[[], None] = lambda: None) -> Json:
    """Scrape so many times, one after the other; `settled` is what the operator does once its mirror is whole."""
    mirror = await asyncio.to_thread(filled, size)
    settled()
    metrics, cpu = metrics_of(mirror), list[float]()

    def page() -> bytes:
        begun = time.thread_time()
        text = metrics.page()
        cpu.append(time.thread_time() - begun)
        return text

    server = Server(address="127.0.0.1", port=0, healthy=list, ready=list, metrics=page)
    await server.start()
    try:
        text, seconds, stalls = await _scraped(server.port, rounds)
    finally:
        await server.stop()
    return {
        "command": "python -m tools.bench.scrape",
        "date": today(),
        "machine": machine(),
        "nodes": size.nodes,
        "queues": size.queues,
        "classes": size.classes,
        "pools": size.pools,
        "workloads": size.workloads,
        "series": series(text),
        "bytes": len(text),
        "scrapes": rounds,
        "scrape_ms": _spread(seconds),
        "event_loop_stands_still_ms": _spread(stalls),
        "cpu_ms": _spread(cpu),
    }


def series(text: str) -> int:
    return sum(len(family.samples) for family in text_string_to_metric_families(text))


async def _scraped(port: int, rounds: int) -> tuple[str, list[float], list[float]]:
    """The last page, how long each took the one who asked, and the longest pause of this loop in each."""
    stalls: list[float] = []
    seconds: list[float] = []
    with multiprocessing.get_context("spawn").Pool(1) as asker:
        await asyncio.to_thread(asker.apply, _get, (port,))
        for _ in range(rounds):
            asked = asyncio.ensure_future(asyncio.to_thread(asker.apply, _get, (port,)))
            longest = 0.0
            while not asked.done():
                begun = time.perf_counter()
                await asyncio.sleep(_LOOK_S)
                longest = max(longest, time.perf_counter() - begun - _LOOK_S)
            took, text = await asked
            seconds.append(took)
            stalls.append(longest)
    return text, seconds, stalls


def _get(port: int) -> tuple[float, str]:
    begun = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return time.perf_counter() - begun, text


def _spread(seconds: list[float]) -> Json:
    millis = sorted(1000 * value for value in seconds)
    return {"median": round(statistics.median(millis), 1), "most": round(millis[-1], 1)}


if __name__ == "__main__":
    main()
