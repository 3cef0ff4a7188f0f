"""Nobody but the operator says "admitted": each way to forge it is refused with a sentence."""

import pytest

from tests.contract.build import ASSIGNMENT, a_deployment, a_job, a_pod_template, a_workload, owned_by
from tests.contract.conftest import ARENA

pytestmark = pytest.mark.plane

MARKED = {"chippool.io/assignment": ASSIGNMENT}


@pytest.fixture(scope="session")
def gang(operator, admin):
    """A workload whose Job the operator made, with its assignment and gated pods."""
    workload = admin.create(a_workload("gang"))
    operator.create(a_job("gang", owner=workload, annotations=MARKED))
    admin.kubectl("wait", "-n", ARENA, "job/gang", "--for=jsonpath={.status.active}=2", "--timeout=30s")
    return workload


@pytest.fixture(scope="session")
def rest(operator, admin):
    """A workload that was displaced: its Job is suspended."""
    workload = admin.create(a_workload("rest"))
    operator.create(a_job("rest", owner=workload, suspend=True))
    return workload


@pytest.fixture(scope="session")
def service(operator, admin):
    """A workload whose Deployment the operator made."""
    workload = admin.create(a_workload("service", mode="Service"))
    operator.create(a_deployment("service", owner=workload, annotations=MARKED))
    admin.kubectl("wait", "-n", ARENA, "deployment/service", "--for=jsonpath={.status.replicas}=2", "--timeout=30s")
    return workload


@pytest.fixture
def gated_pod(gang, admin):
    pods = admin.kubectl("get", "pods", "-n", ARENA, "-l", "chippool.io/workload=gang", "-o", "name").stdout.split()
    return pods[0].removeprefix("pod/")


def test_an_assignment_is_not_put_on_a_job_of_ones_own(eve):
    said = eve.refused("create", "-f", "-", given=a_job("forged", annotations=MARKED))

    assert "Job forged: only chippool may set, change or remove the annotation chippool.io/assignment" in said
    assert "make a ChipWorkload" in said


def test_an_assignment_is_not_put_on_a_deployment_of_ones_own(eve):
    said = eve.refused("create", "-f", "-", given=a_deployment("forged", annotations=MARKED))

    assert "Deployment forged: only chippool may set, change or remove the annotation chippool.io/assignment" in said


@pytest.mark.parametrize("value", ['{"replicas":9}', None], ids=["changed", "removed"])
def test_an_assignment_is_neither_changed_nor_removed(eve, gang, value):
    said = eve.refused_patch("job", "gang", {"metadata": {"annotations": {"chippool.io/assignment": value}}})

    assert "Job gang: only chippool may set, change or remove the annotation chippool.io/assignment" in said


def test_a_displaced_job_is_not_given_an_assignment(eve, rest):
    change = {"metadata": {"annotations": MARKED}, "spec": {"suspend": False}}

    said = eve.refused_patch("job", "rest", change)

    assert "Job rest: only chippool may set, change or remove the annotation chippool.io/assignment" in said


def test_how_often_it_was_displaced_is_not_forged(eve, rest):
    said = eve.refused_patch("job", "rest", {"metadata": {"annotations": {"chippool.io/displaced": '{"count":0}'}}})

    assert "Job rest: only chippool may set, change or remove the annotation chippool.io/displaced" in said


@pytest.mark.parametrize("build", [a_job, a_deployment])
def test_no_object_is_made_with_a_workload_as_its_controller(eve, rest, build):
    said = eve.refused("create", "-f", "-", given=build("another", owner=rest))

    assert " another: only chippool may make what a ChipWorkload controls" in said
    assert "make a ChipWorkload, or leave metadata.ownerReferences out" in said


def test_a_job_of_ones_own_is_not_given_a_workload_as_its_controller(eve, rest):
    eve.create(a_job("adopted", suspend=True))

    said = eve.refused_patch("job", "adopted", {"metadata": {"ownerReferences": [owned_by(rest)]}})

    assert (
        "Job adopted: metadata.ownerReferences of what a ChipWorkload controls may only be changed by chippool" in said
    )
    eve.kubectl("delete", "job", "adopted", "-n", ARENA)


