"""Each change alone: a snapshot in, a snapshot out."""

from fractions import Fraction

from chippool.core.ids import CHIP
from chippool.core.model import Mode
from chippool.core.whatif import (
    AddChips,
    Ban,
    Grow,
    LoseChips,
    LoseDomain,
    LoseNodes,
    SetClass,
    SetLimit,
    Submit,
    changed,
)
from tests.core.build import a_node, a_pool, a_queue, a_snapshot, a_variant, a_workload, nodes

NOW = 1000.0
RACKS = [a_pool("h800", topology=["zone", "rack"])]


def racked(count=8, together=2):
    names = {f"h800-{i:03}": f"r{i // together}" for i in range(count)}
    return [
        a_node(name, labels={"kubernetes.io/hostname": name, "zone": "z", "rack": rack}) for name, rack in names.items()
    ]


def lost(before, after):
    return sorted(before.nodes.keys() - after.nodes.keys())


def test_a_node_goes_and_its_replicas_wait_for_others():
    gang = a_workload("gang", replicas=3, on=("h800-000", "h800-001", "h800-002"))
    before = a_snapshot(nodes(4), [gang])
    after = changed(before, [LoseNodes(("h800-001",))], NOW)
    assert lost(before, after) == ["h800-001"]
    one = after.workloads["ns/gang"]
    assert (one.placed, one.missing, one.ready, one.short_since) == (("h800-000", "h800-002"), 1, 2, NOW)
    assert one.assignment == gang.assignment


def test_what_was_reserved_there_and_the_chip_of_a_fraction_go_with_it():
    half = a_workload(
        "half", chips=0.5, replicas=3, on=("h800-000", "h800-001"), reserved=("h800-001",), seats=(0, 3, 4)
    )
    after = changed(a_snapshot(nodes(2), [half]), [LoseNodes(("h800-000",))], NOW).workloads["ns/half"]
    assert (after.placed, after.reserved, after.seats, after.missing) == (("h800-001",), ("h800-001",), (3, 4), 1)


def test_a_rack_goes_with_all_its_nodes_and_other_labels_are_none():
    before = a_snapshot(racked(), pools=RACKS)
    assert lost(before, changed(before, [LoseDomain("r1")], NOW)) == ["h800-002", "h800-003"]
    assert lost(before, changed(before, [LoseDomain("h800-000")], NOW)) == []


def test_chips_are_lost_by_whole_nodes_spread_over_the_pool():
    before = a_snapshot([*racked(), *nodes(2, pool="h20")], pools=[*RACKS, a_pool("h20")])
    assert lost(before, changed(before, [LoseChips("h800", 17 * CHIP)], NOW)) == ["h800-000", "h800-002", "h800-004"]


def test_new_nodes_are_like_most_and_have_racks_of_their_own():
    before = a_snapshot([*racked(), a_node("odd", 4)], pools=RACKS)
    after = changed(before, [AddChips("h800", 20 * CHIP)], NOW)
    added = [after.nodes[name] for name in lost(after, before)]
    assert [(n.name, n.labels["zone"], n.labels["rack"], n.free // CHIP) for n in added] == [
        ("what-if-h800-0001", "z", "what-if-h800-1", 8),
        ("what-if-h800-0002", "z", "what-if-h800-1", 8),
        ("what-if-h800-0003", "z", "what-if-h800-2", 8),
    ]
    assert {n.labels["kubernetes.io/hostname"] for n in added} == {n.name for n in added}


def test_new_nodes_are_empty_though_those_they_are_like_are_not():
    before = a_snapshot(nodes(1), [a_workload(on=("h800-000",))])
    (added,) = (n for n in changed(before, [AddChips("h800", 8 * CHIP)], NOW).nodes.values() if n.name != "h800-000")
    assert (added.free, added.room) == (8 * CHIP, added.capacity)


def test_added_twice_is_added_once_and_once_more():
    before = a_snapshot(nodes(1))
    after = changed(before, [AddChips("h800", 8 * CHIP), AddChips("h800", 8 * CHIP)], NOW)
    assert len(after.nodes) == 3


def test_a_pool_without_nodes_gets_none():
    before = a_snapshot(pools=[a_pool("h800")])
    assert changed(before, [AddChips("h800", 8 * CHIP)], NOW) == before


def test_a_limit_is_set_beside_the_others():
    before = a_snapshot(queues=[a_queue(limits={"h20": 4})])
    assert changed(before, [SetLimit("team", "h800", 8 * CHIP)], NOW).queues["team"].limits == {
        "h20": 4 * CHIP,
        "h800": 8 * CHIP,
    }


def test_a_banned_pool_is_resold_to_nobody_from_now_on():
    resale = changed(a_snapshot(nodes(1)), [Ban("h800")], NOW).pools["h800"].resale
    assert (resale.allowed, resale.until, resale.spares_first) == (False, NOW, True)


def test_a_service_grows_in_all_its_ways_rounded_up():
    service = a_workload("s", "serve", a_variant("h800", 3), a_variant("h20", 3), mode=Mode.SERVICE, replicas=3)
    after = changed(a_snapshot(workloads=[service]), [Grow(("ns/s",), Fraction(3, 2))], NOW).workloads["ns/s"]
    assert (after.replicas, [v.replicas for v in after.variants]) == (5, [5, 5])


def test_a_class_is_that_of_a_workload_that_is_submitted_as_well():
    after = changed(a_snapshot(), [SetClass("ns/new", "ads"), Submit(a_workload("new"))], NOW)
    assert after.workloads["ns/new"].class_name == "ads"


def test_nothing_is_lost_of_what_is_added():
    before = a_snapshot(nodes(4))
    after = changed(before, [AddChips("h800", 16 * CHIP), LoseChips("h800", 32 * CHIP)], NOW)
    assert sorted(after.nodes) == []
    after = changed(before, [AddChips("h800", 16 * CHIP), LoseChips("h800", 16 * CHIP)], NOW)
    assert len(after.nodes) == 4
