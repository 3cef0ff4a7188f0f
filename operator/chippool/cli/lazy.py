"""The commands by name; a module is loaded when its command is asked for.

Together they take seconds to load: whoever wants `top`, or presses TAB, does not wait for the board's server.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

_COMMANDS = {
    "top": "top:top",
    "pools": "listing:pools",
    "queues": "listing:queues",
    "workloads": "listing:workloads",
    "explain": "explain:explain",
    "board": "board:board",
    "drain": "drain:drain",
    "submit": "submit:submit",
    "snapshot": "snapshot:snapshot",
    "release": "release:release",
    "run": "run:run",
    "crds": "crds:crds",
    "what-if": "what_if:ask_what_if",
    "simulate": "simulate:simulate",
    "forecast": "forecast:forecast",
    "report": "report:tell",
}
"""Module of this package and function, or the group of commands it holds."""


class Lazy(TyperGroup):
    """A group whose commands are known by name before they are loaded."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Their names, in the order of the help text."""
        return [*_COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command itself, or None."""
        return self.commands.get(cmd_name) or self._loaded(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant; of all that there are, those that are spelt much like a wrong one are named."""
        if args and args[0] not in _COMMANDS:
            for name in _COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def _loaded(self, name: str) -> Any:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        found = getattr(import_module(f"chippool.cli.{module}"), attribute)
        self.commands[name] = command = _as_command(found)
        command.name = name
        return command


def _as_command(found: Any) -> Any:
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(found)
    return get_command(alone)
