"""A release's life on a control plane: an older one is upgraded, let go of and uninstalled, and what runs runs on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import manifests
from tests.cluster.cluster import CHART, NAMESPACE, ROOT, Cluster
from tests.cluster.manifests import a_variant, a_workload
from tools.plane.plane import Plane

pytestmark = pytest.mark.plane

PREVIOUS = Path(__file__).parent / "previous"
"""The CRDs as they were when there was a chart for the first time."""
CHIPPOOL = Path(sys.executable).with_name("chippool")
OURS = ("chippools", "chipqueues", "chipworkloads")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Plane.start("test-chart-life", ROOT / "examples/fleets/small.yaml", audit=False) as plane:
        found = Cluster(plane, tmp_path_factory.mktemp("operators"))
        found.new_namespace("life")
        yield found
        for operator in found.operators:
            operator.stop()


def chippool(cluster, *arguments):
    command = [CHIPPOOL, *arguments, "--kubeconfig", str(cluster.plane.kubeconfig)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def furnish(cluster):
    cluster.apply(*manifests.pools(), *manifests.classes(), manifests.a_queue("team"))


def start_operator(cluster):
    cluster.operator_kubeconfig = cluster.plane.kubeconfig_for_service_account(NAMESPACE, "chippool")
    operator = cluster.start_operator()
    operator.wait_ready()
    return operator


def pods(cluster, name):
    """Uids of a workload's pods, each with the phase it is in."""
    found = cluster.items("pods", "-l", f"chippool.io/workload={name}")
    return {pod["metadata"]["uid"]: pod["status"]["phase"] for pod in found}


def gated(cluster):
    return [pod["metadata"]["name"] for pod in cluster.items("pods") if pod["spec"].get("schedulingGates")]


def left_of_the_chart(cluster):
    """What of it is in the cluster, but the CRDs."""
    policies = "validatingadmissionpolicies,validatingadmissionpolicybindings,mutatingadmissionpolicies"
    kinds = f"clusterroles,clusterrolebindings,mutatingadmissionpolicybindings,{policies}"
    everywhere = cluster.plane.kubectl("get", kinds, "-l", "app.kubernetes.io/name=chippool", "-o", "name").stdout
    inside = "deployments,services,serviceaccounts,roles,rolebindings,poddisruptionbudgets"
    there = cluster.plane.kubectl("get", inside, "-n", NAMESPACE, "-o", "name").stdout
    return [name for name in (everywhere + there).split() if name != "serviceaccount/default"]


def test_an_older_release_is_upgraded_and_runs_what_was_stored(cluster, tmp_path):
    older = tmp_path / "chippool"
    shutil.copytree(CHART, older)
    shutil.copytree(PREVIOUS, older / "crds", dirs_exist_ok=True)
    cluster.helm("install", "chippool", str(older), "--create-namespace", "--set", "replicas=0")
    furnish(cluster)
    cluster.apply(
        a_workload("gang", replicas=2),
        a_workload("service", a_variant("h20", 2), replicas=2, mode="Service", cls="inference"),
        a_workload("waits", replicas=3, cls="batch"),
    )
    assert "minReplicas" not in fields(cluster)
    cluster.plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CHART / "crds"))
    cluster.helm("upgrade", "chippool", str(CHART), "--reset-then-reuse-values")
    cluster.eventually(lambda: "minReplicas" in fields(cluster), "the new fields are served")
    for kind in OURS:
        stored = json.dumps({"apiVersion": "v1", "kind": "List", "items": cluster.items(kind, "-A")})
        cluster.plane.kubectl("replace", "--dry-run=server", "-f", "-", input=stored)
    start_operator(cluster)
    cluster.wait_true("gang", "Ready")
    cluster.wait_true("service", "Ready")
    cluster.wait_held("waits", "ChipsShort")


def fields(cluster):
    return cluster.plane.kubectl("explain", "chipworkload.spec").stdout


def test_released_and_uninstalled_nothing_is_gated_and_what_runs_runs_on(cluster):
    cluster.eventually(lambda: any(in_use(cluster)), "pools in use are kept by a finalizer")
    [operator] = cluster.operators
    operator.stop()
    before = pods(cluster, "gang") | pods(cluster, "service")
    lost = next(pod["metadata"]["name"] for pod in cluster.running("service"))
    cluster.delete("pod", lost)
    cluster.eventually(lambda: len(gated(cluster)) == 1, "the Deployment has made a new pod, which waits at the gate")
    cluster.eventually(lambda: "1 Pod to release" in chippool(cluster, "release", "--dry-run"), "its Lease has run out")
    said = chippool(cluster, "release", "--yes")
    assert "1 Deployment to release" in said
    assert "ChipPools to release: h20, h800" in said
    cluster.eventually(lambda: len(cluster.running("service")) == 2, "the new pod runs without chippool")
    cluster.helm("uninstall", "chippool", "--wait")
    assert left_of_the_chart(cluster) == []
    after = pods(cluster, "gang") | pods(cluster, "service")
    assert len(before.keys() & after.keys()) == 3, "of four pods one was deleted by hand"
    assert set(after.values()) == {"Running"}
    assert gated(cluster) == []
    assert len(cluster.items("chipworkloads")) == 3, "what users wrote is still there"
    cluster.plane.kubectl("delete", "chippools,chipqueues", "--all", "--timeout=20s")


def in_use(cluster):
    return [one["metadata"].get("finalizers") for one in cluster.items("chippools")]


def test_one_plain_file_installs_it_again_without_helm(cluster):
    cluster.plane.kubectl("delete", "chipworkloads", "--all", "-n", cluster.namespace)
    cluster.eventually(lambda: not cluster.items("pods"), "what the workloads owned is gone")
    cluster.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(ROOT / "deploy"))
    furnish(cluster)
    start_operator(cluster)
    cluster.apply(a_workload("again"))
    cluster.wait_true("again", "Ready")
