"""What is harmless passes the admission policies: users' own business, and Kubernetes' own controllers."""

import itertools
import json

import pytest

from tests.contract.build import ASSIGNMENT, GATE, a_deployment, a_job, a_workload
from tests.contract.conftest import ARENA

pytestmark = pytest.mark.plane

MARKED = {"chippool.io/assignment": ASSIGNMENT}
NUMBERS = itertools.count()
OFF = {"spec": {"schedulingGates": [{"$patch": "delete", **GATE}]}}


def wait_for(admin, what, path, *, timeout="60s"):
    admin.kubectl("wait", "-n", ARENA, what, f"--for=jsonpath={path}", f"--timeout={timeout}")


def pods_of(admin, name):
    listed = admin.kubectl("get", "pods", "-n", ARENA, "-l", f"chippool.io/workload={name}", "-o", "json").stdout
    return [pod for pod in json.loads(listed)["items"] if "deletionTimestamp" not in pod["metadata"]]


def pin(operator, name, nodes):
    """Send every pod of a workload to a node of its own, as the operator does."""
    for pod, node in zip(pods_of(operator, name), nodes, strict=True):
        where = {"nodeSelector": {"kubernetes.io/hostname": node}}
        operator.patch("pod", pod["metadata"]["name"], {"spec": {**OFF["spec"], **where}}, how="strategic")


@pytest.fixture(scope="module")
def nodes(admin):
    listed = json.loads(admin.kubectl("get", "nodes", "-l", "nvidia.com/gpu.product=NVIDIA-H800", "-o", "json").stdout)
    return [node["metadata"]["name"] for node in listed["items"]]


@pytest.fixture
def waiting(operator, admin):
    """A Job the operator made, whose pods have their gate."""
    name = f"waiting-{next(NUMBERS)}"
    operator.create(a_job(name, owner=admin.create(a_workload(name)), annotations=MARKED))
    wait_for(admin, f"job/{name}", "{.status.active}=2")
    yield name
    admin.kubectl("delete", "chipworkload", name, "-n", ARENA, "--ignore-not-found", "--cascade=foreground")


def test_a_gated_pod_takes_labels_and_annotations(eve, admin, waiting):
    pod = pods_of(admin, waiting)[0]["metadata"]["name"]

    eve.kubectl("label", "pod", pod, "-n", ARENA, "color=blue")
    eve.kubectl("annotate", "pod", pod, "-n", ARENA, "note=mine")


def test_a_made_job_takes_other_annotations_and_labels(eve, waiting):
    eve.kubectl("annotate", "job", waiting, "-n", ARENA, "note=mine")
    eve.kubectl("label", "job", waiting, "-n", ARENA, "color=blue")


def test_a_made_job_is_deleted_by_its_user(eve, waiting):
    eve.kubectl("delete", "job", waiting, "-n", ARENA)


def test_jobs_and_deployments_of_ones_own_are_nobodys_business(eve):
    eve.create(a_job("mine", suspend=True))
    eve.patch("job", "mine", {"spec": {"suspend": False, "parallelism": 1}})
    eve.create(a_deployment("my-own", gated=False, replicas=0) | {"spec": own_deployment_spec()})
    eve.kubectl("scale", "deployment/my-own", "-n", ARENA, "--replicas=1")
    eve.kubectl("rollout", "restart", "deployment/my-own", "-n", ARENA)
    eve.kubectl("delete", "job/mine", "deployment/my-own", "-n", ARENA)


def own_deployment_spec():
    container = {"name": "main", "image": "registry.example.com/mine:1"}
    labels = {"app": "mine"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}


def test_a_gate_of_somebody_else_is_taken_off_beside_ours(eve, admin):
    other = {"name": "example.com/other"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "twice-gated", "namespace": ARENA},
        "spec": {"containers": [{"name": "main", "image": "i"}], "schedulingGates": [GATE, other]},
    }
    eve.create(pod)

    eve.patch("pod", "twice-gated", {"spec": {"schedulingGates": [{"$patch": "delete", **other}]}}, how="strategic")

    admin.kubectl("delete", "pod", "twice-gated", "-n", ARENA, "--grace-period=0", "--force")


def test_a_gang_runs_to_its_end(operator, admin, nodes):
    job = a_job("runner", owner=admin.create(a_workload("runner")), annotations=MARKED, run_for="1s")
    operator.create(job)
    wait_for(admin, "job/runner", "{.status.active}=2")

    pin(operator, "runner", nodes[:2])

    admin.kubectl("wait", "-n", ARENA, "job/runner", "--for=condition=Complete", "--timeout=60s")
    admin.kubectl("delete", "chipworkload", "runner", "-n", ARENA, "--cascade=foreground", "--timeout=60s")


def test_a_gang_is_displaced_and_comes_back(operator, admin, waiting):
    displaced = {"chippool.io/assignment": None, "chippool.io/displaced": '{"count":1}'}
    operator.patch("job", waiting, {"metadata": {"annotations": displaced}, "spec": {"suspend": True}})
    admin.kubectl("wait", "-n", ARENA, f"job/{waiting}", "--for=condition=Suspended", "--timeout=60s")

    operator.patch("job", waiting, {"metadata": {"annotations": MARKED}, "spec": {"suspend": False}})

    wait_for(admin, f"job/{waiting}", "{.status.active}=2")


def test_a_service_starts_and_rolls_its_template_out(operator, admin, nodes):
    workload = admin.create(a_workload("web", mode="Service"))
    operator.create(a_deployment("web", owner=workload, annotations=MARKED))
    wait_for(admin, "deployment/web", "{.status.replicas}=2")
    pin(operator, "web", nodes[:2])
    wait_for(admin, "deployment/web", "{.status.readyReplicas}=2")
    wait_for(admin, "deployment/web", "{.metadata.annotations['deployment\\.kubernetes\\.io/revision']}=1")

    operator.patch("deployment", "web", {"spec": {"template": {"metadata": {"annotations": {"model": "2"}}}}})

    wait_for(admin, "deployment/web", "{.metadata.annotations['deployment\\.kubernetes\\.io/revision']}=2")
    admin.kubectl("delete", "chipworkload", "web", "-n", ARENA, "--cascade=foreground", "--timeout=60s")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_the_garbage_collector_does_its_work(operator, admin, eve, cascade):
    name = f"collected-{cascade}-{eve.name}"
    operator.create(a_job(name, owner=admin.create(a_workload(name)), annotations=MARKED, suspend=True))

    eve.kubectl("delete", "chipworkload", name, "-n", ARENA, f"--cascade={cascade}", "--timeout=60s")

    if cascade == "orphan":
        assert not json.loads(admin.kubectl("get", "job", name, "-n", ARENA, "-o", "json").stdout)["metadata"].get(
            "ownerReferences"
        )
        admin.kubectl("delete", "job", name, "-n", ARENA)
    else:
        admin.kubectl("wait", "-n", ARENA, f"job/{name}", "--for=delete", "--timeout=60s")


def test_whoever_holds_assign_releases_everything(admin, waiting):
    admin.kubectl("annotate", "job", waiting, "-n", ARENA, "chippool.io/assignment-")
    pod = pods_of(admin, waiting)[0]["metadata"]["name"]

    admin.patch("pod", pod, OFF, how="strategic")
