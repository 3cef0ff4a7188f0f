"""`chippool simulate jobs`: how long jobs would take on such pools, under this policy or that."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chippool.cli.failures import Exit, Failure, computed
from chippool.cli.options import Structured, Tabular
from chippool.cli.structured import text
from chippool.core.ids import PoolName, WorkloadKey
from chippool.sim.choosing import Chooser, PolicyName, chooser, fifo
from chippool.sim.figures import figures
from chippool.sim.jobs import BadListError, Job, dealt, read_jobs
from chippool.sim.planning import Planner
from chippool.sim.rounds import ROUND, Policy, run

PUBLISHED = slice(4000, 5000)
"""The jobs that the published figures are of."""


def jobs(
    *,
    path: Annotated[Path, typer.Option("--jobs", help="List of jobs in Gavel's columns.", metavar="CSV")],
    cluster: Annotated[str, typer.Option(help="Chips of each pool: v100=36,p100=36,k80=36.", metavar="POOL=CHIPS,…")],
    rate: Annotated[float, typer.Option(help="Jobs that arrive an hour.", min=0.001)],
    policy: Annotated[PolicyName, typer.Option(help="Who runs where.")] = PolicyName.CHIPPOOL,
    every: Annotated[float, typer.Option(help="Seconds between decisions, in whole rounds of 360 s.", min=1)] = ROUND,
    queues: Annotated[int, typer.Option(help="Deal the jobs out to so many queues.", min=1)] = 1,
    classes: Annotated[int, typer.Option(help="Deal them out to so many priority classes.", min=1)] = 1,
    measured: Annotated[
        str | None,
        typer.Option(help="Jobs to measure, by arrival; default 4000:5000, of a shorter list all.", metavar="FROM:TO"),
    ] = None,
    output: Annotated[Tabular, typer.Option("--output", "-o")] = Tabular.TABLE,
) -> None:
    """Simulate jobs that keep arriving on pools of unlike chips, and measure from arrival to end.

    The list has the columns job_id, total_steps, unit_arrival, steps_per_s_POOL for each pool, and maybe gpus, queue
    and priority. Chips change hands between rounds of 360 s.
    """
    found = computed(lambda: _simulated(path, cluster, rate, policy, every, (queues, classes), measured))
    if output is Tabular.TABLE:
        _print(found)
    else:
        typer.echo(text(found, Structured(output.value)))


def _simulated(
    path: Path, cluster: str, rate: float, name: PolicyName, every: float, deal: tuple[int, int], measured: str | None
) -> dict[str, Any]:
    pools = _pools(cluster)
    listed = _listed(path, pools, rate)
    listed = dealt(listed, *deal) if deal != (1, 1) else listed
    keys = _measured(listed, measured)
    chosen = chooser(name)
    world = _run(listed, pools, chosen.policy(every) if chosen else Policy(fifo, every), keys)
    return {"policy": name.value, "rate": rate, **asdict(figures(world, keys)), **_prices(chosen)}


def _run(listed: Sequence[Job], pools: dict[PoolName, int], policy: Policy, keys: frozenset[WorkloadKey]) -> Any:
    with _bar() as bar:
        task = bar.add_task("measured jobs that ended", total=len(keys))
        return run(listed, pools, policy, keys, lambda done: bar.update(task, completed=done))


def _prices(chosen: Chooser | Planner | None) -> dict[str, Any]:
    if chosen is None:
        return {}
    return {"prices": {pool: round(price, 3) for pool, price in chosen.prices.items()}}


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _pools(said: str) -> dict[PoolName, int]:
    pools: dict[PoolName, int] = {}
    for part in said.split(","):
        name, _, count = part.strip().partition("=")
        if not name or not count.isdecimal() or int(count) == 0:
            raise Failure(f"--cluster: {part!r} is not POOL=CHIPS with one chip or more, as in v100=36.", Exit.USAGE)
        if PoolName(name) in pools:
            raise Failure(f"--cluster: {name} is there twice.", Exit.USAGE)
        pools[PoolName(name)] = int(count)
    return pools


def _listed(path: Path, pools: dict[PoolName, int], rate: float) -> list[Job]:
    try:
        listed = read_jobs(path, pools, rate)
    except OSError as error:
        raise Failure(f"--jobs: {path} can't be read: {error.strerror}.") from error
    except (BadListError, UnicodeDecodeError) as error:
        raise Failure(f"--jobs: {path}: {error}.") from error
    if not listed:
        raise Failure(f"--jobs: {path} has no jobs.")
    return listed


def _measured(listed: Sequence[Job], said: str | None) -> frozenset[WorkloadKey]:
    if said is None:
        part = listed[PUBLISHED] if len(listed) >= PUBLISHED.stop else listed
        return frozenset(job.key for job in part)
    first, _, last = said.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) < int(last) <= len(listed)):
        raise Failure(f"--measured: {said!r} is not FROM:TO within the {len(listed)} jobs of the list.", Exit.USAGE)
    return frozenset(job.key for job in listed[int(first) : int(last)])


def _print(found: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    rows = {**found, **{f"price of a chip of {pool}": price for pool, price in found.get("prices", {}).items()}}
    rows.pop("prices", None)
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), str(value))
    Console(highlight=False).print(table)
