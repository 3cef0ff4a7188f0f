"""Native pods and Jobs as workloads: what they are, what they ask for, and what is wrong with that."""

from dataclasses import replace

import pytest

from chippool.core.cycle import schedule
from chippool.core.model import Displaced
from chippool.core.plan import Admit, Displace, Hold, Keep
from chippool.core.reasons import Reason
from tests.state.build import NOW, NPU, Cluster, a_class, a_deployment, a_node, a_pool, an_assignment, basics, key, rfc
from tests.state.native import a_native_job, a_native_pod, a_stateful_set, an_owner, the_job, the_labels, the_pods

GIVEN = an_assignment(1, "h800", "h800")
LOST = Displaced(NOW - 60, Reason.PREEMPTED, None, 1, 0, 0, "Somebody else needs its chips.")


def a_cluster(*raw, nodes=2):
    return Cluster(*basics(), *(a_node(f"n{n}") for n in range(1, nodes + 1)), *raw)


def decided(cluster, name):
    plan = schedule(cluster.mirror.snapshot(), cluster.now)
    return next(decision for decision in plan.decisions if decision.workload == key(name))


def does(cluster, name):
    """Decide, and take for true what was decided."""
    plan = schedule(cluster.mirror.snapshot(), cluster.now)
    cluster.mirror.assume(plan)
    return next(decision for decision in plan.decisions if decision.workload == key(name))


# --- what is one workload


def test_a_gated_pod_alone_is_a_workload_of_one():
    cluster = a_cluster(a_native_pod("p", chips=4, born=NOW - 99))

    view = cluster.workload("pod:p")

    assert (view.queue, view.class_name, view.replicas, view.created) == ("q", "train", 1, NOW - 99)
    assert [(v.name, v.pools, v.ask.chips) for v in view.variants] == [("h800", ("h800",), 4000)]


def test_the_pods_of_a_job_are_one_gang_as_old_as_the_job():
    cluster = a_cluster(a_native_job("j", 2), *the_pods(2, owner=the_job()))

    view = cluster.workload("job:j")

    assert (view.replicas, view.created, view.uid) == (2, NOW - 600, "job-team-j")
    assert list(cluster.mirror.snapshot().workloads) == [key("job:j")]


def test_pods_with_a_group_are_one_gang_whoever_owns_them():
    labels = the_labels("g", 2)
    cluster = a_cluster(
        a_native_pod("a", labels=labels, owner=an_owner("StatefulSet", "s")),
        a_native_pod("b", labels=labels, born=NOW - 500),
    )

    view = cluster.workload("group:g")

    assert (view.replicas, view.created, view.problems) == (2, NOW - 500, ())


def made_by(kind, name, **labels):
    """A pod with the owner and labels that a controller of another project gives it."""
    group = the_labels("g", 3)
    return a_native_pod(name, owner=an_owner(kind, "x", f"uid-of-{kind}-{name}"), labels={**group, **labels})


@pytest.mark.parametrize(
    "pods",
    [
        [
            made_by("StatefulSet", f"lws-0{end}", **{"leaderworkerset.sigs.k8s.io/group-index": "0"})
            for end in ("", "-1", "-2")
        ],
        [made_by("PyTorchJob", f"train-{role}", **{"training.kubeflow.org/replica-type": role}) for role in "abc"],
        [made_by("RayCluster", f"ray-worker-{n}", **{"ray.io/node-type": "worker"}) for n in range(3)],
    ],
    ids=["LeaderWorkerSet", "PyTorchJob", "RayCluster"],
)
def test_pods_of_other_controllers_start_together_by_their_group(pods):
    cluster = a_cluster(*pods, nodes=3)

    assert isinstance(does(cluster, "group:g"), Admit)
    assert sorted(node for _, node in cluster.pins()) == ["n1", "n2", "n3"]


def test_a_job_of_a_job_set_is_a_gang_whose_pods_say_what_it_was_given():
    """Its own suspension belongs to the JobSet."""
    job = a_native_job("set-workers-0", 2, owners=[an_owner("JobSet", "set")])
    pods = the_pods(2, owner=the_job("set-workers-0"), labels=the_labels(**{"jobset.sigs.k8s.io/jobset-name": "set"}))
    cluster = a_cluster(job, *pods)

    assert isinstance(does(cluster, "job:set-workers-0"), Admit)
    assert cluster.pins() == [("p0", "n1"), ("p1", "n2")]
    assert cluster.mirror.workload(key("job:set-workers-0")).native.job is None


