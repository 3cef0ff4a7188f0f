import json

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import commands
from tests.sim.jobs_build import a_list

ROWS = ("0,M,1,3600,0,1,0.9", "1,M,1,3600,0,1,0.1", "2,M,1,3600,1,1,0.5")


@pytest.fixture
def simulated(tmp_path):
    def run(*words, rows=ROWS, cluster="fast=1,slow=1"):
        path = a_list(tmp_path / "jobs.csv", *rows)
        return CliRunner().invoke(
            commands, ["simulate", "jobs", "--jobs", str(path), "--cluster", cluster, "--rate", "1", *words]
        )

    return run


def test_the_document_has_the_figures_and_what_they_are_of(simulated):
    found = json.loads(simulated("-o", "json").stdout)
    assert {"policy", "rate", "jobs", "mean_jct_hours", "p99_jct_hours", "longest_wait_hours", "moves_per_job"} <= set(
        found
    )
    assert (found["policy"], found["rate"], found["jobs"]) == ("chippool", 1.0, 3)
    assert found["mean_jct_hours"] == pytest.approx((1 / 0.9 + 1 + 1) / 3, abs=1e-3)
    assert set(found["prices"]) == {"fast", "slow"}


def test_policies_differ_and_yaml_says_the_same(simulated):
    fifo = yaml.safe_load(simulated("-o", "yaml", "--policy", "fifo").stdout)
    assert (fifo["policy"], fifo["moves_per_job"]) == ("fifo", pytest.approx(2 / 3, abs=1e-3))
    assert json.loads(simulated("-o", "json", "--policy", "matching").stdout)["mean_jct_hours"] < fifo["mean_jct_hours"]


def test_people_get_a_table_and_no_bar_in_a_pipe(simulated):
    done = simulated()
    assert "mean jct hours" in done.stdout
    assert "price of a chip of fast" in done.stdout
    assert done.stderr == ""


def test_some_of_the_jobs_can_be_measured_and_dealt_out(simulated):
    found = json.loads(simulated("-o", "json", "--measured", "1:2", "--queues", "2", "--classes", "2").stdout)
    assert (found["jobs"], found["mean_jct_hours"]) == (1, 1.0)


@pytest.mark.parametrize(
    ("words", "cluster", "code", "sentence"),
    [
        ((), "fast=none", 2, "--cluster: 'fast=none' is not POOL=CHIPS with one chip or more, as in v100=36."),
        ((), "fast=0", 2, "--cluster: 'fast=0' is not"),
        ((), "fast=1,fast=2", 2, "--cluster: fast is there twice."),
        ((), "tpu=1", 1, "column steps_per_s_tpu is missing"),
        (("--measured", "2:9"), "fast=1", 2, "--measured: '2:9' is not FROM:TO within the 3 jobs of the list."),
        (("--jobs", "nowhere.csv"), "fast=1", 1, "--jobs: nowhere.csv can't be read: No such file or directory."),
    ],
)
def test_what_is_wrong_is_said_with_what_to_change(simulated, words, cluster, code, sentence):
    done = simulated(*words, cluster=cluster)
    assert done.exit_code == code
    assert sentence in done.stderr


def test_an_empty_list_is_said(simulated):
    done = simulated(rows=())
    assert (done.exit_code, done.stderr.endswith("has no jobs.\n")) == (1, True)
