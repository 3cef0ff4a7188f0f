"""From raw API objects to records."""

import pytest

from chippool.core.constraints import Requirement, Term, Toleration, Within
from chippool.core.model import Access, Reserve
from chippool.core.reasons import Reason
from chippool.state import annotations
from chippool.state.translate_made import job
from chippool.state.translate_node import node
from chippool.state.translate_pod import pod
from chippool.state.translate_policy import namespace, pool, priority_class, queue
from chippool.state.translate_workload import workload
from tests.state.build import (
    GPU,
    NOW,
    a_class,
    a_container,
    a_job,
    a_namespace,
    a_node,
    a_pod,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    an_assignment,
    rfc,
)

GIB = 1 << 30


def cpu(amount, **more):
    return a_container(requests={"cpu": amount}, **more)


# --- pods


@pytest.mark.parametrize(("text", "seconds"), [(rfc(NOW - 60), NOW - 60), ("yesterday", None), ("", None)])
def test_a_pod_says_when_it_saved_its_work_and_what_is_no_time_is_none(text, seconds):
    raw = a_pod("p", node="n1")
    raw["metadata"]["annotations"] = {"chippool.io/checkpointed-at": text}
    assert pod(raw).checkpointed_at == seconds


def test_a_gated_pod_is_nowhere_and_a_pinned_one_on_its_node():
    assert pod(a_pod("p", gated=True)).node == ""
    pinned, bound = pod(a_pod("p", pinned="n1")), pod(a_pod("p", node="n2"))
    assert (pinned.node, pinned.bound) == ("n1", False)
    assert (bound.node, bound.bound) == ("n2", True)


def test_a_hostname_selector_of_somebody_elses_pod_pins_nothing():
    record = pod(a_pod("p", "", pinned="n1"))
    assert record.node == ""
    assert record.constraints is not None
    assert record.constraints.node_selector == (("kubernetes.io/hostname", "n1"),)


def test_the_gate_is_not_a_refusal_of_kube_scheduler():
    def condition(reason):
        return [{"type": "PodScheduled", "status": "False", "reason": reason, "message": "Because."}]

    assert pod(a_pod("p", conditions=condition("SchedulingGated"))).unschedulable == ""
    assert pod(a_pod("p", conditions=condition("Unschedulable"))).unschedulable == "Because."


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"waiting": {"reason": "ContainerCreating"}}, ""),
        (
            {"waiting": {"reason": "ErrImagePull", "message": "no such\n image"}},
            "container main: ErrImagePull: no such image",
        ),
        ({"terminated": {"exitCode": 3}}, "container main ended with exit code 3"),
        ({"running": {}}, ""),
    ],
)
def test_a_pod_says_what_keeps_it_from_being_ready(state, sentence):
    assert pod(a_pod("p", statuses=[{"name": "main", "state": state}])).error == sentence


def test_a_pod_that_once_ran_is_known_to_have():
    assert pod(a_pod("p", ready=True)).ran
    assert pod(a_pod("p", phase="Succeeded")).ran
    assert not pod(a_pod("p")).ran


def test_the_index_of_an_indexed_job_is_kept():
    assert (pod(a_pod("p", index=7)).index, pod(a_pod("p")).index) == (7, -1)


def test_a_terminating_pod_stands_by_no_longer():
    assert pod(a_pod("p", "")).constraints is not None
    assert pod(a_pod("p", "", deleting=True)).constraints is None


# --- nodes and policy


def test_equal_nodes_share_what_is_equal():
    taint = {"key": "chips", "effect": "NoSchedule"}
    one, other = node(a_node("n1", taints=[taint])), node(a_node("n2", taints=[taint]))
    assert one.allocatable is other.allocatable
    assert one.taints is other.taints
    assert one.allocatable == {"cpu": 64000, "memory": 512 * GIB, "pods": 110, GPU: 8}


def test_a_pool_lists_who_may_use_it():
    record = pool(a_pool(access=[{"priorityClassNames": ["ads", "train"]}]))
    assert record.view.access == (Access(frozenset({"ads", "train"})),)
    assert (record.view.resource, record.selector) == (GPU, (("pool", "h800"),))


