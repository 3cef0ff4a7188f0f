"""Rule 5: replicas that are to stay in one domain."""

from dataclasses import replace

import pytest

from chippool.core.constraints import Within
from chippool.core.cycle import schedule
from chippool.core.model import Mode
from chippool.core.plan import Admit, Displace, Keep, Place, Resize
from chippool.core.reasons import Reason
from tests.core.build import a_node, a_pool, a_snapshot, a_workload, decision_of

LEVELS = ("zone", "rack")
RACK, IF_CAN_BE = Within("rack", required=True), Within("rack")


def a_fleet(**racks):
    """Nodes of eight chips: `za_r1=3` are three nodes of rack r1 in zone za."""
    return [
        a_node(f"{name}-{i}", labels={"zone": name.split("_")[0], "rack": name.split("_")[1]})
        for name, count in racks.items()
        for i in range(count)
    ]


def plan_of(fleet, *workloads, now=100.0, levels=LEVELS):
    return schedule(a_snapshot(fleet, workloads, pools=[a_pool(topology=levels)]), now)


def decide(fleet, *workloads, name="w", **more):
    return decision_of(plan_of(fleet, *workloads, **more), name)


def test_the_smallest_rack_they_fit_in_is_taken():
    found = decide(a_fleet(a_big=4, a_fits=3, a_small=2), a_workload(replicas=3, topology=RACK))
    assert found.nodes == ("a_fits-0", "a_fits-1", "a_fits-2")


def test_what_is_used_of_a_rack_counts():
    fleet = a_fleet(a_r1=3, a_r2=3)
    found = decide(fleet, a_workload("x", on=["a_r2-1"]), a_workload(replicas=2, topology=RACK))
    assert found.nodes == ("a_r2-0", "a_r2-2")


def test_racks_of_one_name_in_two_zones_are_two():
    held = decide(a_fleet(a_r1=1, b_r1=1), a_workload(replicas=2, topology=RACK))
    assert held.reason is Reason.IMPOSSIBLE_SIZE
    assert "2 replicas are more than any one rack of ChipPool h800 could ever hold (1)" in held.message


def test_what_is_free_in_several_racks_does_not_help_who_has_to_be_in_one():
    fleet, busy = (
        a_fleet(a_r1=2, a_r2=2),
        (a_workload("x", "ads", on=["a_r1-0"]), a_workload("y", "ads", on=["a_r2-0"])),
    )
    held = decide(fleet, *busy, a_workload(replicas=2, topology=RACK))
    assert held.reason is Reason.DOMAIN_SHORT
    assert held.message.startswith("Asks for 2 x 8 chips of h800 in one rack: that many are free, but not there, and ")
    (short,) = held.shortages
    assert (short.asked, short.free, short.fits) == (16_000, 16_000, 1)


def test_where_it_is_only_a_wish_they_go_where_they_can_in_as_few_racks_as_can_be():
    fleet = a_fleet(a_r1=2, a_r2=1, b_r3=3)
    found = decide(fleet, a_workload("x", "ads", on=["b_r3-0"]), a_workload(replicas=3, topology=IF_CAN_BE))
    assert found.nodes == ("a_r1-0", "a_r1-1", "a_r2-0")
    found = decide(fleet, a_workload(replicas=3, topology=IF_CAN_BE))
    assert found.nodes == ("b_r3-0", "b_r3-1", "b_r3-2")


def test_ranks_follow_the_racks_so_that_neighbours_share_one():
    fleet = a_fleet(a_r2=2, a_r1=1, b_r0=1)
    found = decide(fleet, a_workload(replicas=4))
    assert found.nodes == ("a_r1-0", "a_r2-0", "a_r2-1", "b_r0-0")
    wide = decide(a_fleet(a_r3=1, a_r1=2, b_r1=9), a_workload(replicas=3, topology=Within("zone", required=True)))
    assert wide.nodes == ("a_r1-0", "a_r1-1", "a_r3-0")


def test_in_a_wide_domain_as_few_narrow_ones_as_can_be_are_used():
    found = decide(a_fleet(a_r1=1, a_r2=2, a_r3=3), a_workload(replicas=4, topology=Within("zone", required=True)))
    assert found.nodes == ("a_r1-0", "a_r3-0", "a_r3-1", "a_r3-2")


def test_a_rack_in_which_nothing_has_to_be_waited_for_comes_first():
    fleet = [a_node("b-0", labels={"zone": "a", "rack": "r1"}, leaving=8), *a_fleet(a_r2=2)]
    assert decide(fleet, a_workload(topology=RACK)).nodes == ("a_r2-0",)


def test_nodes_without_the_label_are_in_no_rack():
    bare = [a_node(f"bare-{i}") for i in range(3)]
    assert decide([*bare, *a_fleet(a_r1=1)], a_workload(topology=RACK)).nodes == ("a_r1-0",)
    assert decide([*bare, *a_fleet(a_r1=1)], a_workload(replicas=2, topology=RACK)).reason is Reason.IMPOSSIBLE_SIZE
    wish = decide([*bare, *a_fleet(a_r1=1)], a_workload(replicas=4, topology=IF_CAN_BE))
    assert isinstance(wish, Admit)


@pytest.mark.parametrize("levels", [(), ("zone",)])
def test_a_level_the_pool_does_not_have_is_a_mistake_where_it_is_required(levels):
    held = decide(a_fleet(a_r1=2), a_workload(topology=RACK), levels=levels)
    assert held.reason is Reason.UNKNOWN_LEVEL
    assert held.message.startswith("spec.topology.within: ChipPool h800 has no level rack (")
    assert isinstance(decide(a_fleet(a_r1=2), a_workload(topology=IF_CAN_BE), levels=levels), Admit)


