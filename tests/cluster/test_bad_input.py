"""Users' mistakes that only show beside the rest of the cluster: a sentence where they look, and nobody else waits."""

import subprocess

import pytest

from tests.cluster.bad_input import a_good_one_runs, an_event_says, must_say
from tests.cluster.manifests import a_class, a_pool, a_queue, a_variant, a_workload

pytestmark = pytest.mark.plane

NOWHERE = {"nvidia.com/gpu.product": "NVIDIA-NONE"}


def is_misconfigured(cluster, name, reason, *words):
    """The condition says so with these words, an event says the same, and a good workload runs meanwhile."""
    sentence = cluster.wait_held(name, reason)
    must_say(sentence, *words)
    an_event_says(cluster, name, "Misconfigured", sentence)
    a_good_one_runs(cluster)
    assert cluster.find("job", name) is None


def test_an_unknown_pool_is_named_with_its_field(cluster):
    cluster.apply(a_workload("bad", a_variant("h900")))
    is_misconfigured(
        cluster, "bad", "UnknownPool", "spec.variants[h900].poolNames", "no ChipPool h900", "create it or name another"
    )


def test_an_unknown_pool_holds_up_no_other_way_to_run(cluster):
    cluster.apply(a_workload("w", a_variant("h900"), a_variant("h20")))
    cluster.wait_true("w", "Ready")
    assert cluster.find("chipworkload", "w")["status"]["assignment"]["pool"] == "h20"


def test_an_unknown_queue_is_named_with_its_field(cluster):
    cluster.apply(a_workload("bad", queue="nobodys"))
    is_misconfigured(cluster, "bad", "UnknownQueue", "spec.queueName", "no ChipQueue nobodys", "create it or name")


def test_a_workload_waits_for_its_queue_to_be_made_and_then_runs(cluster):
    cluster.apply(a_workload("early", queue="late"))
    cluster.wait_held("early", "UnknownQueue")
    cluster.apply(a_queue("late"))
    cluster.wait_true("early", "Ready")


def test_an_unknown_class_is_named_with_those_the_queue_allows(cluster):
    cluster.apply(a_workload("bad", cls="urgent"))
    is_misconfigured(
        cluster,
        "bad",
        "UnknownClass",
        "spec.priorityClassName",
        "no PriorityClass urgent",
        "name one of batch, inference, revenue, training.",
    )


def test_a_queue_that_names_an_unknown_class_says_so_itself(cluster):
    cluster.apply(a_queue("modern", classes=["training", "urgent"]))

    def told():
        ready = cluster.condition("modern", "Ready", "chipqueue")
        return ready.get("reason") == "UnknownClass" and "spec.priorityClassNames names urgent" in ready["message"]

    cluster.eventually(told, "the queue names the class")


def test_an_unknown_container_is_refused_at_once(cluster):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        cluster.apply(a_workload("bad", chipContainer="sidecar"))
    said = "\n".join(refused.value.__notes__)
    must_say(said, "spec.chipContainer", "must be the name of one of the template's containers")


def test_a_container_that_a_patch_takes_away_is_missed_in_that_variant(cluster):
    other = {"spec": {"containers": [{"name": "main", "$patch": "delete"}, {"name": "npu", "image": "npu:1"}]}}
    cluster.apply(a_workload("bad", a_variant("npu", patch=other), chipContainer="main"))
    is_misconfigured(
        cluster,
        "bad",
        "UnknownContainer",
        "spec.chipContainer",
        "(variant npu) has no container main",
        "name one of npu",
    )


def test_a_queue_of_other_namespaces_is_not_served_here(cluster):
    cluster.apply(a_queue("theirs", namespaces="elsewhere"))
    cluster.apply(a_workload("bad", queue="theirs"))
    is_misconfigured(
        cluster,
        "bad",
        "NamespaceNotAllowed",
        "spec.queueName",
        f"ChipQueue theirs does not serve namespace {cluster.namespace}",
        "spec.namespaceSelector",
    )


def test_a_class_the_queue_does_not_allow_is_told_with_those_it_does(cluster):
    cluster.apply(a_queue("humble", classes=["batch", "training"]))
    cluster.apply(a_workload("bad", queue="humble", cls="revenue"))
    is_misconfigured(
        cluster,
        "bad",
        "ClassNotAllowed",
        "spec.priorityClassName",
        "ChipQueue humble does not allow revenue, only batch, training",
    )


def test_a_class_the_pool_does_not_let_in_is_told_with_those_it_does(cluster):
    cluster.patch("chippool", "npu", {"spec": {"access": [{"priorityClassNames": ["inference", "revenue"]}]}})
    try:
        cluster.apply(a_workload("bad", a_variant("npu"), cls="batch"))
        is_misconfigured(
            cluster,
            "bad",
            "AccessDenied",
            "spec.priorityClassName",
            "ChipPool npu does not let batch in, only inference, revenue",
            "spec.access",
            "another pool",
        )
    finally:
        cluster.patch("chippool", "npu", {"spec": {"access": None}})
    cluster.wait_true("bad", "Ready")


