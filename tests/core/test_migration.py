"""Rule 6: running work makes room by going on elsewhere, before anybody is evicted."""

from dataclasses import replace

from chippool.core.constraints import Constraints
from chippool.core.ids import WorkloadKey
from chippool.core.model import Bystander, Displaced, Mode
from chippool.core.plan import Admit, Displace, Hold, Keep, Migrate
from chippool.core.reasons import Reason
from tests.core.build import (
    a_class,
    a_node,
    a_pool,
    a_queue,
    a_reserve,
    a_variant,
    a_workload,
    an_access,
    decide,
    decision_of,
    kinds,
    nodes,
)


def two_ways(name, on, cls="batch", replicas=1, chips=8, other="npu", **more):
    """Runs on H800 and could go on in another pool."""
    ways = [a_variant("h800", replicas, chips), a_variant(other, replicas, chips)]
    return a_workload(name, cls, *ways, replicas=replicas, on=on, **more)


def ads(**more):
    return a_workload("ads", "ads", created=9.0, **more)


def test_work_of_lower_priority_goes_on_in_another_pool_that_has_room():
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [two_ways("low", ["h800-000"]), ads()])
    first, second = plan.decisions
    assert isinstance(first, Admit)
    assert (first.victims, first.nodes, first.waits) == (("ns/low",), ("h800-000",), True)
    assert isinstance(second, Migrate)
    assert (second.variant, second.pool, second.nodes, second.chips) == ("npu", "npu", ("npu-000",), 8000)
    assert (second.by, second.reason) == ("ns/ads", Reason.MIGRATED)
    assert second.message == "Makes room for ads work of queue team: goes on as variant npu with 1 replica(s) in npu."


def test_what_stays_put_is_evicted_however_much_room_there_is_elsewhere():
    low = replace(two_ways("low", ["h800-000"]), stays_put=True)
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [low, ads()])
    assert isinstance(decision_of(plan, "low"), Displace)


def test_it_is_evicted_where_the_other_pool_is_full():
    other = a_workload("other", "serve", pool="npu", on=["npu-000"])
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [two_ways("low", ["h800-000"]), other, ads()])
    assert isinstance(decision_of(plan, "low"), Displace)


def test_nobody_who_could_be_moved_is_spared_for_one_who_must_be_evicted():
    stuck, free = a_workload("stuck", "batch", on=["h800-000"]), two_ways("free", ["h800-001"], "train")
    plan = decide([*nodes(2), *nodes(1, pool="npu")], [stuck, free, ads()])
    assert kinds(plan) == {"ads": "Admit", "free": "Migrate", "stuck": "Keep"}


def test_the_other_pool_lets_it_in_within_its_access_limits_and_reserve():
    fleet, low = [*nodes(1), *nodes(1, pool="npu")], two_ways("low", ["h800-000"])
    closed = [a_pool(), a_pool("npu", access=[an_access(["ads"])])]
    kept = [a_pool(), a_pool("npu", reserve=[a_reserve(1, "ads")])]
    assert kinds(decide(fleet, [low, ads()], pools=closed))["low"] == "Displace"
    assert kinds(decide(fleet, [low, ads()], pools=kept))["low"] == "Displace"
    assert kinds(decide(fleet, [low, ads()], queues=[a_queue(limits={"npu": 4})]))["low"] == "Displace"


def test_its_use_of_the_other_pool_counts_at_once():
    first, second = two_ways("first", ["h800-000"]), two_ways("second", ["h800-001"])
    plan = decide(
        [*nodes(2), *nodes(2, pool="npu")],
        [first, second, ads(replicas=2)],
        queues=[a_queue(limits={"npu": 8, "h800": 16})],
    )
    assert sorted(kinds(plan).values()) == ["Admit", "Displace", "Migrate"]


def test_a_gang_with_succeeded_indexes_keeps_its_variant():
    low = replace(two_ways("low", ["h800-000"], replicas=2), succeeded=1)
    low = replace(low, assignment=replace(low.assignment, replicas=2))
    assert kinds(decide([*nodes(1), *nodes(2, pool="npu")], [low, ads()]))["low"] == "Displace"


