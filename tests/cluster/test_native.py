"""Jobs, Deployments, StatefulSets and pods of anybody's own, made by Kubernetes' own controllers, on a real plane."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.audit import OPERATOR, Audit
from tests.cluster.manifests import a_workload
from tests.cluster.natives import (
    a_deployment,
    a_job,
    a_pod,
    a_stateful_set,
    gated,
    pods_of,
    reasons,
    running,
    wait_gated,
    wait_running,
)
from tests.cluster.turnstile import after_the_first, is_pin, turnstile

pytestmark = pytest.mark.plane

MARK = "chippool.io/assignment"


def explained(cluster, what):
    """What the command line says of it."""
    kubeconfig = str(cluster.plane.kubeconfig)
    command = [Path(sys.executable).with_name("chippool"), "explain", what, "-n", cluster.namespace]
    told = subprocess.run([*command, "--kubeconfig", kubeconfig], check=True, capture_output=True, text=True)
    return told.stdout


def a_winner():
    """It takes all chips until it is deleted."""
    return a_workload("winner", cls="revenue", replicas=4)


def a_pod_of_others(name):
    """What Kueue holds at its own gate."""
    pod = a_pod(name)
    pod["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "theirs"}
    pod["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]
    return pod


def test_all_kinds_go_through_gate_and_pin_and_run(cluster):
    cluster.apply(
        a_job("job", 2, chips=4),
        a_deployment("web", 2, chips=4),
        a_stateful_set("db", 2, chips=4),
        a_pod("one", chips=2, group="pair", size=2),
        a_pod_of_others("other"),
    )
    untouched = cluster.find("pod", "other")["metadata"]["resourceVersion"]
    for app, count in {"job": 2, "web": 2, "db": 2}.items():
        wait_running(cluster, app, count)
    assert gated(cluster, "one") == 1, "half a group waits"
    cluster.eventually(lambda: "GroupIncomplete" in reasons(cluster, "one"), "an event says what it waits for")

    cluster.apply(a_pod("two", chips=2, group="pair", size=2))

    wait_running(cluster, "one", 1)
    wait_running(cluster, "two", 1)
    assert "runs." in explained(cluster, "group/pair")
    assert cluster.find("pod", "other")["metadata"]["resourceVersion"] == untouched
    cluster.delete("pod", "other", "--force")
    for pod in cluster.items("pods"):
        assert pod["spec"]["nodeSelector"]["kubernetes.io/hostname"] == pod["spec"]["nodeName"]
        assert (pod["spec"]["priorityClassName"], pod["spec"]["preemptionPolicy"]) == ("chippool-training", "Never")
        assert json.loads(pod["metadata"]["annotations"][MARK])["pool"] == "h800"


def test_a_job_gives_way_and_comes_back(cluster):
    audit = Audit(cluster).from_now()
    cluster.apply(a_job("low", 4, cls="batch"))
    wait_running(cluster, "low", 4)
    cluster.apply(a_winner())
    cluster.wait_true("winner", "Ready")
    job = cluster.find("job", "low")
    assert job["spec"]["suspend"] is True
    assert json.loads(job["metadata"]["annotations"]["chippool.io/displaced"])["reason"] == "Preempted"
    assert MARK not in job["metadata"]["annotations"]
    assert "/job/low waits: ChipsShort" in explained(cluster, "job/low")
    cluster.delete("chipworkload", "winner")
    wait_running(cluster, "low", 4)
    assert audit.stops(cluster.namespace) == {"low": 1}
    assert {"Admitted", "Preempted"} <= reasons(cluster, "low")
    assert (cluster.find("job", "low")["status"].get("failed") or 0) == 0


def test_a_disruption_budget_binds(cluster):
    cluster.apply(a_deployment("web", 4, cls="batch"))
    wait_running(cluster, "web", 4)
    budget = {"minAvailable": 4, "selector": {"matchLabels": {"app": "web"}}}
    cluster.apply(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": budget}
    )
    cluster.eventually(lambda: protects(cluster), "the budget is counted")
    audit = Audit(cluster).from_now()

    cluster.apply(a_workload("winner", cls="revenue"))

    cluster.eventually(lambda: evictions(audit, cluster, refused=True), "an eviction is refused")
    assert len(running(cluster, "web")) == 4
    cluster.delete("pdb", "web")
    cluster.wait_true("winner", "Ready", within=60)
    assert len(running(cluster, "web")) == 3


def protects(cluster):
    status = cluster.find("pdb", "web").get("status", {})
    return status.get("currentHealthy") == 4 and status.get("disruptionsAllowed") == 0


def evictions(audit, cluster, *, refused):
    made = (c for c in audit.calls() if (c.resource, c.verb) == ("pods/eviction", "create") and c.user == OPERATOR)
    return [c for c in made if c.namespace == cluster.namespace and c.succeeded is not refused]


def test_kill_9_between_two_pins_of_a_group_loses_and_repeats_nothing(served, quiet):
    operator = quiet.start_operator()
    with turnstile(quiet) as stile:
        stile.hold(after_the_first(is_pin))
        quiet.apply(*(a_pod(f"part-{n}", group="gang", size=4) for n in range(4)))
        quiet.eventually(lambda: stile.held, "a pin is held")
        operator.kill()
        quiet.forget_lease()
        stile.let_go()
    quiet.start_operator()
    nodes = {name: node for n in range(4) for name, node in wait_running(quiet, f"part-{n}", 1, within=60).items()}
    assert len(set(nodes.values())) == 4
    assert {pod["metadata"]["annotations"][MARK] for pod in quiet.items("pods")} == {given_to(quiet, "part-0")}


def given_to(cluster, pod):
    return cluster.find("pod", pod)["metadata"]["annotations"][MARK]


def test_kill_9_while_a_job_gives_way_displaces_it_once(served, quiet):
    audit = Audit(quiet).from_now()
    operator = quiet.start_operator()
    quiet.apply(a_job("low", 4, cls="batch"))
    wait_running(quiet, "low", 4)
    with turnstile(quiet) as stile:
        stile.hold(lambda r: (r["kind"]["kind"], r["name"], r["operation"]) == ("Job", "low", "UPDATE"))
        quiet.apply(a_job("high", 4, cls="revenue"))
        quiet.eventually(lambda: stile.held, "the stop of the Job is held")
        operator.kill()
        quiet.forget_lease()
        stile.let_go()
    quiet.start_operator()
    wait_running(quiet, "high", 4, within=60)
    assert audit.stops(quiet.namespace) == {"low": 1}
    assert json.loads(quiet.find("job", "low")["metadata"]["annotations"]["chippool.io/displaced"])["count"] == 1
    assert not pods_of(quiet, "low")


def test_every_kind_gives_way_and_comes_back_and_the_operator_is_killed_at_each_turn(served, quiet):
    """The group is a StatefulSet's: who displaces bare pods ends them for good."""
    counts = {"job": 1, "web": 1, "db": 1, "pair": 2}
    quiet.apply(
        a_job("job", cls="batch"),
        a_deployment("web", cls="batch"),
        a_stateful_set("db", cls="batch"),
        a_stateful_set("pair", 2, "Parallel", cls="batch", chips=4, group="pair", size=2),
    )
    for app, count in counts.items():
        wait_gated(quiet, app, count)
    operator = quiet.start_operator()
    for app, count in counts.items():
        wait_running(quiet, app, count, within=60)

    anew(quiet, operator)
    quiet.apply(a_workload("winner", cls="revenue", replicas=4))
    quiet.wait_true("winner", "Ready", within=60)
    assert quiet.find("job", "job")["spec"]["suspend"] is True
    for app in ("web", "db", "pair"):
        wait_gated(quiet, app, counts[app])

    anew(quiet, quiet.operators[-1])
    quiet.delete("chipworkload", "winner")
    for app, count in counts.items():
        wait_running(quiet, app, count, within=60)
    audit = Audit(quiet)
    assert audit.stops(quiet.namespace) == {"job": 1}
    assert len(evictions(audit, quiet, refused=False)) == 4, "each pod of the others once"
    assert audit.violations() == []


def anew(cluster, operator):
    operator.kill()
    cluster.forget_lease()
    cluster.start_operator().wait_ready()
