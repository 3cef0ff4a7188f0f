"""Rule 2: those who compete for unlike chips are chosen for at once, and served in order all the same."""

import pytest

from chippool.core.cycle import schedule
from chippool.core.plan import Admit
from tests.core.build import a_node, a_pool, a_queue, a_reserve, a_snapshot, a_variant, a_workload, an_access, nodes


def either(name, npu=0.62, replicas=1, chips=8, cls="train", **more):
    ways = a_variant("h800", replicas, chips), a_variant("npu", replicas, chips, speed=npu)
    return a_workload(name, cls, *ways, **more)


def on_h800(name, replicas=1, chips=8, **more):
    return a_workload(name, "train", a_variant("h800", replicas, chips), **more)


def placed(workloads, h800=1, npu=1, **more):
    """Pool by name of who was admitted."""
    fleet = nodes(h800) + nodes(npu, pool="npu")
    plan = schedule(a_snapshot(fleet, workloads, **more), now=100.0)
    return {d.workload.removeprefix("ns/"): d.pool for d in plan.decisions if isinstance(d, Admit)}


def test_who_can_go_elsewhere_leaves_the_chip_to_who_can_not():
    assert placed([either("old"), on_h800("young", created=1.0)]) == {"old": "npu", "young": "h800"}


def test_who_competes_with_nobody_takes_its_first_way_though_another_is_faster():
    assert placed([either("it", npu=3.0)]) == {"it": "h800"}


def test_a_chip_nobody_else_can_get_is_not_left_to_them():
    assert placed([either("it"), on_h800("large", replicas=2, created=1.0)]) == {"it": "h800"}


def test_the_chip_goes_to_whom_it_adds_most():
    assert placed([either("little", npu=0.9), either("much", npu=0.2, created=1.0)]) == {
        "little": "npu",
        "much": "h800",
    }


def test_what_counts_is_the_speed_of_all_replicas_together():
    many = a_variant("npu", 4, 2, speed=0.25)
    little = a_workload("little", "train", a_variant("h800", 1, 8), many)
    assert placed([little, either("much", npu=0.5, created=1.0)]) == {"little": "npu", "much": "h800"}


def test_claims_beyond_what_may_be_claimed_are_cut():
    """Both say they would crawl on the NPU; what they may claim is alike, so the older one is heard."""
    crawl, creep = either("crawl", npu=0.0001), either("creep", npu=0.000001, created=1.0)
    assert placed([crawl, creep]) == placed([crawl, either("creep", npu=0.0001, created=1.0)])


def test_higher_priority_keeps_its_preference_though_lower_has_no_other_way():
    low = a_workload("low", "batch", a_variant("h800", 1, 8))
    assert placed([either("high", created=1.0), low]) == {"high": "h800"}


def test_a_large_gang_keeps_its_place_though_many_small_ones_would_do_more_with_the_chips():
    small = [on_h800(f"small-{i}", created=2.0 + i) for i in range(4)]
    found = placed([either("first"), on_h800("large", replicas=4, created=1.0), *small], h800=4)
    assert found == {"first": "npu", "large": "h800"}


def test_of_one_priority_the_queue_with_the_smallest_share_is_served_first():
    runs = on_h800("runs", queue="big", on=["h800-001"])
    workloads = [
        runs,
        on_h800("old", queue="big"),
        on_h800("new", queue="small", created=1.0),
        either("e", created=2.0),
    ]
    found = placed(workloads, h800=2, queues=[a_queue("big"), a_queue("small"), a_queue()])
    assert found == {"new": "h800", "e": "npu"}


def test_chips_left_for_others_are_counted_by_nodes_and_not_by_the_heap():
    """20 chips are free, yet only two replicas of 8 fit."""
    fleet = [a_node("a"), a_node("b"), a_node("c", chips=4), *nodes(1, pool="npu")]
    workloads = [either("first"), either("second", created=1.0, npu=0.7), on_h800("third", created=2.0)]
    plan = schedule(a_snapshot(fleet, workloads), now=100.0)
    found = {d.workload: d.pool for d in plan.decisions if isinstance(d, Admit)}
    assert found == {"ns/first": "h800", "ns/second": "npu", "ns/third": "h800"}


def test_a_limit_is_no_way_to_leave_chips_to():
    queues = [a_queue(), a_queue("capped", limits={"h800": 0})]
    assert placed([either("it"), on_h800("held", queue="capped", created=1.0)], queues=queues) == {"it": "h800"}


def test_what_is_kept_for_higher_classes_is_left_to_nobody():
    pools = [a_pool("h800", reserve=[a_reserve(8, "ads")]), a_pool("npu")]
    assert placed([either("it"), on_h800("held", created=1.0)], pools=pools) == {"it": "npu"}


def test_who_may_only_scavenge_takes_no_part():
    pools = [a_pool("h800", access=[an_access(["serve"]), an_access(scavenge=True)]), a_pool("npu")]
    owner = either("owner", cls="serve", created=1.0)
    assert placed([on_h800("scavenger"), owner], pools=pools) == {"owner": "h800"}


def test_lower_work_is_displaced_only_by_who_finds_no_other_place():
    runs = a_workload("runs", "batch", on=["h800-000"])
    found = placed([runs, either("old"), on_h800("young", created=1.0)])
    assert found == {"old": "npu", "young": "h800"}


@pytest.mark.parametrize("count", [2, 40])
def test_many_are_chosen_for_as_few_are(count):
    flexible = [either(f"e{i:02}", created=float(i)) for i in range(count)]
    picky = [on_h800(f"p{i:02}", created=99.0) for i in range(count)]
    found = placed([*flexible, *picky], h800=count, npu=count)
    assert found == {f"e{i:02}": "npu" for i in range(count)} | {f"p{i:02}": "h800" for i in range(count)}