def test_who_waits_for_the_other_pool_with_a_higher_priority_comes_first():
    waiting = a_workload("waiting", "train", pool="npu")
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [two_ways("low", ["h800-000"]), ads(), waiting])
    assert kinds(plan) == {"ads": "Admit", "low": "Displace", "waiting": "Admit"}


def fragments(**more):
    """Two nodes half full, of equal priority."""
    return [a_workload(name, chips=4, on=[on], **more) for name, on in (("a", "h800-000"), ("b", "h800-001"))]


def test_fragments_are_brought_together_for_work_of_the_same_priority():
    plan = decide(nodes(2), [*fragments(), a_workload("whole", created=9.0)])
    moved = [d for d in plan.decisions if isinstance(d, Migrate)]
    kept = [d for d in plan.decisions if isinstance(d, Keep)]
    assert [type(d) for d in plan.decisions] == [Admit, Migrate, Keep]
    assert moved[0].pool == "h800"
    assert moved[0].workload != kept[0].workload


def test_only_the_replicas_in_the_way_change_their_node():
    gang = a_workload("gang", chips=2, replicas=3, on=["h800-000", "h800-000", "h800-001"])
    plan = decide(nodes(2), [gang, a_workload("whole", created=9.0)])
    assert decision_of(plan, "gang").nodes == ("h800-000",) * 3
    assert decision_of(plan, "whole").nodes == ("h800-001",)


def test_who_lost_least_since_its_checkpoint_is_moved():
    a, b = fragments()
    saved = replace(a, checkpointed_at=999.0, checkpoint_interval=600.0)
    plan = decide(nodes(2), [saved, b, a_workload("whole", created=9.0)])
    assert kinds(plan) == {"whole": "Admit", "a": "Migrate", "b": "Keep"}


def test_work_of_higher_priority_is_never_moved():
    plan = decide(nodes(2), [*fragments(), a_workload("whole", "batch", created=9.0)])
    assert isinstance(decision_of(plan, "whole"), Hold)


def test_nobody_is_moved_within_his_min_runtime_nor_by_a_class_that_never_preempts():
    waiting = a_workload("whole", created=9.0)
    assert isinstance(decision_of(decide(nodes(2), [*fragments(min_runtime=2000.0), waiting]), "whole"), Hold)
    meek = [a_class("train", preempts=False)]
    assert isinstance(decision_of(decide(nodes(2), [*fragments(), waiting], classes=meek), "whole"), Hold)


def test_nobody_is_moved_twice_an_hour_for_the_same_other():
    last = Displaced(500.0, Reason.MIGRATED, WorkloadKey("ns/whole"), 1, 0, 1)
    plan = decide(nodes(2), [*fragments(displaced=last), a_workload("whole", created=9.0)])
    assert isinstance(decision_of(plan, "whole"), Hold)


def test_nobody_is_moved_for_his_equals_more_than_once_an_hour():
    last = Displaced(500.0, Reason.MIGRATED, WorkloadKey("ns/another"), 1, 0, 1)
    plan = decide(nodes(2), [*fragments(displaced=last), a_workload("whole", created=9.0)])
    assert isinstance(decision_of(plan, "whole"), Hold)
    above = decide(nodes(2), [*fragments(displaced=last), a_workload("whole", "serve", created=9.0)])
    assert isinstance(decision_of(above, "whole"), Admit)


def test_what_has_not_started_yet_is_left_where_it_is():
    plan = decide(nodes(2), [*fragments(started=False, clock=900.0), a_workload("whole", created=9.0)])
    assert isinstance(decision_of(plan, "whole"), Hold)


def test_a_gang_may_use_what_it_gives_back_itself_and_a_service_may_not():
    fleet = [a_node("h800-000", 8), a_node("h800-001", 6)]
    on = {"chips": 4, "replicas": 2, "on": ["h800-000", "h800-001"]}
    waiting = a_workload("six", chips=6, created=9.0)
    gang = decide(fleet, [a_workload("w", **on), waiting])
    service = decide(fleet, [a_workload("w", mode=Mode.SERVICE, **on), waiting])
    assert decision_of(gang, "w").nodes == ("h800-000", "h800-000")
    assert isinstance(decision_of(service, "six"), Hold)


