"""kubectl completes `kubectl chippool …` by a program beside the plugin."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from chippool.cli.main import commands


@pytest.mark.parametrize(
    ("words", "offered"),
    [([""], sorted(get_command(commands).list_commands(None))), (["top", "--view", "q"], ["queues"])],
)
def test_what_may_come_next_is_offered_a_line_each_and_no_files(words, offered):
    program = Path(sys.executable).with_name("kubectl_complete-chippool")
    said = subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
    *lines, directive, _ = said.split("\n")
    assert (sorted(filter(None, lines)), directive) == (offered, ":4")
