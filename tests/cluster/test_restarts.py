"""Kill -9 at any moment loses nothing and repeats nothing."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.cluster.audit import Audit
from tests.cluster.cluster import ROOT
from tests.cluster.manifests import a_variant, a_workload
from tests.cluster.turnstile import turnstile
from tools.plane.fleet import Fleet

pytestmark = pytest.mark.plane

LIVES = 5  # operators killed in one run
MOST_WRITES = 70  # in one life; a hundred admissions are some 300


@pytest.fixture(scope="module")
def stocked(furnished):
    """128 chips of two kinds: H800 on eight nodes, H20 on eight."""
    fleet = Fleet.load(ROOT / "examples/fleets/small.yaml")
    for pool in fleet.pools:
        if pool.name != "ascend910b":
            furnished.plane.fleet.add(replace(pool, count=4))
    furnished.plane.fleet.wait_ready()
    return furnished


# --- in the middle of a hundred admissions


def a_hundred_and_more():
    """120 workloads on 128 chips: gangs fill the H800s, singles the H20s, the youngest batch work waits."""
    h800, h20 = a_variant("h800", 1), a_variant("h20", 1)
    gangs = [a_workload(f"gang-{n}", h800, h20, replicas=2, cls="revenue") for n in range(30)]
    wide = [a_workload(f"wide-{n}", a_variant("h800", 2), h20, cls="inference") for n in range(30)]
    batch = [a_workload(f"batch-{n}", h20, cls="batch") for n in range(60)]
    return [*gangs, *wide, *batch]


@pytest.mark.parametrize("seed", [1])
def test_kill_9_in_the_middle_of_a_hundred_admissions_changes_nothing(stocked, quiet, seed):
    quiet.apply(*a_hundred_and_more())
    undisturbed = quiet.start_operator()
    expected = wait_decided(quiet, 120)
    undisturbed.stop()
    rewind(quiet)
    audit = Audit(quiet).from_now()
    killed_at = kill_again_and_again(quiet, audit, random.Random(seed))
    quiet.start_operator()
    quiet.eventually(lambda: all_run(quiet, expected), "what was admitted undisturbed runs", within=60)
    assert len(expected) >= 94, "not the run this test is about"
    assert any(0 < made < len(expected) for made in killed_at), f"never killed in the middle: {killed_at}"
    assert audit.jobs_made(quiet.namespace) == dict.fromkeys(expected, 1)
    assert set(audit.runs(quiet.namespace).values()) == {1}, "an index ran twice, or never"
    assert all(pod["spec"].get("nodeName") for pod in quiet.items("pods")), "a pod is left gated"
    assert audit.violations() == []
    quiet.eventually(lambda: told(quiet) == expected, "every status says what was admitted", within=60)


def kill_again_and_again(cluster, audit, chance):
    """Let operators live for some writes each; how many Jobs there were at each end."""
    found = []
    for _ in range(LIVES):
        operator = cluster.start_operator()
        audit.wait_writes(operator.identity, chance.randint(1, MOST_WRITES))
        operator.kill()
        cluster.forget_lease()
        found.append(len(audit.jobs_made(cluster.namespace)))
    return found


def rewind(cluster):
    """Take all that was made away: the same workloads, as old as they are, wait once more."""
    cluster.plane.kubectl("delete", "jobs", "--all", "-n", cluster.namespace, "--wait=false")
    cluster.eventually(lambda: not cluster.items("pods"), "all pods are gone", within=60)


def wait_decided(cluster, workloads):
    """Wait until what was admitted runs and all else is held; variant, pool and replicas by workload."""

    def is_decided():
        given = assignments(cluster)
        held = [w for w in cluster.items("chipworkloads") if is_held(w)]
        return len(given) + len(held) == workloads and all_run(cluster, given)

    cluster.eventually(is_decided, "what was admitted runs, the others are held", within=90)
    return assignments(cluster)


def all_run(cluster, given):
    if assignments(cluster) != given:
        return False
    running = Counter(p["metadata"]["labels"]["chippool.io/workload"] for p in cluster.items("pods") if runs(p))
    return running == {name: replicas for name, (_, _, replicas) in given.items()}


def is_held(workload):
    conditions = {c["type"]: c for c in workload.get("status", {}).get("conditions", [])}
    return conditions.get("Admitted", {}).get("reason") == "ChipsShort"


def runs(pod):
    return pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]


def assignments(cluster):
    """What the made objects say."""
    said = {
        j["metadata"]["name"]: j["metadata"]["annotations"].get("chippool.io/assignment") for j in cluster.items("jobs")
    }
    given = {name: json.loads(text) for name, text in said.items() if text}
    return {name: (a["variant"], a["pool"], a["replicas"]) for name, a in given.items()}


def told(cluster):
    """What the workloads' statuses say."""
    said = {w["metadata"]["name"]: w.get("status", {}).get("assignment") for w in cluster.items("chipworkloads")}
    return {name: (a["variant"], a["pool"], a["replicas"]) for name, a in said.items() if a}


