"""JobSet and LeaderWorkerSet with their real controllers, and Kueue with its own jobs, beside chippool on one plane."""

import json
from collections import Counter

import pytest

from tests.cluster.audit import OPERATOR, Audit
from tests.cluster.manifests import H800, a_workload
from tests.cluster.natives import (
    a_job,
    a_job_set,
    a_leader_worker_set,
    a_pod,
    gated,
    pods_of,
    reasons,
    running,
    wait_gated,
    wait_running,
)
from tests.cluster.neighbours import SETTINGS, Neighbour, account
from tests.cluster.recount import believed, counted
from tests.cluster.turnstile import after_the_first, is_eviction, is_pin, turnstile

pytestmark = pytest.mark.plane

MARK = "chippool.io/assignment"
THEIRS = "kueue.x-k8s.io/queue-name"
QUOTA = 16
"""Chips of Kueue's queue: two nodes of the pool of four that both have work in."""


@pytest.fixture(scope="module")
def neighbourhood(furnished, tmp_path_factory):
    """The plane with all three on it."""
    assert furnished.plane.audit_log, "needs a plane of our own"
    folder = tmp_path_factory.mktemp("beside")
    job_set, workers, kueue = started = [Neighbour(furnished, name, folder / name) for name in SETTINGS]
    try:
        for one in started:
            one.start()
        for one in started:
            one.certify()
        kueue.wait_ready(a_flavor())
        kueue.wait_ready(a_job("probe"))
        job_set.wait_ready(a_job_set("probe", {"one": 1}))
        workers.wait_ready(a_leader_worker_set("probe", 2))
        learn_classes(furnished)
        yield furnished
    finally:
        for one in started:
            one.stop()


def learn_classes(cluster):
    """Have an operator make the shadows of the queues' classes, without which none of their pods is born."""
    operator = cluster.start_operator()
    cluster.eventually(lambda: cluster.find("priorityclass", "chippool-batch"), "its classes are there")
    operator.stop()


@pytest.fixture
def beside(neighbourhood, quiet):
    """A namespace for this test alone; what makes Jobs and pods goes before these."""
    yield quiet
    quiet.plane.kubectl("delete", "jobsets,leaderworkersets", "--all", "-n", quiet.namespace, "--wait=false")


def a_flavor():
    return _of_kueue("ResourceFlavor", "h800", {"nodeLabels": H800})


def a_cluster_queue():
    resources = [{"name": "nvidia.com/gpu", "nominalQuota": QUOTA}]
    group = {"coveredResources": ["nvidia.com/gpu"], "flavors": [{"name": "h800", "resources": resources}]}
    return _of_kueue("ClusterQueue", "theirs", {"namespaceSelector": {}, "resourceGroups": [group]})


def _of_kueue(kind, name, spec):
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": name}, "spec": spec}


