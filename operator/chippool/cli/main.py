"""The command line: `chippool …`, and `kubectl chippool …` through kubectl's plugin mechanism."""

import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from chippool.cli.lazy import Lazy

PLUGIN = "kubectl-chippool"
EPILOG = "Exit codes: 0 done, 1 not found or refused, 2 wrong usage, 3 no cluster answers, 130 interrupted."

commands = typer.Typer(
    cls=Lazy,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)


def app() -> None:
    """Entry point of both names."""
    logging.getLogger("chippool").addHandler(logging.NullHandler())
    commands(prog_name=called_as(sys.argv[0]))


def called_as(path: str) -> str:
    """Return how the user called it, for the usage line."""
    return "kubectl chippool" if Path(path).stem == PLUGIN else "chippool"


def _show_version(asked: bool) -> None:  # noqa: FBT001  typer's callback
    if asked:
        typer.echo(f"chippool {version('chippool')}")
        raise typer.Exit


@commands.callback()
def main(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Every chip to the work that matters most, and a reason for every wait."""
