"""How soon the board shows a cluster of 5,000 nodes and 2,000 workloads: `make bench-board`."""

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser

from chippool.sim.recorded import PROJECTIONS
from tools.bench.machine import machine, today
from tools.board.scene import Size, a_workload
from tools.board.served import Served, large, painted, started
from tools.report import save, show

TIMES = 7
Json = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/bench/board.json"))
    output = parser.parse_args().output
    found = asyncio.run(measured(Size(now=time.time())))
    save(found, output)
    show(found)


async def measured(size: Size) -> Json:
    async with large(size) as served, started() as browser:
        paints = [await _paint(browser, served.address) for _ in range(TIMES)]
        news = [await _news(browser, served, size, number) for number in range(TIMES)]
        return {
            "command": "python -m tools.bench.board",
            "date": today(),
            "machine": machine(),
            "nodes": size.nodes,
            "workloads": size.workloads,
            "firstPaintMilliseconds": {"median": statistics.median(paints), "most": max(paints)},
            "liveUpdateSeconds": {"median": round(statistics.median(news), 2), "most": round(max(news), 2)},
            "bytes": await _sizes(served),
        }


async def _paint(browser: Browser, address: str) -> float:
    """In a fresh profile: nothing is cached. The first line of the queue is there, too."""
    context = await browser.new_context()
    page = await context.new_page()
    found = await painted(page, address)
    await page.locator("#row-0").wait_for()
    await context.close()
    return found


async def _news(browser: Browser, served: Served, size: Size, number: int) -> float:
    """Seconds from what the watch brings to the page that shows it."""
    page = await browser.new_page()
    await painted(page, served.address)
    await page.fill("#find", f"news-{number}")
    await page.get_by_text("None.").wait_for()
    raw = a_workload(f"news-{number}", namespace="lab", queue="serving", class_name="revenue", pool="nvidia-h20",
                     replicas=40, created=size.now)  # fmt: skip
    began = time.monotonic()
    served.mirror.apply("ChipWorkload", raw["metadata"]["uid"], PROJECTIONS["ChipWorkload"](raw))
    await page.locator("#row-0").wait_for()
    took = time.monotonic() - began
    await page.close()
    return took


async def _sizes(served: Served) -> Json:
    """Of one update, of what a screen of the queue asks for, and of the largest rack map."""
    largest = max(served.look.picture.pools, key=lambda pool: pool.nodes).name
    async with aiohttp.ClientSession() as session:

        async def read(path: str) -> int:
            async with session.get(served.address + path) as answer:
                return len(await answer.read())

        async with session.get(f"{served.address}live") as stream:
            update = len(await stream.content.readuntil(b"\n\n"))
        queue, racks = await read("workloads?which=waiting&count=60"), await read(f"racks?pool={largest}")
    return {"update": update, "queue": queue, "racks": racks}


if __name__ == "__main__":
    main()
