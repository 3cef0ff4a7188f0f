"""`top` on a terminal: drawn at once from lists, then from the watch, and as the keys say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from chippool.cli import options
from chippool.cli.cluster import connected
from chippool.cli.keyboard import keys
from chippool.cli.listing import whole
from chippool.cli.picture import Picture, picture
from chippool.cli.top_keys import HELP, Looking, Sort, looked_at, pressed
from chippool.cli.top_screen import View, screen
from chippool.kube.client import Client
from chippool.kube.feed import Feed
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from chippool.visibility.reading import decided

HEADINGS = {View.ALL: 12, View.WORKLOADS: 5}
"""Lines of a screen beside those of pools, queues, classes and workloads."""


async def follow(
    console: Console, target: options.Target, namespace: str | None, interval: float, looking: Looking
) -> None:
    """Show it until a key or Ctrl-C ends it."""
    async with connected(target) as client:
        mirror = await whole(client, "top")
        async with followed(client, mirror) as feeds:
            with contextlib.suppress(asyncio.CancelledError):
                await _shown(console, mirror, feeds, namespace, interval, looking)


async def _shown(
    console: Console, mirror: Mirror, feeds: list[Feed], namespace: str | None, interval: float, looking: Looking
) -> None:
    look: Looking | None = looking
    with keys() as typed, Live(console=console, screen=True, auto_refresh=False) as live:
        while look is not None:
            seen = picture(await decided(mirror), namespace)
            look = await _drawn(live, seen, feeds, typed, interval, look)


async def _drawn(
    live: Live, seen: Picture, feeds: list[Feed], typed: asyncio.Queue[str], interval: float, looking: Looking
) -> Looking | None:
    """Draw one picture, again at each key, until it is time for the next."""
    look: Looking | None = looking
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(interval):
            while look is not None:
                look = _within(look, seen)
                live.update(_page(live.console, seen, feeds, look), refresh=True)
                look = pressed(await typed.get(), look)
    return look


def _within(looking: Looking, seen: Picture) -> Looking:
    """Nobody scrolls beyond the last line, or has to scroll back from there."""
    return replace(looking, skip=min(looking.skip, max(0, len(seen.workloads) - 1)))


def _page(console: Console, seen: Picture, feeds: list[Feed], looking: Looking) -> RenderableType:
    shown = screen(
        looked_at(seen, looking), width=console.width, rows=_rows(console, seen, looking.view), wide=looking.wide,
        view=looking.view,
    )  # fmt: skip
    trouble = sorted({feed.trouble for feed in feeds if feed.trouble})
    if trouble:
        return Group(shown, Text(f"These figures may be old: {trouble[0]}", style="red"))
    sort = (
        ""
        if looking.sort is Sort.TURN and not looking.reverse
        else f"   by {looking.sort}{', reversed' * looking.reverse}"
    )
    return Group(shown, Text(f"{HELP}{sort}", style="dim", overflow="ellipsis", no_wrap=True))


def _rows(console: Console, seen: Picture, view: View) -> int:
    """Lines that are left for workloads."""
    others = 0
    if view is View.ALL:
        others = len(seen.pools) + sum(max(1, len(queue.pools)) for queue in seen.queues) + len(seen.priority_classes)
    return max(1, console.height - others - HEADINGS.get(view, 0))


@asynccontextmanager
async def followed(client: Client, mirror: Mirror) -> AsyncIterator[list[Feed]]:
    feeds = [Feed(client, kind, mirror) for kind in KINDS]
    tasks = [asyncio.create_task(feed.run()) for feed in feeds]
    try:
        yield feeds
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
