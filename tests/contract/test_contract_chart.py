"""The chart: it renders, installs, compiles, and gives its operator exactly the rights it uses."""

import json
import subprocess

import pytest

from chippool.shell.checks import RIGHTS
from tests.contract.conftest import CHART, OPERATOR, ROOT, User, eventually
from tests.helm import helm

pytestmark = pytest.mark.plane

ELSEWHERE = (
    ("get", "", "secrets"),
    ("create", "", "pods"),
    ("deletecollection", "", "pods"),
    ("patch", "", "nodes"),
    ("create", "", "pods/binding"),
    ("patch", "chippool.io", "chipworkloads"),
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("get", "coordination.k8s.io", "leases"),
)


def can(admin, verb, group, resource, *, namespace="default", name=""):
    what = f"{resource.split('/')[0]}.{group}" if group else resource.split("/")[0]
    sub = [f"--subresource={resource.split('/')[1]}"] if "/" in resource else []
    where = what + (f"/{name}" if name else "")
    asked = admin.kubectl("auth", "can-i", verb, where, *sub, "-n", namespace, f"--as={OPERATOR}", check=False)
    return asked.stdout.startswith("yes")


def test_its_crds_are_those_of_the_models():
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        assert (CHART / "crds" / path.name).read_bytes() == path.read_bytes()


def test_helm_finds_nothing_to_complain_of(plane):
    assert "1 chart(s) linted, 0 chart(s) failed" in helm(plane, "lint", "--strict", str(CHART))


def test_it_is_installed_and_upgrades_to_itself(plane):
    helm(plane, "upgrade", "chippool", str(CHART), "-n", "chippool-system", "--set", "replicas=1,aggregateRoles=true")
    helm(plane, "rollback", "chippool", "1", "-n", "chippool-system")


@pytest.mark.parametrize("wrong", ["replicas=9", "metrics.port=80", "log.level=loud", "unknown=1"])
def test_a_wrong_value_is_refused(plane, wrong):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        helm(plane, "template", "chippool", str(CHART), "--set", wrong)

    assert wrong.split("=")[0].split(".")[-1] in caught.value.stderr


def test_every_policy_compiles_without_a_warning(admin):
    listed = admin.kubectl("get", "validatingadmissionpolicies", "-o", "json").stdout

    policies = [one for one in json.loads(listed)["items"] if one["metadata"]["name"].startswith("chippool-")]
    assert len(policies) == 5
    for policy in policies:
        assert policy["spec"]["failurePolicy"] == "Fail"
        name = f"validatingadmissionpolicy/{policy['metadata']['name']}"
        seen = f"--for=jsonpath={{.status.observedGeneration}}={policy['metadata']['generation']}"
        admin.kubectl("wait", name, seen, "--timeout=30s")
        checked = json.loads(admin.kubectl("get", name, "-o", "json").stdout)["status"]["typeChecking"]
        assert checked.get("expressionWarnings", []) == []


@pytest.mark.parametrize("right", RIGHTS, ids=" ".join)
def test_the_operator_has_the_right(admin, right):
    assert can(admin, *right)


@pytest.mark.parametrize("right", ELSEWHERE, ids=" ".join)
def test_the_operator_has_no_other_right(admin, right):
    assert not can(admin, *right)


def test_the_operator_has_one_lease_in_its_own_namespace(admin):
    leases = ("coordination.k8s.io", "leases")

    assert can(admin, "create", *leases, namespace="chippool-system")
    assert can(admin, "update", *leases, namespace="chippool-system", name="chippool")
    assert not can(admin, "update", *leases, namespace="chippool-system", name="other")


def test_a_viewer_sees_and_an_editor_makes_workloads(eve):
    for verb in ("get", "list", "create", "patch", "delete"):
        assert eve.kubectl("auth", "can-i", verb, "chipworkloads.chippool.io", "-n", "arena").stdout == "yes\n"


def test_a_viewer_of_the_cluster_sees_pools_and_queues(admin, plane):
    admin.kubectl("create", "clusterrolebinding", "viewer", "--clusterrole=view", "--user=viewer")
    viewer = User(plane, "viewer")

    eventually(lambda: viewer.kubectl("auth", "can-i", "list", "chippools", check=False).stdout == "yes\n")
    viewer.kubectl("get", "chips", "-A")


def test_its_pods_pass_the_restricted_standard(admin):
    strict = "pod-security.kubernetes.io/enforce=restricted"

    said = admin.kubectl("label", "--dry-run=server", "--overwrite", "ns", "chippool-system", strict)

    assert "violate" not in said.stderr
