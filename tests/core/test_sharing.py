"""Sharing case by case: limits of a tree, broken trees, tenancy, reserve; scenarios have whole plans."""

from chippool.core.guarantee import Guarantees, Oversold
from chippool.core.ids import CHIP, PoolName
from chippool.core.plan import Admit, Displace, Hold
from chippool.core.reasons import Reason
from chippool.core.tree import Tree
from tests.core.build import (
    a_pool,
    a_queue,
    a_reserve,
    a_variant,
    a_workload,
    an_access,
    decide,
    decision_of,
    kinds,
    nodes,
)


def test_a_limit_above_the_queue_is_named_as_such():
    queues = [a_queue("org", limits={"h800": 8}), a_queue("team", parent="org")]
    held = decision_of(decide(nodes(2), [a_workload("w", replicas=2)], queues=queues), "w")
    assert held.reason is Reason.QUEUE_LIMIT
    assert held.message.startswith("ChipQueue org, above team, may use at most 8 chips of h800 (spec.quotas)")


def test_a_closed_queue_may_use_only_the_pools_it_lists():
    queues = [a_queue("team", limits={"h800": 8}, closed=True)]
    wish = a_workload("w", "train", a_variant("h20"))
    held = decision_of(decide([*nodes(1), *nodes(1, pool="h20")], [wish], queues=queues), "w")
    assert held.reason is Reason.QUEUE_LIMIT
    assert "spec.closed" in held.message


def test_a_parent_that_does_not_exist_holds_what_waits_and_touches_nothing_that_runs():
    queues = [a_queue("team", parent="gone"), a_queue("sub", parent="team")]
    running = a_workload("runs", on=["h800-000"])
    plan = decide(nodes(2), [running, a_workload("w"), a_workload("v", queue="sub")], queues=queues)
    assert kinds(plan) == {"w": "Hold", "v": "Hold", "runs": "Keep"}
    assert decision_of(plan, "v").reason is Reason.UNKNOWN_PARENT
    assert "there is no ChipQueue gone" in decision_of(plan, "v").message


def test_parents_in_a_circle_are_told_so():
    queues = [a_queue("team", parent="b"), a_queue("b", parent="team"), a_queue("below", parent="b")]
    plan = decide(nodes(1), [a_workload("w"), a_workload("v", queue="below")], queues=queues)
    assert decision_of(plan, "w").reason is Reason.QUEUE_CYCLE
    assert "team > b > team goes round in a circle" in decision_of(plan, "w").message
    assert decision_of(plan, "v").reason is Reason.QUEUE_CYCLE


def test_an_external_queue_gets_in_only_where_a_pool_says_so():
    queues = [a_queue("tenant", external=True), a_queue("team", parent="tenant")]
    held = decision_of(decide(nodes(1), [a_workload("w")], queues=queues), "w")
    assert held.reason is Reason.ACCESS_DENIED
    assert "lets no External queue in" in held.message
    open_to = [a_pool(access=[an_access(external=True)])]
    assert isinstance(decision_of(decide(nodes(1), [a_workload("w")], queues=queues, pools=open_to), "w"), Admit)


def test_the_first_entry_of_an_access_list_that_matches_counts():
    pools = [a_pool(access=[an_access(["train"], scavenge=True), an_access(["train"])])]
    there = a_workload("there", "train", on=["h800-000"], created=-1.0)
    plan = decide(nodes(1), [there, a_workload("w", "train")], pools=pools)
    assert "only gets there what nobody else waits for" in decision_of(plan, "w").message


def test_scavenged_chips_use_up_no_guarantee_and_minruntime_does_not_keep_them():
    pools = [a_pool(access=[an_access(["batch"], scavenge=True), an_access()])]
    queues = [a_queue("team", guaranteed={"h800": 8}), a_queue("lab", guaranteed={})]
    running = [
        a_workload("mine", "batch", on=["h800-000"], min_runtime=1e6),
        a_workload("theirs", "ads", queue="lab", on=["h800-001"]),
    ]
    plan = decide(nodes(2), [*running, a_workload("w", "train")], pools=pools, queues=queues)
    assert decision_of(plan, "mine").reason is Reason.SCAVENGED
    again = decide(nodes(2), [*running, a_workload("w", "train"), a_workload("x", "train")], pools=pools, queues=queues)
    assert isinstance(decision_of(again, "x"), Hold)


def test_guarantees_beyond_the_stock_are_facts_for_a_condition():
    tree = Tree({q.name: q for q in [a_queue("a", guaranteed={"h800": 16}), a_queue("b", guaranteed={"h800": 8})]})
    found = Guarantees(tree, {PoolName("h800"): 9 * CHIP})
    assert found.oversold == [Oversold(PoolName("h800"), None, 24 * CHIP, 9 * CHIP)]
    assert found.shrunk(0) == {"h800": (16 * CHIP, 6 * CHIP)}
    assert found.shrunk(1) == {"h800": (8 * CHIP, 3 * CHIP)}


def test_a_parent_that_lists_nothing_is_guaranteed_what_its_children_are_together():
    queues = [a_queue("org", guaranteed={"h20": 8}), *(a_queue(n, parent="org", guaranteed={"h800": 8}) for n in "ab")]
    tree = Tree({q.name: q for q in queues})
    found = Guarantees(tree, {PoolName("h800"): 64 * CHIP, PoolName("h20"): 64 * CHIP})
    org = tree.paths["a"][0]
    assert found.given[org] == {"h800": 16 * CHIP, "h20": 8 * CHIP}
    assert not found.oversold


def test_children_that_are_promised_more_than_their_parent_share_what_it_has():
    queues = [
        a_queue("org", guaranteed={"h800": 8}),
        *(a_queue(n, parent="org", guaranteed={"h800": 8}) for n in "ab"),
    ]
    tree = Tree({q.name: q for q in queues})
    found = Guarantees(tree, {PoolName("h800"): 64 * CHIP})
    assert [found.given[tree.paths[n][-1]]["h800"] for n in "ab"] == [4 * CHIP, 4 * CHIP]
    assert [o.parent for o in found.oversold] == ["org"]


def test_spares_replace_lost_replicas_of_any_class_and_other_reserves_do_not():
    lost = a_workload("gang", "batch", replicas=2, on=["h800-000", "gone"], placed=("h800-000",), missing=1)
    for spares, kind in ((True, "Place"), (False, "Keep")):
        pools = [a_pool(reserve=[a_reserve(8, "ads", spares=spares)])]
        assert kinds(decide(nodes(2), [lost], pools=pools)) == {"gang": kind}


def test_a_reserve_is_not_refilled_by_displacing_more_than_is_taken():
    pools = [a_pool(reserve=[a_reserve(8, "ads")])]
    running = [a_workload(f"b{i}", "batch", on=[f"h800-{i:03}"], admitted_at=float(i)) for i in range(3)]
    plan = decide(nodes(3), [*running, a_workload("w", "train")], pools=pools)
    assert [d.workload for d in plan.decisions if isinstance(d, Displace)] == ["ns/b2"]


def test_work_of_a_queue_that_is_gone_holds_nothing_of_its_own():
    queues = [a_queue("team", guaranteed={"h800": 8}), a_queue("sub", parent="team")]
    running = a_workload("left", "ads", queue="gone", on=["h800-000"])
    plan = decide(nodes(1), [running, a_workload("w", "batch")], queues=queues)
    assert decision_of(plan, "left").reason is Reason.RECLAIMED