def for_kueue(made):
    """The same for Kueue's queue instead of ours, which asks for chips alone: its quota is of nothing else."""
    template = made["spec"]["template"] if made["kind"] == "Job" else made
    del template["metadata"]["labels"]["chippool.io/queue-name"]
    del template["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    made["metadata"].setdefault("labels", {})[THEIRS] = "theirs"
    return made


def a_set_of_jobs():
    return a_job_set("set", {"driver": 1, "workers": 3}, cls="batch", group="set")


def a_leader_with_workers():
    return a_leader_worker_set("set", 4, cls="batch", group="set")


@pytest.mark.parametrize("made", [a_set_of_jobs, a_leader_with_workers], ids=["JobSet", "LeaderWorkerSet"])
def test_it_is_one_workload_through_gate_pin_displacement_and_two_deaths_of_the_operator(beside, made):
    beside.apply(made())
    wait_gated(beside, "set", 4)

    killed_in(beside, after_the_first(is_pin), lambda: None)
    nodes = wait_running(beside, "set", 4, within=60)
    assert len(set(nodes.values())) == 4
    (mark,) = {pod["metadata"]["annotations"][MARK] for pod in pods_of(beside, "set")}
    assert json.loads(mark)["replicas"] == 4

    killed_in(beside, after_the_first(is_eviction), lambda: beside.apply(winner()))
    beside.wait_true("winner", "Ready", within=60)
    wait_gated(beside, "set", 4, within=60)
    assert evicted(beside) <= set(nodes), "of a group that loses a pod, LeaderWorkerSet deletes the rest itself"

    beside.delete("chipworkload", "winner")
    wait_running(beside, "set", 4, within=60)
    recounted(beside)
    assert "Admitted" in set().union(*(reasons(beside, pod) for pod in {*nodes, *running(beside, "set")}))
    assert [one["status"].get("restarts", 0) for one in beside.items("jobsets")] in ([0], [])
    assert written(beside, account("kueue")) == [], "Kueue knows both kinds, and these ask none of its queues"


def winner():
    """It takes all four nodes: of a group that has lost a pod, those that stay are displaced again for it."""
    return a_workload("winner", cls="revenue", replicas=4)


def killed_in(cluster, held, begin):
    """An operator is killed -9 while writes of a kind are held inside the API server; another one goes on."""
    for operator in cluster.operators:
        operator.stop()
    with turnstile(cluster) as stile:
        stile.hold(held)
        operator = cluster.start_operator()
        operator.wait_ready()
        begin()
        cluster.eventually(lambda: stile.held, "a write is held")
        operator.kill()
        cluster.forget_lease()
        stile.let_go()
    cluster.start_operator().wait_ready()


def evicted(cluster):
    """Pods the operator has evicted in this namespace; each once."""
    done = [call for call in written(cluster, OPERATOR) if call.resource == "pods/eviction" and call.succeeded]
    assert max(Counter(call.name for call in done).values()) == 1
    return {call.name for call in done}


def written(cluster, user):
    """What somebody wrote, or tried to, in this namespace."""
    calls = Audit(cluster).calls()
    return [call for call in calls if call.writes and call.user == user and call.namespace == cluster.namespace]


def recounted(cluster):
    """What the operator believes, the API server has; and the audit log shows no breach of what must hold."""
    operator = cluster.operators[-1]
    cluster.eventually(lambda: chips(believed(operator)) == chips(counted(cluster)), "it believes what is there")
    assert Audit(cluster).violations() == []


def chips(of):
    return {key: value for key, value in of.items() if key != "workloads"}


def test_kueue_and_chippool_run_their_own_work_and_neither_touches_the_others(beside):
    beside.apply(a_flavor(), a_cluster_queue(), _of_kueue("LocalQueue", "theirs", {"clusterQueue": "theirs"}))
    beside.start_operator().wait_ready()
    beside.apply(for_kueue(a_job("theirs")), for_kueue(a_pod("theirs-alone")))
    wait_running(beside, "theirs", 1, within=60)
    wait_running(beside, "theirs-alone", 1, within=60)

    beside.apply(a_job("ours"), a_pod("ours-alone", group="ours", size=1), for_kueue(a_job("theirs-later")))
    wait_running(beside, "ours", 1)
    wait_running(beside, "ours-alone", 1)
    beside.eventually(lambda: unmanaged(beside) == QUOTA, "Kueue's chips count as used by others")

    beside.apply(a_workload("ours-first", cls="revenue", replicas=3))
    beside.wait_held("ours-first", "ChipsShort")
    beside.patch("chipworkload", "ours-first", {"spec": {"replicas": 2, "minReplicas": 2}})
    beside.wait_true("ours-first", "Ready", within=60)
    assert not running(beside, "ours")
    assert len(running(beside, "theirs")) == len(running(beside, "theirs-alone")) == 1
    assert beside.find("job", "theirs-later")["spec"]["suspend"], "Kueue's own quota holds it"

    beside.delete("chipworkload", "ours-first")
    wait_running(beside, "ours", 1, within=60)
    beside.delete("pod", "theirs-alone")
    wait_running(beside, "theirs-later", 1, within=60)
    assert touched(beside, OPERATOR, "theirs") == []
    assert touched(beside, account("kueue"), "ours") == []
    assert touched(beside, account("kueue"), "theirs"), "Kueue did not run at all"
    assert gated(beside, "theirs") == gated(beside, "theirs-later") == 0
    assert "kueue.x-k8s.io" not in json.dumps([one["metadata"] for one in ours(beside)])
    assert Audit(beside).violations() == []


def touched(cluster, user, whose):
    """What somebody wrote of the work whose names begin so: pods, Jobs, workloads and events."""
    return [f"{c.verb} {c.resource} {c.name}" for c in written(cluster, user) if whose in c.name.split("-")]


def unmanaged(cluster):
    return cluster.find("chippool", "h800")["status"]["chips"]["unmanaged"]


def ours(cluster):
    return [
        one for kind in ("pods", "jobs") for one in cluster.items(kind) if one["metadata"]["name"].startswith("ours")
    ]
