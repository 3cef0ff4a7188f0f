"""What was asked for is counted by the leader, written once an hour, and gone on with by the next one."""

import json

import pytest

from chippool.control.history import GAP_S, History, demand
from chippool.core.attrition import Evidence
from chippool.core.demand import HOUR_S, Ring
from chippool.kube.writer import Outcome
from chippool.state.history import LABEL, data_of, evidence_of, name_of, ring_of
from tests.state.build import (
    Cluster,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    an_assignment,
)

HOUR = 500_000
START = HOUR * HOUR_S
CONFIGMAPS = "/api/v1/namespaces/ours/configmaps"


class Api:
    """Answers the one list there is."""

    def __init__(self, *items):
        self.items, self.lists = items, 0

    async def get(self, path, **params):
        assert (path, params) == (CONFIGMAPS, {"labelSelector": LABEL})
        self.lists += 1
        return {"items": [*self.items]}


class Desk:
    """Takes writes, and says what became of them."""

    def __init__(self, outcome=Outcome.DONE):
        self.writes, self.outcome = [], outcome

    def put(self, write):
        self.writes.append(write)
        write.done(self.outcome, "")


class World:
    def __init__(self, *items, cluster=None, outcome=Outcome.DONE):
        self.now = START
        self.cluster, self.api, self.desk = cluster or busy(), Api(*items), Desk(outcome)
        self.leads = True
        self.history = History(
            self.cluster.mirror,
            self.desk,
            self.api,
            namespace="ours",
            may_write=lambda: self.leads,
            clock=lambda: self.now,
        )

    async def goes_on(self, seconds, every=60.0):
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + every, end)
            await self.history.look()


def busy(**pool):
    """8 chips in use, 16 waited for."""
    fixed = (a_pool(**pool), a_queue(selector={}), a_class(), a_namespace(), a_node("n1"))
    waits = a_workload("waits", variants=[a_variant(pools=["h800", "h20"])], replicas=2)
    return Cluster(*fixed, a_workload("runs"), a_job("runs", an_assignment()), waits)


def a_configmap(ring, evidence=None, pool="h800"):
    return {"metadata": {"name": name_of(pool), "labels": {LABEL: pool}}, "data": data_of(ring, evidence)}


def test_demand_is_what_runs_and_what_waits_by_the_pool_it_would_like_best():
    assert demand(busy().mirror) == {"h800": {"train": 24.0}}


def test_demand_counts_what_the_chips_do():
    assert demand(busy(efficiency={"training": "2"}).mirror) == {"h800": {"train": 48.0}}


def test_what_is_suspended_or_in_a_pool_that_is_not_there_is_no_demand():
    cluster = busy().shows(a_workload("off", suspend=True), a_workload("x", variants=[a_variant(pools=["gone"])]))
    assert demand(cluster.mirror) == {"h800": {"train": 24.0}}


async def test_it_is_written_at_first_and_then_once_an_hour():
    world = World()
    await world.goes_on(2 * HOUR_S + 90)
    assert [(write.method, write.path) for write in world.desk.writes] == [
        ("POST", CONFIGMAPS),
        ("PATCH", f"{CONFIGMAPS}/chippool-history-h800"),
        ("PATCH", f"{CONFIGMAPS}/chippool-history-h800"),
    ]
    last = world.desk.writes[-1].body
    assert (
        last["metadata"]["ownerReferences"][0] | {"kind": "ChipPool", "uid": "chippool--h800"}
        == (last["metadata"]["ownerReferences"][0])
    )
    assert ring_of(last["data"]).hourly["train"] == (24.0, 24.0)
    assert world.api.lists == 1


async def test_the_next_leader_goes_on_from_what_was_written():
    told = Ring(HOUR, {"train": (10.0,)}, {"train": (5.0, 6.0)})
    world = World(a_configmap(told))
    await world.goes_on(HOUR_S + 1)
    ring = ring_of(world.desk.writes[-1].body["data"])
    assert ring.hourly["train"] == (10.0, 24.0)
    assert ring.daily == told.daily
    assert [write.method for write in world.desk.writes] == ["PATCH"]


async def test_hours_in_which_no_operator_ran_are_unknown_and_written_as_such():
    world = World(a_configmap(Ring(HOUR - 3, {"train": (10.0,)}, {})))
    await world.goes_on(60)
    assert ring_of(world.desk.writes[-1].body["data"]).hourly["train"] == (10.0, None, None, None)


async def test_a_follower_counts_and_writes_nothing_and_reads_again_when_it_leads_after_a_while():
    world = World()
    await world.goes_on(60)
    world.leads = False
    await world.goes_on(2 * GAP_S)
    assert world.api.lists == 1
    world.leads = True
    await world.goes_on(60)
    assert world.api.lists == 2


@pytest.mark.parametrize(("outcome", "method"), [(Outcome.CONFLICT, "PATCH"), (Outcome.REFUSED, "POST")])
async def test_a_write_that_did_not_land_is_tried_again(outcome, method):
    world = World(outcome=outcome)
    await world.goes_on(120)
    assert [write.method for write in world.desk.writes] == ["POST", method]


async def test_chips_that_fail_are_evidence_that_the_next_leader_knows():
    world = World(
        a_configmap(Ring(HOUR), Evidence(START, 8_000, chip_years=1.0, failures=3)), cluster=busy(supply={"owned": 8})
    )
    world.cluster.shows(a_node("n1", 6, installed=8))
    await world.goes_on(25 * HOUR_S, every=HOUR_S / 20)
    evidence = evidence_of(world.desk.writes[-1].body["data"])
    assert evidence.failures == 5
    assert evidence.chip_years == pytest.approx(1 + 6 * 25 / 24 / 365, rel=0.01)


def test_what_is_written_is_read_again_and_bounded():
    ring = Ring(
        HOUR, {f"class-{n}": (1234.567,) * 336 for n in range(16)}, {f"class-{n}": (9.5, None) * 200 for n in range(16)}
    )
    data = data_of(ring, Evidence(START, 8_000))
    assert ring_of(data) == ring
    assert evidence_of(data) == Evidence(START, 8_000)
    assert len(json.dumps(data)) < 130_000
    assert ring_of({"demand": "{"}) is None
    assert evidence_of({"attrition": "[]"}) is None
