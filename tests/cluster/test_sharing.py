"""Sharing on a real control plane: a queue borrows what another is guaranteed, and gives it back."""

import pytest

from tests.cluster.manifests import a_queue, a_workload

pytestmark = pytest.mark.plane


def in_the_tree(name, guaranteed=None, **spec):
    queue = a_queue(name)
    quotas = [{"poolName": "h800", "guaranteed": guaranteed}] if guaranteed is not None else []
    queue["spec"] |= {"quotas": quotas, **spec}
    return queue


def shown(cluster, name):
    pools = (cluster.find("chipqueue", name).get("status") or {}).get("pools") or []
    return next(((p["used"], p["guaranteed"], p["borrowed"]) for p in pools if p["poolName"] == "h800"), None)


def test_what_was_borrowed_is_reclaimed_whatever_its_priority_and_the_guaranteed_part_stays(cluster):
    """Four nodes of eight: org is guaranteed two, lab one."""
    cluster.apply(in_the_tree("org"), in_the_tree("lab", 8))
    cluster.apply(in_the_tree("org-ads", 16, parentName="org"))
    cluster.apply(a_workload("oldest", queue="lab", cls="revenue"))
    cluster.wait_true("oldest", "Ready")
    cluster.apply(a_workload("borrows", queue="lab", cls="revenue", replicas=3))
    cluster.wait_true("borrows", "Ready")
    cluster.eventually(lambda: shown(cluster, "lab") == (32, 8, 24), "lab shows what it borrows", within=30)

    cluster.apply(a_workload("mine", queue="org-ads", cls="batch", replicas=2))
    cluster.wait_true("mine", "Ready")
    lost = cluster.condition("borrows", "Displaced")
    assert (lost["status"], lost["reason"]) == ("True", "Reclaimed")
    assert "which is within its guarantee" in lost["message"]
    assert len(cluster.running("oldest")) == 1
    cluster.eventually(lambda: shown(cluster, "org") == (16, 16, 0), "org shows what its team uses", within=30)

    held = cluster.wait_held("borrows", "ChipsShort")
    assert "its queue would be past its guarantee" in held


def test_a_queue_whose_parent_is_missing_says_so_and_goes_on_once_it_is_there(cluster):
    cluster.apply(in_the_tree("orphan", parentName="later"))
    cluster.apply(a_workload("w", queue="orphan"))
    assert "there is no ChipQueue later" in cluster.wait_held("w", "UnknownParent")
    cluster.apply(in_the_tree("later"))
    cluster.wait_true("w", "Ready")


def test_guarantees_beyond_the_stock_are_a_condition_of_queue_and_pool(cluster):
    cluster.apply(in_the_tree("greedy", 10_000))

    def oversubscribed(kind, name):
        conditions = (cluster.find(kind, name).get("status") or {}).get("conditions") or []
        return any(c["type"] == "Oversubscribed" and c["status"] == "True" for c in conditions)

    cluster.eventually(lambda: oversubscribed("chipqueue", "greedy"), "the queue says so", within=30)
    cluster.eventually(lambda: oversubscribed("chippool", "h800"), "the pool says so", within=30)
