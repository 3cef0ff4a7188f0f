"""Chips that are shared: what nodes and pods say of them, what is left of each, and which one a pod is sent to."""

import pytest

from chippool.core.cycle import schedule
from chippool.core.ids import PoolName, QueueName
from tests.state import build
from tests.state.build import GPU, NOW, key
from tests.state.shared import OURS, Site, a_node, a_pod, a_pool, a_share, a_workload, allocated, device

H800 = PoolName("h800")


def the_node(*objects, node=None):
    site = Site(node or a_node(), *objects)
    return site.mirror.snapshot().nodes["n1"]


@pytest.mark.parametrize("register", [True, False], ids=["registered", "counted"])
def test_a_node_has_as_many_chips_as_it_is_counted_and_split(register):
    node = the_node(node=a_node(chips=8, register=register))
    assert (node.installed, node.allocatable, node.free, node.shares) == (8000, 8000, 8000, ())
    assert GPU not in node.room


def test_a_device_that_is_sick_is_installed_and_not_allocatable():
    node = the_node(node=a_node(chips=8, sick=[3]))
    assert (node.installed, node.allocatable, node.free) == (8000, 7000, 7000)


def test_a_plugin_that_restarts_leaves_what_is_installed_and_nothing_allocatable():
    node = the_node(node=a_node(chips=8, allocatable=0))
    assert (node.installed, node.allocatable) == (8000, 0)


@pytest.mark.parametrize(
    ("requests", "said", "expected"),
    [
        (a_share(25), allocated((device("n1", 1), 25)), (1750, ((1, 250),))),
        (a_share(25), {}, (1750, "apart")),
        ({GPU: "1", "nvidia.com/gpumem": "10000", "nvidia.com/gpucores": "30"}, {}, (1700, "apart")),
        ({GPU: "1", "nvidia.com/gpumem": "10001"}, {}, (1749, "apart")),
        ({GPU: "1", "nvidia.com/gpumem-percentage": "1"}, {}, (1900, "apart")),
        ({GPU: "1", "nvidia.com/gpucores": "25"}, {}, (1000, ())),
        ({GPU: "1"}, {}, (1000, ())),
        ({GPU: "2"}, allocated((device("n1", 0), 100), (device("n1", 1), 100)), (0, ())),
        (a_share(50, 2), {}, (1000, "apart")),
    ],
    ids=[
        "given",
        "not given yet",
        "by memory and cores",
        "by memory",
        "little: still one of those that may share it",
        "all of the memory",
        "whole",
        "two given",
        "half of two",
    ],
)
def test_what_others_pods_take_of_single_chips(requests, said, expected):
    node = the_node(build.a_pod("x", "", node="n1", requests=requests, said=said))
    free, shares = expected
    assert (node.free, node.unmanaged) == (free, 2000 - free)
    if shares == "apart":  # on a chip nobody tells: nothing goes beside it
        assert [used for _, used in node.shares] == [1000]
    else:
        assert node.shares == shares


def test_parts_of_an_npu_are_counted_by_its_templates():
    pool = build.a_pool(resource="huawei.com/Ascend910B3", sharing={"type": "HAMi"})
    node = build.a_node("n1", 8, resource="huawei.com/Ascend910B3")
    asked = {"huawei.com/Ascend910B3": "1", "huawei.com/Ascend910B3-memory": "20000"}
    seen = Site(pool, node, build.a_pod("x", "", node="n1", requests=asked)).mirror.snapshot().nodes["n1"]
    assert (seen.installed, seen.free) == (2000, 1500)


def test_what_hami_gave_counts_rather_than_where_the_pod_was_sent():
    said = {OURS: device("n1", 0)} | allocated((device("n1", 1), 25))
    assert the_node(a_pod("x", node="n1", said=said)).shares == ((1, 250),)


def test_terminating_parts_count_as_free_and_as_leaving():
    node = the_node(a_pod("x", node="n1", deleting=True, said=allocated((device("n1", 0), 25))))
    assert (node.free, node.leaving, node.shares) == (2000, 250, ())


def test_nothing_goes_beside_a_part_on_a_sick_chip():
    pod = a_pod("x", node="n1", said=allocated((device("n1", 0), 25)))
    node = the_node(pod, node=a_node(chips=2, sick=[0]))
    assert (node.allocatable, node.shares) == (1000, ((0, 1000),))


def test_fractions_of_one_workload_share_a_chip_and_say_which():
    site = Site(a_node(chips=2), a_workload(replicas=4))
    site.run()
    assert site.chips("w") == [("n1", device("n1", 0))] * 4
    assert site.objects["pod-team-w-0"]["metadata"]["annotations"]["nvidia.com/use-gpuuuid"] == device("n1", 0)
    view, node = site.mirror.view(key("w")), site.mirror.snapshot().nodes["n1"]
    assert (view.placed, view.seats) == (("n1",) * 4, (0,) * 4)
    assert (node.free, node.shares) == (1000, ((0, 1000),))


