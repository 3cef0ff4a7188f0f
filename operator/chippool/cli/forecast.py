"""`chippool forecast …`: what will be asked for, and how good such forecasts have been."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chippool.cli import options
from chippool.cli.failures import Exit, Failure, answered, computed
from chippool.cli.forecast_live import forecasts, show
from chippool.cli.kept import OPERATOR_NAMESPACE, OperatorNamespace
from chippool.cli.options import Structured, Tabular
from chippool.cli.plots import svg
from chippool.cli.structured import text
from chippool.sim.backtest import Backtest, BadListError, backtest, read_demand

forecast = typer.Typer()


@forecast.callback(invoke_without_command=True)
def live(
    context: typer.Context,
    *,
    kubeconfig: options.Kubeconfig = None,
    of_kubeconfig: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: OperatorNamespace = OPERATOR_NAMESPACE,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw demand, what is expected of it, stock and runway into this .svg.", metavar="FILE"),
    ] = None,
    output: Annotated[Tabular, typer.Option("--output", "-o")] = Tabular.TABLE,
) -> None:
    """Show what will be asked for of each pool, what there will be, and how long the stock lasts, with the reason.

    Demand is what running and waiting workloads ask for, times the pool's efficiency for their purpose, in the mean of
    a day; bands hold 80 %. It takes 28 days of it. Past the next week demand goes on along its trend of half a year.
    """
    if context.invoked_subcommand is not None:
        return
    picture = computed(lambda: svg(plot))
    seen = answered(forecasts(options.Target(kubeconfig, of_kubeconfig, snapshot), namespace, picture))
    if output is Tabular.TABLE:
        show(seen)
    else:
        typer.echo(text(seen, Structured(output.value)))


@forecast.command("backtest")
def back_test(
    *,
    path: Annotated[
        Path, typer.Option("--csv", help="Hourly demand: hour, and a column for each chip.", metavar="CSV")
    ],
    stock: Annotated[str | None, typer.Option(help="Chips there are: H800=1752,…", metavar="CHIP=CHIPS,…")] = None,
    output: Annotated[Tabular, typer.Option("--output", "-o")] = Tabular.TABLE,
) -> None:
    """Forecast what has been: from day 28 on, each of the next 7 daily means, from what was known by then.

    `mae` is the mean absolute error in chips, `coverage` the share of days within the band that is to hold 80 %.
    """
    found = computed(lambda: _tested(path, stock))
    if output is Tabular.TABLE:
        _print(found)
    else:
        typer.echo(text(_named(found), Structured(output.value)))


def _tested(path: Path, stock: str | None) -> Backtest:
    try:
        demand = read_demand(path)
    except OSError as error:
        raise Failure(f"--csv: {path} can't be read: {error.strerror}.") from error
    except (BadListError, UnicodeDecodeError) as error:
        raise Failure(f"--csv: {path}: {error}.") from error
    return backtest(demand, _stock(stock, demand.keys()) if stock else {})


def _stock(said: str, chips: Collection[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in said.split(","):
        name, _, count = part.strip().partition("=")
        if not count.isdecimal():
            raise Failure(f"--stock: {part!r} is not CHIP=CHIPS, as in H800=1752.", Exit.USAGE)
        if name not in chips:
            raise Failure(f"--stock: --csv has no column {name}.", Exit.USAGE)
        found[name] = float(count)
    return found


def _named(found: Backtest) -> dict[str, object]:
    """Under the names that reports use."""
    scores = {
        name: {chip: {"overall": one.overall, "last_third": one.last_third} for chip, one in by_chip.items()}
        for name, by_chip in (("mae", found.mae), ("coverage", found.coverage))
    }
    return {**scores, "origins": found.origins, "first_day_over_stock": found.first_over}


def _print(found: Backtest) -> None:
    table = Table("chip", "MAE", "last third", "coverage", "last third", title=f"{found.origins} origins, 7 days each")
    for chip, mae in found.mae.items():
        held = found.coverage[chip]
        table.add_row(
            chip, f"{mae.overall:.1f}", f"{mae.last_third:.1f}", f"{held.overall:.1%}", f"{held.last_third:.1%}"
        )
    for column in table.columns[1:]:
        column.justify = "right"
    Console(soft_wrap=True).print(table)
    for chip, day in found.first_over.items():
        typer.echo(f"Demand for {chip} was first over the stock on day {day}.")
