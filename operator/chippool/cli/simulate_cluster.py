"""`chippool simulate cluster`: what would become of such workloads on such a fleet."""

from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chippool.api.duration import seconds
from chippool.cli.failures import Exit, Failure, computed
from chippool.cli.options import Structured, Tabular
from chippool.cli.plots import svg, written
from chippool.cli.structured import text
from chippool.sim.clockwork import Clockwork
from chippool.sim.drawing import drawn
from chippool.sim.fleet import BadInputError, read_fleet
from chippool.sim.outlook import Occupancy, outlook, stock
from chippool.sim.recorded import recorded
from chippool.sim.resume import resumed
from chippool.sim.stage import Stage, staged

SHOWN = 20
"""Lines of the timeline in a table; JSON and YAML have all of it."""


def cluster(
    *,
    fleet: Annotated[Path | None, typer.Option(help="Nodes, as the files in examples/fleets.", metavar="FILE")] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            help="A file of `chippool snapshot` instead: what ran runs on, what waited waits.", metavar="FILE"
        ),
    ] = None,
    workloads: Annotated[
        list[Path] | None,
        typer.Option(
            help="ChipWorkloads with simulate.chippool.io/arrives, runs-for, copies and every as annotations; also "
            "ChipPools, ChipQueues, PriorityClasses, Namespaces. May be a folder, and be given several times.",
            metavar="FILE",
        ),
    ] = None,
    runs_for: Annotated[
        str | None, typer.Option(help="How long runs what does not say it, with --snapshot; default: on and on.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Stop then, such as 24h; default: when all has ended.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw occupancy and waits into this .svg.", metavar="FILE")] = None,
    output: Annotated[Tabular, typer.Option("--output", "-o")] = Tabular.TABLE,
) -> None:
    """Let workloads arrive on a fleet under a virtual clock, and say who waits, who is displaced, and what is used.

    Pools that no file has are made of the fleet's entries, queues that no file has let everybody in.
    """
    found = computed(lambda: _simulated(_stage(fleet, workloads or [], snapshot, runs_for), until, plot))
    if output is Tabular.TABLE:
        _print(found)
    else:
        typer.echo(text(found, Structured(output.value)))


def _simulated(stage: Stage, until: str | None, plot: Path | None) -> dict[str, Any]:
    svg(plot)
    work, seen = _run(stage, _seconds("--until", until))
    if plot is not None:
        written(plot, drawn(work, seen))
    return outlook(work, seen)


def _stage(fleet: Path | None, workloads: list[Path], snapshot: Path | None, runs_for: str | None) -> Stage:
    if bool(fleet) + bool(workloads) != (0 if snapshot else 2):
        raise Failure("Give either --fleet and --workloads, or --snapshot.", Exit.USAGE)
    length = _seconds("--runs-for", runs_for)
    try:
        if snapshot is not None:
            stage = resumed(recorded(snapshot), length)
        else:
            assert fleet is not None
            stage = staged(read_fleet(fleet), workloads)
    except BadInputError as error:
        raise Failure(f"{error}.") from error
    if not stage.errands:
        raise Failure(
            "--snapshot: no workload runs or waits there." if snapshot else "--workloads: no file has a ChipWorkload."
        )
    return stage


def _seconds(option: str, said: str | None) -> float:
    try:
        return inf if said is None else seconds(said)
    except ValueError as error:
        raise Failure(f"{option}: {error}", Exit.USAGE) from error


def _run(stage: Stage, until: float) -> tuple[Clockwork, Occupancy]:
    seen = Occupancy({})
    work = Clockwork(stage, seen.watch)
    seen.stock = stock(work)
    with _bar() as bar:
        task = bar.add_task("workloads that ended", total=len(stage.errands))
        work.run(until, lambda done: bar.update(task, completed=done))
    return work, seen


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    over = f"{found['ended']} of {found['workloads']} workloads ended in {_time(found['seconds'])}"
    lost = ", ".join(f"{count} {reason}" for reason, count in found["displacements"].items()) or "none"
    console.print(f"{over}; {found['waiting']} wait; displacements: {lost}.")
    pools = _table("POOL", "CHIPS", "UTILISATION", "PEAK", "KEPT FOR NEXT")
    for name, pool in found["pools"].items():
        kept = f"{pool['kept_for_next']:.1%}"
        pools.add_row(name, f"{pool['chips']:g}", f"{pool['utilisation']:.1%}", f"{pool['peak']:g}", kept)
    console.print(pools)
    classes = _table("CLASS", "WORKLOADS", "STARTED", "WAITING", "MEAN WAIT", "MEDIAN", "P95", "LONGEST")
    for name, one in found["classes"].items():
        waits = [_time(one[f"wait_{key}"]) if f"wait_{key}" in one else "" for key in _WAITS]
        classes.add_row(name, str(one["workloads"]), str(one["started"]), str(one["waiting"]), *waits)
    console.print(classes)
    _print_timeline(console, found["timeline"])


_WAITS = ("mean", "median", "p95", "longest")


def _print_timeline(console: Console, timeline: list[dict[str, Any]]) -> None:
    lines = _table("AT", "WHAT", "WHO", "POOL", "CHIPS", "REASON")
    told = [one for one in timeline if one["what"] != "arrives"]
    for one in told[:SHOWN]:
        chips = f"{one['chips']:g}" if one["chips"] else ""
        lines.add_row(_time(one["at"]), one["what"], one["about"], one.get("pool", ""), chips, one.get("reason", ""))
    console.print(lines)
    if len(told) > SHOWN:
        console.print(f"… and {len(told) - SHOWN} more; -o json has all of them.")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in {"POOL", "CLASS", "WHAT", "WHO", "REASON"} else "right")
    return table


def _time(seconds_: float) -> str:
    hours, rest = divmod(round(seconds_), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{left:02d}s"
