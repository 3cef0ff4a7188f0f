"""The CRDs on a real API server: accepted without complaint, and doing what a user expects of them."""

import json
import re

import pytest

from tests.contract.build import a_workload
from tests.contract.conftest import ARENA

pytestmark = pytest.mark.plane

KINDS = ["chippools.chippool.io", "chipqueues.chippool.io", "chipworkloads.chippool.io"]
ADMITTED = {
    "type": "Admitted",
    "status": "True",
    "reason": "Admitted",
    "message": "Admitted as h800 to nvidia-h800.",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
    "observedGeneration": 1,
}


def get(admin, kind, name):
    return json.loads(admin.kubectl("get", kind, name, "-n", ARENA, "-o", "json").stdout)


@pytest.fixture
def handed_in(admin, request):
    """A function that hands a workload in, deleted after the test."""
    made = []

    def create(name, **spec):
        made.append(name)
        return admin.create(a_workload(name, **spec))

    yield create
    admin.kubectl("delete", "cw", *made, "-n", ARENA)


@pytest.fixture
def admitted(admin, operator, handed_in):
    """A function that hands a workload in and says it is admitted, as the operator does."""

    def create(name, **spec):
        handed_in(name, **spec)
        assignment = {
            "variant": "h800",
            "pool": "nvidia-h800",
            "replicas": 2,
            "chips": 16,
            "nodes": 2,
            "admittedAt": "2026-01-01T00:00:00Z",
        }
        status = {
            "assignment": assignment,
            "replicas": 2,
            "selector": f"chippool.io/workload={name}",
            "conditions": [ADMITTED],
        }
        operator.patch("cw", name, {"status": status}, more=["--subresource=status"])

    return create


