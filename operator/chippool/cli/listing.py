"""`chippool pools`, `queues` and `workloads`: one kind of `top`'s lines each, for people, pipes and programs."""

import io
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from chippool.cli import options
from chippool.cli.cluster import ForbiddenError, connected, from_file, mirrored
from chippool.cli.failures import Failure, answered
from chippool.cli.picture import Picture, PoolLine, QueueLine, WorkloadLine, picture
from chippool.cli.picture_stock import effective_text, runway_text
from chippool.cli.structured import text
from chippool.cli.top_screen import COLOURS, STATES, age
from chippool.cli.waits import HERE, OperatorNamespace, remembered
from chippool.kube.client import Client
from chippool.state.mirror import Mirror
from chippool.visibility.expectation import UNSEEN
from chippool.visibility.reading import decided
from chippool.visibility.words import Number, number

PAGE = 1000
"""Characters a line may have in a pipe or file: it is nobody's screen, so nothing is cut."""
Lines = Sequence[PoolLine] | Sequence[QueueLine] | Sequence[WorkloadLine]


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


HowTo = Annotated[Output, typer.Option("--output", "-o")]
In = Annotated[str | None, typer.Option("--namespace", "-n", help="Of this namespace only.", metavar="NAME")]


def pools(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    output: HowTo = Output.TABLE,
) -> None:
    """List pools with their chips by state."""
    seen = answered(look(options.Target(kubeconfig, context, snapshot), None, "pools"))
    _show(output, "chippool.chippool.io", seen.pools, _pools)


def queues(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    output: HowTo = Output.TABLE,
) -> None:
    """List queues with what they use, are guaranteed, may have and want of each pool."""
    seen = answered(look(options.Target(kubeconfig, context, snapshot), None, "queues"))
    _show(output, "chipqueue.chippool.io", seen.queues, _queues)


def workloads(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: In = None,
    operator_namespace: OperatorNamespace = HERE,
    output: HowTo = Output.TABLE,
) -> None:
    """List workloads: who has chips, by priority; then who waits, in the order of their turn, and why.

    Wide, JSON and YAML say when who waits is expected to start, where that can be told.
    """
    seen = answered(
        look(options.Target(kubeconfig, context, snapshot), namespace, "workloads", waits_in=operator_namespace)
    )
    _show(output, "chipworkload.chippool.io", seen.workloads, _workloads)


async def look(target: options.Target, namespace: str | None, command: str, *, waits_in: str | None = None) -> Picture:
    """Return what there is now; Failure where the user may not see the cluster.

    `waits_in` is where the operator keeps how long waits were; without it nobody is told when who waits will start.
    """
    if target.snapshot is not None:
        return picture(await from_file(target.snapshot), namespace)
    async with connected(target) as client:
        mirror = await whole(client, command)
        known = UNSEEN if waits_in is None else await remembered(client, waits_in)
        return picture(await decided(mirror, known=known), namespace)


async def whole(client: Client, command: str) -> Mirror:
    """Return a mirror of the whole cluster; Failure where the user may not see it."""
    try:
        return await mirrored(client)
    except ForbiddenError as forbidden:
        raise Failure(
            f"{command} shows the whole cluster, and you may not list {', '.join(forbidden.kinds)} in all namespaces. "
            f"`chippool explain WORKLOAD` works with rights in one namespace; for {command}, ask for "
            "the chart's ClusterRole chippool-observer, or one with the verb list on them."
        ) from forbidden


def _show(output: Output, kind: str, lines: Lines, table: Callable[..., Table]) -> None:
    match output:
        case Output.NAME:
            for line in lines:
                typer.echo(line.name if "/" in line.name else f"{kind}/{line.name}")  # native ones have their kind
        case Output.JSON | Output.YAML:
            typer.echo(text(lines, options.Structured(output.value)))
        case _:
            if lines:
                show(table(lines, wide=output is Output.WIDE))
            else:
                typer.echo(f"There are no {kind.partition('.')[0]}s.", err=True)


def show(what: RenderableType) -> None:
    """Print in colours on a terminal, and plainly and uncut elsewhere."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(what)
        return
    page = Console(width=PAGE, file=io.StringIO())
    with page.capture() as captured:
        page.print(what)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _table(columns: Iterable[str], right: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in {*right} else "left", overflow="fold")
    return table


def _pools(lines: Sequence[PoolLine], *, wide: bool) -> Table:
    numbers = ("NODES", "CHIPS", *(state.upper() for state, _, _ in STATES))
    more = ("MODEL", "RESOURCE", "PRICE", "EFFECTIVE", "LASTS UNTIL (80 %)") if wide else ()
    table = _table(("NAME", *numbers, *more), (*numbers, "PRICE"))
    for line in lines:
        states = (number(getattr(line.chips, state)) for state, _, _ in STATES)
        stock = (effective_text(line.effective_chips), runway_text(line.runway))
        rest = (line.model, line.resource_name, number(line.price), *stock) if wide else ()
        table.add_row(line.name, str(line.nodes), number(line.chips.installed), *states, *rest)
    return table


def _queues(lines: Sequence[QueueLine], *, wide: bool) -> Table:
    """One row for each pool; all of them say the queue's name, so that grep and awk find it."""
    numbers = ("USED", "GUARANTEED", "BORROWED", "LIMIT", "WANTED")
    more = ("ADMITTED", "PENDING") if wide else ()
    table = _table(("NAME", "POOL", *numbers, *more), (*numbers, *more))
    for line in lines:
        counts = (str(line.admitted), str(line.pending)) if wide else ()
        for use in line.pools:
            limit = "-" if use.limit is None else number(use.limit)
            known = (number(use.used), number(use.guaranteed), number(use.borrowed), limit, number(use.pending))
            table.add_row(line.name, use.pool_name, *known, *counts)
        if not line.pools:
            table.add_row(line.name, "-", "0", "0", "0", "-", "0", *counts)
    return table


def _workloads(lines: Sequence[WorkloadLine], *, wide: bool) -> Table:
    columns = ("#", "NAMESPACE", "NAME", "CLASS", "STATE", "CHIPS", "READY", "POOL", "REASON", "AGE")
    more = ("QUEUE", "VARIANT", "NODES", "MODE", "STARTS", "MESSAGE") if wide else ()
    table = _table((*columns, *more), ("#", "CHIPS", "READY", "AGE", "NODES"))
    for line in lines:
        placed = (line.queue_name, line.variant or "-", _or_dash(line.nodes), line.mode.value)
        extra = (*placed, line.expected or "-", line.message)
        table.add_row(
            _or_dash(line.position),
            line.namespace,
            line.name,
            line.priority_class_name,
            Text(line.state, style=COLOURS.get(line.state, "")),
            number(line.chips),
            f"{line.ready}/{line.replicas}",
            line.pool_name or "-",
            line.reason or "-",
            age(line.age_seconds),
            *(extra if wide else ()),
        )
    return table


def _or_dash(value: Number | None) -> str:
    return "-" if value is None else number(value)
