"""Rules 1 to 5: order, variants, limits, all or none, nodes."""

from dataclasses import replace

from chippool.core.constraints import Constraints, Requirement, Taint, Term, Toleration
from chippool.core.ids import CHIP, PoolName, VariantName
from chippool.core.model import Displaced, Mode
from chippool.core.plan import Admit, Hold, Keep, Place, Resize
from chippool.core.reasons import Reason
from tests.core.build import (
    a_class,
    a_node,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    decide,
    decision_of,
    kinds,
    nodes,
)


def test_higher_priority_is_asked_first_then_the_older_then_the_smaller_uid():
    plan = decide(
        nodes(2),
        [
            a_workload("young", "train", created=20.0),
            a_workload("old", "train", created=10.0),
            a_workload("ads", "ads", created=30.0),
            a_workload("b", "train", created=10.0),
        ],
    )
    assert kinds(plan) == {"ads": "Admit", "b": "Admit", "old": "Hold", "young": "Hold"}


def test_held_work_knows_its_place_in_the_order():
    plan = decide(nodes(1), [a_workload(n, "train", created=i) for i, n in enumerate("abc")])
    assert [decision_of(plan, n).position for n in "bc"] == [1, 2]


def test_a_gang_gets_all_its_replicas_or_none():
    plan = decide(nodes(3), [a_workload("gang", replicas=4), a_workload("small", replicas=3, created=1.0)])
    assert kinds(plan) == {"gang": "Hold", "small": "Admit"}


def test_the_first_variant_that_fits_is_taken():
    wish = a_workload("w", "serve", a_variant("h800", 1, 8), a_variant("npu", 2, 4))
    busy = a_workload("busy", "ads", on=["h800-000"])
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [wish, busy])
    admitted = decision_of(plan, "w")
    assert isinstance(admitted, Admit)
    assert (admitted.variant, admitted.pool, admitted.nodes) == ("npu", "npu", ("npu-000", "npu-000"))


def test_a_variant_tries_its_pools_in_order():
    plan = decide([*nodes(1), *nodes(1, pool="h20")], [a_workload("w", "train", a_variant(("h20", "h800")))])
    assert decision_of(plan, "w").pool == "h20"


def test_a_queue_never_passes_its_limit_and_the_hold_says_so():
    plan = decide(
        nodes(4), [a_workload(n, created=i) for i, n in enumerate("abc")], queues=[a_queue(limits={"h800": 16})]
    )
    hold = decision_of(plan, "c")
    assert isinstance(hold, Hold)
    assert hold.reason is Reason.QUEUE_LIMIT
    assert "team may use at most 16 chips of h800" in hold.message


def test_a_limit_of_a_full_queue_leaves_the_next_variant():
    wish = a_workload("w", "train", a_variant("h800"), a_variant("h20"))
    plan = decide([*nodes(1), *nodes(1, pool="h20")], [wish], queues=[a_queue(limits={"h800": 0})])
    assert decision_of(plan, "w").pool == "h20"


def test_a_pool_lets_in_only_the_classes_of_its_access_list():
    pools = [a_pool(access=[["ads"], ["serve"]])]
    plan = decide(nodes(2), [a_workload("t", "train"), a_workload("s", "serve")], pools=pools)
    assert kinds(plan) == {"s": "Admit", "t": "Hold"}
    assert decision_of(plan, "t").reason is Reason.ACCESS_DENIED


def test_whole_node_requests_take_whole_nodes():
    mixed = [a_node("big", 16), a_node("whole", 8)]
    assert decision_of(decide(mixed, [a_workload("w")]), "w").nodes == ("whole",)


def test_partial_requests_fill_the_tightest_hole():
    running = [a_workload("a", chips=5, on=["h800-001"]), a_workload("b", chips=6, on=["h800-002"])]
    plan = decide(nodes(3), [*running, a_workload("w", chips=2)])
    assert decision_of(plan, "w").nodes == ("h800-002",)


