"""Fleet files say what they mean, or say what is wrong."""

from pathlib import Path

import pytest

from tools.plane import paths
from tools.plane.errors import PlaneError
from tools.plane.fleet import Fleet, NodePool

FLEETS = Path(__file__).parents[2] / "examples" / "fleets"


def chips(fleet):
    return {(pool.resource, pool.labels.get("nvidia.com/gpu.product")): pool.size * pool.chips for pool in fleet.pools}


@pytest.mark.parametrize(
    ("file", "size"), [("small", 12), ("shared", 2), ("demo", 60), ("bench", 200), ("large", 5000)]
)
def test_every_fleet_file_has_the_nodes_it_promises(file, size):
    fleet = Fleet.load(FLEETS / f"{file}.yaml")
    assert fleet.size == size
    names = [node["metadata"]["name"] for pool in fleet.pools for node in pool.nodes()]
    assert len(set(names)) == size
    assert all(isinstance(value, str) for pool in fleet.pools for value in pool.labels.values())


def test_the_demo_has_two_vendors_and_three_chips():
    assert chips(Fleet.load(FLEETS / "demo.yaml")) == {
        ("nvidia.com/gpu", "NVIDIA-H800"): 128,
        ("nvidia.com/gpu", "NVIDIA-H20"): 192,
        ("huawei.com/Ascend910B3", None): 160,
    }


def test_racks_fill_up_in_order_and_are_dealt_to_the_zones_in_turn():
    pool = NodePool(name="n", count=6, nodes_per_rack=2, zones=("a", "b"))
    placed = [
        (node["metadata"]["labels"]["rack"], node["metadata"]["labels"]["topology.kubernetes.io/zone"])
        for node in pool.nodes()
    ]
    assert placed == [("n-r1", "a"), ("n-r1", "a"), ("n-r2", "b"), ("n-r2", "b"), ("n-r3", "a"), ("n-r3", "a")]


def test_nodes_can_have_names_of_their_own():
    pool = NodePool(name="openb", names=("openb-node-0007",), resource="nvidia.com/gpu", chips=2)
    (node,) = pool.nodes()
    assert node["metadata"]["name"] == "openb-node-0007"
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "2"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nodes: []", "needs a list `pools`"),
        ("pools:\n- {name: a, gpus: 8}", r"pools\[0\] has unknown fields gpus; known are name, count"),
        ("pools:\n- {count: 8}", r"pools\[0\] needs a `name`"),
        ("pools: [", "can't be read"),
    ],
)
def test_a_wrong_fleet_file_is_refused_with_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    with pytest.raises(PlaneError, match=sentence):
        Fleet.load(path)


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".hidden", "x" * 64])
def test_a_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(PlaneError, match="can't name a plane"):
        paths.run_dir(name)