@pytest.mark.parametrize("name", KINDS)
def test_the_api_server_has_no_complaints(admin, name):
    crd = json.loads(admin.kubectl("get", "crd", name, "-o", "json").stdout)

    conditions = {one["type"]: one["status"] for one in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_kubectl_explains_every_field(admin):
    told = admin.kubectl("explain", "cw.spec", "--recursive").stdout

    assert re.search(r"chipsPerReplica\t<\w+> -required-", told)
    assert "schedulerName" in admin.kubectl("explain", "cw.spec.template.spec").stdout


def test_short_names_and_the_category_work(admin, handed_in):
    handed_in("shown")

    assert "chipworkload.chippool.io/shown" in admin.kubectl("get", "chips", "-n", ARENA, "-o", "name").stdout
    for short in ("cpool", "chq", "cw"):
        admin.kubectl("get", short, "-A")


def test_the_columns_say_where_it_runs(admin, admitted):
    admitted("tabled")

    header, row = admin.kubectl("get", "cw", "tabled", "-n", ARENA).stdout.splitlines()

    columns = "NAME QUEUE CLASS MODE REPLICAS VARIANT POOL CHIPS ADMITTED REASON READY FINISHED AGE"
    assert " ".join(header.split()) == columns
    assert " ".join(row.split()).startswith("tabled training llm-training Gang 2 h800 nvidia-h800 16 True Admitted")


def test_defaults_are_filled_in(admin, handed_in):
    spec = handed_in("plain")["spec"]

    assert (spec["mode"], spec["suspend"], spec["startTimeout"], spec["variants"][0]["speed"]) == (
        "Gang",
        False,
        "10m",
        "1",
    )


def test_every_field_of_a_pod_is_kept(admin, handed_in):
    pod = {
        "containers": [{"name": "main", "image": "i", "livenessProbe": {"exec": {"command": ["true"]}}}],
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "hostIPC": True,
    }

    spec = handed_in("kept", template={"spec": pod})["spec"]

    assert spec["template"]["spec"] == pod


def test_kubectl_scales_a_service(admin, handed_in):
    handed_in("scaled", mode="Service")

    admin.kubectl("scale", "cw/scaled", "-n", ARENA, "--replicas=0")

    assert get(admin, "cw", "scaled")["spec"]["replicas"] == 0


def test_an_editor_scales_a_workload_of_his_namespace(eve, handed_in):
    handed_in("scaled-by-eve", mode="Service")

    eve.kubectl("scale", "cw/scaled-by-eve", "-n", ARENA, "--replicas=5")


def test_the_scale_tells_an_autoscaler_which_pods_are_meant(admin, admitted):
    admitted("measured", mode="Service")

    scale = json.loads(admin.kubectl("get", "cw", "measured", "-n", ARENA, "--subresource=scale", "-o", "json").stdout)

    assert scale["status"] == {"replicas": 2, "selector": "chippool.io/workload=measured"}


def test_two_appliers_share_a_workload(admin, handed_in):
    handed_in("shared")
    labels = {"metadata": {"name": "shared", "namespace": ARENA, "labels": {"team": "a"}}}
    head = {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipWorkload"}
    variant = {"name": "npu", "poolNames": ["ascend-910b"], "chipsPerReplica": 8}

    admin.kubectl("apply", "--server-side", "--field-manager=a", "-f", "-", given=head | labels)
    second = head | {"metadata": {"name": "shared", "namespace": ARENA}, "spec": {"variants": [variant]}}
    admin.kubectl("apply", "--server-side", "--field-manager=b", "-f", "-", given=second)

    shared = get(admin, "cw", "shared")
    assert shared["metadata"]["labels"] == {"team": "a"}
    assert [one["name"] for one in shared["spec"]["variants"]] == ["h800", "npu"]


def test_applying_the_same_again_changes_nothing(admin, handed_in):
    admin.apply(a_workload("again"))
    before = get(admin, "cw", "again")["metadata"]["resourceVersion"]

    admin.apply(a_workload("again"))

    assert get(admin, "cw", "again")["metadata"]["resourceVersion"] == before
    admin.kubectl("delete", "cw", "again", "-n", ARENA)
    handed_in("again")


def test_mode_never_changes(admin, handed_in):
    handed_in("steady")

    said = admin.refused_patch("cw", "steady", {"spec": {"mode": "Service"}})

    assert "spec.mode: Forbidden: mode can't change: make another ChipWorkload" in said


def test_a_workload_that_waits_can_change_everything_else(admin, handed_in):
    handed_in("waiting")

    admin.patch("cw", "waiting", {"spec": {"queueName": "other", "maxRuntime": "1h", "template": {"spec": {"x": 1}}}})


@pytest.mark.parametrize("change", [{"queueName": "other"}, {"maxRuntime": "1h"}, {"startTimeout": "1m"}])
@pytest.mark.parametrize("mode", ["Gang", "Service"])
def test_an_admitted_workload_stays_in_its_queue_and_times(admin, admitted, mode, change):
    admitted("fixed", mode=mode)
    (field,) = change

    said = admin.refused_patch("cw", "fixed", {"spec": change})

    assert f"spec.{field}: Forbidden: {field} can't change while the workload is admitted: suspend it first" in said


@pytest.mark.parametrize(
    "change",
    [
        {"template": {"spec": {"dnsPolicy": "Default"}}},
        {"template": {"spec": {"containers": [{"name": "main", "image": "registry.example.com/main:2"}]}}},
        {"variants": [{"name": "h800", "poolNames": ["nvidia-h20"], "chipsPerReplica": 8}]},
        {"chipContainer": "main"},
        {"job": {"backoffLimit": 1}},
    ],
    ids=["an unknown field", "the image", "the variants", "the container", "the job"],
)
def test_what_an_admitted_gang_runs_stays(admin, admitted, change):
    admitted("running")
    (field,) = change

    said = admin.refused_patch("cw", "running", {"spec": change})

    assert f"spec.{field} of a Gang can't change while it is admitted: suspend ChipWorkload running first" in said


def test_one_unseen_field_does_not_hide_another(admin, admitted):
    admitted("hidden", template={"spec": {"containers": [{"name": "main", "image": "i"}], "hostIPC": True}})

    said = admin.refused_patch("cw", "hidden", {"spec": {"template": {"spec": {"hostIPC": None, "hostPID": True}}}})

    assert "spec.template of a Gang can't change while it is admitted" in said


def test_an_admitted_service_takes_a_new_template(admin, admitted):
    admitted("rolled", mode="Service")

    admin.patch("cw", "rolled", {"spec": {"template": {"spec": {"dnsPolicy": "Default"}}, "chipContainer": "main"}})


def test_an_admitted_workload_changes_its_size_class_and_suspension(admin, admitted):
    admitted("moved")

    admin.patch("cw", "moved", {"spec": {"replicas": 3, "priorityClassName": "batch", "suspend": True}})


def test_a_pool_keeps_its_resource(admin):
    pool = {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipPool",
        "metadata": {"name": "kept"},
        "spec": {
            "chip": {"vendor": "nvidia", "model": "L20", "resourceName": "nvidia.com/gpu"},
            "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L20"},
        },
    }
    admin.create(pool)

    said = admin.refused_patch("cpool", "kept", {"spec": {"chip": {"resourceName": "nvidia.com/mig-1g.10gb"}}})

    assert "chip.resourceName can't change: make another pool" in said
    admin.kubectl("delete", "cpool", "kept")
