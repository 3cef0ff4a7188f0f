"""`chippool simulate cluster` from files to figures and a picture."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from chippool.cli.simulate import simulate

ROOT = Path(__file__).parents[2]
FLEET = ROOT / "examples" / "fleets" / "small.yaml"
DAY = ROOT / "examples" / "simulations" / "a-day.yaml"
CLASS = """
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: training}
value: 5
---
"""
WORK = """
apiVersion: chippool.io/v1alpha1
kind: ChipWorkload
metadata:
  name: work
  annotations: {simulate.chippool.io/runs-for: 10m, simulate.chippool.io/copies: "5"}
spec:
  queueName: team
  priorityClassName: training
  template: {spec: {containers: [{name: main, image: "main:1"}]}}
  variants: [{name: h800, poolNames: [h800], chipsPerReplica: 8}]
"""


def asked(*arguments):
    return CliRunner().invoke(simulate, ["cluster", *map(str, arguments)])


@pytest.fixture
def work(tmp_path):
    file = tmp_path / "work.yaml"
    file.write_text(CLASS + WORK)
    return file


def test_four_of_five_run_at_once_on_four_nodes(work):
    said = json.loads(asked("--fleet", FLEET, "--workloads", work, "-o", "json").stdout)
    assert (said["seconds"], said["ended"], said["waiting"]) == (1200.0, 5, 0)
    assert said["pools"]["h800"] == {"chips": 32.0, "utilisation": 0.625, "peak": 32.0, "kept_for_next": 0.0}
    assert said["classes"]["training"]["wait_longest"] == 600.0
    assert [line["what"] for line in said["timeline"][:6]] == ["arrives"] * 5 + ["admit"]


def test_the_example_day_keeps_chips_for_the_pretraining_and_displaces_for_the_service(tmp_path):
    picture = tmp_path / "day.svg"
    answer = asked("--fleet", FLEET, "--workloads", DAY, "--until", "16h", "--plot", picture, "-o", "json")
    said = json.loads(answer.stdout)
    pretraining = [line for line in said["timeline"] if line["about"] == "default/pretraining"]
    assert [line["what"] for line in pretraining][:2] == ["arrives", "admit"]
    assert said["pools"]["h800"]["kept_for_next"] > 0
    assert {"migrate", "displace"} & {line["what"] for line in said["timeline"]}
    assert all(pool["peak"] <= pool["chips"] for pool in said["pools"].values())
    texts = [element.text for element in ET.parse(picture).iter() if element.tag.endswith("text")]
    assert {"h800", "h20", "ascend910b", "● training"} <= {*texts}


def test_the_table_says_the_same_in_words(work):
    said = asked("--fleet", FLEET, "--workloads", work).stdout
    assert "5 of 5 workloads ended in 20m00s; 0 wait; displacements: none." in said
    assert "62.5%" in said


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (WORK, "no file has PriorityClass training"),
        (CLASS + WORK.replace("chipsPerReplica: 8", "chipsPerReplica: no"), "chipsPerReplica"),
        (CLASS + WORK.replace("10m", "soon"), "simulate.chippool.io/"),
        (CLASS, "no file has a ChipWorkload"),
        ("a: [", "is no YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, wrong, sentence):
    file = tmp_path / "work.yaml"
    file.write_text(wrong)
    answer = asked("--fleet", FLEET, "--workloads", file)
    assert answer.exit_code == 1
    assert sentence in answer.stderr


def test_a_picture_is_an_svg(work, tmp_path):
    answer = asked("--fleet", FLEET, "--workloads", work, "--plot", tmp_path / "a.png")
    assert (answer.exit_code, "rsvg-convert" in answer.stderr) == (2, True)
