"""How long work waits is learnt by the leader, written now and then, and gone on with by the next one."""

from math import log

import pytest

from chippool.control.foresight import WRITE_S, Foresight
from chippool.core.cycle import schedule
from chippool.core.eta import ROW, Case, Experience
from chippool.kube.writer import Outcome
from chippool.state.experience import LABEL, NAME, data_of, experience_of
from tests.core.build import a_snapshot, a_workload, nodes

CONFIGMAPS = "/api/v1/namespaces/ours/configmaps"
NOW = 10_000.0


class Api:
    def __init__(self, known=None):
        self.items, self.lists = [{"metadata": {"name": NAME}, "data": data_of(known)}] if known else [], 0

    async def get(self, path, **params):
        assert (path, params) == (CONFIGMAPS, {"labelSelector": LABEL})
        self.lists += 1
        return {"items": self.items}


class Desk:
    def __init__(self):
        self.writes, self.outcome = [], Outcome.DONE

    def put(self, write):
        self.writes.append(write)
        write.done(self.outcome, "no")


class World:
    """One node; `shows` is what is decided on next."""

    def __init__(self, *workloads, known=None):
        self.now, self.leads = NOW, True
        self.api, self.desk = Api(known), Desk()
        self.shows(*workloads)
        self.foresight = Foresight(
            lambda: self.decided,
            self.desk,
            self.api,
            namespace="ours",
            may_write=lambda: self.leads,
            clock=lambda: self.now,
        )

    def shows(self, *workloads):
        snapshot = a_snapshot(nodes(1), workloads)
        self.decided = (snapshot, schedule(snapshot, self.now))

    async def looks(self, after=30.0):
        self.now += after
        await self.foresight.look()
        return self.foresight.experience


RUNS = a_workload("runs", on=["h800-000"], admitted_at=NOW)


async def test_a_wait_is_learnt_from_its_beginning_to_its_end_and_written():
    world = World(RUNS, a_workload("new", created=NOW))
    assert [case.at for case in (await world.looks()).waiting.values()] == [NOW]
    world.shows(a_workload("new", created=NOW, on=["h800-000"], admitted_at=NOW + 900))
    known = await world.looks(WRITE_S)
    assert [case.wait for case in known.ended] == [900.0]
    assert known.runs == {"train/Gang": (WRITE_S + 30,)}
    first, second = world.desk.writes
    assert (first.method, first.path) == ("POST", CONFIGMAPS)
    assert (second.method, second.path) == ("PATCH", f"{CONFIGMAPS}/{NAME}")
    assert experience_of(second.body["data"]).ended[0].wait == 900.0


async def test_who_has_waited_for_long_when_it_is_first_seen_teaches_nothing():
    world = World(RUNS, a_workload("old", created=NOW - 3600))
    assert await world.looks() == Experience()
    assert world.desk.writes == []


async def test_nothing_is_written_while_nothing_is_learnt():
    world = World(RUNS, a_workload("new", created=NOW))
    for _ in range(5):
        await world.looks(WRITE_S)
    assert len(world.desk.writes) == 0
    world.shows(RUNS, a_workload("new", created=world.now))
    await world.looks()
    for _ in range(5):
        await world.looks(WRITE_S)
    assert len(world.desk.writes) == 1


BEFORE = Experience((Case(1.0, "train", "team", (6.0,) * ROW, round(log(60), 4), 60.0),))


async def test_the_next_leader_goes_on_from_what_was_written():
    world = World(RUNS, a_workload("new", created=NOW), known=BEFORE)
    known = await world.looks()
    assert known.ended == BEFORE.ended
    assert len(known.waiting) == 1
    assert [write.method for write in world.desk.writes] == ["PATCH"]


async def test_a_follower_reads_now_and_then_and_writes_nothing():
    world = World(RUNS, a_workload("new", created=NOW), known=BEFORE)
    world.leads = False
    for _ in range(5):
        assert await world.looks(WRITE_S / 4) == BEFORE
    assert (world.api.lists, world.desk.writes) == (2, [])


@pytest.mark.parametrize(("outcome", "method"), [(Outcome.CONFLICT, "PATCH"), (Outcome.REFUSED, "POST")])
async def test_a_write_that_did_not_land_is_tried_again(outcome, method):
    world = World(RUNS, a_workload("new", created=NOW))
    world.desk.outcome = outcome
    await world.looks()
    await world.looks(WRITE_S)
    assert [write.method for write in world.desk.writes] == ["POST", method]
