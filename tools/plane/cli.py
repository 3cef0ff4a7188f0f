"""The commands. Progress goes to stderr, what is asked for to stdout."""

import json
import os
import shlex
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.plane import build as building
from tools.plane import components, control, paths
from tools.plane.cli_fleet import fleet_app
from tools.plane.errors import PlaneError
from tools.plane.plane import Plane
from tools.plane.progress import Steps

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A real Kubernetes control plane, no containers.")
app.add_typer(fleet_app, name="fleet")
Name = Annotated[str, typer.Option("--name", "-n", help="Which plane; several can be up side by side.")]


class Act(StrEnum):
    """What can be done to one process."""

    KILL = "kill"
    STOP = "stop"
    CONTINUE = "continue"
    RESTART = "restart"


@app.command()
def build() -> None:
    """Build the binaries (once; about 7 minutes on 2 cores) and print their folder."""
    print(building.binaries(Steps()))


@app.command()
def up(
    name: Name = "chippool",
    fleet: Annotated[Path | None, typer.Option(help="A fleet file; see examples/fleets.")] = None,
    audit: Annotated[bool, typer.Option(help="Write the audit log.")] = True,
    foreground: Annotated[bool, typer.Option(help="Stay, and take the plane down at Ctrl-C.")] = False,
) -> None:
    """Start a plane and print what a shell needs: eval "$(python -m tools.plane up)"."""
    plane = Plane.start(name, fleet, audit=audit, owned=foreground, steps=Steps())
    try:
        _print_exports(plane)
        if foreground:
            signal.pause()
    finally:
        if foreground:
            plane.down()


def _print_exports(plane: Plane) -> None:
    print(f"export KUBECONFIG={shlex.quote(str(plane.kubeconfig))}")
    print(f"export PATH={shlex.quote(str(plane.bin))}:$PATH", flush=True)


@app.command()
def env(name: Name = "chippool") -> None:
    """Print the export lines of a plane that is up."""
    _print_exports(Plane.attach(name))


@app.command()
def down(
    name: Name = "chippool",
    every: Annotated[bool, typer.Option("--all", help="Every plane of this user.")] = False,
) -> None:
    """Take a plane down and remove all it wrote; fine if there is none."""
    for one in control.names() if every else [name]:
        control.take_down(paths.run_dir(one))
        Steps().say(f"{one} is down")


@app.command()
def status(output: Annotated[str, typer.Option("-o", help="table or json")] = "table") -> None:
    """The planes that are up, with their processes."""
    found = [control.ask(paths.run_dir(name), "describe") for name in control.names()]
    if output == "json":
        print(json.dumps(found, indent=1))
        return
    table = Table("plane", "server", "process", "pid", "state")
    for plane in found:
        for process, seen in plane["processes"].items():
            port = plane["ports"]["kube-apiserver"]
            table.add_row(plane["name"], f"127.0.0.1:{port}", process, str(seen["pid"] or ""), seen["state"])
    Console().print(table if found else "no plane is up")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def kubectl(context: typer.Context, name: Annotated[str, typer.Option("--name")] = "chippool") -> None:
    """Run kubectl as the plane's admin."""
    plane = Plane.attach(name)
    os.environ["KUBECONFIG"] = str(plane.kubeconfig)
    os.execv(plane.bin / "kubectl", ["kubectl", *context.args])


@app.command()
def process(act: Act, component: str, name: Name = "chippool") -> None:
    """Kill (-9), stop (SIGSTOP), continue or restart one process of a plane."""
    if component not in components.ALL:
        raise PlaneError(f"there is no process {component!r}; one of {', '.join(components.ALL)}.")
    control.ask(paths.run_dir(name), act.value, component)