def test_without_registered_devices_chips_go_by_number_and_hami_is_left_alone():
    site = Site(a_node(register=False), a_workload(chips="0.5"))
    site.run()
    assert site.chips("w") == [("n1", "0")]
    assert "nvidia.com/use-gpuuuid" not in site.objects["pod-team-w-0"]["metadata"]["annotations"]


def test_whole_chips_are_others_than_those_that_are_shared():
    site = Site(a_node(chips=4), a_workload("f"))
    site.run()
    site.shows(a_workload("whole", chips=3))
    site.run()
    assert site.chips("whole") == [("n1", ",".join(device("n1", n) for n in (1, 2, 3)))]


def test_after_a_restart_everybody_sits_where_they_sat():
    site = Site(a_node(chips=2), a_workload("f", replicas=3), a_workload("whole", chips=1))
    site.run()
    before = site.mirror.snapshot()
    site.restart()
    assert site.mirror.snapshot().nodes == before.nodes
    assert site.mirror.view(key("f")).seats == (0, 0, 0)


def test_a_fraction_decided_before_a_restart_gets_a_chip_again():
    site = Site(a_node(chips=1), a_workload("f"))
    site.run()
    site.shows(a_workload("late", chips="0.75"))
    site.decide()
    site.restart()
    site.run()
    assert site.chips("late") == [("n1", device("n1", 0))]
    assert site.mirror.snapshot().nodes["n1"].free == 0


def test_a_part_that_was_to_join_others_waits_until_there_is_room_beside_them():
    site = Site(a_node(chips=1), a_pod("x", node="n1", percent=50, said=allocated((device("n1", 0), 50))))
    site.shows(a_pod("y", node="n1", percent=50, deleting=True, said=allocated((device("n1", 0), 50))), a_workload())
    site.run()
    assert site.chips("w") == []
    site.loses("pod-team-y")
    site.pin()
    assert site.chips("w") == [("n1", device("n1", 0))]


def test_one_that_was_meant_for_an_idle_chip_takes_any_and_those_beside_it_come_along():
    whole = build.a_pod("x", "", node="n1", requests={GPU: "1"}, said=allocated((device("n1", 0), 100)))
    site = Site(a_node(chips=2), whole, a_workload("one", chips="0.4"), a_workload("two", chips="0.4"))
    site.run()
    assert site.chips("one") == site.chips("two") == [("n1", device("n1", 1))]


def test_a_reservation_gives_way_to_what_others_put_on_its_chip():
    site = Site(a_node(chips=1), a_workload(chips="0.75"))
    site.decide()
    site.shows(a_pod("x", node="n1", percent=50, said=allocated((device("n1", 0), 50))))
    view = site.mirror.view(key("w"))
    assert (view.reserved, view.missing) == ((), 1)


def test_a_decision_is_not_taken_where_the_chip_has_filled_up_meanwhile():
    site = Site(a_node(chips=2), a_workload(chips="0.75"), a_pod("x", node="n1", percent=20, said={OURS: "0"}))
    snapshot = site.mirror.snapshot()
    assert snapshot.nodes["n1"].shares == ((0, 200),)
    plan = schedule(snapshot, NOW)
    site.shows(a_pod("y", node="n1", percent=20, said={OURS: "0"}))
    assert site.mirror.assume(plan) == ()


def test_chips_are_counted_in_parts():
    site = Site(a_node(chips=2), a_workload(replicas=3))
    site.run()
    counts = site.mirror.pool_counts(H800)
    assert (counts.installed, counts.allocated, counts.free) == (2000, 750, 1250)
    assert site.mirror.queue_counts(QueueName("q")).used == {H800: 750}


def test_a_pool_that_is_not_shared_gives_no_fractions():
    site = Site(a_node(chips=2), a_workload())
    site.shows(build.a_pool())
    (decision,) = site.decide()
    assert decision.reason == "NotShared"
    assert "gives out whole chips only" in decision.message


def test_a_share_the_pool_does_not_have_is_told_with_those_it_has():
    site = Site(a_node(chips=2), a_workload(chips="0.05"))
    (decision,) = site.decide()
    assert decision.message == (
        "spec.variants[h800].chipsPerReplica: ChipPool h800 has no share of 0.05 chips; "
        "ask for 0.1, 0.11, 0.12 and so on up to 0.99."
    )


def test_a_template_must_not_ask_for_shares_itself():
    pod = {"containers": [build.a_container(limits={"nvidia.com/gpucores": "10"})]}
    site = Site(a_node(), a_workload(pod=pod))
    (decision,) = site.decide()
    assert decision.reason == "BadTemplate"
    assert "nvidia.com/gpucores" in decision.message


def test_pool_of_another_split():
    site = Site(a_pool(splitCount=2), build.a_node("n1", 16))
    pool = site.mirror.snapshot().pools[H800]
    assert (min(pool.fractions), site.mirror.snapshot().nodes["n1"].installed) == (500, 8000)
