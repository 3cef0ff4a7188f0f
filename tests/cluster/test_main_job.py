"""The main job on a real control plane: workloads onto nodes by priority class, whichever vendor's chips fit."""

import pytest

from tests.cluster.manifests import a_class, a_queue, a_variant, a_workload

pytestmark = pytest.mark.plane


def test_a_gang_is_admitted_pinned_run_and_finished(cluster):
    cluster.apply(a_workload("gang", replicas=2, does={"run_for": "2s"}))
    cluster.wait_true("gang", "Ready")
    status = cluster.find("chipworkload", "gang")["status"]
    assert (status["assignment"]["variant"], status["assignment"]["pool"], status["assignment"]["nodes"]) == (
        "h800",
        "h800",
        2,
    )
    pods = cluster.items("pods", "-l", "chippool.io/workload=gang")
    assert [len(pod["metadata"].get("managedFields", [])) for pod in pods] == [0, 0]
    cluster.wait_true("gang", "Finished")
    assert cluster.condition("gang", "Finished")["reason"] == "Completed"


def test_a_service_runs_on_the_other_vendors_chips_with_its_other_image(cluster):
    npu = a_variant(
        "npu", 4, patch={"spec": {"containers": [{"name": "main", "image": "registry.example/ascend:2"}]}}, speed="0.6"
    )
    cluster.apply(a_workload("all", replicas=4, cls="revenue"))
    cluster.wait_true("all", "Ready")
    cluster.apply(a_workload("svc", a_variant("h800", 8), npu, cls="inference", mode="Service", replicas=2))
    cluster.wait_true("svc", "Ready")
    for pod in cluster.running("svc"):
        (container,) = pod["spec"]["containers"]
        assert container["image"] == "registry.example/ascend:2"
        assert container["resources"]["limits"] == {"huawei.com/Ascend910B3": "4"}
        assert pod["spec"]["nodeName"].startswith("ascend910b")


def test_higher_priority_displaces_lower_and_the_victim_comes_back_at_its_old_age(cluster):
    cluster.apply(a_workload("low", replicas=4, cls="batch"))
    cluster.wait_true("low", "Ready")
    cluster.apply(a_workload("high", cls="revenue", does={"run_for": "4s"}))
    cluster.wait_true("high", "Ready")
    cluster.wait_true("low", "Displaced")  # statuses are written after everything else, each object's by itself
    assert cluster.condition("low", "Displaced")["reason"] == "Preempted"
    assert len(cluster.running("low")) == 0
    cluster.wait_true("high", "Finished")
    cluster.wait_true("low", "Ready")
    assert len(cluster.running("low")) == 4


def test_what_waits_says_what_is_short(cluster):
    cluster.apply(a_workload("busy", replicas=4, cls="revenue"))
    cluster.wait_true("busy", "Ready")
    cluster.apply(a_workload("waits", cls="training"))
    assert "Asks for 1 x 8 chips of h800" in cluster.wait_held("waits", "ChipsShort")
    assert cluster.find("job", "waits") is None


def test_a_queue_limit_holds(cluster):
    cluster.apply(a_queue("tight", limits={"h800": 8}))
    cluster.apply(a_workload("one", queue="tight"))
    cluster.wait_true("one", "Ready")
    cluster.apply(a_workload("two", queue="tight"))
    assert "at most 8 chips of h800" in cluster.wait_held("two", "QueueLimit")


def test_a_service_is_scaled_by_kubectl_scale(cluster):
    cluster.apply(a_workload("svc", a_variant(chips=2), mode="Service", cls="inference", replicas=1))
    cluster.wait_true("svc", "Ready")
    cluster.plane.kubectl("scale", "chipworkload/svc", "--replicas=3", "-n", cluster.namespace)
    cluster.eventually(lambda: len(cluster.running("svc")) == 3, "three replicas run", about="svc")
    cluster.plane.kubectl("scale", "chipworkload/svc", "--replicas=1", "-n", cluster.namespace)
    cluster.eventually(lambda: len(cluster.running("svc")) == 1, "one replica runs", about="svc")


def test_a_suspended_workload_gives_its_chips_back_and_resumes(cluster):
    cluster.apply(a_workload("w", replicas=2))
    cluster.wait_true("w", "Ready")
    cluster.patch("chipworkload", "w", {"spec": {"suspend": True}})
    cluster.eventually(lambda: not cluster.items("pods"), "its pods are gone", about="w")
    cluster.patch("chipworkload", "w", {"spec": {"suspend": False}})
    cluster.wait_true("w", "Ready")


def test_max_runtime_ends_a_workload_for_good(cluster):
    cluster.apply(a_workload("w", maxRuntime="3s"))
    cluster.wait_true("w", "Finished")
    assert cluster.condition("w", "Finished")["reason"] == "MaxRuntimeExceeded"
    cluster.eventually(lambda: not cluster.running("w"), "nothing of it runs", about="w")


def test_a_finished_workload_is_deleted_after_its_time(cluster):
    cluster.apply(a_workload("w", does={"run_for": "1s"}, ttlSecondsAfterFinished=1))
    cluster.eventually(lambda: cluster.find("chipworkload", "w") is None, "it is gone", within=40)


def test_a_drained_node_gives_its_replica_to_another_node(cluster):
    cluster.apply(a_workload("gang", replicas=2))
    cluster.wait_true("gang", "Ready")
    node = cluster.running("gang")[0]["spec"]["nodeName"]
    cluster.plane.kubectl("drain", node, "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=60s")
    cluster.eventually(
        lambda: (
            len(cluster.running("gang")) == 2 and node not in {p["spec"]["nodeName"] for p in cluster.running("gang")}
        ),
        "both replicas run elsewhere",
        within=60,
        about="gang",
    )
    cluster.plane.kubectl("uncordon", node)
    assert not cluster.is_true("gang", "Finished")


def test_pools_and_queues_show_what_they_have(cluster):
    cluster.apply(a_workload("w", replicas=2))
    cluster.wait_true("w", "Ready")

    def shown():
        chips = cluster.find("chippool", "h800").get("status", {}).get("chips", {})
        return {state: chips.get(state) for state in ("installed", "allocatable", "allocated", "free")}

    expected = {"installed": 32, "allocatable": 32, "allocated": 16, "free": 16}
    cluster.eventually(lambda: shown() == expected, f"the pool shows {expected}")


def test_a_shadow_class_that_is_not_as_it_should_be_is_made_anew(cluster):
    cluster.apply(a_class("special", 500), a_class("chippool-special", 7))
    cluster.apply(a_queue("special", classes=["special"]))

    def is_right():
        shadow = cluster.find("priorityclass", "chippool-special") or {}
        return (shadow.get("value"), shadow.get("preemptionPolicy")) == (500, "Never")

    cluster.eventually(is_right, "it has the value of its class and preempts nobody")
    cluster.apply(a_workload("w", cls="special", queue="special"))
    cluster.wait_true("w", "Ready")
