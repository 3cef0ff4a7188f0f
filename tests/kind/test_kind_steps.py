"""What `make kind-up` does to a cluster once kind has made it, done to a control plane: chips, examples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.kind import examples
from tools.kind.chips import advertise
from tools.kind.config import CONFIG
from tools.plane import paths
from tools.plane.plane import Plane

pytestmark = pytest.mark.plane


@pytest.fixture(scope="module")
def plane():
    """Nodes with the labels of kind's workers and no chips, which no simulated kubelet looks after."""
    with Plane.start("test-kind", audit=False) as plane:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(nodes())}
        plane.kubectl("apply", "-f", "-", input=json.dumps(listed))
        plane.kubectl("apply", "--server-side", "-f", str(paths.REPOSITORY / "crds"))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield plane


def nodes():
    for number, node in enumerate(yaml.safe_load(CONFIG.read_text())["nodes"]):
        name = f"node-{number}"
        labels = {"kubernetes.io/hostname": name} | node.get("labels", {})
        status = {"capacity": {"cpu": "8"}, "allocatable": {"cpu": "8"}}
        yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def top(plane):
    command = [Path(sys.executable).with_name("chippool"), "top", "-o", "json"]
    environment = os.environ | {"KUBECONFIG": str(plane.kubeconfig)}
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(said)


def test_nodes_get_the_chips_their_labels_speak_of_and_the_examples_find_them(plane):
    given = advertise(plane.kubectl)
    assert len(given) == 12
    assert "node-0" not in given
    advertise(plane.kubectl)  # again, and nothing is added
    plane.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(examples.objects()))
    seen = top(plane)
    assert {pool["name"]: pool["chips"]["installed"] for pool in seen["pools"]} == dict.fromkeys(
        ("ascend-910b", "nvidia-h20", "nvidia-h800"), 32
    )
    assert len(seen["workloads"]) == len(list((examples.EXAMPLES / "workloads").glob("*.yaml")))


def test_every_container_of_the_examples_runs_an_image_that_exists(plane):
    for workload in examples.objects():
        text = json.dumps(workload)
        assert "registry.example.com" not in text
        assert '"resources"' not in text
