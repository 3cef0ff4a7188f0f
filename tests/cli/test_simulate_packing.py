import json

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import commands
from tests.sim.packing_build import a_node_list, a_pod_list


@pytest.fixture
def simulated(tmp_path):
    def run(*words, nodes=("n1,16000,65536,2,T4",), pods=("p1,1000,1,1,500,,",) * 4):
        listed = ["--nodes", str(a_node_list(tmp_path / "nodes.csv", *nodes))]
        listed += ["--pods", str(a_pod_list(tmp_path / "pods.csv", *pods))]
        return CliRunner().invoke(commands, ["simulate", "packing", *listed, "--workers", "1", *words])

    return run


def test_the_document_has_policy_mean_sd_and_seeds(simulated):
    found = json.loads(simulated("-o", "json", "--seeds", "2", "--first-seed", "5").stdout)
    assert found == {"policy": "chippool", "mean": 100.0, "sd": 0.0, "seeds": {"5": 100.0, "6": 100.0}}
    assert yaml.safe_load(simulated("-o", "yaml", "--seeds", "1", "--policy", "fgd").stdout)["policy"] == "fgd"


def test_people_get_a_table_and_no_bar_in_a_pipe(simulated):
    done = simulated("--seeds", "3")
    assert "100.00 %" in done.stdout
    assert "mean" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "lists", "code", "sentence"),
    [
        (("--policy", "best"), {}, 2, "--policy"),
        (("--seeds", "0"), {}, 2, "--seeds"),
        (("--nodes", "nowhere.csv"), {}, 1, "nowhere.csv can't be read: No such file or directory."),
        ((), {"nodes": ("n1,1,1,0,",)}, 1, "has no chips."),
        ((), {"pods": ("p1,1,1,0,0,,",)}, 1, "has no pods that ask for chips."),
        ((), {"pods": ("p1,1,1,1,-5,,",)}, 1, "gpu_milli is '-5'; it must be a whole number, 0 or more."),
    ],
)
def test_what_is_wrong_is_said_with_what_to_change(simulated, words, lists, code, sentence):
    done = simulated(*words, **lists)
    assert done.exit_code == code
    assert sentence in done.stderr
