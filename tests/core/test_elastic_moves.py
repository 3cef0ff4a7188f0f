"""Rule 6: work of elastic size makes room: it is shrunk before it is moved, and moved before it is evicted."""

from chippool.core.ids import WorkloadKey
from chippool.core.model import Displaced, Mode
from chippool.core.plan import Admit, Hold, Migrate
from chippool.core.reasons import Reason
from tests.core.build import a_node, a_queue, a_variant, a_workload, decide, decision_of, kinds, nodes


def sweep(*on, least=1, chips=2, ways=(), **more):
    """Runs on these nodes, and could do with the first few of them."""
    return a_workload("sweep", "train", *ways, chips=chips, replicas=len(on), on=on, min_replicas=least, **more)


def whole(cls="train", chips=8, **more):
    return a_workload("whole", cls, chips=chips, created=9.0, **more)


def fleet(*sizes):
    return [a_node(f"h800-{i:03}", size) for i, size in enumerate(sizes)]


def test_a_replica_past_the_least_is_moved_for_work_of_the_same_priority():
    plan = decide(fleet(4, 6), [sweep("h800-000", "h800-001"), whole(chips=6)])
    assert decision_of(plan, "whole").nodes == ("h800-001",)
    assert decision_of(plan, "sweep").nodes == ("h800-000", "h800-000")


def test_what_it_needs_is_moved_together_with_what_it_has_past_that():
    plan = decide(fleet(8, 6), [sweep("h800-000", "h800-000", "h800-001", least=2), whole()])
    assert decision_of(plan, "whole").nodes == ("h800-000",)
    assert decision_of(plan, "sweep").nodes == ("h800-001",) * 3


def test_nobody_of_the_same_priority_is_shrunk_to_be_moved():
    plan = decide(fleet(8, 4), [sweep("h800-000", "h800-000", "h800-001"), whole()])
    assert kinds(plan) == {"whole": "Hold", "sweep": "Keep"}


def test_it_is_shrunk_rather_than_moved_for_work_of_higher_priority():
    plan = decide(fleet(8, 8, 8), [sweep("h800-000", "h800-001"), whole("ads", replicas=2)])
    assert kinds(plan) == {"whole": "Admit", "sweep": "Shrink"}


def test_it_is_moved_with_all_it_has_where_shrinking_is_not_enough():
    plan = decide(fleet(8, 6), [sweep("h800-000", "h800-000"), whole("ads")])
    assert decision_of(plan, "sweep").nodes == ("h800-001", "h800-001")
    assert isinstance(decision_of(plan, "sweep"), Migrate)


def test_it_goes_on_with_what_it_needs_where_there_is_no_room_for_more():
    plan = decide(fleet(8, 2), [sweep("h800-000", "h800-000", "h800-000"), whole("ads")])
    moved = decision_of(plan, "sweep")
    assert (type(moved), moved.nodes, moved.by) == (Migrate, ("h800-001",), WorkloadKey("ns/whole"))
    assert decision_of(plan, "whole").victims == ("ns/sweep",)


def test_it_is_evicted_where_not_even_what_it_needs_has_room():
    plan = decide(fleet(8, 2), [sweep("h800-000", "h800-000", "h800-000", least=2), whole("ads")])
    assert kinds(plan) == {"whole": "Admit", "sweep": "Displace"}


def test_chips_it_does_not_go_on_with_are_free_in_its_queue_at_once():
    """Seven are allowed: six are the sweep's until it goes on with two of them."""
    sweeping, small = sweep("h800-000", "h800-000", "h800-000"), a_workload("small", chips=1, replicas=5, created=10.0)
    queues = [a_queue(limits={"h800": 7}), a_queue("other")]
    plan = decide(fleet(8, 2, *[1] * 5), [sweeping, whole("ads", queue="other"), small], queues=queues)
    assert decision_of(plan, "sweep").nodes == ("h800-001",)
    assert isinstance(decision_of(plan, "small"), Admit)


