"""A cluster under the virtual clock: what arrives, runs, is displaced, loses nodes and ends, to the second."""

from math import inf

import pytest

from chippool.core.ids import NodeName, VariantName
from chippool.core.model import Mode
from chippool.core.reasons import Reason
from chippool.sim.clockwork import Clockwork
from chippool.sim.stage import Errand, Stage
from tests.core.build import a_class, a_pool, a_queue, a_snapshot, a_variant, a_workload, nodes


def a_stage(*errands, node_count=2, **more):
    empty = a_snapshot(
        nodes(node_count), pools=[a_pool()], queues=[a_queue()], classes=[a_class("train", 500), a_class("ads", 1000)]
    )
    tables = (empty.nodes, empty.pools, empty.queues, empty.classes, empty.namespaces)
    return Stage(*map(dict, tables), list(errands))


def an_errand(name, seconds=100.0, cls="train", at=0.0, speed=1.0, **more):
    workload = a_workload(name, cls, created=at, **more)
    return Errand(workload, seconds, {VariantName("h800"): speed})


def ran(stage, until=inf, **more):
    work = Clockwork(stage, **more)
    work.run(until)
    return work


def told(work, what):
    return [(one.at, one.about.removeprefix("ns/")) for one in work.timeline if one.what == what]


def test_work_starts_when_there_is_room_and_ends_after_its_time():
    work = ran(a_stage(an_errand("one"), an_errand("two", 50.0, at=10.0), an_errand("three", at=20.0)))
    assert told(work, "admit") == [(0.0, "one"), (10.0, "two"), (60.0, "three")]
    assert told(work, "end") == [(60.0, "two"), (100.0, "one"), (160.0, "three")]
    assert work.lives["ns/three"].waits == [40.0]
    assert work.ground.nodes == a_stage().nodes


def test_a_slower_way_takes_longer():
    assert told(ran(a_stage(an_errand("one", speed=0.5))), "end") == [(200.0, "one")]


@pytest.mark.parametrize(("interval", "ends"), [(None, 230.0), (25.0, 180.0)])
def test_what_was_done_since_the_last_checkpoint_is_lost_with_the_chips(interval, ends):
    low = an_errand("low", replicas=2, checkpoint_interval=interval)
    high = an_errand("high", 60.0, "ads", at=70.0)
    work = ran(a_stage(low, high))
    assert told(work, "displace") == [(70.0, "low")]
    assert told(work, "admit") == [(0.0, "low"), (70.0, "high"), (130.0, "low")]
    assert told(work, "end") == [(130.0, "high"), (ends, "low")]


def test_a_gang_stands_still_while_its_node_is_lost_and_goes_on_with_another():
    outage = [(40.0, NodeName("h800-000"), 500.0)]
    work = ran(a_stage(an_errand("gang", checkpoint_interval=10.0), node_count=2), outages=outage)
    assert told(work, "place") == [(40.0, "gang")]
    assert told(work, "end") == [(100.0, "gang")]


def test_max_runtime_ends_it():
    work = ran(a_stage(an_errand("endless", inf, max_runtime=30.0)))
    assert [(one.at, one.reason) for one in work.timeline if one.what == "end"] == [(30.0, Reason.MAX_RUNTIME_EXCEEDED)]


def test_what_the_queue_took_before_keeps_chips_for_the_gang():
    first, long = an_errand("first", 50.0), an_errand("long", 500.0, at=60.0)
    gang, small = an_errand("gang", replicas=2, at=70.0), an_errand("small", 400.0, at=80.0)
    work = ran(a_stage(first, long, gang, small))
    assert told(work, "admit") == [(0.0, "first"), (60.0, "long"), (560.0, "gang"), (660.0, "small")]


def test_it_stops_when_told_and_says_who_still_waits():
    work = ran(a_stage(an_errand("one", inf), an_errand("wide", replicas=2, at=5.0)), until=1000.0)
    assert work.waiting == {"ns/wide": Reason.CHIPS_SHORT}
    assert work.ended == 0


def test_impossible_work_does_not_keep_it_going():
    work = ran(a_stage(an_errand("giant", replicas=9)))
    assert work.now == 0.0
    assert work.waiting == {"ns/giant": Reason.IMPOSSIBLE_SIZE}


def test_a_service_works_on_while_it_has_fewer_replicas():
    grown = a_variant(replicas=1)
    work = ran(a_stage(Errand(a_workload("s", "train", grown, mode=Mode.SERVICE), 100.0, {})))
    assert told(work, "end") == [(100.0, "s")]


def test_work_that_moves_keeps_what_it_saved_and_goes_on_elsewhere():
    wide = an_errand("wide", 60.0, "ads", at=50.0, replicas=2)
    mover = an_errand("mover", checkpoint_interval=10.0, at=0.0, pool=("h800", "h20"))
    stage = a_stage(mover, wide)
    stage.nodes |= {node.name: node for node in nodes(1, pool="h20")}
    stage.pools["h20"] = a_pool("h20")
    work = ran(stage)
    assert told(work, "migrate") == [(50.0, "mover")]
    assert told(work, "end") == [(100.0, "mover"), (110.0, "wide")]
    assert work.ground.nodes == stage.nodes


def test_elastic_work_gives_replicas_away_and_works_on_more_slowly():
    low, high = an_errand("low", replicas=2, min_replicas=1), an_errand("high", 60.0, "ads", at=70.0)
    work = ran(a_stage(low, high))
    assert told(work, "shrink") == [(70.0, "low")]
    assert told(work, "end") == [(130.0, "high"), (130.0, "low")]
    assert work.ground.nodes == a_stage().nodes
