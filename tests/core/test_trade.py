"""Rule 6c: running work swaps variants where the chips then do 5 % more."""

import pytest

from chippool.core.cycle import schedule
from chippool.core.model import Displaced, Mode
from chippool.core.plan import Admit, Hold, Keep, Migrate
from chippool.core.reasons import Reason
from tests.core.build import a_pool, a_queue, a_snapshot, a_variant, a_workload, an_access, decision_of, nodes

NOW, HOUR = 50_000.0, 3600.0


def runs(name, on, npu=0.5, cls="train", replicas=1, **more):
    """One that runs on either, in the pool that the node is in."""
    on = (on,) if isinstance(on, str) else on
    ways = a_variant("h800", len(on)), a_variant("npu", len(on), speed=npu)
    return a_workload(name, cls, *ways, on=on, variant=int(on[0].startswith("npu")), replicas=len(on), **more)


def waits(name, *pools, cls="train", **more):
    return a_workload(name, cls, *map(a_variant, pools), created=NOW - 1, **more)


def planned(*workloads, h800=1, npu=1, now=NOW, **more):
    return schedule(a_snapshot(nodes(h800) + nodes(npu, pool="npu"), workloads, **more), now)


def moved(*workloads, **more):
    """Pool by name of who moves."""
    plan = planned(*workloads, **more)
    return {d.workload.removeprefix("ns/"): d.pool for d in plan.decisions if isinstance(d, Migrate)}


SLIGHTLY, GREATLY = runs("slightly", "h800-000", npu=0.95), runs("greatly", "npu-000", npu=0.3)


def test_two_swap_where_the_sum_rises_by_5_percent():
    assert moved(SLIGHTLY, GREATLY) == {"slightly": "npu", "greatly": "h800"}


def test_they_stay_where_it_rises_by_less():
    assert moved(runs("a", "h800-000", npu=0.95), runs("b", "npu-000", npu=0.9)) == {}


def test_one_moves_up_once_a_better_chip_is_free():
    plan = planned(GREATLY)
    assert decision_of(plan, "greatly") == Migrate(
        "ns/greatly",
        "h800",
        "h800",
        8000,
        ("h800-000",),
        None,
        "Goes on as variant h800 with 1 replica(s) in h800: all chips together do more so.",
    )


def test_one_moves_down_so_that_another_can_start():
    plan = planned(runs("runs", "h800-000", npu=0.6), waits("waits", "h800"))
    assert decision_of(plan, "runs").pool == "npu"
    assert (decision_of(plan, "waits").nodes, decision_of(plan, "waits").waits) == (("h800-000",), True)


def test_who_could_start_on_lesser_chips_starts_on_its_best_where_another_does_almost_as_well_elsewhere():
    new = a_workload("new", "train", a_variant("h800"), a_variant("npu", speed=0.5), created=NOW - 1)
    plan = planned(runs("runs", "h800-000", npu=0.9), new)
    assert (decision_of(plan, "runs").pool, decision_of(plan, "new").pool) == ("npu", "h800")
    assert decision_of(planned(runs("runs", "h800-000", npu=0.52), new), "new").pool == "npu"


def test_nobody_moves_for_its_own_sake_to_where_it_would_rather_not_be():
    """It prefers the chip it is on, though the other is faster; the order of its variants is its own word."""
    it = a_workload("it", "train", a_variant("npu"), a_variant("h800", speed=1.3), on=["npu-000"])
    assert moved(it) == {}


def test_of_equals_the_one_moves_that_loses_the_least_work():
    old = runs("a", "h800-000", npu=1.0, admitted_at=NOW - 9 * HOUR)
    new = runs("b", "h800-001", npu=1.0, admitted_at=NOW - HOUR)
    assert moved(old, new, waits("waits", "h800"), h800=2) == {"b": "npu"}
    saves = runs("a", "h800-000", npu=1.0, admitted_at=NOW - 9 * HOUR, checkpoint_interval=600.0)
    assert moved(saves, new, waits("waits", "h800"), h800=2) == {"a": "npu"}


def test_nobody_moves_down_by_more_than_it_brings():
    slow = a_workload("slow", "train", a_variant("h20"), a_variant("h800", speed=0.2), created=NOW - 1)
    plan = planned(runs("runs", "h800-000", npu=0.1), slow, pools=[a_pool("h800"), a_pool("npu"), a_pool("h20")])
    assert isinstance(decision_of(plan, "slow"), Hold | Admit)
    assert not isinstance(decision_of(plan, "runs"), Migrate)


def test_who_waits_moves_nobody_of_higher_priority():
    assert moved(runs("high", "h800-000", npu=0.9, cls="ads"), waits("low", "h800")) == {}


def test_a_free_chip_that_somebody_waits_for_is_left_to_him():
    large = a_workload("large", "train", a_variant("h800", 3), created=NOW - 1)
    other = a_workload("other", "train", on=["h800-000"])
    assert moved(GREATLY, other, large, h800=3) == {}
    assert moved(GREATLY, other, h800=3) == {"greatly": "h800"}


