"""The ledger is kept by the leader as the cluster shows it, written soon after pods went, and gone on with."""

from dataclasses import replace

import pytest

from chippool.control.ledger import HOUR_MS, Ledger
from chippool.control.status_usage import usage_block
from chippool.control.usage import Usages
from chippool.core.budget import Period, begun
from chippool.core.downtime import DAY_MS
from chippool.core.ledger import CHIP_SECOND, NOTHING, Day, Sums, plus, total
from chippool.kube.writer import Outcome, Urgency, Write
from chippool.metrics import families as f
from chippool.shell.readings_ledger import LedgerReadings
from chippool.state.ledgers import DAYS, LABEL, data_of, date_of, day_of, name_of
from chippool.state.stints import moment
from tests.state.build import (
    NOW,
    Cluster,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pod,
    a_pool,
    a_queue,
    a_workload,
    an_assignment,
    rfc,
)

CONFIGMAPS = "/api/v1/namespaces/ours/configmaps"
TODAY = int(NOW // 86400)
GANG = {"checkpointInterval": "20s"}


class Api:
    """Answers the one list there is with what was written."""

    def __init__(self):
        self.items = {}

    async def get(self, path, **params):
        assert (path, params) == (CONFIGMAPS, {"labelSelector": LABEL})
        return {"items": [*self.items.values()]}


class Desk:
    """Takes writes, and keeps what is written; or says that it could not be."""

    def __init__(self, api):
        self.writes, self.api, self.outcome = [], api, Outcome.DONE

    def put(self, write):
        self.writes.append(write)
        if self.outcome is Outcome.DONE:
            name = write.body["metadata"]["name"]
            there = name in self.api.items
            assert (write.method, write.path) == (("PATCH", f"{CONFIGMAPS}/{name}") if there else ("POST", CONFIGMAPS))
            self.api.items[name] = write.body
        write.done(self.outcome, "")


class World:
    def __init__(self, *objects, api=None, now=NOW):
        self.api = api or Api()
        self.cluster = Cluster(now=now)
        self.desk, self.leads = Desk(self.api), True
        self.ledger = Ledger(
            self.cluster.mirror,
            self.desk,
            self.api,
            namespace="ours",
            synced=lambda: True,
            may_write=lambda: self.leads,
            clock=lambda: self.cluster.now,
        )
        self.cluster.shows(*(objects or busy()))

    async def at(self, second, *objects):
        """At that second the cluster shows these, and the ledger looks."""
        self.cluster.now = NOW + second
        self.cluster.shows(*objects)
        await self.ledger.look()

    async def without(self, second, *objects):
        self.cluster.now = NOW + second
        self.cluster.loses(*objects)
        await self.ledger.look()

    @property
    def sums(self):
        return total(self.ledger.today().accounts.values())

    @property
    def written(self):
        return day_of(self.api.items[name_of(TODAY)]["data"])


def busy(*more, mode="Gang", **spec):
    fixed = (a_pool(), a_queue(selector={}), a_class(), a_namespace(), a_node("n1"), a_node("n2"))
    made = (a_job("w", an_assignment()),) if mode == "Gang" else ()
    return (*fixed, a_workload("w", mode=mode, disruption=GANG, **spec), *made, *more)


def since(kind, second):
    return {"type": kind, "status": "True", "lastTransitionTime": rfc(NOW + second)}


def a_bound(second, *conditions, **more):
    return a_pod("p", node="n1", conditions=[since("PodScheduled", second), *conditions], **more)


def running(second=0, **more):
    return a_bound(second, since("Ready", second + 10), phase="Running", **more)


def ended(second, phase="Succeeded", **more):
    state = {"terminated": {"exitCode": 0, "finishedAt": rfc(NOW + second)}}
    return a_bound(0, phase=phase, statuses=[{"name": "main", "state": state}], **more)


def seconds(units):
    return units / CHIP_SECOND


def told(sums):
    return tuple(seconds(part) for part in (sums.starting, sums.running, sums.lost, sums.doubt))


async def lived(world):
    """Bound after 10 s, Ready after 20."""
    await world.at(0, a_pod("p", gated=True))
    await world.at(10, a_bound(10))
    await world.at(20, running(10))


async def test_a_pod_starts_runs_and_ends_and_is_booked_for_its_queue_class_namespace_and_pool():
    world = World()
    await lived(world)
    await world.at(50, ended(50))
    await world.at(99)
    ((account, sums),) = world.ledger.today().accounts.items()
    assert (account.queue, account.class_name, account.namespace, account.pool) == ("q", "train", "team", "h800")
    assert told(sums) == (80, 240, 0, 0)
    stock = world.ledger.today().pools["h800"]
    assert (seconds(stock.installed), seconds(stock.idle(sums.held))) == (16 * 99, 16 * 99 - 320)


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        (running(10, deleting=True), 160),
        (ended(60, "Failed"), 160),
        (running(10, deleting=True, said={"chippool.io/checkpointed-at": rfc(NOW + 55)}), 40),
        (ended(60), 0),
    ],
)
async def test_what_a_gang_did_since_it_was_saved_is_lost_if_it_is_displaced_or_fails(after, lost):
    world = World()
    await lived(world)
    await world.at(60, after)
    await world.without(60, after)
    await world.at(80)
    assert told(world.sums) == (80, 320, lost, 0)


