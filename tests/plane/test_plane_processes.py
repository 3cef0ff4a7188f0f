"""Any one process of a plane can be killed, stopped and started again, and what it served goes on."""

import os
import signal
import subprocess

import pytest

from tests.plane.builders import a_job, a_pod, apply, eventually, wait
from tools.plane.errors import PlaneError

pytestmark = pytest.mark.plane


def test_a_process_can_be_killed_and_restarted(plane):
    for component in ("kwok", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"):
        before = plane.pid(component)
        plane.kill(component)
        assert plane.pid(component) is None
        assert not_running(before)
        plane.restart(component)
        assert plane.pid(component) not in (None, before)
    apply(plane, a_job("after-all-restarts", run_for="200ms"))
    wait(plane, "job/after-all-restarts", "condition=complete", seconds=40)


def not_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_that_ends_by_itself_is_started_again_and_one_that_was_killed_is_not(plane):
    plane.kill("kube-scheduler")
    os.kill(plane.pid("kwok"), signal.SIGKILL)
    eventually(lambda: plane.describe()["processes"]["kwok"]["crashes"] == 1, "kwok is started again")
    assert plane.pid("kube-scheduler") is None
    for component in ("kwok", "kube-scheduler"):
        plane.restart(component)


def test_what_was_written_survives_etcd_and_the_api_server(plane):
    apply(plane, a_pod("survivor"))
    wait(plane, "pod/survivor", "condition=Ready")
    plane.kill("kube-apiserver")
    plane.restart("etcd")
    plane.restart("kube-apiserver")
    wait(plane, "pod/survivor", "condition=Ready")


def test_a_stopped_process_hangs_and_goes_on(plane):
    plane.stop_signal("kube-scheduler")
    assert plane.describe()["processes"]["kube-scheduler"]["state"] == "stopped"
    apply(plane, a_pod("meanwhile"))
    with pytest.raises(subprocess.CalledProcessError):
        wait(plane, "pod/meanwhile", "condition=PodScheduled", seconds=1)
    plane.cont("kube-scheduler")
    wait(plane, "pod/meanwhile", "condition=Ready")


def test_a_stopped_process_can_be_killed_and_restarted(plane):
    plane.stop_signal("kwok")
    plane.restart("kwok")
    apply(plane, a_pod("later"))
    wait(plane, "pod/later", "condition=Ready")


def test_a_signal_to_a_process_that_ended_is_refused_with_a_sentence(plane):
    plane.kill("kube-scheduler")
    with pytest.raises(PlaneError, match="kube-scheduler is not running; start it with restart"):
        plane.stop_signal("kube-scheduler")
    plane.restart("kube-scheduler")
    with pytest.raises(PlaneError, match="no process 'kubelet'"):
        plane.kill("kubelet")


def test_another_user_may_do_what_rbac_says(plane):
    editor = {"as_user": "ann@example.com", "as_groups": ("team-a",)}
    assert plane.kubectl("create", "configmap", "one", check=False, **editor).returncode != 0
    plane.kubectl("create", "rolebinding", "team-a", "--clusterrole=edit", "--group=team-a")
    eventually(
        lambda: plane.kubectl("auth", "can-i", "create", "configmaps", check=False, **editor).returncode == 0, ""
    )
    plane.kubectl("create", "configmap", "one", **editor)
    assert plane.kubectl("get", "nodes", check=False, **editor).returncode != 0
    assert "ann@example.com" in plane.kubectl("auth", "whoami", **editor).stdout


def test_a_kubeconfig_can_act_as_a_service_account(plane):
    kubeconfig = plane.kubeconfig_for_service_account("default", "default")
    said = subprocess.run(
        [plane.bin / "kubectl", f"--kubeconfig={kubeconfig}", "auth", "whoami"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "system:serviceaccount:default:default" in said.stdout


def test_both_kinds_of_admission_policy_are_served_as_v1(plane):
    served = plane.kubectl("api-resources", "--api-group=admissionregistration.k8s.io", "-o", "name").stdout
    assert {"mutatingadmissionpolicies", "validatingadmissionpolicies"} <= {
        line.split(".")[0] for line in served.splitlines()
    }
    raw = plane.kubectl("get", "--raw", "/apis/admissionregistration.k8s.io/v1").stdout
    assert '"mutatingadmissionpolicies"' in raw


def test_helm_comes_with_the_plane(plane):
    said = subprocess.run([plane.bin / "helm", "version"], capture_output=True, text=True, check=True)
    assert "v4." in said.stdout
