"""The command line against a real API server, without an operator."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect
from typer.testing import CliRunner

from chippool.cli.main import commands
from tests.cli.conftest import User
from tools.board.served import painted, started
from tools.plane.plane import Plane

pytestmark = pytest.mark.plane
ROOT = Path(__file__).parents[2]

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default", "labels": {"chippool.io/workload": "web"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"chippool.io/workload": "web"}},
        "template": {
            "metadata": {"labels": {"chippool.io/workload": "web"}},
            "spec": {
                "schedulingGates": [{"name": "chippool.io/placement"}],
                "containers": [{"name": "web", "image": "web:1"}],
            },
        },
    },
}


@pytest.fixture(scope="module")
def plane():
    with Plane.start("test-cli", ROOT / "examples" / "fleets" / "small.yaml", audit=False) as plane:
        plane.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        for part in ("namespaces.yaml", "priorityclasses.yaml", "pools", "queues.yaml", "workloads"):
            plane.kubectl("apply", "-f", str(ROOT / "examples" / part))
        yield plane


@pytest.fixture
def user(plane):
    return User(str(plane.kubeconfig))


def pods(plane):
    found = json.loads(plane.kubectl("get", "pods", "-o", "json").stdout)["items"]
    return {pod["metadata"]["uid"] for pod in found}


def until_pods(plane, condition):
    plane.kubectl("wait", "pods", "-l", "chippool.io/workload=web", f"--for={condition}", "--timeout=30s")


def test_top_knows_the_pools_of_the_examples(user):
    pools = {one["name"]: one["chips"]["installed"] for one in user.reads_json("top")["pools"]}
    assert pools == {"ascend-910b": 32, "nvidia-h20": 32, "nvidia-h800": 32}


def test_explain_decides_without_an_operator(user):
    assert user.reads_json("explain", "ads-ranking", "-n", "ads")["reason"] == "Admitted"


@pytest.fixture
def board(plane):
    command = [sys.executable, "-c", "from chippool.cli.main import app; app()", "board"]
    asked = [*command, "--kubeconfig", str(plane.kubeconfig)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_the_board_follows_the_cluster(plane, board):
    address = (await asyncio.to_thread(board.stdout.readline)).split()[-1]
    selector = "node.kubernetes.io/npu.chip.name=910B3"
    node = plane.kubectl("get", "nodes", "-l", selector, "-o", "name").stdout.split()[0]
    async with started() as browser:
        page = await browser.new_page()
        await painted(page, address)
        bar, size = page.locator("#bars .bar").first, "Pool ascend-910b, 32 chips on 4 nodes:"
        await expect(bar).to_have_attribute("aria-label", f"{size} free 32")
        await expect(page.locator("#rows")).to_contain_text("ads/ads-ranking")
        await asyncio.to_thread(plane.kubectl, "cordon", node)
        await expect(bar).to_have_attribute("aria-label", f"{size} unusable 8, free 24", timeout=20_000)
        await asyncio.to_thread(plane.kubectl, "uncordon", node)
        await expect(bar).to_have_attribute("aria-label", f"{size} free 32", timeout=20_000)
    board.send_signal(signal.SIGINT)
    assert board.wait(10) == 0


def test_an_editor_of_one_namespace_is_told_what_he_may_not_see(plane):
    plane.kubectl("create", "clusterrole", "cw-view", "--verb=get,list", "--resource=chipworkloads.chippool.io")
    plane.kubectl("create", "rolebinding", "ann", "-n", "ads", "--clusterrole=cw-view", "--user=ann")
    ann = User(str(plane.kubeconfig_for("ann")))
    assert "You may not list ChipPool" in ann.reads("explain", "ads-ranking", "-n", "ads")
    assert ann.types("explain", "chat-llm", "-n", "inference").exit_code == 1
    assert ann.types("top", "--once").exit_code == 1


def test_release_lets_pods_go_and_restarts_none(plane, user):
    plane.kubectl("apply", "-f", "-", input=json.dumps(DEPLOYMENT))
    plane.kubectl("rollout", "status", "deployment/web", "--timeout=1s", check=False)
    until_pods(plane, "jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=SchedulingGated")
    waited = pods(plane)
    user.reads("release", "--yes")
    until_pods(plane, "condition=Ready")
    plane.kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert pods(plane) == waited
    assert "Nothing waits" in user.reads("release", "--dry-run")


def test_a_snapshot_is_the_cluster_for_whoever_reads_it(user, tmp_path):
    plain, anonymous = tmp_path / "plain.json.gz", tmp_path / "anonymous.json"
    user.reads("snapshot", "--file", str(plain))
    user.reads("snapshot", "--file", str(anonymous), "--anonymous")
    shown = [(line["state"], line["chips"], line["reason"]) for line in user.reads_json("workloads")]
    for file in (plain, anonymous):
        read = User(str(tmp_path / "no-kubeconfig"))
        assert read.reads_json("pools", "--snapshot", str(file)) == user.reads_json("pools")
        found = read.reads_json("workloads", "--snapshot", str(file))
        assert sorted((line["state"], line["chips"], line["reason"]) for line in found) == sorted(shown)
    assert "ads-ranking" not in anonymous.read_text()


def test_a_simulation_begins_with_the_cluster_as_it_is(user, tmp_path):
    file = tmp_path / "now.json"
    user.reads("snapshot", "--file", str(file))
    asked = ["simulate", "cluster", "--snapshot", str(file), "--runs-for", "1h", "-o", "json"]
    said = json.loads(CliRunner().invoke(commands, asked).stdout)
    assert said["workloads"] == len(user.reads_json("workloads"))
    assert said["ended"] > 0


FEW = (
    "--queue",
    "inference",
    "--class",
    "online-inference",
    "--image",
    "example.com/engine:1",
    "--pool",
    "nvidia-h800",
)


def test_the_api_server_checks_what_is_submitted(user):
    made = json.loads(user.reads("submit", "engine", *FEW, "-n", "inference", "--dry-run", "server", "-o", "json"))
    assert made["metadata"]["uid"]
    refused = user.types("submit", "engine", *FEW, "-n", "inference", "--max-runtime", "1d")
    assert refused.exit_code == 1
    assert "maxRuntime" in refused.stderr
    assert user.types("submit", "engine", *FEW, "-n", "nowhere").exit_code == 1
    assert user.reads("submit", "engine", *FEW, "-n", "inference") == "chipworkload.chippool.io/engine created\n"
    assert "engine" in user.reads("workloads", "-n", "inference")