def test_access_has_tenancy_and_use_and_a_reserve_counts_milli_chips():
    entries = [{"tenancy": "External", "use": "Scavenge"}]
    raw = a_pool(access=entries)
    raw["spec"]["reserve"] = [{"chips": 16, "priorityClassName": "ads", "spares": True}]
    record = pool(raw)
    assert record.view.access == (Access(None, external=True, scavenge=True),)
    assert record.view.reserve == (Reserve(16_000, "ads", spares=True),)


def test_a_queue_has_its_place_in_the_tree_and_what_its_workloads_may_ask_for():
    raw = a_queue()
    raw["spec"] |= {"parentName": "org", "weight": 3, "tenancy": "External", "closed": True}
    raw["spec"]["quotas"] = [{"poolName": "h800", "guaranteed": 8}, {"poolName": "h20", "guaranteed": 0, "limit": 16}]
    raw["spec"]["disruptionLimits"] = {"minRuntime": "1h", "cooldown": "0s"}
    view = queue(raw).view
    assert (view.parent, view.weight, view.external, view.closed) == ("org", 3, True, True)
    assert (view.guaranteed, view.limits) == ({"h800": 8_000, "h20": 0}, {"h20": 16_000})
    assert (view.min_runtime_cap, view.cooldown_cap) == (3600, 0)


def test_a_queue_that_says_nothing_allows_half_an_hour_of_minruntime_and_five_minutes_of_cooldown():
    view = queue(a_queue()).view
    assert (view.parent, view.min_runtime_cap, view.cooldown_cap) == (None, 1800, 300)


def test_a_workload_says_when_it_may_be_displaced():
    asked = {"minRuntime": "10m", "checkpointInterval": "30m", "cooldown": "5m"}
    view = workload(a_workload(disruption=asked)).view
    assert (view.min_runtime, view.checkpoint_interval, view.cooldown) == (600, 1800, 300)
    view = workload(a_workload()).view
    assert (view.min_runtime, view.checkpoint_interval, view.cooldown) == (0, None, 0)


def test_a_namespace_selector_left_out_selects_nothing_and_an_empty_one_everything():
    assert queue(a_queue()).view.namespace_selector is None
    assert queue(a_queue(selector={})).view.namespace_selector == ()
    both = {"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "env", "operator": "Exists"}]}
    wanted = (Requirement("team", "In", ("a",)), Requirement("env", "Exists", ()))
    assert queue(a_queue(selector=both)).view.namespace_selector == wanted


def test_limits_are_in_milli_chips():
    assert queue(a_queue(limits={"h800": 16})).view.limits == {"h800": 16000}


def test_a_class_that_never_preempts_says_so():
    assert priority_class(a_class()).view.preempts
    assert not priority_class(a_class(policy="Never")).view.preempts


def test_a_namespace_that_is_going_says_so():
    assert not namespace(a_namespace()).deleting
    assert namespace(a_namespace(phase="Terminating")).deleting


# --- workloads


def view(**spec):
    return workload(a_workload(**spec)).view


def test_a_variant_asks_for_chips_and_for_what_its_template_asks():
    ask = view().variants[0].ask
    assert (ask.chips, dict(ask.requests)) == (8000, {"cpu": 1000, "memory": GIB, "pods": 1})


def test_a_variants_patch_changes_what_is_asked_and_where():
    patch = {
        "spec": {
            "nodeSelector": {"arch": "arm64"},
            "tolerations": [{"key": "npu", "operator": "Exists"}],
            "containers": [{"name": "main", "resources": {"requests": {"cpu": "8"}}}],
        }
    }
    plain, npu = view(variants=[a_variant(), a_variant("npu", ["ascend"], 4, patch=patch)]).variants
    assert plain.ask.constraints.node_selector == ()
    assert dict(npu.ask.requests)["cpu"] == 8000
    assert npu.ask.constraints.node_selector == (("arch", "arm64"),)
    assert npu.ask.constraints.tolerations == (Toleration("npu", "Exists", "", ""),)


def test_required_node_affinity_is_a_constraint_and_preferred_is_not():
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": term}],
        }
    }
    ask = view(pod={"containers": [cpu("1")], "affinity": affinity}).variants[0].ask
    assert ask.constraints.affinity == (Term((Requirement("zone", "In", ("a", "b")),), ()),)
    assert view().variants[0].ask.constraints.affinity is None