def test_in_another_pool_it_starts_as_small_as_it_may():
    ways = [a_variant("h800", 3, 2), a_variant("npu", 3, 4)]
    plan = decide(
        [*fleet(8), *nodes(1, 8, "npu")],
        [sweep("h800-000", "h800-000", "h800-000", ways=ways, least=2), whole("ads")],
    )
    moved = decision_of(plan, "sweep")
    assert (moved.pool, moved.nodes, moved.chips) == ("npu", ("npu-000", "npu-000"), 4000)


def test_a_service_moves_as_a_whole_to_room_that_is_free_beside_it():
    chat = {"mode": Mode.SERVICE, "least": 1}
    plan = decide(fleet(8, 2, 4), [sweep("h800-000", "h800-001", **chat), whole()])
    assert decision_of(plan, "sweep").nodes == ("h800-002", "h800-002")
    tight = decide(fleet(8, 4), [sweep("h800-000", "h800-001", **chat), whole()])
    assert isinstance(decision_of(tight, "whole"), Hold)


def test_what_is_not_whole_or_was_moved_lately_is_left_where_it_is():
    on = ("h800-000", "h800-001")
    last = Displaced(500.0, Reason.MIGRATED, WorkloadKey("ns/another"), 1, 0, 1)
    for more in ({"started": False, "clock": 900.0}, {"displaced": last}, {"min_runtime": 2000.0}):
        plan = decide(fleet(7, 6), [sweep(*on, **more), whole(chips=6)])
        assert isinstance(decision_of(plan, "whole"), Hold)


def test_who_was_shrunk_in_this_plan_is_not_moved_in_it():
    """Ads take a replica of the sweep; the other replica would have to go for the second of them."""
    first, second = (a_workload(name, "ads", chips=8, created=at) for name, at in (("first", 1.0), ("second", 2.0)))
    plan = decide(fleet(8, 8, 2), [sweep("h800-000", "h800-001"), first, second])
    assert isinstance(decision_of(plan, "first"), Admit)
    assert not isinstance(decision_of(plan, "sweep"), Migrate)


def test_replicas_that_are_borrowed_are_not_moved_past_whom_they_are_borrowed_from():
    """What the sweep needs is guaranteed to its queue, the rest is not: the other queue comes later, and takes that."""
    queues = [a_queue(guaranteed={"h800": 2}), a_queue("other", guaranteed={"h800": 12})]
    theirs = a_workload("theirs", chips=6, queue="other", on=["h800-002"])
    other = a_workload("other", chips=6, queue="other", created=20.0)
    plan = decide(fleet(4, 6, 6), [sweep("h800-000", "h800-001"), theirs, whole(chips=6), other], queues=queues)
    assert kinds(plan) == {"other": "Admit", "sweep": "Shrink", "theirs": "Keep", "whole": "Hold"}


def test_nobody_stays_in_the_room_that_a_service_needs_until_it_has_left_its_old_one():
    """Ask needs three chips of the first node beside what it and forum have there: explore gives them, not one only."""
    on = ("h800-000", "h800-001", "h800-002")
    explore = a_workload("explore", "batch", chips=1, replicas=4, on=[on[0]] * 3 + [on[2]], min_replicas=1)
    ask = a_workload("ask", mode=Mode.SERVICE, chips=1, replicas=4, on=[on[0], *on])
    forum = a_workload("forum", mode=Mode.SERVICE, chips=1, replicas=2, on=on[:2])
    shop = a_workload("shop", mode=Mode.SERVICE, chips=1, replicas=2, on=[on[0], on[2]])
    half = a_workload("half", chips=4, on=[on[1]])
    plan = decide(fleet(8, 8, 8), [explore, ask, forum, shop, half, whole()])
    assert decision_of(plan, "ask").nodes == (on[0],) * 3 + (on[2],)
    assert (decision_of(plan, "forum").nodes, decision_of(plan, "half").nodes) == ((on[2],) * 2, (on[2],))
    assert decision_of(plan, "explore").replicas == 1
