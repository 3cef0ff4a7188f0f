"""What the pages name is there, and what is there is named."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from chippool import control
from chippool.cli.main import commands
from tests.docs.pages import DOCS, blocks, pages
from tests.docs.session import ROOT

CALLED = re.compile(r"^(?:kubectl )?chippool (?P<words>[a-z][^|;<>&]*)")


def test_every_condition_is_told_with_the_reasons_it_has():
    page = DOCS.joinpath("reference/conditions.md").read_text()
    words = {word for said in _said() for word in said if word}
    assert {"Admitted", "Degraded", "Oversubscribed", "NodesFound"} <= words
    assert {word for word in words if f"`{word}`" not in page} == set()


def _said():
    """Every condition that is said anywhere, with its reason where that is none of a decision."""
    for path in sorted(Path(control.__path__[0]).glob("status*.py")):
        module = importlib.import_module(f"chippool.control.{path.stem}")
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Said" and len(call.args) > 2:
                yield getattr(module, call.args[0].id), _word(module, call.args[2])


def _word(module, given):
    if isinstance(given, ast.Constant):
        return given.value
    return getattr(module, given.id, "") if isinstance(given, ast.Name) else ""


@pytest.mark.parametrize("page", [page for page in pages() if page != "reference/options.md"])
def test_commands_and_options_that_a_page_names_are_there(page):
    inline = re.findall(r"`([^`\n]+)`", DOCS.joinpath(page).read_text())
    lines = [line.strip() for block in blocks(page) if block.language == "sh" for line in block.text.splitlines()]
    for called in filter(None, (CALLED.match(text) for text in [*inline, *lines])):
        words = called["words"].split()
        command = root = get_command(commands)
        while words and hasattr(command, "commands") and words[0] in command.list_commands(None):
            command = command.get_command(None, words.pop(0))
        assert command is not root, f"{page}: `{called[0]}`"
        known = {opt for param in command.params for opt in [*param.opts, *param.secondary_opts]} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known, f"{page}: `{called[0]}`"


def test_the_figures_of_the_comparison_are_those_of_the_proof():
    summary = json.loads((ROOT / "proof/bench-cluster.json").read_text())["summary"]
    page = DOCS.joinpath("explanation/compared.md").read_text()
    for name, of in (("1000 Jobs of one pod", "1000x1"), ("100 Jobs of ten pods", "100x10")):
        speeds = summary[of]["pods_per_s"]
        assert f"| {name} | {speeds['plain']} | {speeds['chippool']} | {speeds['kueue-tas']} |" in page
