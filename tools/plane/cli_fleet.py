"""`fleet NAME …`: change the nodes of a plane that is up."""

from pathlib import Path
from typing import Annotated

import typer

from tools.plane.fleet import Fleet
from tools.plane.plane import Plane
from tools.plane.progress import Steps

fleet_app = typer.Typer(no_args_is_help=True, help="Change the nodes of a plane that is up.")


@fleet_app.callback()
def choose(context: typer.Context, name: Annotated[str, typer.Argument(help="The plane.")]) -> None:
    """Change the nodes of a plane that is up."""
    context.obj = Plane.attach(name).fleet


@fleet_app.command()
def add(context: typer.Context, fleet: Annotated[Path, typer.Argument(help="A fleet file.")]) -> None:
    """Add the pools of a fleet file; a pool that is there already gets more nodes."""
    context.obj.bring_up(Fleet.load(fleet), Steps())


@fleet_app.command()
def remove(context: typer.Context, node: str) -> None:
    """Delete a node."""
    context.obj.remove(node)


@fleet_app.command()
def cordon(context: typer.Context, node: str) -> None:
    """Mark a node unschedulable."""
    context.obj.cordon(node)


@fleet_app.command()
def uncordon(context: typer.Context, node: str) -> None:
    """Mark a node schedulable again."""
    context.obj.uncordon(node)


@fleet_app.command()
def fail(context: typer.Context, node: str) -> None:
    """Take a node down: Ready becomes Unknown, nothing on it starts or ends."""
    context.obj.fail(node)


@fleet_app.command()
def recover(context: typer.Context, node: str) -> None:
    """Bring a node back, with all its chips."""
    context.obj.recover(node)


@fleet_app.command("lose-chips")
def lose_chips(context: typer.Context, node: str, chips: int) -> None:
    """Make so many chips of a node unhealthy."""
    context.obj.lose_chips(node, chips)


@fleet_app.command()
def dip(context: typer.Context, node: str, seconds: float) -> None:
    """Let a node show 0 chips for some seconds, as when its device plugin restarts."""
    context.obj.dip(node, seconds).join()