def test_a_service_moves_to_room_that_is_free_beside_it():
    fleet = [a_node("h800-000", 8), a_node("h800-001", 4), a_node("h800-002", 4)]
    service = a_workload("w", mode=Mode.SERVICE, chips=2, replicas=2, on=["h800-000", "h800-000"])
    plan = decide(fleet, [service, a_workload("whole", created=9.0)])
    assert decision_of(plan, "w").nodes in {("h800-001", "h800-001"), ("h800-002", "h800-002")}


def test_nobody_is_moved_for_room_a_foreign_pending_pod_could_take():
    pod = Bystander((("nvidia.com/gpu", 6), ("pods", 1)), Constraints())
    plan = decide(nodes(2), [*fragments(), a_workload("whole", created=9.0)], bystanders=[pod])
    assert isinstance(decision_of(plan, "whole"), Hold)


def with_one_chip_borrowed():
    """Eight chips on two nodes, three of them free."""
    return [
        a_workload("a0", chips=2, queue="a", on=["h800-000"]),
        a_workload("a1", chips=2, queue="a", on=["h800-001"], created=1.0),
        a_workload("a2", chips=1, queue="a", on=["h800-001"], created=2.0),
    ]


def test_who_may_not_make_room_does_not_stand_for_another_that_asks_alike_and_may():
    queues = [a_queue("a", guaranteed={"h800": 4}), a_queue("b", guaranteed={"h800": 4}), a_queue("c")]
    asks = [a_workload("c0", chips=4, queue="c", created=3.0), a_workload("b0", chips=4, queue="b", created=4.0)]
    plan = decide(nodes(2, 4), [*with_one_chip_borrowed(), *asks], queues=queues)
    assert {name: kinds(plan)[name] for name in ("c0", "b0")} == {"c0": "Hold", "b0": "Admit"}


def test_some_go_and_others_move_where_neither_alone_makes_room():
    queues = [a_queue("a", guaranteed={"h800": 4}), a_queue("b", guaranteed={"h800": 4})]
    running = with_one_chip_borrowed()
    plan = decide(nodes(2, 4), [*running, a_workload("b0", chips=4, queue="b")], queues=queues)
    assert decision_of(plan, "a2").reason is Reason.RECLAIMED
    assert isinstance(decision_of(plan, "b0"), Admit)
    assert sum(isinstance(d, Migrate) for d in plan.decisions) == 1


def test_a_place_that_was_tried_in_vain_is_free_for_the_next():
    """The service would find room for one of its two replicas in the pool, so it leaves the pool."""
    fleet = [*nodes(3), *nodes(1, pool="npu")]
    roll = two_ways("roll", ["h800-000", "h800-001"], replicas=2, chips=4, mode=Mode.SERVICE)
    rest = [
        a_workload("full", "ads", chips=4, on=["h800-000"]),
        a_workload("part", "ads", chips=4, on=["h800-002"]),
    ]
    plan = decide(fleet, [roll, *rest, ads(chips=8), a_workload("next", "batch", chips=4, replicas=2, created=10.0)])
    assert decision_of(plan, "roll").nodes == ("npu-000", "npu-000")
    assert decision_of(plan, "next").nodes == ("h800-002", "h800-000")


def test_nobody_stays_where_a_service_needs_the_room_before_it_has_left_its_own_there():
    """One of the service's new replicas comes up on n1 beside the old one, or not at all: the batch gang has to go."""
    running = [
        a_workload("low1", "batch", chips=2, on=["n1"]),
        a_workload("low2", "batch", chips=3, on=["n2"]),
        a_workload("roll", "ads", chips=2, on=["n1", "n2"], replicas=2, mode=Mode.SERVICE),
    ]
    plan = decide([a_node("n1", 4), a_node("n2", 6), a_node("n3", 8)], [*running, ads(chips=6, replicas=2)])
    assert decision_of(plan, "roll").nodes == ("n1", "n3")
    assert kinds(plan) == {"ads": "Admit", "low1": "Displace", "low2": "Displace", "roll": "Migrate"}
