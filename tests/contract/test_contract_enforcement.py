"""Pods that take a pool's chips without chippool: warned of or refused, as the chart's `enforcement` says."""

import itertools
import json

import pytest

from tests.contract.build import GATE
from tests.contract.conftest import CHART, User, eventually
from tests.helm import helm

pytestmark = pytest.mark.plane

YARD, EXEMPT = "yard", "workshop"
CHIP = "example.com/chip"
NUMBERS = itertools.count()


def a_pool(name, **labels):
    chip = {"vendor": "example", "model": name, "resourceName": CHIP}
    spec = {"chip": chip, "nodeSelector": labels}
    return {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipPool", "metadata": {"name": name}, "spec": spec}


def a_pod(*, chips=1, resource=CHIP, namespace=YARD, sidecar=False, labels=None, **spec):
    container = {"name": "main", "image": "main:1"}
    asking = container | {"name": "asks", "resources": {"limits": {resource: str(chips)}}}
    containers = {"containers": [container], "initContainers": [asking]} if sidecar else {"containers": [asking]}
    metadata = {"name": f"pod-{next(NUMBERS)}", "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": containers | spec}


def enforce(plane, action):
    exempt = f"enforcementExemptNamespaces={{{EXEMPT},arena,kube-system}}"
    chosen = ["--set", f"enforcement={action}", "--set", exempt]
    helm(plane, "upgrade", "chippool", str(CHART), "-n", "chippool-system", *chosen)


@pytest.fixture(scope="module")
def yard(plane):
    """A namespace and somebody who may edit there, and two pools of one resource."""
    for namespace in (YARD, EXEMPT):
        plane.kubectl("create", "namespace", namespace)
        plane.kubectl("create", "rolebinding", "yves", "-n", namespace, "--clusterrole=edit", "--user=yves")
    pools = [a_pool("red", color="red"), a_pool("green", color="green")]
    plane.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pools}))
    yield User(plane, "yves")
    helm(plane, "rollback", "chippool", "1", "-n", "chippool-system")
    plane.kubectl("delete", "chippool", "red", "green")


@pytest.fixture(scope="module")
def yves(plane, yard):
    """He, once pods without chippool are refused."""
    enforce(plane, "Deny")
    eventually(lambda: "refused" in tried(yard, a_pod()))
    return yard


def tried(user, pod):
    done = user.kubectl("create", "--dry-run=server", "-f", "-", given=pod, check=False)
    return f"refused: {done.stderr}" if done.returncode else f"let: {done.stderr}"


def test_a_pod_that_asks_for_a_pools_chips_is_refused_with_the_pool_and_the_remedy(yves):
    pod = a_pod()

    said = yves.refused("create", "-f", "-", given=pod)

    assert (
        f"Pod {pod['metadata']['name']}: asks for {CHIP}, and chippool alone gives out the chips of ChipPool " in said
    )
    assert "make a ChipWorkload, name a queue in its label chippool.io/queue-name, or send it to nodes that are" in said


def test_a_sidecar_that_asks_counts_too(yves):
    assert "refused" in tried(yves, a_pod(sidecar=True))


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(chips=0),
        a_pod(resource="example.com/other"),
        a_pod(nodeSelector={"color": "blue"}),
        a_pod(schedulingGates=[GATE]),
        a_pod(labels={"chippool.io/queue-name": "any"}),
        a_pod(namespace=EXEMPT),
    ],
    ids=["no chips", "another resource", "nodes of no pool", "at the gate", "sent to the gate", "exempt namespace"],
)
def test_a_pod_that_takes_no_chips_of_a_pool_is_let(yves, pod):
    assert "let" in tried(yves, pod)


def test_a_pod_for_the_nodes_of_one_pool_is_refused_for_that_pool(yves):
    said = tried(yves, a_pod(nodeSelector={"color": "green"}))

    assert "the chips of ChipPool green;" in said


def test_somebody_elses_pod_does_not_leave_the_gate_for_the_chips(yves, operator):
    pod = a_pod(schedulingGates=[GATE])
    yves.create(pod)
    off = ["patch", "pod", pod["metadata"]["name"], "-n", YARD, "-p", json.dumps({"spec": {"schedulingGates": None}})]

    assert "chippool alone gives out the chips of ChipPool" in yves.refused(*off, "--type=merge")
    operator.kubectl(*off, "--type=merge")


def test_a_job_says_why_it_has_no_pods(yves):
    template = {"spec": a_pod(restartPolicy="Never")["spec"]}
    metadata = {"name": "plain", "namespace": YARD}
    yves.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}})

    def told():
        events = yves.kubectl("get", "events", "-n", YARD, "--field-selector=reason=FailedCreate", "-o", "json").stdout
        return any("chippool alone gives out the chips" in one["message"] for one in json.loads(events)["items"])

    eventually(told)
    yves.kubectl("delete", "job", "plain", "-n", YARD)


def test_the_policy_compiles_without_a_warning(yves, admin):
    def checked():
        policy = json.loads(
            admin.kubectl("get", "validatingadmissionpolicy", "chippool-unmanaged", "-o", "json").stdout
        )
        status = policy.get("status", {})
        return status.get("observedGeneration") == policy["metadata"]["generation"] and status["typeChecking"]

    eventually(lambda: checked() is not False)
    assert checked().get("expressionWarnings", []) == []


def test_without_pools_nobody_is_refused(yves, plane):
    plane.kubectl("delete", "chippool", "red", "green")
    eventually(lambda: "let" in tried(yves, a_pod()))
    pools = [a_pool("red", color="red"), a_pool("green", color="green")]
    plane.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pools}))
    eventually(lambda: "refused" in tried(yves, a_pod()))


def test_with_warn_the_pod_is_made_and_its_maker_warned(yves, plane):
    enforce(plane, "Warn")
    pod = a_pod()
    eventually(lambda: tried(yves, pod).startswith("let: Warning"))

    said = yves.kubectl("create", "-f", "-", given=pod).stderr

    assert f"Pod {pod['metadata']['name']}: asks for {CHIP}" in said
    assert "ChipPool red" in said
    assert "ChipPool green" in said
