"""What /metrics says of a living operator."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chippool.control.ledger import Ledger
from chippool.kube.client import Client
from chippool.kube.feed import Feed
from chippool.metrics.families import FAMILIES, Kind
from chippool.shell.readings import nodes_page, readers
from chippool.shell.readings_ledger import LedgerReadings
from chippool.state.kinds import KINDS
from tests.kube.fake_api import a_kubeconfig
from tests.loop.objects import a_class, a_cluster, a_node, a_queue, a_workload
from tests.loop.world import a_world


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        client = await Client.connect(a_kubeconfig(tmp_path, world.api.url))
        feeds = [Feed(client, kind, world.mirror) for kind in KINDS]
        known = (world.mirror, world.loop, feeds, world.writer, lambda _: None)
        told = readers(*known, leads=lambda: world.leads, synced=lambda: world.synced, clock=lambda: world.now)
        world.ledger = Ledger(
            world.mirror,
            world.writer,
            client,
            namespace="chippool-system",
            synced=lambda: world.synced,
            may_write=lambda: world.leads,
            clock=lambda: world.now,
        )
        world.metrics.show(*told, LedgerReadings(world.ledger))
        yield world
        await client.close()


def families(world):
    return [*text_string_to_metric_families(world.metrics.page().decode())]


def told(world):
    """Every sample: (name, labels as sorted pairs) → value."""
    found = [s for family in families(world) for s in family.samples]
    assert len({(s.name, frozenset(s.labels.items())) for s in found}) == len(found)
    return {(s.name.removeprefix("chippool_"), *(v for _, v in sorted(s.labels.items()))): s.value for s in found}


def a_child(**spec):
    child = a_queue("vision")
    child["spec"] |= {"parentName": "research", "quotas": [{"poolName": "h800", "guaranteed": 4, "limit": 12}], **spec}
    return child


async def test_every_metric_of_the_list_is_shown_with_its_labels_and_no_other(world) -> None:
    world.shows(*a_cluster(2), a_workload())
    await world.turn()
    await world.ledger.look()
    declared = {family.name: family for family in FAMILIES}
    assert sorted(family.name for family in families(world)) == sorted(declared)
    for family in families(world):
        name = family.name
        assert family.type == declared[name].kind.value
        for sample in family.samples:
            extra = {"le"} if declared[name].kind is Kind.HISTOGRAM else set()
            assert set(sample.labels) - extra == set(declared[name].labels)


async def test_chips_are_told_by_pool_queue_and_class(world) -> None:
    world.shows(*a_cluster(2), a_child(), a_class("idle", 1))
    world.shows(a_workload("runs", chips=6, queueName="vision"), a_workload("waits", replicas=9, class_name="revenue"))
    await world.turn()
    seen = told(world)
    states = ("installed", "allocatable", "allocated", "free", "reserved", "unmanaged")
    assert [seen["pool_chips", "h800", state] for state in states] == [16, 16, 6, 10, 0, 0]
    assert (seen["pool_nodes", "h800", "usable"], seen["pool_nodes", "h800", "unusable"]) == (2, 0)
    assert seen["pool_fragmentation_ratio", "h800"] == pytest.approx(2 / 10)
    for queue in ("vision", "research"):
        assert seen["queue_used_chips", "h800", queue] == 6
    assert (seen["queue_guaranteed_chips", "h800", "vision"], seen["queue_borrowed_chips", "h800", "vision"]) == (4, 2)
    assert (seen["queue_limit_chips", "h800", "vision"], seen["queue_share_ratio", "vision"]) == (12, 6 / 16)
    assert (seen["queue_info", "research", "vision"], seen["queue_info", "", "research"]) == (1, 1)
    assert (seen["queue_pending_chips", "h800", "research"], seen["queue_pending_chips", "h800", "vision"]) == (72, 0)
    assert (seen["class_chips", "h800", "batch", "running"], seen["class_chips", "h800", "revenue", "pending"]) == (
        6,
        72,
    )
    assert seen["holds", "ImpossibleSize"] == 1
    assert ("queue_limit_chips", "h800", "research") not in seen
    assert not [key for key in seen if "idle" in key], "a class nobody uses is no series"


async def test_the_longest_wait_of_a_queue_goes_on_until_it_ends(world) -> None:
    world.leads = False
    old, young = a_workload("old"), a_workload("young")
    young["metadata"]["creationTimestamp"] = "2026-01-01T01:00:00Z"
    world.shows(*a_cluster(), old, young)
    made = 1_767_225_600
    world.now = made + 7200.0
    assert told(world)["queue_longest_wait_seconds", "research"] == 7200
    world.mirror.remove("ChipWorkload", old["metadata"]["uid"])
    assert told(world)["queue_longest_wait_seconds", "research"] == 3600
    world.mirror.remove("ChipWorkload", young["metadata"]["uid"])
    assert ("queue_longest_wait_seconds", "research") not in told(world)


async def test_a_wait_counts_for_the_queues_above_it_too(world) -> None:
    world.shows(*a_cluster(), a_child(), a_workload(queueName="vision"))
    seen = told(world)
    assert seen["queue_longest_wait_seconds", "research"] == seen["queue_longest_wait_seconds", "vision"]


async def test_queues_in_a_circle_are_gone_round_once(world) -> None:
    one, other = a_queue("one"), a_queue("other")
    one["spec"]["parentName"], other["spec"]["parentName"] = "other", "one"
    world.shows(*a_cluster(), one, other, a_workload(queueName="one"))
    assert told(world)["queue_longest_wait_seconds", "other"] >= 0


async def test_of_half_a_mirror_and_of_another_s_decisions_nothing_is_told(world) -> None:
    world.shows(*a_cluster(), a_workload(), a_workload("waits"))
    await world.turn()
    assert told(world)["holds", "ChipsShort"] == 1
    world.leads = False
    seen = told(world)
    assert ("holds", "ChipsShort") not in seen
    assert (seen["leader",], seen["pool_chips", "h800", "installed"]) == (0, 8)
    world.synced = False
    assert ("pool_chips", "h800", "installed") not in told(world)


async def test_nodes_that_nobody_may_use_are_told_apart(world) -> None:
    cordoned = a_node("n2")
    cordoned["spec"]["unschedulable"] = True
    world.shows(*a_cluster(), cordoned)
    seen = told(world)
    assert (seen["pool_nodes", "h800", "usable"], seen["pool_nodes", "h800", "unusable"]) == (1, 1)
    assert [seen["pool_chips", "h800", state] for state in ("installed", "free", "unusable")] == [16, 8, 8]


async def test_nodes_have_a_page_of_their_own(world) -> None:
    world.shows(*a_cluster(), a_workload(chips=6), a_node("n2", pool="none"))
    await world.turn()
    page = nodes_page(world.mirror.seen().nodes.handed()).decode()
    found = {tuple(s.labels.values()): s.value for one in text_string_to_metric_families(page) for s in one.samples}
    assert found["n1", "h800", "installed"] == 8
    assert (found["n1", "h800", "free"], found["n1", "h800"]) == (2, 1)
    assert not [labels for labels in found if labels[0] == "n2"], "a node of no pool has no chips to tell of"


async def test_what_nobody_understands_is_counted(world) -> None:
    world.mirror.spoiled("ChipPool", "uid-1", "", "broken", "spec.chip: missing")
    assert told(world)["feed_spoiled_objects", "ChipPool"] == 1