def test_a_variants_speed_is_a_quantity_and_1_if_it_says_none():
    ways = [a_variant(), {**a_variant("npu"), "speed": "0.62"}, {**a_variant("old"), "speed": "50m"}]
    assert [variant.speed for variant in view(variants=ways).variants] == [1.0, 0.62, 0.05]


def test_a_gangs_variant_may_have_replicas_of_its_own():
    gang = view(replicas=8, variants=[a_variant(), a_variant("npu", replicas=12)])
    assert [variant.replicas for variant in gang.variants] == [8, 12]


def test_durations_have_defaults():
    assert (view().start_timeout, view().max_runtime) == (600, None)
    assert (view(startTimeout="90s").start_timeout, view(maxRuntime="1h30m").max_runtime) == (90, 5400)


def test_workloads_of_one_template_share_their_spec_and_their_asks():
    one, other = workload(a_workload("a")), workload(a_workload("b"))
    assert one.spec is other.spec
    assert one.view.variants is other.view.variants


def test_a_patch_that_does_not_apply_is_a_problem_and_its_variant_stays():
    found = view(variants=[a_variant(patch={"spec": {"containers": "none"}})])
    (problem,) = found.problems
    assert problem.reason is Reason.BAD_PATCH
    assert "spec.variants[h800].patch" in problem.message
    assert [variant.name for variant in found.variants] == ["h800"]


def test_a_chip_container_the_template_does_not_have_is_a_problem():
    (problem,) = view(chipContainer="trainer").problems
    assert problem.reason is Reason.UNKNOWN_CONTAINER
    assert "spec.chipContainer" in problem.message
    assert "main" in problem.message


def test_a_template_without_containers_or_with_nonsense_in_it_is_a_problem():
    for pod_spec in ({"containers": []}, {"containers": [cpu("much")]}):
        assert [problem.reason for problem in view(pod=pod_spec).problems] == [Reason.BAD_TEMPLATE]


def test_what_is_left_to_kube_scheduler_is_listed():
    rule = [{"topologyKey": "zone", "labelSelector": {}}]
    spec = {
        "containers": [a_container(ports=[{"containerPort": 80, "hostPort": 80}])],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": rule}},
        "topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "resourceClaims": [{"name": "nic"}],
    }
    assert workload(a_workload(pod=spec)).not_modelled == (
        "affinity.podAntiAffinity",
        "topologySpreadConstraints",
        "volumes",
        "hostPort",
        "resourceClaims",
    )
    assert workload(a_workload()).not_modelled == ()


def test_a_status_that_was_once_ready_tells_of_which_admission():
    def status(value, reason):
        ready = {"type": "Ready", "status": value, "reason": reason}
        return {"assignment": {"admittedAt": rfc(NOW)}, "conditions": [ready]}

    assert workload(a_workload(status=status("True", "PodsReady"))).was_ready == NOW
    assert workload(a_workload(status=status("False", "PodsNotReady"))).was_ready == NOW
    assert workload(a_workload(status=status("False", "Starting"))).was_ready == 0.0


# --- annotations


def test_an_assignment_survives_its_annotation_to_the_millisecond():
    given = an_assignment(3, at=round(NOW + 0.1234567, 3))
    assert annotations.assignment_of(annotations.assignment_text(given)) == given
    assert job(a_job(assignment=given)).assignment == given


@pytest.mark.parametrize("text", ["", "null", "{}", "[1]", '"x"', '{"at":"yesterday"}', "\ud800"])
def test_an_annotation_nobody_understands_says_nothing(text):
    assert annotations.assignment_of(text) is None
    assert annotations.displaced_of(text) is None


def test_a_pool_has_its_levels_and_a_workload_the_one_it_wants():
    raw = a_pool()
    raw["spec"]["topology"] = ["zone", "rack"]
    assert pool(raw).view.topology == ("zone", "rack")
    assert pool(a_pool()).view.topology == ()
    assert workload(a_workload()).view.topology is None
    wished = a_workload(topology={"within": "rack", "required": True})
    assert workload(wished).view.topology == Within("rack", required=True)


def test_ten_minutes_are_left_to_replace_a_replica_where_nothing_is_said():
    assert workload(a_workload()).view.replace_timeout == 600
    assert workload(a_workload(disruption={"replaceTimeout": "90s"})).view.replace_timeout == 90
