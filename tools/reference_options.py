"""The reference page of the command line's options, as `--help` of each command says them."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.main import get_command

from chippool.cli.main import commands

NAMES = {int: "INTEGER", float: "NUMBER", Path: "PATH"}
INTRODUCTION = """# Options

What `--help` says of each command. What the commands do, and the documents they print, is in [command line](cli.md).
"""


def options_page() -> str:
    """Return every command with its arguments and options, as Markdown."""
    return "\n\n".join([INTRODUCTION.rstrip(), *_sections("chippool", get_command(commands))]) + "\n"


def _sections(name: str, command: Any) -> Iterator[str]:
    own = [one for one in command.params if not getattr(one, "hidden", False)]
    group = hasattr(command, "commands")
    if not group or command.invoke_without_command:
        yield f"## {name.removeprefix('chippool ')}"
        yield inspect.cleandoc(command.help or "").replace("\b\n", "")
        yield f"```text\n{_usage(name, own)}\n```"
        if own:
            yield _table(own)
    if not group:
        return
    for part in (command.get_command(None, part) for part in sorted(command.list_commands(None))):
        if not part.hidden:
            yield from _sections(f"{name} {part.name}", part)


def _usage(name: str, params: list[Any]) -> str:
    arguments = [_metavar(one) for one in params if one.param_type_name == "argument"]
    options = ["[OPTIONS]"] if len(params) > len(arguments) else []
    return " ".join([name, *arguments, *options])


def _table(params: list[Any]) -> str:
    lines = ["| | default | |", "|---|---|---|"]
    for one in params:
        opts = ", ".join(f"`{opt}`" for opt in [*one.opts, *one.secondary_opts])
        name = _metavar(one) if one.param_type_name == "argument" else opts
        if one.param_type_name == "option" and not one.is_flag:
            name += f" {_metavar(one)}"
        cells = [name, _default(one), " ".join(str(getattr(one, "help", "") or "").split())]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _metavar(one: Any) -> str:
    """Return what stands for the value in the usage line."""
    if one.metavar:
        return str(one.metavar)
    wanted = one.type_descriptor.annotation
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return "|".join(str(choice.value) for choice in wanted)
    return str(one.name).upper().strip("_") if one.param_type_name == "argument" else NAMES.get(wanted, "TEXT")


def _default(one: Any) -> str:
    if one.required:
        return "required"
    value = getattr(one.default, "value", one.default)
    if value is None or value is False or callable(value) or str(value) in ("", "()", "[]"):
        return ""
    return f"`{value}`"
