"""The nodes of a plane change while it is up, as nodes do in real life."""

import pytest

from tests.plane.builders import a_job, a_pod, apply, get, pods_of, wait
from tools.plane.errors import PlaneError
from tools.plane.fleet import NodePool
from tools.plane.nodes import is_ready

pytestmark = pytest.mark.plane


def allocatable(plane, node):
    return get(plane, "node", node)["status"]["allocatable"]["nvidia.com/gpu"]


def test_nodes_carry_the_labels_of_real_ones(plane):
    h800, ascend = get(plane, "node", "h800-003"), get(plane, "node", "ascend910b-001")
    labels = h800["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-H800"
    assert (labels["rack"], labels["topology.kubernetes.io/zone"]) == ("h800-r2", "zone-a")
    assert labels["kubernetes.io/hostname"] == "h800-003"
    assert h800["status"]["capacity"]["nvidia.com/gpu"] == "8"
    assert ascend["metadata"]["labels"]["kubernetes.io/arch"] == "arm64"
    assert ascend["status"]["allocatable"]["huawei.com/Ascend910B3"] == "8"


def test_nodes_can_be_added_and_removed(plane):
    pool = NodePool(name="extra", count=2, resource="nvidia.com/gpu", chips=4, labels={"example.com/new": "yes"})
    assert sorted(plane.fleet.add(pool)) == ["extra-001", "extra-002"]
    assert sorted(plane.fleet.add(pool)) == ["extra-003", "extra-004"]
    plane.fleet.wait_ready()
    apply(plane, a_pod("on-new", chips=4, selector={"example.com/new": "yes"}))
    wait(plane, "pod/on-new", "condition=Ready")
    plane.fleet.remove("extra-004")
    assert plane.fleet.names("extra") == ["extra-001", "extra-002", "extra-003"]


def test_a_cordoned_node_takes_nothing_new(plane):
    plane.fleet.cordon("h20-001")
    apply(plane, a_pod("not-there", selector={"kubernetes.io/hostname": "h20-001"}))
    wait(plane, "pod/not-there", "jsonpath={.status.conditions[0].reason}=Unschedulable")
    plane.fleet.uncordon("h20-001")
    wait(plane, "pod/not-there", "condition=Ready")


def test_nothing_starts_or_ends_on_a_node_that_is_down_until_it_recovers(plane):
    apply(plane, a_job("on-failed", run_for="2s", selector={"kubernetes.io/hostname": "h800-002"}))
    wait(plane, "job/on-failed", "jsonpath={.status.ready}=1")
    plane.fleet.fail("h800-002")
    assert not is_ready(get(plane, "node", "h800-002"))
    # Both would end at about the same time; the other's end shows that this one's is past.
    apply(plane, a_job("elsewhere", run_for="3s", selector={"kubernetes.io/hostname": "h800-003"}))
    wait(plane, "job/elsewhere", "condition=complete")
    assert pods_of(plane, "on-failed")[0]["status"]["phase"] == "Running"
    plane.fleet.recover("h800-002")
    assert is_ready(get(plane, "node", "h800-002"))
    wait(plane, "job/on-failed", "condition=complete")


def test_lost_chips_are_installed_but_not_allocatable(plane):
    plane.fleet.lose_chips("h800-001", 3)
    assert allocatable(plane, "h800-001") == "5"
    assert get(plane, "node", "h800-001")["status"]["capacity"]["nvidia.com/gpu"] == "8"
    with pytest.raises(PlaneError, match=r"has 5 allocatable nvidia\.com/gpu, so it can't lose 6"):
        plane.fleet.lose_chips("h800-001", 6)
    plane.fleet.recover("h800-001")
    assert allocatable(plane, "h800-001") == "8"


def test_chips_can_dip_to_zero_and_come_back_by_themselves(plane):
    back = plane.fleet.dip("h800-004", 0.5)
    assert allocatable(plane, "h800-004") == "0"
    back.join()
    assert allocatable(plane, "h800-004") == "8"


def test_an_unknown_node_is_refused_with_a_sentence(plane):
    with pytest.raises(PlaneError, match='"nope" not found'):
        plane.fleet.cordon("nope")
