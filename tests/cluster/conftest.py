from pathlib import Path

import pytest

from tests.cluster import rights
from tests.cluster.cluster import ROOT, Cluster
from tests.cluster.given import given
from tools.plane.build import binaries
from tools.plane.plane import Plane
from tools.plane.progress import Silent


@pytest.fixture(scope="module")
def furnished(request, tmp_path_factory):
    """A plane of its own for each module, so that what one file breaks the next does not see; or the given cluster."""
    with _plane(request) as plane:
        cluster = Cluster(plane, tmp_path_factory.mktemp("operators"))
        cluster.furnish()
        yield cluster
        for operator in cluster.operators:
            operator.stop()
        if isinstance(plane, Plane):
            rights.note(request.module.__name__.rpartition(".")[2], plane.audit_log)


def _plane(request):
    found = given(binaries(Silent()))
    if found is None:
        return Plane.start(request.module.__name__.rpartition(".")[2].replace("_", "-"), _fleet(request))
    listed = found.kubectl("get", "nodes", "-l", "nvidia.com/gpu.product=NVIDIA-H800", "-o", "name").stdout.split()
    if getattr(request.module, "FLEET", "small.yaml") != "small.yaml" or len(listed) != 4:
        pytest.skip("needs four nodes of each chip, as in examples/fleets/small.yaml; the given cluster has others")
    return found


def _fleet(request) -> Path:
    return ROOT / "examples/fleets" / getattr(request.module, "FLEET", "small.yaml")


@pytest.fixture(scope="module")
def served(furnished):
    """The cluster with one operator that is ready."""
    furnished.start_operator().wait_ready()
    return furnished


@pytest.fixture
def cluster(served, request):
    """The served cluster with a namespace for this test alone."""
    served.new_namespace(request.node.originalname.removeprefix("test_").replace("_", "-")[:40].strip("-"))
    yield served
    served.leave_namespace()


@pytest.fixture
def quiet(furnished, request):
    """A namespace for this test alone, and no operator but those it starts."""
    furnished.new_namespace(request.node.originalname.removeprefix("test_").replace("_", "-")[:40].strip("-"))
    yield furnished
    for operator in furnished.operators:
        operator.stop()
    furnished.leave_namespace()
