"""`chippool top`: the stock and who has it, once or live."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from chippool.cli import options
from chippool.cli.failures import answered
from chippool.cli.listing import PAGE, look, show
from chippool.cli.picture import Picture
from chippool.cli.structured import text
from chippool.cli.top_keys import Looking, Sort, looked_at
from chippool.cli.top_live import follow
from chippool.cli.top_screen import ROWS, View, screen


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def top(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Show the workloads of this namespace only.", metavar="NAME")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print once and end.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="json and yaml print once.")] = Output.TABLE,
    interval: Annotated[float, typer.Option("--interval", help="Seconds between two looks.", min=0.2)] = 2.0,
    view: Annotated[View, typer.Option("--view", help="What to show; keys 1 to 5.")] = View.ALL,
    sort: Annotated[Sort, typer.Option("--sort", help="By what workloads are sorted; key s.")] = Sort.TURN,
) -> None:
    """Show pools with their chips by state, queues, priority classes and workloads.

    Reads the cluster with your kubeconfig; needs no running operator, but the right to list nodes and pods everywhere.
    On a terminal it goes on until q; its last line says which keys there are.
    """
    target, console = options.Target(kubeconfig, context, snapshot), Console(highlight=False)
    looking = Looking(view=view, sort=sort, wide=output is Output.WIDE)
    if output in {Output.JSON, Output.YAML}:
        found = looked_at(answered(look(target, namespace, "top")), looking)
        typer.echo(text(found, options.Structured(output.value)))
    elif once or snapshot is not None or not console.is_terminal:
        _print(console, answered(look(target, namespace, "top")), looking)
    else:
        answered(follow(console, target, namespace, interval, looking))


def _print(console: Console, seen: Picture, looking: Looking) -> None:
    width = console.width if console.is_terminal else PAGE
    rows = None if looking.wide else ROWS
    show(screen(looked_at(seen, looking), width=width, rows=rows, wide=looking.wide, view=looking.view))
