"""Hand-made clusters: a hold that is right passes, one that is wrong is named with the place it could have."""

import json

from tools.replay.belief import Objects
from tools.replay.holds import mismatches, unfit

CLASSES = {"high": 3, "low": 1}


def a_node(name="n1", *, chips=8, cpu="64", **more):
    amounts = {"nvidia.com/gpu": str(chips), "cpu": cpu, "memory": "64Gi", "pods": "110"}
    return {
        "metadata": {"name": name, "labels": {"model": "a", "kubernetes.io/hostname": name} | more.pop("labels", {})},
        "spec": more.pop("spec", {}),
        "status": {
            "capacity": amounts,
            "allocatable": amounts | more.pop("allocatable", {}),
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def a_workload(name="w", *, chips=1, replicas=1, reason="ChipsShort", cpu="1", class_name="low", **spec):
    admitted = {"type": "Admitted", "status": "False", "reason": reason}
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {
            "queueName": "q",
            "priorityClassName": class_name,
            "replicas": replicas,
            "template": {"spec": {"containers": [container], **spec.pop("pod", {})}},
            "variants": [{"name": "v", "poolNames": ["a"], "chipsPerReplica": chips}],
            **spec,
        },
        "status": {"conditions": [admitted] if reason else []},
    }


def a_job(name, *, replicas=1):
    given = {"variant": "v", "pool": "a", "replicas": replicas, "admittedAt": "2026-01-01T00:00:00.000Z"}
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "annotations": {"chippool.io/assignment": json.dumps(given)},
            "ownerReferences": [{"kind": "ChipWorkload", "name": name}],
        },
        "spec": {"parallelism": replicas},
        "status": {},
    }


def a_pod(workload, *, node="n1", chips=1, cpu="1", phase="Running", **metadata):
    requests = {"nvidia.com/gpu": str(chips), "cpu": cpu}
    return {
        "metadata": {
            "name": f"{workload}-0",
            "namespace": "ns",
            "labels": {"chippool.io/workload": workload},
            **metadata,
        },
        "spec": {"nodeName": node, "containers": [{"name": "c", "resources": {"requests": requests}}]},
        "status": {"phase": phase},
    }


def running(name, *, node="n1", chips=1, class_name="low", **pod):
    """A workload, its Job and its pod."""
    return a_workload(name, chips=chips, class_name=class_name), a_job(name), a_pod(name, node=node, chips=chips, **pod)


def a_cluster(*waiting, nodes=(), there=(), limit=None, never=()):
    quotas = [] if limit is None else [{"poolName": "a", "limit": limit}]
    pool = {"chip": {"resourceName": "nvidia.com/gpu"}, "nodeSelector": {"model": "a"}}
    return Objects(
        nodes=list(nodes) or [a_node()],
        pods=[pod for _, _, pod in there],
        jobs=[job for _, job, _ in there],
        deployments=[],
        pools=[{"metadata": {"name": "a"}, "spec": pool}],
        queues=[{"metadata": {"name": "q"}, "spec": {"quotas": quotas}}],
        workloads=[*waiting, *(workload for workload, _, _ in there)],
        classes=[
            {"metadata": {"name": n}, "value": v, **({"preemptionPolicy": "Never"} if n in never else {})}
            for n, v in CLASSES.items()
        ],
    )


def verdict(cluster):
    looked_at, wrong = mismatches(cluster)
    return looked_at, [one.workload for one in wrong]


def test_a_hold_on_a_full_node_is_right():
    assert verdict(a_cluster(a_workload(), there=[running("a", chips=8)])) == (1, [])


def test_a_hold_beside_free_chips_is_wrong_and_the_place_is_named():
    _, wrong = mismatches(a_cluster(a_workload(), there=[running("a", chips=7)]))
    assert [(one.workload, one.said) for one in wrong] == [("ns/w", "ChipsShort")]
    assert "variant v fits pool a" in wrong[0].why
    assert "n1 (1)" in wrong[0].why


def test_chips_scattered_over_nodes_do_not_hold_one_large_replica():
    nodes, there = [a_node("n1"), a_node("n2")], [running("a", chips=4), running("b", node="n2", chips=4)]
    assert verdict(a_cluster(a_workload(chips=8), nodes=nodes, there=there)) == (1, [])


def test_a_gang_that_fits_only_in_part_waits_rightly():
    assert verdict(a_cluster(a_workload(chips=4, replicas=3))) == (1, [])
    assert verdict(a_cluster(a_workload(chips=4, replicas=2))) == (1, ["ns/w"])


def test_room_beside_the_chips_counts():
    assert verdict(a_cluster(a_workload(cpu="65"))) == (1, [])


def test_lower_priority_could_have_gone():
    waits = a_workload(class_name="high", chips=8)
    assert verdict(a_cluster(waits, there=[running("a", chips=8)])) == (1, ["ns/w"])


def test_equal_priority_could_not_have_gone():
    waits = a_workload(class_name="high", chips=8)
    assert verdict(a_cluster(waits, there=[running("a", chips=8, class_name="high")])) == (1, [])


def test_a_class_that_displaces_nobody_waits_rightly():
    waits = a_workload(class_name="high", chips=8)
    assert verdict(a_cluster(waits, there=[running("a", chips=8)], never=["high"])) == (1, [])


def test_a_limit_holds_rightly_until_lower_work_of_the_queue_could_go():
    there = [running("a", chips=4)]
    assert verdict(a_cluster(a_workload(chips=2, reason="QueueLimit"), there=there, limit=5)) == (1, [])
    high = a_workload(chips=2, reason="QueueLimit", class_name="high")
    assert verdict(a_cluster(high, there=there, limit=5)) == (1, ["ns/w"])


def test_a_cordoned_or_tainted_node_gives_no_room():
    assert verdict(a_cluster(a_workload(), nodes=[a_node(spec={"unschedulable": True})])) == (1, [])
    taint = {"taints": [{"key": "k", "effect": "NoSchedule"}]}
    assert verdict(a_cluster(a_workload(), nodes=[a_node(spec=taint)])) == (1, [])
    tolerant = a_workload(pod={"tolerations": [{"key": "k", "operator": "Exists"}]})
    assert verdict(a_cluster(tolerant, nodes=[a_node(spec=taint)])) == (1, ["ns/w"])


def test_what_nobody_has_decided_on_yet_is_wrong_if_it_fits():
    assert verdict(a_cluster(a_workload(reason=None))) == (1, ["ns/w"])


def test_a_mistake_is_not_the_checks_business():
    assert verdict(a_cluster(a_workload(reason="UnknownQueue"))) == (0, [])


def test_admitted_work_whose_pod_nobody_sends_anywhere_is_wrong_beside_free_chips():
    workload, job, pod = running("a")
    pod["spec"] |= {"nodeName": "", "schedulingGates": [{"name": "chippool.io/placement"}]}
    assert verdict(a_cluster(there=[(workload, job, pod)])) == (1, ["ns/a"])
    assert verdict(a_cluster(there=[(workload, job, pod), running("b", chips=8)])) == (1, [])


def test_nothing_is_said_while_a_pod_terminates_or_is_not_made_yet():
    leaving = running("a", deletionTimestamp="2026-01-01T00:00:00Z")
    assert "terminating" in unfit(a_cluster(there=[leaving]))
    workload, job, pod = running("a")
    cluster = a_cluster(there=[(workload, job, pod)])
    cluster.pods.clear()
    assert "has not got all" in unfit(cluster)
    assert unfit(a_cluster(there=[running("a")])) == ""