def test_a_pod_of_a_deployment_is_as_old_as_that():
    made = a_deployment("web", owner="")
    made["metadata"]["creationTimestamp"] = rfc(NOW - 5000)
    pod = a_native_pod(
        "web-7d-x", owner=an_owner("ReplicaSet", "web-7d"), labels=the_labels(**{"pod-template-hash": "7d"})
    )

    late, early = a_cluster(made, pod), a_cluster(pod, made)

    assert late.workload("pod:web-7d-x").created == early.workload("pod:web-7d-x").created == NOW - 5000


def test_a_pod_of_a_stateful_set_is_as_old_as_that():
    made = a_stateful_set("db", born=NOW - 5000)
    pod = a_native_pod("db-0", owner=an_owner("StatefulSet", "db"))

    late, early = a_cluster(made, pod), a_cluster(pod, made)

    assert late.workload("pod:db-0").created == early.workload("pod:db-0").created == NOW - 5000


@pytest.mark.parametrize(
    "pod",
    [
        a_native_pod("p", node="n1", phase="Running"),
        a_native_pod("p", labels={"other": "x"}),
        a_native_pod("p", labels=the_labels(**{"chippool.io/workload": "w"})),
    ],
    ids=["it runs and never had the gate", "it asks no queue", "it is a ChipWorkload's"],
)
def test_other_pods_are_no_workloads(pod):
    assert a_cluster(pod).mirror.snapshot().workloads == {}