# --- displacing


def test_displacement_opens_the_rack_whose_work_is_lowest_and_leaves_the_others_alone():
    fleet = a_fleet(a_r1=2, a_r2=2)
    work = [
        a_workload("low", "batch", on=["a_r1-0"]),
        a_workload("mid", "train", on=["a_r1-1"]),
        a_workload("low2", "batch", on=["a_r2-0"], admitted_at=5.0),
        a_workload("low3", "batch", on=["a_r2-1"], admitted_at=5.0),
    ]
    found = decide(fleet, *work, a_workload("w", "ads", replicas=2, topology=RACK))
    assert (found.nodes, set(found.victims)) == (("a_r2-0", "a_r2-1"), {"ns/low2", "ns/low3"})


def test_nobody_goes_whose_rack_would_still_be_too_small():
    fleet = a_fleet(a_r1=2, a_r2=2)
    work = [
        a_workload("top", "ads", on=["a_r1-0"]),
        a_workload("low", "batch", on=["a_r1-1"]),
        a_workload("top2", "ads", on=["a_r2-0"]),
        a_workload("low2", "batch", on=["a_r2-1"]),
    ]
    plan = plan_of(fleet, *work, a_workload("w", "ads", replicas=2, topology=RACK, created=9.0))
    assert decision_of(plan, "w").reason is Reason.CHIPS_SHORT
    assert not [d for d in plan.decisions if isinstance(d, Displace)]


def test_nobody_is_displaced_for_a_wish():
    fleet, low = a_fleet(a_r1=2, a_r2=2), a_workload("low", "batch", on=["a_r1-0"])
    top = a_workload("top", "ads", on=["a_r2-0"])
    found = decide(fleet, low, top, a_workload("w", "ads", replicas=2, topology=IF_CAN_BE, created=9.0))
    assert (found.nodes, found.victims) == (("a_r1-1", "a_r2-1"), ())


# --- once it runs


def lost_one(gang, **more):
    return replace_of(gang, missing=1, short_since=90.0, **more)


def replace_of(workload, **more):
    given = replace(workload.assignment, replicas=len(workload.placed) + more["missing"])
    return replace(workload, assignment=given, **more)


def test_a_lost_replica_joins_the_others_of_its_rack():
    fleet = a_fleet(a_r1=3, a_r2=1)
    gang = lost_one(a_workload(replicas=3, on=["a_r1-0", "a_r1-1"], topology=RACK))
    found = decide(fleet, gang)
    assert isinstance(found, Place)
    assert found.nodes == ("a_r1-2",)


def test_it_waits_rather_than_leave_the_rack_and_displaces_only_there():
    fleet = a_fleet(a_r1=3, a_r2=1)
    gang = lost_one(a_workload(replicas=3, on=["a_r1-0", "a_r1-1"], topology=RACK))
    assert isinstance(decide(fleet, gang, a_workload("top", "ads", on=["a_r1-2"])), Keep)
    assert decide(fleet, gang, a_workload("low", "batch", on=["a_r1-2"])).victims == ("ns/low",)


def test_added_replicas_join_the_rack_too():
    fleet = a_fleet(a_r1=3, a_r2=2)
    service = a_workload(on=["a_r1-0"], topology=RACK, mode=Mode.SERVICE, replicas=3)
    found = decide(fleet, replace(service, assignment=replace(service.assignment, replicas=1)))
    assert isinstance(found, Resize)
    assert found.nodes == ("a_r1-1", "a_r1-2")


# --- who waits


def test_the_rack_in_which_the_head_will_start_first_is_kept_for_it_and_smaller_work_goes_elsewhere():
    """Rule 7."""
    fleet = a_fleet(a_r1=2, a_r2=2)
    ends = a_workload("ends", "ads", on=["a_r1-0"], max_runtime=500.0)
    stays = a_workload("stays", "ads", on=["a_r2-0"])
    waiting = [a_workload("head", replicas=2, topology=RACK, created=1.0)]
    waiting += [a_workload(f"small-{i}", created=2.0 + i) for i in range(2)]
    plan = plan_of(fleet, ends, stays, *waiting)
    assert decision_of(plan, "head").reason is Reason.DOMAIN_SHORT
    assert decision_of(plan, "small-0").nodes == ("a_r2-1",)
    assert not isinstance(decision_of(plan, "small-1"), Admit)


def test_chips_that_are_lent_of_a_kept_rack_do_not_tear_a_gang_apart():
    fleet = a_fleet(a_r1=2, a_r2=2)
    ends = a_workload("ends", "ads", on=["a_r1-0"], max_runtime=500.0)
    stays = a_workload("stays", "ads", on=["a_r2-0"])
    head = a_workload("head", replicas=2, topology=RACK, created=1.0)
    pair = a_workload("pair", replicas=2, topology=RACK, created=2.0, chips=4)
    found = decision_of(plan_of(fleet, ends, stays, head, pair), "pair")
    assert found.nodes == ("a_r2-1", "a_r2-1")


def test_what_is_elastic_grows_in_its_rack_only():
    fleet = a_fleet(a_r1=2, a_r2=3)
    gang = a_workload(replicas=4, on=["a_r1-0"], topology=RACK, min_replicas=1)
    grown = decide(fleet, gang)
    assert isinstance(grown, Resize)
    assert (grown.replicas, grown.nodes) == (2, ("a_r1-1",))
