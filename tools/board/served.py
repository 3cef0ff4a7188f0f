"""A board of the large cluster that is really served, and a browser to look at it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Page, async_playwright

from chippool.board.server import Board
from chippool.board.source import Look, Source
from chippool.cli.forecast_live import Histories
from chippool.state.mirror import Mirror
from tools.board.chromium import chromium
from tools.board.scene import Size, histories, mirror
from tools.plane.progress import Steps

PAINTED = "html[data-painted]"


@dataclass(frozen=True, slots=True)
class Served:
    mirror: Mirror
    look: Look
    address: str


@asynccontextmanager
async def large(size: Size) -> AsyncIterator[Served]:
    """Live: what the mirror is told, the page shows."""
    seen = mirror(size)
    source = Source(seen)
    look = await source.look()

    async def remembered() -> Histories:
        return histories(size)

    async with Board(source, seen, name="example", namespace="lab", histories=remembered).served() as address:
        yield Served(seen, look, address)


@asynccontextmanager
async def started(steps: Steps | None = None) -> AsyncIterator[Browser]:
    """A Chromium; without its sandbox, which root does not get, as it sees our own page alone."""
    found = chromium(steps)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=found.path, args=["--no-sandbox"], env={**os.environ, **found.environment}
        )
        yield browser
        await browser.close()


async def painted(page: Page, address: str) -> float:
    """Open the page; milliseconds from then until it has drawn its pools."""
    await page.goto(address)
    await page.locator(PAINTED).wait_for(state="attached")
    return float(await page.evaluate("document.documentElement.dataset.painted"))
