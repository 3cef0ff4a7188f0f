"""Pods that ask a queue for chips by label are born gated, and only the operator lets them go."""

import itertools
import json

import pytest

from tests.contract.build import ASSIGNMENT
from tests.contract.conftest import ARENA, eventually

pytestmark = pytest.mark.plane

NUMBERS = itertools.count()
GATE = "chippool.io/placement"
MARK = {"chippool.io/assignment": ASSIGNMENT}


def a_class(name, **more):
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, **more}


@pytest.fixture(scope="module", autouse=True)
def a_queue(admin):
    """One queue with one class, whose shadow the operator would keep."""
    queue = {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipQueue",
        "metadata": {"name": "natives"},
        "spec": {"namespaceSelector": {}, "priorityClassNames": ["native-training"]},
    }
    admin.apply(a_class("native-training", value=500))
    admin.apply(a_class("chippool-native-training", value=500, preemptionPolicy="Never"))
    admin.apply(a_class("native-other", value=400))
    admin.apply(queue)
    eventually(lambda: admin_sees_the_shadow(admin))


def admin_sees_the_shadow(admin):
    """The API server's policies hear of a new queue a moment later."""
    made = admin.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", given=a_pod(), check=False)
    return made.returncode == 0 and "chippool-native-training" in made.stdout


def a_pod(*, chips="8", cls="native-training", annotations=None, **labels):
    limits = {"nvidia.com/gpu": chips} if chips else {"cpu": "1"}
    named = {
        "chippool.io/queue-name": "natives",
        **{f"chippool.io/{k.replace('_', '-')}": v for k, v in labels.items()},
    }
    metadata = {"name": f"native-{next(NUMBERS)}", "namespace": ARENA, "labels": named}
    container = {"name": "main", "image": "registry.example.com/main:1", "resources": {"limits": limits}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | ({"annotations": annotations} if annotations else {}),
        "spec": {"containers": [container], "priorityClassName": cls},
    }


@pytest.fixture
def pod(eve, admin):
    made = eve.create(a_pod(group="g", group_size="2"))
    yield made
    admin.kubectl("delete", "pod", made["metadata"]["name"], "-n", ARENA, "--force", "--ignore-not-found")


def name_of(pod):
    return pod["metadata"]["name"]


def test_it_is_born_gated_and_never_preempts_by_itself(pod):
    assert pod["spec"]["schedulingGates"] == [{"name": GATE}]
    assert pod["spec"]["priorityClassName"] == "chippool-native-training"
    assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (500, "Never")


def test_a_class_its_queue_does_not_allow_stays_as_it_is(eve):
    made = json.loads(
        eve.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", given=a_pod(cls="native-other")).stdout
    )

    assert made["spec"]["priorityClassName"] == "native-other"
    assert made["spec"]["schedulingGates"] == [{"name": GATE}]


def test_a_pod_that_asks_for_no_devices_is_left_alone(eve):
    made = json.loads(
        eve.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", given=a_pod(chips=None)).stdout
    )

    assert "schedulingGates" not in made["spec"]


def test_nobody_else_takes_the_gate_off(eve, pod):
    said = eve.refused_patch("pod", name_of(pod), {"spec": {"schedulingGates": None}})

    assert "Forbidden" in said
    assert f"Pod {name_of(pod)}: only chippool may take the gate chippool.io/placement off" in said


@pytest.mark.parametrize("value", ["other", None], ids=["changed", "removed"])
@pytest.mark.parametrize("label", ["queue-name", "group", "group-size"])
def test_what_it_is_counted_by_stays(eve, pod, label, value):
    said = eve.refused_patch("pod", name_of(pod), {"metadata": {"labels": {f"chippool.io/{label}": value}}})

    assert "chippool.io/queue-name, chippool.io/group and chippool.io/group-size can't change" in said


def test_nobody_else_says_what_it_was_given(eve, pod):
    said = eve.refused_patch("pod", name_of(pod), {"metadata": {"annotations": MARK}})

    assert "only chippool may set, change or remove the annotation chippool.io/assignment" in said


def test_it_is_not_born_with_something_given(eve):
    said = eve.refused("create", "-f", "-", given=a_pod(annotations=MARK))

    assert "only chippool may set, change or remove the annotation chippool.io/assignment" in said


def test_it_is_not_sent_elsewhere_while_it_waits(eve, pod):
    said = eve.refused_patch("pod", name_of(pod), {"spec": {"nodeSelector": {"kubernetes.io/hostname": "h800-0"}}})

    assert f"Pod {name_of(pod)}: nodeSelector and affinity may only be changed by chippool" in said


def test_a_pod_that_runs_does_not_join_a_queue(eve, admin):
    raw = a_pod()
    del raw["metadata"]["labels"]["chippool.io/queue-name"]
    made = eve.create(raw)

    said = eve.refused_patch("pod", name_of(made), {"metadata": {"labels": {"chippool.io/queue-name": "natives"}}})

    assert "can't change; set them in the template it is made from, and make it anew" in said
    admin.kubectl("delete", "pod", name_of(made), "-n", ARENA, "--force")


def test_its_user_still_holds_it_back_and_annotates_it(eve, pod):
    eve.patch("pod", name_of(pod), {"metadata": {"labels": {"chippool.io/hold": ""}, "annotations": {"mine": "yes"}}})


def test_the_operator_marks_it_and_lets_it_go(operator, pod):
    change = {
        "metadata": {"annotations": MARK},
        "spec": {"schedulingGates": None, "nodeSelector": {"kubernetes.io/hostname": "nowhere"}},
    }

    operator.patch("pod", name_of(pod), change)
