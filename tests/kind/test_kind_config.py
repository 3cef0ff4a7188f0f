"""kind-config.yaml, by kind's own types: it is understood, and its nodes are those the examples and tests want."""

from collections import Counter

import pytest
import yaml

from tools.kind.config import CONFIG, load
from tools.plane import paths
from tools.plane.errors import PlaneError
from tools.plane.fleet import Fleet
from tools.plane.progress import Silent

pytestmark = pytest.mark.plane


@pytest.fixture(scope="module")
def workers():
    understood = load(CONFIG, Silent())
    return [node["labels"] for node in understood["nodes"] if node["role"] == "worker"]


def test_kind_understands_it_and_knows_every_field():
    understood = load(CONFIG, Silent())
    assert understood["name"] == "chippool"
    assert Counter(node["role"] for node in understood["nodes"]) == {"control-plane": 1, "worker": 12}
    assert all(node["image"] for node in understood["nodes"]), "kind fills in the image of its nodes"


def test_a_field_that_kind_does_not_know_is_refused(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(CONFIG.read_text() + "nodeLabels: {}\n")
    with pytest.raises(PlaneError, match="nodeLabels"):
        load(wrong, Silent())


def test_the_pools_of_the_examples_have_their_nodes(workers):
    for file in (paths.REPOSITORY / "examples" / "pools").glob("*.yaml"):
        selector = yaml.safe_load(file.read_text())["spec"]["nodeSelector"]
        assert sum(selector.items() <= labels.items() for labels in workers) == 4, file


def test_they_stand_in_racks_and_zones_as_those_of_the_small_fleet(workers):
    small = [node["metadata"]["labels"] for pool in Fleet.load(paths.REPOSITORY / "examples/fleets/small.yaml").pools
             for node in pool.nodes()]  # fmt: skip
    assert places(workers) == places(small)


def places(labelled):
    """How many nodes stand together in each rack, by chip and zone."""
    racks = Counter((chip(one), one["topology.kubernetes.io/zone"], one["rack"]) for one in labelled)
    return Counter((*where[:2], count) for where, count in racks.items())


def chip(labels):
    return labels.get("nvidia.com/gpu.product") or labels["accelerator-type"]
