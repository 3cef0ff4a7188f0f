"""Every example, submitted: the good ones are taken, each bad one is refused with its sentence."""

import pytest

from chippool.api.pool import ChipPool
from chippool.api.queue import ChipQueue
from chippool.api.workload import ChipWorkload
from tests.contract.conftest import ROOT, documents

EXAMPLES = ROOT / "examples"
APART = {"fleets", "invalid", "simulations"}
GOOD = sorted(path for path in EXAMPLES.rglob("*.yaml") if path.relative_to(EXAMPLES).parts[0] not in APART)
BAD = sorted((EXAMPLES / "invalid").glob("*.yaml"))
MODELS = {model.__name__: model for model in (ChipPool, ChipQueue, ChipWorkload)}
REFUSED = "# refused: "


def name_of(path):
    return str(path.relative_to(EXAMPLES))


@pytest.fixture(scope="module")
def with_namespaces(admin):
    admin.kubectl("apply", "--server-side", "-f", str(EXAMPLES / "namespaces.yaml"))


@pytest.mark.plane
@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_the_example_is_taken(admin, with_namespaces, path):
    admin.kubectl("apply", "--server-side", "--dry-run=server", "-f", str(path))


@pytest.mark.plane
@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_the_mistake_is_refused_with_its_sentence(admin, path):
    said = admin.refused("create", "--dry-run=server", "-f", str(path))

    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.removeprefix(REFUSED) in said


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_each_bad_example_says_what_it_expects(path):
    assert path.read_text(encoding="utf-8").startswith(REFUSED)


@pytest.mark.parametrize("path", GOOD, ids=name_of)
def test_the_models_read_the_example(path):
    for document in documents(path):
        if document["kind"] in MODELS:
            read = MODELS[document["kind"]].model_validate(document)
            assert read.metadata.name == document["metadata"]["name"]


def test_what_the_examples_refer_to_is_there():
    found = {(document["kind"], document["metadata"]["name"]) for path in GOOD for document in documents(path)}
    workloads = [
        ChipWorkload.model_validate(document)
        for path in GOOD
        for document in documents(path)
        if document["kind"] == "ChipWorkload"
    ]

    assert len(workloads) >= 5
    for workload in workloads:
        assert ("ChipQueue", workload.spec.queue_name) in found
        assert ("PriorityClass", workload.spec.priority_class_name) in found
        assert ("Namespace", workload.metadata.namespace) in found
        assert all(("ChipPool", pool) in found for one in workload.spec.variants for pool in one.pool_names)


@pytest.mark.plane
def test_each_pool_of_the_examples_has_nodes_in_the_small_fleet(plane):
    for path in sorted((EXAMPLES / "pools").glob("*.yaml")):
        for document in documents(path):
            pool = ChipPool.model_validate(document)
            selector = ",".join(f"{key}={value}" for key, value in pool.spec.node_selector.items())
            resource = pool.spec.chip.resource_name.replace(".", "\\.")
            chips = plane.kubectl(
                "get", "nodes", "-l", selector, "-o", f"jsonpath={{.items[*].status.capacity.{resource}}}"
            )
            assert set(chips.stdout.split()) == {"8"}, path