def test_a_made_job_is_not_unsuspended(eve, rest):
    said = eve.refused_patch("job", "rest", {"spec": {"suspend": False}})

    assert "Job rest: its spec may only be changed by chippool" in said
    assert "change the ChipWorkload instead" in said


def test_a_made_job_is_not_resized(eve, gang):
    said = eve.refused_patch("job", "gang", {"spec": {"parallelism": 1, "completions": 1}})

    assert "Job gang: its spec may only be changed by chippool" in said


@pytest.mark.parametrize("change", [{"replicas": 9}, {"paused": True}], ids=["replicas", "paused"])
def test_a_made_deployment_is_not_changed(eve, service, change):
    said = eve.refused_patch("deployment", "service", {"spec": change})

    assert "Deployment service: its spec may only be changed by chippool" in said


def test_a_made_deployment_is_not_scaled(eve, service):
    said = eve.refused("scale", "deployment/service", "-n", ARENA, "--replicas=9")

    assert "Deployment service: its replicas may only be changed by chippool" in said
    assert "kubectl scale chipworkload/service" in said


def test_a_made_deployment_is_not_restarted(eve, service):
    said = eve.refused("rollout", "restart", "deployment/service", "-n", ARENA)

    assert "Deployment service: its spec may only be changed by chippool" in said


def test_the_gate_is_not_taken_off(eve, gated_pod):
    said = eve.refused_patch("pod", gated_pod, {"spec": {"schedulingGates": None}})

    assert f"Pod {gated_pod}: only chippool may take the gate chippool.io/placement off" in said
    assert "it goes when the pod has its node" in said


def test_a_gated_pod_is_not_sent_elsewhere(eve, gated_pod):
    said = eve.refused_patch("pod", gated_pod, {"spec": {"nodeSelector": {"kubernetes.io/hostname": "h800-0"}}})

    assert f"Pod {gated_pod}: nodeSelector and affinity may only be changed by chippool" in said


def test_the_owner_reference_is_not_taken_off(eve, gang):
    said = eve.refused_patch("job", "gang", {"metadata": {"ownerReferences": None}})

    assert "Job gang: metadata.ownerReferences of what a ChipWorkload controls may only be changed by chippool" in said
    assert "delete the ChipWorkload instead" in said


def test_the_owner_is_not_made_a_bystander(eve, gang):
    bystander = {**owned_by(gang), "controller": False}

    said = eve.refused_patch("job", "gang", {"metadata": {"ownerReferences": [bystander]}})

    assert "may only be changed by chippool" in said


def test_taking_owner_and_suspension_off_at_once_is_refused_too(eve, rest):
    said = eve.refused_patch("job", "rest", {"metadata": {"ownerReferences": None}, "spec": {"suspend": False}})

    assert "may only be changed by chippool" in said


def test_a_user_may_not_write_a_status(eve, gang):
    status = {"status": {"conditions": []}}

    said = eve.refused_patch("chipworkload", "gang", status, more=["--subresource=status"])

    assert "forbidden" in said.lower()


def test_a_user_may_not_hold_the_verb_assign(eve):
    assert (
        eve.kubectl("auth", "can-i", "assign", "chipworkloads.chippool.io", "-n", ARENA, check=False).stdout == "no\n"
    )


def test_a_pod_is_not_passed_off_as_a_workloads(eve, gang):
    template = a_pod_template("gang", gated=False)
    said = eve.refused("create", "-f", "-", given={"apiVersion": "v1", "kind": "Pod", **named(template, "false-gang")})

    assert "Pod false-gang: the label chippool.io/workload is for pods of ChipWorkloads" in said


def test_the_label_of_a_workloads_pod_is_neither_changed_nor_removed(eve, gated_pod):
    for value in ("other", None):
        said = eve.refused_patch("pod", gated_pod, {"metadata": {"labels": {"chippool.io/workload": value}}})

        assert "only chippool may set, change or remove the label chippool.io/workload" in said


def named(template, name):
    labels = {"chippool.io/workload": "gang"}
    return {**template, "metadata": {**template["metadata"], "name": name, "namespace": ARENA, "labels": labels}}
