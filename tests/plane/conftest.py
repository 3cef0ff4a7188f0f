from pathlib import Path

import pytest

from tools.plane.plane import Plane

SMALL = Path(__file__).parents[2] / "examples" / "fleets" / "small.yaml"


@pytest.fixture(scope="module")
def plane(request):
    with Plane.start(request.module.__name__.replace("_", "-"), SMALL) as up:
        yield up
