"""`chippool simulate packing`: how much of a cluster each way of choosing nodes can give away."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chippool.cli.failures import Failure, computed
from chippool.cli.options import Structured, Tabular
from chippool.cli.structured import text
from chippool.sim.openb import BadListError
from chippool.sim.packing import Lists, Packed, Policy, pack_all, packed


def packing(
    *,
    nodes: Annotated[Path, typer.Option(help="Nodes: sn, cpu_milli, memory_mib, gpu, model.", metavar="CSV")],
    pods: Annotated[
        Path, typer.Option(help="Pods: name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec.", metavar="CSV")
    ],
    policy: Annotated[Policy, typer.Option(help="How nodes are chosen.")] = Policy.CHIPPOOL,
    seeds: Annotated[int, typer.Option(help="Random orders of arrivals.", min=1)] = 10,
    first_seed: Annotated[int, typer.Option(help="The first of them.", min=0)] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one for each CPU.", min=1)] = None,
    output: Annotated[Tabular, typer.Option("--output", "-o")] = Tabular.TABLE,
) -> None:
    """Give nodes to pods as they arrive, until as much was asked for as there is, and say what share was given.

    The columns are those of Alibaba's cluster-trace-gpu-v2023; gpu_spec may be empty or name models, separated by |.
    Nothing is tried again and nothing leaves. No policy but fgd knows what is still to come.
    """
    chosen = range(first_seed, first_seed + seeds)
    found = computed(lambda: _packed(nodes, pods, policy, chosen, workers or os.cpu_count() or 1))
    if output is Tabular.TABLE:
        _print(found)
    else:
        typer.echo(text(found, Structured(output.value)))


def _packed(nodes: Path, pods: Path, policy: Policy, seeds: range, workers: int) -> Packed:
    lists = _read(nodes, pods)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        results = pack_all(lists, policy, seeds, workers)
        return packed(policy, dict(progress.track(results, len(seeds), description=f"{policy}, seeds")))


def _read(nodes: Path, pods: Path) -> Lists:
    try:
        lists = Lists.read(nodes, pods)
    except BadListError as problem:
        raise Failure(str(problem)) from problem
    if not any(node.installed for node in lists.nodes):
        raise Failure(f"--nodes: {nodes} has no chips.")
    if not any(ask.chips for ask in lists.asks):
        raise Failure(f"--pods: {pods} has no pods that ask for chips.")
    return lists


def _print(found: Packed) -> None:
    table = Table("seed", "given", title=f"Share of the chips given, {found.policy}", title_justify="left")
    table.columns[1].justify = "right"
    for seed, share in found.seeds.items():
        table.add_row(str(seed), f"{share:.2f} %")
    table.add_section()
    table.add_row("mean", f"{found.mean:.2f} %")
    table.add_row("sd", f"{found.sd:.2f}")
    Console(soft_wrap=True).print(table)
