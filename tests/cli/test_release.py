import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chippool.core.model import Displaced
from chippool.core.reasons import Reason
from tests.state import native
from tests.state.build import NOW, a_deployment, a_job, a_pod, a_pool, a_queue, an_object

GATES = [{"name": "chippool.io/placement"}]
MANAGED = {"chippool.io/workload": "w"}


def gated(raw):
    """The same object with the gate in its template, and chippool's label."""
    raw = copy.deepcopy(raw)
    raw["metadata"]["labels"] = MANAGED
    raw["spec"]["template"] = {"spec": {"schedulingGates": GATES, "containers": []}}
    return raw


def a_gated_pod(name="w-0"):
    return a_pod(name, gated=True)


def a_replica_set(deployment):
    owner = {"kind": "Deployment", "uid": deployment["metadata"]["uid"], "controller": True}
    raw = an_object("ReplicaSet", "w-1", "team", ownerReferences=[owner])
    return gated(raw | {"spec": {}})


def a_lease(seconds_ago):
    renewed = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": "pod-1", "renewTime": renewed, "leaseDurationSeconds": 15}
    return an_object("Lease", "chippool", "chippool-system") | {"spec": spec}


def gates_of(api, kind, name, namespace="team"):
    path = next(at for at in api.objects if at.endswith(f"/namespaces/{namespace}/{kind}/{name}"))
    spec = api.objects[path]["spec"]
    return (spec if kind == "pods" else spec["template"]["spec"]).get("schedulingGates")


def test_pods_and_templates_lose_the_gate(api, user):
    api.add(a_gated_pod(), gated(a_job(suspended=True)))
    assert "2 of 2 released." in user.reads("release", "--yes")
    assert gates_of(api, "pods", "w-0") is None
    assert gates_of(api, "jobs", "w") is None


def test_native_pods_lose_the_gate_and_their_displaced_jobs_are_named(api, user):
    lost = Displaced(NOW, Reason.PREEMPTED, None, 1, 0, 0, "For others.")
    stopped = replace(lost, reason=Reason.SUSPENDED)
    api.add(
        native.a_native_pod("p"),
        native.a_native_job("given-way", suspended=True, displaced=lost),
        native.a_native_job("stopped", suspended=True, displaced=stopped),
    )

    said = user.reads("release", "--yes")

    assert "1 of 1 released." in said
    assert gates_of(api, "pods", "p") is None
    assert "set spec.suspend to false to run them: Jobs team/given-way\n" in said


def test_templates_go_first_or_a_new_pod_would_be_gated_again(api, user):
    api.add(a_gated_pod(), gated(a_job(suspended=True)))
    user.reads("release", "--yes")
    assert [path.split("/")[-2] for path, _ in api.patches] == ["jobs", "pods"]


def test_gates_of_others_stay(api, user):
    pod = a_gated_pod()
    pod["spec"]["schedulingGates"] = [{"name": "example.com/mine"}, *GATES]
    api.add(pod)
    user.reads("release", "--yes")
    assert gates_of(api, "pods", "w-0") == [{"name": "example.com/mine"}]


def test_a_deployment_changes_while_it_is_paused_so_that_nothing_rolls_out(api, user):
    deployment = gated(a_deployment())
    api.add(deployment, a_replica_set(deployment))
    user.reads("release", "--yes")
    assert [(path.split("/")[-2], list(change["spec"])) for path, change in api.patches] == [
        ("deployments", ["paused"]),
        ("replicasets", ["template"]),
        ("deployments", ["template"]),
        ("deployments", ["paused"]),
    ]
    assert gates_of(api, "deployments", "w") is None
    assert gates_of(api, "replicasets", "w-1") is None


def test_a_deployment_its_user_paused_stays_paused(api, user):
    deployment = gated(a_deployment())
    deployment["spec"]["paused"] = True
    api.add(deployment)
    user.reads("release", "--yes")
    path = next(at for at in api.objects if "/deployments/" in at)
    assert api.objects[path]["spec"]["paused"] is True


def test_a_job_that_runs_is_left_and_named(api, user):
    api.add(gated(a_job("busy")))
    said = user.reads("release", "--yes")
    assert "1 Job can't be changed: team/busy" in said
    assert not api.patches


def test_a_job_that_has_ended_is_of_no_concern(api, user):
    api.add(gated(a_job("done", conditions=[{"type": "Complete", "status": "True"}])))
    assert "Nothing waits at chippool's gate." in user.reads("release", "--yes")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(api, user):
    api.add(a_gated_pod())
    said = user.reads("release", "--dry-run")
    assert "1 Pod to release: team/w-0" in said
    assert "nothing was changed" in said
    assert not api.patches


def test_it_asks_before_it_does_anything(api, user):
    api.add(a_gated_pod())
    done = user.types("release", answers="n\n")
    assert done.exit_code == 1
    assert "Nothing was changed." in done.stderr
    assert not api.patches


def test_it_does_what_is_confirmed(api, user):
    api.add(a_gated_pod())
    assert user.types("release", answers="y\n").exit_code == 0
    assert gates_of(api, "pods", "w-0") is None


def test_pools_and_queues_in_use_lose_their_finalizer_and_no_other(api, user):
    ours, others = "chippool.io/in-use", "example.com/mine"
    pools = [a_pool(f"pool-{n}") for n in range(4)]  # more than a page of them
    for pool in pools:
        pool["metadata"] |= {"finalizers": [others, ours], "resourceVersion": "7"}
    api.add(*pools, a_queue("free"))
    assert "4 ChipPools to release: pool-0" in user.reads("release", "--yes")
    assert [change["metadata"]["finalizers"] for _, change in api.patches] == [[others]] * 4
    assert {change["metadata"]["resourceVersion"] for _, change in api.patches} == {"7"}


def test_pools_stay_in_use_while_one_namespace_alone_is_released(api, user):
    pool = a_pool("pool")
    pool["metadata"] |= {"finalizers": ["chippool.io/in-use"], "resourceVersion": "7"}
    api.add(pool)
    user.reads("release", "--yes", "-n", "team")
    assert not api.patches


def test_it_waits_for_the_operator_to_be_stopped(api, user):
    api.add(a_gated_pod(), a_lease(seconds_ago=2))
    done = user.types("release", "--yes")
    assert done.exit_code == 1
    assert "The operator still runs: pod-1 (Lease chippool-system/chippool)" in done.stderr
    assert not api.patches


def test_an_operator_that_has_gone_long_ago_is_none(api, user):
    api.add(a_gated_pod(), a_lease(seconds_ago=300))
    assert user.types("release", "--yes").exit_code == 0


def test_one_namespace_can_be_released_alone(api, user):
    api.add(a_gated_pod(), a_pod("other", namespace="else", gated=True))
    user.reads("release", "--yes", "-n", "else")
    assert gates_of(api, "pods", "other", "else") is None
    assert gates_of(api, "pods", "w-0") == GATES
