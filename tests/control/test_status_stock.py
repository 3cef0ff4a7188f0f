"""Status of pools and queues."""

import json
from dataclasses import replace

from chippool.control import publish
from chippool.core.model import Queue
from chippool.state.records import PoolCounts, QueueCounts, QueueRecord
from tests.control.build import H800, NOW, NPU, Cluster, a_pool

FULL = PoolCounts(2, 16_000, 16_000, 8_000, 1_000, 7_000, 0)


def conditions(write):
    return {entry["type"]: entry for entry in write.body["status"]["conditions"]}


def landed(record, write):
    return replace(record, status=json.dumps(write.body["status"]).encode())


def a_queue(classes=("revenue",), limits=(H800,)):
    view = Queue("ads", frozenset(classes), (), dict.fromkeys(limits, 8_000))
    return QueueRecord("uid-ads", "ads", "5", 2, view, b"")


def test_a_pool_counts_whole_chips_and_is_written_once():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=FULL), NOW)
    assert write.path == "/apis/chippool.io/v1alpha1/chippools/nvidia-h800/status"
    assert write.body["status"]["nodes"] == 2
    assert write.body["status"]["chips"] == {
        "installed": 16,
        "allocatable": 16,
        "allocated": 8,
        "releasing": 1,
        "free": 7,
        "unmanaged": 0,
    }
    assert {kind: entry["status"] for kind, entry in conditions(write).items()} == {"Ready": "True"}
    assert publish.tell_pool(landed(a_pool(), write), Cluster(counts=FULL), NOW + 1e6) == []


def test_a_pool_whose_nodes_vanish_says_what_to_look_at():
    (write,) = publish.tell_pool(a_pool(), Cluster(), NOW)
    assert conditions(write)["Ready"]["reason"] == "NoNodes"
    assert "spec.nodeSelector" in conditions(write)["Ready"]["message"]


def test_a_pool_with_broken_chips_is_degraded_until_they_are_back():
    broken = replace(FULL, allocatable=14_000, free=5_000)
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=broken), NOW)
    assert conditions(write)["Degraded"]["status"] == "True"
    (write,) = publish.tell_pool(landed(a_pool(), write), Cluster(counts=FULL), NOW)
    assert conditions(write)["Degraded"]["status"] == "False"


def test_pools_that_share_nodes_name_each_other():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=replace(FULL, overlaps=(NPU,))), NOW)
    assert NPU in conditions(write)["NodesOverlap"]["message"]


def test_a_queue_shows_what_it_uses_and_what_waits():
    cluster = Cluster(queue=QueueCounts({H800: 4_000}, {NPU: 2_000}, 1, 2))
    (write,) = publish.tell_queue(a_queue(), cluster, NOW, {"revenue"})
    assert write.body["status"]["pools"] == [
        {"poolName": NPU, "used": 0, "pending": 2},
        {"poolName": H800, "used": 4, "pending": 0},
    ]
    assert conditions(write)["Ready"]["status"] == "True"
    assert publish.tell_queue(landed(a_queue(), write), cluster, NOW + 5, {"revenue"}) == []


def test_a_queue_names_the_class_or_pool_that_is_not_there():
    (write,) = publish.tell_queue(a_queue(), Cluster(), NOW, set())
    assert conditions(write)["Ready"]["reason"] == "UnknownClass"
    (write,) = publish.tell_queue(a_queue(limits=("a100",)), Cluster(), NOW, {"revenue"})
    assert conditions(write)["Ready"]["reason"] == "UnknownPool"
    assert "a100" in conditions(write)["Ready"]["message"]