def test_a_pod_that_only_others_hold_is_left_alone():
    pod = a_native_pod("p", labels={"kueue.x-k8s.io/queue-name": "theirs"})
    pod["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]

    assert a_cluster(pod).mirror.snapshot().workloads == {}


def test_a_job_that_has_ended_is_no_workload_any_more():
    done = [{"type": "Complete", "status": "True"}]

    assert a_cluster(a_native_job("j", conditions=done)).mirror.snapshot().workloads == {}


def test_a_list_of_all_chipworkloads_forgets_no_native_one():
    cluster = a_cluster(a_native_pod("p"))
    cluster.workload("pod:p")

    cluster.mirror.sweep("ChipWorkload", set())

    assert cluster.workload("pod:p").replicas == 1


# --- what it asks for


def test_every_pool_whose_chips_it_asks_for_is_a_way():
    cluster = a_cluster(a_pool("h20"), a_pool("npu", NPU), a_native_pod("p"))

    assert [v.name for v in cluster.workload("pod:p").variants] == ["h20", "h800"]


def test_its_node_selector_chooses_among_pools():
    cluster = a_cluster(a_pool("h20"), a_native_pod("p", nodeSelector={"pool": "h20"}))

    assert [v.name for v in cluster.workload("pod:p").variants] == ["h20"]


def test_a_shadow_class_stands_for_its_class():
    assert a_cluster(a_native_pod("p", cls="chippool-train")).workload("pod:p").class_name == "train"


def test_a_pod_is_given_room_for_what_it_asks_beside_its_chips():
    assert dict(a_cluster(a_native_pod("p")).workload("pod:p").variants[0].ask.requests) == {
        "cpu": 1000,
        "memory": 1 << 30,
        "pods": 1,
    }


# --- what is wrong with it


def held(cluster, name):
    decision = decided(cluster, name)
    assert isinstance(decision, Hold)
    return decision.reason, decision.message


@pytest.mark.parametrize(
    ("pods", "reason", "words"),
    [
        (the_pods(1, labels=the_labels("g", 3)), Reason.GROUP_INCOMPLETE, "Not all 3 pods of the group exist"),
        (the_pods(3, labels=the_labels("g", 2)), Reason.BAD_TEMPLATE, "more pods than 2"),
        (the_pods(1, labels=the_labels("g")), Reason.BAD_TEMPLATE, "chippool.io/group-size: pods with the label"),
        (the_pods(1, labels=the_labels("g", "many")), Reason.BAD_TEMPLATE, "a number"),
        (
            [a_native_pod("a", labels=the_labels("g", 2)), a_native_pod("b", labels=the_labels("g", 1))],
            Reason.BAD_TEMPLATE,
            "say different sizes",
        ),
        (
            [a_native_pod("a", labels=the_labels("g", 2)), a_native_pod("b", chips=4, labels=the_labels("g", 2))],
            Reason.BAD_TEMPLATE,
            "Its pods differ",
        ),
    ],
    ids=["some are missing", "too many", "no size", "a size in words", "two sizes", "unlike chips"],
)
def test_a_group_says_what_is_wrong_with_it(pods, reason, words):
    found, sentence = held(a_cluster(*pods), "group:g")

    assert found is reason
    assert words in sentence


@pytest.mark.parametrize(
    ("wish", "reason", "words"),
    [
        ({"cls": ""}, Reason.UNKNOWN_CLASS, "name no PriorityClass"),
        ({"cls": "vip"}, Reason.CLASS_NOT_ALLOWED, "does not allow vip, only train"),
        ({"resource": "example.com/fpga"}, Reason.UNKNOWN_POOL, "no chips of any ChipPool; they have nvidia.com/gpu"),
        ({"nodeSelector": {"pool": "none"}}, Reason.NO_NODE_MATCHES, "leaves out every ChipPool that has nvidia"),
        ({"said": {"chippool.io/hold": ""}}, Reason.SUSPENDED, "chippool.io/hold keeps it out of the queue"),
    ],
    ids=["no class", "a class of others", "no chips", "no pool", "held"],
)
def test_a_pod_says_what_is_wrong_with_it(wish, reason, words):
    found, sentence = held(a_cluster(a_class("vip", 900), a_native_pod("p", **wish)), "pod:p")

    assert found is reason
    assert words in sentence


def test_a_stateful_set_that_makes_one_pod_after_the_other_is_refused_in_a_group():
    pod = a_native_pod("db-0", owner=an_owner("StatefulSet", "db"), labels=the_labels("g", 2))

    ordered, parallel = a_cluster(a_stateful_set("db"), pod), a_cluster(a_stateful_set("db", "Parallel"), pod)

    assert held(ordered, "group:g")[0] is Reason.BAD_TEMPLATE
    assert "spec.podManagementPolicy of StatefulSet db: set Parallel" in held(ordered, "group:g")[1]
    assert held(parallel, "group:g")[0] is Reason.GROUP_INCOMPLETE


def test_pods_of_a_group_may_differ_in_what_they_ask_beside_chips():
    large = a_native_pod("b", labels=the_labels("g", 2))
    large["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "4"
    cluster = a_cluster(a_native_pod("a", labels=the_labels("g", 2)), large)

    assert dict(cluster.workload("group:g").variants[0].ask.requests)["cpu"] == 4000


# --- how it is admitted


def test_an_admitted_pod_is_pinned_and_carries_what_it_was_given():
    cluster = a_cluster(a_native_pod("p"))

    assert isinstance(does(cluster, "pod:p"), Admit)

    (pin,) = cluster.mirror.pins(cluster.now)
    assert (pin.name, pin.node, dict(pin.marks).keys()) == ("p", "n1", {"chippool.io/assignment"})


def test_a_group_waits_until_all_fit():
    labels = the_labels("g", 3)
    cluster = a_cluster(*the_pods(3, labels=labels))

    assert isinstance(does(cluster, "group:g"), Hold)
    assert cluster.pins() == []

    cluster.shows(a_node("n3"))

    assert isinstance(does(cluster, "group:g"), Admit)
    assert cluster.pins() == [("p0", "n1"), ("p1", "n2"), ("p2", "n3")]


def test_a_group_one_of_whose_pods_is_pinned_is_admitted_and_the_others_go_first():
    labels, given = the_labels("g", 2), replace(GIVEN, replicas=2)
    rival = a_native_pod("older", born=NOW - 9000)
    pinned = a_native_pod("a", labels=labels, given=given, pinned="n1")
    cluster = a_cluster(rival, pinned, a_native_pod("b", labels=labels))

    assert cluster.workload("group:g").assignment == given
    assert isinstance(does(cluster, "pod:older"), Hold)
    assert cluster.pins() == [("b", "n2")]


def test_a_job_says_what_it_was_given():
    cluster = a_cluster(a_native_job("j", given=GIVEN), a_native_pod("p", owner=the_job()))

    assert cluster.workload("job:j").assignment == GIVEN
    assert cluster.workload("job:j").missing == 1


def test_a_job_whose_pods_were_let_go_before_it_was_told_is_admitted():
    """An operator may be killed between these two writes."""
    cluster = a_cluster(a_native_job("j", 2), *the_pods(1, owner=the_job(), given=GIVEN, pinned="n1"))

    assert cluster.workload("job:j").assignment == GIVEN


def test_pods_a_displaced_job_has_not_ended_yet_say_nothing():
    job = a_native_job("j", suspended=True, displaced=LOST)
    cluster = a_cluster(job, *the_pods(1, owner=the_job(), given=GIVEN, node="n1"))

    assert cluster.workload("job:j").assignment is None
    assert cluster.node("n1").leaving == 8000


def test_chips_of_an_admitted_pod_count_as_managed():
    cluster = a_cluster(a_native_pod("p", given=GIVEN, node="n1", phase="Running", ready=True))

    counts = cluster.mirror.pool_counts("h800")

    assert (counts.allocated, counts.unmanaged) == (8000, 0)
    assert isinstance(decided(cluster, "pod:p"), Keep)


def test_nobody_moves_what_others_made():
    assert a_cluster(a_native_pod("p")).workload("pod:p").stays_put


# --- how it ends and comes again


def test_a_displaced_job_waits_without_pods():
    cluster = a_cluster(a_native_job("j", 2, suspended=True, displaced=LOST))

    decision = decided(cluster, "job:j")

    assert isinstance(decision, Admit)
    assert len(decision.nodes) == 2


@pytest.mark.parametrize("lost", [None, replace(LOST, reason=Reason.SUSPENDED)], ids=["at birth", "later"])
def test_a_job_its_user_suspended_does_not_queue(lost):
    assert held(a_cluster(a_native_job("j", suspended=True, displaced=lost)), "job:j")[0] is Reason.SUSPENDED


def test_a_job_its_user_suspends_gives_its_chips_back():
    decision = decided(a_cluster(a_native_job("j", given=GIVEN, suspended=True)), "job:j")

    assert isinstance(decision, Displace)
    assert decision.reason is Reason.SUSPENDED


@pytest.mark.parametrize(
    ("done", "lacks"), [(0, 2), (5, 2), (7, 1), (8, 0)], ids=["none", "some", "all but one", "all"]
)
def test_a_job_with_more_to_do_than_it_does_at_once_needs_a_node_for_each_pod_to_come(done, lacks):
    given = replace(GIVEN, replicas=2)
    cluster = a_cluster(a_native_job("j", 2, completions=8, succeeded=done, given=given))

    assert cluster.workload("job:j").missing == lacks


def test_a_bare_pod_of_a_group_that_has_failed_is_not_waited_for():
    labels, given = the_labels("g", 2), replace(GIVEN, replicas=2)
    there = a_native_pod("a", labels=labels, given=given, node="n1", phase="Running")
    failed = a_native_pod("b", labels=labels, given=given, node="n2", phase="Failed")

    assert a_cluster(there, failed).workload("group:g").missing == 0


def test_a_pod_of_a_group_that_its_controller_makes_anew_is_waited_for():
    labels, given, owner = the_labels("g", 2), replace(GIVEN, replicas=2), an_owner("StatefulSet", "s")
    there = a_native_pod("a", labels=labels, given=given, node="n1", phase="Running", owner=owner)
    failed = a_native_pod("b", labels=labels, given=given, node="n2", phase="Failed", owner=owner)

    assert a_cluster(there, failed).workload("group:g").missing == 1


def test_a_workload_is_gone_with_its_pods():
    pod = a_native_pod("p")
    cluster = a_cluster(pod)
    cluster.workload("pod:p")

    cluster.loses(pod)

    assert cluster.mirror.snapshot().workloads == {}
