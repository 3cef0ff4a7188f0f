"""`chippool top`: the stock and who has it, once or live."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from chippool.cli import options
from chippool.cli.cluster import ForbiddenError, connected, mirrored
from chippool.cli.failures import Failure, answered
from chippool.cli.picture import Picture, picture
from chippool.cli.structured import text
from chippool.cli.top_screen import ROWS, screen
from chippool.kube.client import Client
from chippool.kube.feed import Feed
from chippool.state.kinds import KINDS
from chippool.state.mirror import Mirror
from chippool.visibility.reading import decided

PAGE = 1000
"""Characters a line may have in a pipe or file: it is nobody's screen, so nothing is cut."""
OTHER_LINES = 12
"""Headings and empty lines of a screen, beside the lines of pools, queues, classes and workloads."""


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def top(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Show the workloads of this namespace only.", metavar="NAME")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print once and end.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="json and yaml print once.")] = Output.TABLE,
    interval: Annotated[float, typer.Option("--interval", help="Seconds between two looks.", min=0.2)] = 2.0,
) -> None:
    """Show pools with their chips by state, queues, priority classes and workloads.

    Reads the cluster with your kubeconfig; needs no running operator, but the right to list nodes and pods everywhere.
    """
    target = options.Target(kubeconfig, context)
    console = Console(highlight=False)
    if output in {Output.JSON, Output.YAML}:
        typer.echo(text(answered(_look(target, namespace)), options.Structured(output.value)))
    elif once or not console.is_terminal:
        _print(console, answered(_look(target, namespace)), wide=output is Output.WIDE)
    else:
        answered(_follow(console, target, namespace, interval, wide=output is Output.WIDE))


def _print(console: Console, seen: Picture, *, wide: bool) -> None:
    rows = None if wide else ROWS
    if console.is_terminal:
        console.print(screen(seen, width=console.width, rows=rows, wide=wide))
        return
    page = Console(width=PAGE, file=io.StringIO())
    with page.capture() as captured:
        page.print(screen(seen, width=PAGE, rows=rows, wide=wide))
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


async def _look(target: options.Target, namespace: str | None) -> Picture:
    async with connected(target) as client:
        return picture(await decided(await _whole(client)), namespace)


async def _whole(client: Client) -> Mirror:
    try:
        return await mirrored(client)
    except ForbiddenError as forbidden:
        raise Failure(
            f"top shows the whole cluster, and you may not list {', '.join(forbidden.kinds)} in all namespaces. "
            "`chippool explain WORKLOAD` works with rights in one namespace; for top, ask for "
            "the chart's ClusterRole chippool-observer, or one with the verb list on them."
        ) from forbidden


async def _follow(
    console: Console, target: options.Target, namespace: str | None, interval: float, *, wide: bool
) -> None:
    """Draw at once from lists, then follow the watch."""
    async with connected(target) as client:
        mirror = await _whole(client)
        async with _followed(client, mirror) as feeds:
            with (
                contextlib.suppress(asyncio.CancelledError),
                Live(console=console, screen=True, auto_refresh=False) as live,
            ):
                while True:
                    seen = picture(await decided(mirror), namespace)
                    live.update(_live(console, seen, feeds, wide=wide), refresh=True)
                    await asyncio.sleep(interval)


@asynccontextmanager
async def _followed(client: Client, mirror: Mirror) -> AsyncIterator[list[Feed]]:
    feeds = [Feed(client, kind, mirror) for kind in KINDS]
    tasks = [asyncio.create_task(feed.run()) for feed in feeds]
    try:
        yield feeds
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _live(console: Console, seen: Picture, feeds: list[Feed], *, wide: bool) -> RenderableType:
    lines = len(seen.pools) + sum(max(1, len(queue.pools)) for queue in seen.queues) + len(seen.priority_classes)
    rows = max(1, console.height - lines - OTHER_LINES)
    trouble = sorted({feed.trouble for feed in feeds if feed.trouble})
    foot = Text("Ctrl-C ends.", style="dim")
    if trouble:
        foot = Text(f"These figures may be old: {trouble[0]}", style="red")
    return Group(screen(seen, width=console.width, rows=rows, wide=wide), foot)