async def test_what_its_owner_ends_is_not_lost_and_a_service_never_loses_anything():
    world = World()
    await lived(world)
    world.cluster.loses(a_workload("w"), a_job("w"))
    await world.without(60, running(10))
    assert told(world.sums) == (80, 320, 0, 0)
    world = World(*busy(mode="Service"))
    await lived(world)
    await world.without(60, running(10))
    assert told(world.sums) == (80, 320, 0, 0)


async def test_it_is_written_at_first_once_an_hour_and_soon_after_pods_went():
    world = World()
    await lived(world)
    assert len(world.desk.writes) == 1
    await world.without(30, running(10))
    assert len(world.desk.writes) == 2
    assert world.written.until == round((NOW + 30) * 1000)
    await world.at(31)
    assert len(world.desk.writes) == 2
    await world.at(HOUR_MS // 1000)
    assert len(world.desk.writes) == 3
    assert world.desk.writes[-1].body["metadata"]["labels"] == {LABEL: date_of(TODAY)}


async def test_a_write_that_failed_is_made_again():
    world = World()
    world.desk.outcome = Outcome.REFUSED
    await world.at(0)
    assert world.api.items == {}
    world.desk.outcome = Outcome.DONE
    await world.at(10)
    await world.at(20)
    assert world.written.until == round((NOW + 10) * 1000)


async def test_the_next_leader_goes_on_with_what_is_still_there_and_says_how_wrong_that_may_be():
    world = World()
    await lived(world)
    world.ledger.close()
    after = World(*busy(), api=world.api, now=NOW + 60)
    await after.at(60, ended(50))
    assert told(after.sums) == (80, 8 * 30.5, 0, 8 * 0.5), "it says when it ended, in whole seconds"
    assert after.ledger.today().pools["h800"].unseen == (16 * 40 - 8 * 30.5) * CHIP_SECOND


async def test_of_what_has_gone_meanwhile_half_the_time_is_booked():
    world = World()
    await lived(world)
    world.ledger.close()
    after = World(*busy(), api=world.api, now=NOW + 60)
    await after.at(60)
    assert told(after.sums) == (80, 160, 0, 160)
    assert seconds(after.sums.lost_doubt) == 8 * 40
    assert total(after.written.accounts.values()) == after.sums


async def test_who_comes_to_lead_has_watched_and_knows_better():
    world = World()
    await lived(world)
    world.ledger.close()
    after = World(*busy(), running(10), api=world.api, now=NOW + 20)
    after.leads = False
    await after.at(50.25, ended(50))
    assert after.ledger.today() is None
    after.leads = True
    await after.at(60)
    assert told(after.sums) == (80, 8 * 30.25, 0, 4), "but for when it was Ready"


async def test_what_a_follower_saw_go_is_booked_exactly_when_it_leads_whoever_has_deleted_it():
    world = World()
    await lived(world)
    world.ledger.close()
    after = World(*busy(), running(10), api=world.api, now=NOW + 20)
    after.leads = False
    await after.at(30)
    after.cluster.now = NOW + 50
    after.cluster.loses(running(10), a_job("w"), a_workload("w"))
    await after.at(52)
    after.leads = True
    await after.at(60)
    assert told(after.sums) == (80, 8 * 30, 0, 4)
    assert dict(after.ledger.today().held) == {}


async def test_a_leader_that_has_lost_its_lease_for_a_while_goes_on_from_what_was_written():
    world = World()
    await lived(world)
    world.ledger.close()
    world.leads = False
    await world.at(30)
    assert world.ledger.today() is None
    world.leads = True
    await world.at(50, ended(50))
    await world.at(60)
    assert told(world.sums) == (80, 240, 0, 0)


async def test_a_workload_is_told_its_use_along_with_another_change_and_the_next_operator_goes_on_from_there():
    world = World()
    await lived(world)
    await world.at(50)
    write = Write(("ChipWorkload", "team", "w", "status"), "PATCH", "", {"status": {}}, Urgency.STATUS, kind="status")
    said = world.ledger.workloads.complete(write, NOW + 56).body["status"]["usage"]
    assert said["chipHours"] == {"useful": "0.08", "starting": "0.022", "lost": "0", "uncertain": "0"}
    event = replace(write, key=("ChipPool", "h800", "status"))
    assert world.ledger.workloads.complete(event, NOW + 56) is event
    after = World(*busy(status={"usage": said}), running(10), api=world.api, now=NOW + 146)
    await after.at(146)
    later = after.ledger.workloads.complete(write, NOW + 146).body["status"]["usage"]
    assert later["chipHours"]["useful"] == "0.28"


async def test_a_queue_counts_those_below_it_in_the_period_that_runs():
    child = a_queue("child", selector={})
    child["spec"]["parentName"] = "q"
    child["spec"]["budget"] = {"chipHours": "5", "period": "Day"}
    world = World(*busy(queueName="child"), child)
    await lived(world)
    await world.at(56)
    usages, queues = Usages(world.cluster.mirror, world.ledger), world.cluster.mirror.queue_records
    assert usages.of(queues["q"], NOW + 56) == usages.of(queues["q"], NOW + 56)
    q, below = (usages.of(queues[name], NOW + 56) for name in ("q", "child"))
    assert q.sums == below.sums
    assert (q.since, below.since) == (begun(Period.MONTH, NOW), begun(Period.DAY, NOW))
    block = usage_block({}, q)["usage"]
    assert block["chipHours"] == {
        "useful": "0.08", "starting": "0.022", "lost": "0", "effective": "0", "uncertain": "0",
    }  # fmt: skip
    assert usage_block({"usage": block}, replace(q, until=q.until + 299)) == {}
    assert usage_block({"usage": block}, replace(q, until=q.until + 300)) == {}, "there is no more of it"
    more = replace(q, until=q.until + 300, sums=plus(q.sums, q.sums))
    assert usage_block({"usage": block}, more)["usage"]["chipHours"]["useful"] == "0.16"


async def test_at_midnight_a_new_day_begins_with_what_is_held_and_the_old_one_is_written_whole():
    start = (TODAY + 1) * 86400 - NOW - 30
    world = World()
    await world.at(start - 1, a_pod("p", gated=True))
    await world.at(start, a_bound(start))
    await world.at(start + 10, running(start))
    await world.at(start + 40)
    assert told(world.sums) == (0, 80, 0, 0)
    yesterday = world.written
    assert told(total(yesterday.accounts.values())) == (80, 160, 0, 0)
    assert (yesterday.until % DAY_MS, yesterday.held) == (0, {})
    counted = dict(LedgerReadings(world.ledger)())
    assert counted[f.LEDGER_QUEUE] == {("q", "starting"): 80, ("q", "running"): 240, ("q", "lost"): 0}
    assert counted[f.LEDGER_STOCK]["h800", "installed"] == 16 * 41
    assert {key[-1]: number for key, number in counted[f.LEDGER_POOL].items()} == {
        "starting": 80,
        "running": 240,
        "lost": 0,
    }


async def test_a_downtime_over_midnights_is_told_day_by_day():
    world = World()
    await lived(world)
    world.ledger.close()
    later = 2 * 86400
    after = World(*busy(), running(10), api=world.api, now=NOW + later)
    await after.at(later)
    days = [day_of(after.api.items[name_of(TODAY + n)]["data"]) for n in range(3)]
    assert [day.day - TODAY for day in days] == [0, 1, 2]
    assert sum(seconds(total(day.accounts.values()).running) for day in days) == 8 * (later - 20.5)
    assert seconds(total(days[1].accounts.values()).running) == 8 * 86400


async def test_a_pod_whose_pool_comes_later_is_booked_from_when_it_was_bound():
    world = World(*(raw for raw in busy() if raw["kind"] != "ChipPool"))
    await lived(world)
    assert world.sums == NOTHING
    await world.at(30, a_pool())
    await world.at(40)
    assert told(world.sums) == (80, 160, 0, 0)


async def test_counters_never_go_back_although_an_end_is_heard_of_late():
    world = World()
    await lived(world)
    readings = LedgerReadings(world.ledger)
    world.cluster.now = NOW + 50
    before = dict(readings())[f.LEDGER_QUEUE]["q", "running"]
    world.cluster.now = NOW + 49
    await world.at(49, ended(49))
    assert dict(readings())[f.LEDGER_QUEUE]["q", "running"] == before == 240


def test_what_was_watched_is_taken_as_seen_and_what_was_not_as_it_is_said():
    assert moment(5_400, 5.0, watched=True) == (5_400, 0)
    assert moment(9_000, 5.0, watched=True) == (5_500, 500)
    assert moment(9_000, 5.0, watched=False) == (5_500, 500)
    assert moment(5_100, 5.0, watched=False) == (5_100, 500)
    assert moment(5_100, None, watched=False) == (5_100, 0)


def test_what_is_written_is_read_again_and_what_nobody_understands_is_nothing():
    sums = Sums(1_000, 2_000_000, 3_000, 4_000_000, 5_000, 6_000, 7_000, 8_000)
    assert day_of({"day": "{}"}) is None
    assert day_of({}) is None
    day = Day(TODAY, 1, 2, {}, {}, {}, {})
    assert day_of(data_of(day)) == day
    assert sums.held == 2_001_000
    assert name_of(TODAY) == name_of(TODAY + DAYS)