# --- in the middle of a displacement


def is_a_making(request):
    return (request["operation"], request["kind"]["kind"], request["name"]) == ("CREATE", "Job", "winner")


def is_a_stop(request):
    stopped = (request["object"] or {}).get("spec", {}).get("suspend")
    return (request["operation"], request["kind"]["kind"], stopped) == ("UPDATE", "Job", True)


def is_a_stop_of_one(request):
    return is_a_stop(request) and request["name"] == "batch-b"


def is_a_pin_of_the_winner(request):
    labels = request["object"]["metadata"].get("labels", {})
    return request["kind"]["kind"] == "Pod" and labels.get("chippool.io/workload") == "winner"


@pytest.mark.parametrize("moment", [is_a_making, is_a_stop, is_a_stop_of_one, is_a_pin_of_the_winner])
def test_kill_9_in_the_middle_of_a_displacement_displaces_the_same_victims_once(stocked, quiet, moment):
    audit = Audit(quiet)
    operator = quiet.start_operator()
    fill_the_h800s(quiet)
    kept = {pod["metadata"]["uid"] for name in ("training-c", "training-d") for pod in quiet.running(name)}
    with turnstile(quiet) as stile:
        stile.hold(moment)
        quiet.apply(a_workload("winner", cls="revenue", replicas=4))
        quiet.eventually(lambda: stile.held, "the write is held", about="winner")
        operator.kill()
        quiet.forget_lease()
        assert len(quiet.running("winner")) == 0
        stile.let_go()
    quiet.start_operator()
    quiet.wait_true("winner", "Ready", within=60)
    assert stopped(quiet) == {"batch-a", "batch-b"}
    assert {uid for pod in quiet.items("pods") if runs(pod) for uid in [pod["metadata"]["uid"]]} >= kept
    assert audit.stops(quiet.namespace) == {"batch-a": 1, "batch-b": 1}
    assert audit.jobs_made(quiet.namespace)["winner"] == 1
    assert [displaced_times(quiet, name) for name in ("batch-a", "batch-b")] == [1, 1]
    assert set(audit.runs(quiet.namespace).values()) == {1}
    assert audit.violations() == []


def fill_the_h800s(cluster):
    """Four gangs on all eight nodes, two of them of the lowest class."""
    names = {"batch-a": "batch", "batch-b": "batch", "training-c": "training", "training-d": "training"}
    cluster.apply(*(a_workload(name, cls=cls, replicas=2) for name, cls in names.items()))
    for name in names:
        cluster.wait_true(name, "Ready")


def stopped(cluster):
    return {job["metadata"]["name"] for job in cluster.items("jobs") if job["spec"].get("suspend")}


def displaced_times(cluster, name):
    return json.loads(cluster.find("job", name)["metadata"]["annotations"]["chippool.io/displaced"])["count"]