def test_more_chips_a_replica_than_any_node_has_is_impossible(cluster):
    cluster.apply(a_workload("bad", a_variant(chips=16)))
    is_misconfigured(
        cluster,
        "bad",
        "ImpossibleSize",
        "spec.variants[h800].chipsPerReplica",
        "16 chips a replica is more than any node of ChipPool h800 has (8)",
        "ask for fewer chips and more replicas",
    )


def test_more_replicas_than_the_pool_could_ever_hold_are_impossible(cluster):
    cluster.apply(a_workload("bad", replicas=5))
    is_misconfigured(
        cluster,
        "bad",
        "ImpossibleSize",
        "spec.variants[h800]",
        "5 replicas are more than ChipPool h800 could ever hold (4)",
        "ask for fewer replicas",
    )


def test_a_template_that_needs_more_than_any_node_is_impossible(cluster):
    pod = {"containers": [{"name": "main", "image": "main:1", "resources": {"requests": {"cpu": "500"}}}]}
    cluster.apply(a_workload("bad", pod=pod))
    is_misconfigured(cluster, "bad", "ImpossibleSize", "spec.template", "no node of ChipPool h800", "ask for less")


def test_a_template_that_no_node_satisfies_is_told_what_to_correct(cluster):
    cluster.apply(a_workload("bad", pod={"nodeSelector": {"disk": "nvme"}}))
    is_misconfigured(cluster, "bad", "NoNodeMatches", "No node of ChipPool h800", "nodeSelector", "correct them")


def test_a_patch_that_does_not_apply_is_told_with_its_variant(cluster):
    patch = {"spec": {"containers": [{"image": "registry.example/ascend:2"}]}}
    cluster.apply(a_workload("bad", a_variant(patch=patch)))
    is_misconfigured(cluster, "bad", "BadPatch", "spec.variants[h800].patch does not apply to spec.template", "name")


def test_a_patch_that_is_corrected_is_tried_again_at_once(cluster):
    patch = {"spec": {"containers": "none"}}
    cluster.apply(a_workload("bad", a_variant(patch=patch)))
    cluster.wait_held("bad", "BadPatch")
    cluster.apply(a_workload("bad", a_variant()))
    cluster.wait_true("bad", "Ready")


def test_a_template_the_api_server_refuses_is_told_in_the_servers_own_words(cluster):
    mounts = [{"name": "data", "mountPath": "/data"}]
    bad = {"containers": [{"name": "main", "image": "main:1", "volumeMounts": mounts}]}
    cluster.apply(a_workload("bad", pod=bad))
    is_misconfigured(
        cluster,
        "bad",
        "BadTemplate",
        "The API server refuses the template",
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    )


def test_a_refused_template_is_tried_again_as_soon_as_it_is_edited(cluster):
    bad = {"containers": [{"name": "main", "image": "main:1", "imagePullPolicy": "Sometimes"}]}
    cluster.apply(a_workload("bad", pod=bad))
    must_say(cluster.wait_held("bad", "BadTemplate"), 'imagePullPolicy: Unsupported value: "Sometimes"')
    good = {"containers": [{"name": "main", "image": "main:1", "imagePullPolicy": "Always"}]}
    cluster.apply(a_workload("bad", pod=good))
    cluster.wait_true("bad", "Ready")


def test_a_template_that_asks_for_the_chips_itself_is_told_to_leave_it(cluster):
    chips = {"limits": {"nvidia.com/gpu": "8"}}
    cluster.apply(a_workload("bad", pod={"containers": [{"name": "main", "image": "main:1", "resources": chips}]}))
    is_misconfigured(cluster, "bad", "BadTemplate", "already asks for nvidia.com/gpu", "take it out of spec.template")


def test_a_pool_without_nodes_says_no_nodes_and_the_work_waits(cluster):
    cluster.apply(a_pool("none", NOWHERE))
    cluster.apply(a_workload("early", a_variant("none")))
    must_say(cluster.wait_held("early", "NoNodes"), "ChipPool none has no nodes")
    cluster.eventually(
        lambda: cluster.condition("none", "Ready", "chippool").get("reason") == "NoNodes", "the pool says so too"
    )
    must_say(cluster.condition("none", "Ready", "chippool")["message"], "spec.nodeSelector", "spec.chip.resourceName")
    a_good_one_runs(cluster)


def test_an_unknown_class_that_is_made_later_lets_its_work_run(cluster):
    cluster.apply(a_queue("soon", classes=["soon"]))
    cluster.apply(a_workload("early", queue="soon", cls="soon"))
    cluster.wait_held("early", "UnknownClass")
    cluster.apply(a_class("soon", 1500))
    cluster.wait_true("early", "Ready")