def test_a_node_without_other_room_is_passed_over():
    plan = decide([a_node("n1", cpu=500), a_node("n2")], [a_workload("w", chips=1)])
    assert decision_of(plan, "w").nodes == ("n2",)


def test_room_that_is_short_beside_free_chips_is_called_so():
    full = a_workload("full", "ads", chips=1, replicas=1, on=["n1"])
    plan = decide([a_node("n1", cpu=1500)], [full, a_workload("w", "train", chips=1)])
    assert decision_of(plan, "w").reason is Reason.ROOM_SHORT


def test_cordoned_nodes_and_nodes_of_two_pools_get_nothing_new():
    some = [a_node("cordoned", usable=False), a_node("both", pools=("h800", "h20"))]
    plan = decide(some, [a_workload("w")])
    assert decision_of(plan, "w").reason is Reason.CHIPS_SHORT


def test_a_taint_keeps_away_who_does_not_tolerate_it():
    taint = Taint("vendor", "npu", "NoSchedule")
    tolerant = Constraints(tolerations=(Toleration("vendor", "Equal", "npu", ""),))
    some = [a_node("n1", taints=[taint])]
    plan = decide(some, [a_workload("no"), a_workload("yes", "train", a_variant(constraints=tolerant))])
    assert kinds(plan) == {"no": "Hold", "yes": "Admit"}
    assert decision_of(plan, "no").reason is Reason.NO_NODE_MATCHES


def test_what_fits_once_a_node_is_well_again_is_not_impossible():
    """Nodes that are down carry taints that say so, beside what makes them unusable."""
    down = a_node("n2", usable=False, taints=[Taint("node.kubernetes.io/unreachable", "", "NoExecute")])
    full = a_node("n3", taints=[Taint("node.kubernetes.io/disk-pressure", "", "NoSchedule")])
    plan = decide([a_node("n1"), down, full], [a_workload("w", replicas=3)])
    assert decision_of(plan, "w").reason is Reason.CHIPS_SHORT


def test_node_selector_and_affinity_are_honoured():
    some = [a_node("n1", labels={"zone": "a", "gen": "2"}), a_node("n2", labels={"zone": "b", "gen": "3"})]
    newer = Term((Requirement("gen", "Gt", ("2",)),), ())
    by_name = Term((), (Requirement("metadata.name", "In", ("n1",)),))
    for constraints, expected in (
        (Constraints(node_selector=(("zone", "b"),)), "n2"),
        (Constraints(affinity=(newer,)), "n2"),
        (Constraints(affinity=(by_name,)), "n1"),
        (Constraints(affinity=(Term((Requirement("zone", "NotIn", ("a",)),), ()),)), "n2"),
    ):
        plan = decide(some, [a_workload("w", "train", a_variant(constraints=constraints))])
        assert decision_of(plan, "w").nodes == (expected,)


def test_an_affinity_of_no_terms_matches_nothing():
    plan = decide(nodes(1), [a_workload("w", "train", a_variant(constraints=Constraints(affinity=())))])
    assert decision_of(plan, "w").reason is Reason.NO_NODE_MATCHES


def test_releasing_chips_are_waited_for_and_free_ones_taken_first():
    some = [a_node("n1", leaving=8), a_node("n2")]
    plan = decide(some, [a_workload("a"), a_workload("b", created=1.0)])
    assert (decision_of(plan, "a").nodes, decision_of(plan, "a").waits) == (("n2",), False)
    assert (decision_of(plan, "b").nodes, decision_of(plan, "b").waits) == (("n1",), True)


def test_lost_replicas_get_their_nodes_before_anything_pending():
    hurt = a_workload("hurt", "batch", replicas=2, on=["h800-000"], missing=1)
    plan = decide(nodes(2), [hurt, a_workload("ads", "ads", created=5.0)])
    assert isinstance(decision_of(plan, "hurt"), Place) or kinds(plan)["hurt"] == "Displace"
    assert kinds(plan)["ads"] == "Admit"