@pytest.mark.parametrize(
    ("more", "goes"),
    [
        ({"min_runtime": 600.0, "admitted_at": NOW - 599}, False),
        ({"min_runtime": 600.0, "admitted_at": NOW - 600}, True),
        ({"checkpoint_interval": 600.0, "admitted_at": NOW - 599}, False),
        ({"checkpoint_interval": 600.0, "admitted_at": NOW - 600}, True),
        ({"checkpoint_interval": 1200.0, "checkpointed_at": NOW - 120}, True),
        ({"checkpoint_interval": 1200.0, "checkpointed_at": NOW - 121}, False),
        ({"checkpoint_interval": 60.0, "checkpointed_at": NOW - 30}, True),
        ({"displaced": Displaced(NOW - HOUR + 1, Reason.MIGRATED, None, 1, 0, 1)}, False),
        ({"displaced": Displaced(NOW - HOUR, Reason.MIGRATED, None, 1, 0, 1)}, True),
        ({"started": False}, False),
        ({"succeeded": 1}, False),
        ({"suspend": True}, False),
    ],
)
def test_each_moves_at_its_time_alone(more, goes):
    assert moved(runs("it", "npu-000", npu=0.3, **more)) == ({"it": "h800"} if goes else {})


def test_it_is_looked_at_again_when_one_who_would_gain_may_move():
    late = runs("late", "npu-000", npu=0.3, min_runtime=1000.0, admitted_at=NOW - 10)
    assert planned(late).wake == NOW + 1000  # the full minute after it
    content = runs("content", "h800-000", min_runtime=1000.0, admitted_at=NOW - 10)
    assert planned(content).wake is None


def test_services_swap_only_by_way_of_free_chips():
    """Each runs on where it is until it runs elsewhere: two full pools would wait for each other."""
    a = runs("a", "h800-000", npu=0.95, mode=Mode.SERVICE)
    b = runs("b", "npu-000", npu=0.3, mode=Mode.SERVICE)
    assert moved(a, b) == {}
    assert moved(a, runs("b", "npu-000", npu=0.3)) == {"a": "npu", "b": "h800"}


def test_a_limit_holds_for_who_moves():
    assert moved(GREATLY, queues=[a_queue(limits={"h800": 4})]) == {}


@pytest.mark.parametrize(
    ("others", "where"),
    [
        (("h800",), {"runs": "h800", "large": "npu", "small": "h800"}),
        ((), {"large": None, "small": "npu"}),
    ],
)
def test_who_starts_by_a_trade_may_close_the_way_of_a_later_one_by_a_limit_and_that_counts(others, where):
    """`large`, asked before `small`, lacks two chips; with those of `runs` it leaves nothing of the limit."""
    runs = a_workload(
        "runs", "train", a_variant("npu", chips=2), a_variant("h800", chips=2), queue="other", on=("npu-000",)
    )
    ads = a_workload("ads", "ads", a_variant("npu"))
    large = a_workload("large", "train", a_variant("npu", 4, 2), replicas=4, created=NOW - 2)
    small = a_workload("small", "train", *(a_variant(p, chips=1) for p in ("npu", *others)), created=NOW - 1)
    plan = planned(runs, ads, large, small, npu=2, queues=[a_queue(limits={"npu": 16}), a_queue("other")])
    assert {name: getattr(decision_of(plan, name), "pool", None) for name in where} == where


def test_nobody_leaves_what_it_is_guaranteed_for_what_can_be_claimed_back():
    other = a_queue("other", guaranteed={"h800": 8})
    assert moved(GREATLY, queues=[a_queue(guaranteed={"npu": 8}), other]) == {}
    assert moved(GREATLY, queues=[a_queue(guaranteed={"npu": 8, "h800": 8})]) == {"greatly": "h800"}


def test_what_a_service_is_guaranteed_is_known_before_anybody_has_left():
    """Nobody who waits is given the place of one that stays after all."""
    secure = runs("secure", "h800-000", npu=1.0, queue="secure", mode=Mode.SERVICE)
    queues = [a_queue(), a_queue("secure", guaranteed={"h800": 8, "npu": 0})]
    plan = planned(secure, waits("asks", "h800"), queues=queues)
    assert isinstance(decision_of(plan, "asks"), Hold)
    assert isinstance(decision_of(plan, "secure"), Keep)


def test_nobody_trades_into_scavenging():
    pools = [a_pool("h800", access=[an_access(scavenge=True)]), a_pool("npu")]
    assert moved(GREATLY, pools=pools) == {}


def test_a_price_is_what_one_more_chip_would_add():
    plan = planned(runs("a", "h800-000", npu=0.5), waits("w1", "h800"), waits("w2", "h800"), npu=0)
    assert plan.prices == {"h800": 0.125}
    assert planned(GREATLY, h800=0).prices == {"npu": 0.0}
