import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import called_as, commands

ROOT = Path(__file__).parents[2]


def test_as_a_plugin_the_usage_line_says_kubectl():
    assert called_as("/usr/local/bin/kubectl-chippool") == "kubectl chippool"
    assert called_as("/usr/local/bin/chippool") == "chippool"


def test_the_commands_are_these():
    said = CliRunner().invoke(commands, ["--help"]).stdout
    assert all(name in said for name in ("run", "top", "explain", "simulate", "release", "crds"))


def test_a_command_that_is_spelt_wrong_is_guessed():
    said = CliRunner().invoke(commands, ["expain"])
    assert said.exit_code == 2
    assert "Did you mean 'explain'" in said.output


def test_a_command_loads_what_it_needs_and_no_server():
    code = "from chippool.cli.main import commands; import sys; commands(['top', '-h'], standalone_mode=False)"
    code += "; print(sorted({m.partition('.')[0] for m in sys.modules} & {'kopf', 'starlette', 'uvicorn', 'rich'}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "['rich']"


def test_the_printed_crds_are_those_of_the_repository():
    printed = list(yaml.safe_load_all(CliRunner().invoke(commands, ["crds"]).stdout))
    files = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    assert sorted(printed, key=lambda crd: crd["metadata"]["name"]) == sorted(
        files, key=lambda crd: crd["metadata"]["name"]
    )


@pytest.mark.parametrize("words", [["nonsense"], ["top", "-o", "xml"], ["explain"], ["top", "--interval", "0"]])
def test_wrong_usage_ends_with_2(words):
    assert CliRunner().invoke(commands, words).exit_code == 2


def test_a_fault_of_our_own_is_a_sentence_too(monkeypatch, user, api):
    api.get = lambda path, query: (200, ["no list at all"])
    done = user.types("top", "--once")
    assert done.exit_code == 1
    assert "This is a fault of chippool itself" in done.stderr
    assert "CHIPPOOL_DEBUG=1" in done.stderr