def test_a_gang_that_lost_a_node_keeps_the_others():
    hurt = a_workload("hurt", "train", replicas=2, on=["h800-000"], missing=1)
    plan = decide(nodes(2), [hurt])
    assert decision_of(plan, "hurt").nodes == ("h800-001",)


def test_added_replicas_are_admitted_in_one_step_or_held():
    service = a_workload("svc", "serve", a_variant(chips=8), mode=Mode.SERVICE, replicas=3, on=["h800-000"])
    grown = decision_of(decide(nodes(3), [service]), "svc")
    assert isinstance(grown, Resize)
    assert (grown.replicas, len(grown.nodes)) == (3, 2)
    held = decision_of(decide(nodes(2), [service]), "svc")
    assert isinstance(held, Keep)
    assert held.reason is Reason.CHIPS_SHORT


def test_fewer_replicas_are_given_back_at_once_but_not_by_a_gang_with_successes():
    service = a_workload("svc", "serve", a_variant(chips=1), mode=Mode.SERVICE, replicas=1, on=["h800-000"] * 3)
    assert decision_of(decide(nodes(1), [service]), "svc").replicas == 1
    gang = a_workload("g", "train", a_variant(chips=1, replicas=1), on=["h800-000"] * 3, succeeded=1)
    assert isinstance(decision_of(decide(nodes(1), [gang]), "g"), Keep)


def test_look_alikes_share_their_answer_and_each_still_has_its_own_hold():
    plan = decide(nodes(1), [a_workload(f"w{i}", created=i) for i in range(50)])
    holds = [d for d in plan.decisions if isinstance(d, Hold)]
    assert len(holds) == 49
    assert len({id(h.shortages) for h in holds}) == 1


def test_a_hold_says_what_is_short_where_by_how_much_and_the_plan_who_holds_it():
    busy = a_workload("busy", "ads", on=["h800-000"])
    plan = decide(nodes(2), [busy, a_workload("w", "train", replicas=2)])
    (short,) = decision_of(plan, "w").shortages
    assert (short.pool, short.asked, short.free, short.fits) == ("h800", 16 * CHIP, 8 * CHIP, 1)
    (holder,) = plan.holders[PoolName("h800")]
    assert (holder.queue, holder.class_name, holder.chips) == ("team", "ads", 8 * CHIP)


def test_no_two_replicas_share_a_chip_on_one_node():
    plan = decide(nodes(1), [a_workload("w", replicas=3, chips=3)])
    assert decision_of(plan, "w").reason is Reason.IMPOSSIBLE_SIZE


def test_nodes_with_more_held_than_allocatable_offer_nothing():
    sick = replace(a_node("n1"), free=-2 * CHIP)
    assert decision_of(decide([sick], [a_workload("w", chips=1)]), "w").reason is Reason.CHIPS_SHORT


def test_a_class_that_is_gone_is_named():
    plan = decide(nodes(1), [a_workload("w", "train")], classes=[a_class("ads")])
    hold = decision_of(plan, "w")
    assert hold.reason is Reason.UNKNOWN_CLASS
    assert "spec.priorityClassName" in hold.message


def test_a_displaced_gang_with_succeeded_indexes_keeps_its_variant_and_asks_for_the_rest():
    last = Displaced(5.0, Reason.PREEMPTED, None, 1, 0, 1, variant=VariantName("h20"))
    gang = a_workload("g", "train", a_variant("h800", 3), a_variant("h20", 3), succeeded=1, displaced=last)
    admitted = decision_of(decide([*nodes(3), *nodes(2, pool="h20")], [gang]), "g")
    assert (admitted.variant, len(admitted.nodes)) == ("h20", 2)


def test_who_asks_for_the_impossible_takes_no_place_in_the_order():
    busy = a_workload("busy", "ads", on=["h800-000"])
    plan = decide(nodes(1), [busy, a_workload("huge", replicas=9), a_workload("w", created=1.0)])
    assert [decision_of(plan, n).position for n in ("huge", "w")] == [0, 1]
