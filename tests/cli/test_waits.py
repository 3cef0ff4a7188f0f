"""When waiting work is expected to start, on the command line: learnt by the operator, read with the user's rights."""

from math import log

import pytest

from chippool.cli.waits import remembered
from chippool.core.eta import Case, Experience
from chippool.kube.client import ApiError
from chippool.state.experience import LABEL, NAME, data_of
from tests.cli.clusters import running, running_ads, stock
from tests.state.build import NOW, a_workload, an_object

HOUR = 3600.0


def learnt(*waits):
    """What the operator keeps after waits that began one after the other."""
    row = (log(HOUR), log(HOUR), log(60), log(60), log(8), log(8), 0.0, 0.0, 0.0, 1.0)
    cases = tuple(Case(NOW - (40 - n) * HOUR, "train", "q", row, log(HOUR), wait) for n, wait in enumerate(waits))
    kept = an_object("ConfigMap", NAME, "chippool-system", labels={LABEL: "true"})
    return kept | {"data": data_of(Experience(cases, {}, {"ads/Gang": (HOUR,), "train/Gang": (HOUR,)}))}


@pytest.fixture
def busy(api):
    api.add(*stock(nodes=1), *running_ads("rank", ["n1"]), a_workload("gang", 1))
    return api


def test_a_start_is_told_with_its_spread(busy, user):
    busy.add(learnt(*[HOUR] * 20))
    said = user.reads("explain", "gang", "-n", "team")
    (line,) = [line for line in said.splitlines() if line.startswith("It is expected to start at ")]
    assert "UTC (80 %: " in line
    eta = user.reads_json("explain", "gang", "-n", "team")["waits"]["eta"]
    assert eta["earliest"] <= eta["start"] <= eta["latest"]
    line = user.reads("workloads", "-o", "wide")
    assert "UTC (80 %: " in line
    lines = {one["name"]: one for one in user.reads_json("workloads")}
    assert "eta" in lines["gang"]
    assert "eta" not in lines["rank"]


def test_what_if_tells_it_before_and_after_the_change(busy, user):
    busy.add(learnt(*[HOUR] * 20), *running("other", ["n2"]), *stock(nodes=2))
    lost = {one["name"]: one for one in user.reads_json("what-if", "--lose-node", "n2")["workloads"]}
    assert lost["gang"]["otherwise"]["eta"]["start"] <= lost["gang"]["then"]["eta"]["start"]
    assert "eta" not in lost["other"]["otherwise"]
    assert ", expected to start " in user.reads("what-if", "--lose-node", "n2")


def test_while_little_is_known_that_is_said_in_the_place_of_a_time(busy, user):
    busy.add(learnt(HOUR, HOUR))
    said = user.reads("explain", "gang", "-n", "team")
    assert "and 4 of the 8 waits and runs it takes have ended." in said
    assert "eta" not in user.reads_json("explain", "gang", "-n", "team")["waits"]


class Closed:
    async def get(self, path, **_):
        raise ApiError(403, "Forbidden", path)


async def test_who_may_not_read_what_was_learnt_is_told_which_right_is_lacking():
    known = await remembered(Closed(), "chippool-system")
    assert known.experience == Experience()
    assert "you may not list ConfigMaps in chippool-system" in known.lacks
