"""Rule 6a: strictly lower priority, lowest and youngest first, nobody in vain."""

from chippool.core.constraints import Constraints
from chippool.core.model import Bystander
from chippool.core.plan import Admit, Displace, Hold, Keep
from chippool.core.reasons import Reason
from tests.core.build import (
    a_class,
    a_node,
    a_queue,
    a_variant,
    a_workload,
    decide,
    decision_of,
    kinds,
    nodes,
)


def victims(plan):
    return {d.workload.removeprefix("ns/") for d in plan.decisions if isinstance(d, Displace)}


def test_lower_priority_makes_room_and_the_winner_stands_before_its_victims():
    plan = decide(nodes(1), [a_workload("low", "batch", on=["h800-000"]), a_workload("high", "ads", created=9.0)])
    first, second = plan.decisions
    assert isinstance(first, Admit)
    assert first.victims == ("ns/low",)
    assert first.waits
    assert isinstance(second, Displace)
    assert (second.by, second.reason) == ("ns/high", Reason.PREEMPTED)


def test_equal_priority_is_never_displaced():
    plan = decide(nodes(1), [a_workload("a", "train", on=["h800-000"]), a_workload("b", "train")])
    assert victims(plan) == set()
    assert isinstance(decision_of(plan, "b"), Hold)


def test_the_lowest_priority_goes_first():
    running = [a_workload("mid", "train", on=["h800-000"]), a_workload("low", "batch", on=["h800-001"])]
    assert victims(decide(nodes(2), [*running, a_workload("high", "ads")])) == {"low"}


def test_among_equals_the_youngest_admission_goes_first():
    running = [
        a_workload("old", "batch", on=["h800-000"], admitted_at=10.0),
        a_workload("young", "batch", on=["h800-001"], admitted_at=20.0),
    ]
    assert victims(decide(nodes(2), [*running, a_workload("high", "ads")])) == {"young"}


def test_a_victim_goes_whole_on_all_its_nodes_and_what_is_left_over_is_used():
    gang = a_workload("gang", "batch", replicas=2, on=["h800-000", "h800-001"])
    plan = decide(nodes(2), [gang, a_workload("a", "ads"), a_workload("b", "serve", created=1.0)])
    assert kinds(plan) == {"a": "Admit", "gang": "Displace", "b": "Admit"}
    assert {decision_of(plan, n).nodes[0] for n in "ab"} == {"h800-000", "h800-001"}


def test_what_a_gang_out_of_its_reach_leaves_over_counts_for_whoever_had_too_little_before():
    running = [
        a_workload("gang", "train", replicas=2, on=["h800-000", "h800-001"]),
        a_workload("low", "batch", on=["h800-002"]),
        a_workload("short", "train", on=["h800-003"], missing=2),
    ]
    first = a_variant(constraints=Constraints((("zone", "a"),)))
    fleet = [a_node("h800-000", labels={"zone": "a"}), *nodes(4)[1:]]
    waiting = [a_workload("high", "ads", first), a_workload("late", "train", replicas=2, created=9.0)]
    plan = decide(fleet, [*running, *waiting])
    assert isinstance(decision_of(plan, "short"), Keep)
    assert set(decision_of(plan, "late").nodes) == {"h800-001", "h800-002"}
    assert victims(plan) == {"gang", "low"}


def test_nobody_goes_when_the_winner_would_not_fit_even_then():
    running = [a_workload("low", "batch", on=["h800-000"]), a_workload("equal", "ads", on=["h800-001"])]
    plan = decide(nodes(2), [*running, a_workload("high", "ads", replicas=2)])
    assert victims(plan) == set()


def test_no_victim_that_need_not_go():
    running = [
        a_workload("small", "batch", chips=2, on=["h800-000"], admitted_at=90.0),
        a_workload("large", "batch", chips=6, on=["h800-000"], admitted_at=10.0),
        a_workload("other", "batch", chips=4, on=["h800-001"], admitted_at=50.0),
        a_workload("fixed", "ads", chips=4, on=["h800-001"], admitted_at=50.0),
    ]
    assert victims(decide(nodes(2), [*running, a_workload("high", "ads", chips=6)])) == {"large"}


def test_a_gang_winner_takes_the_nodes_that_cost_least():
    running = [a_workload(f"b{i}", "batch", on=[f"h800-{i:03}"], admitted_at=float(i)) for i in range(4)]
    assert victims(decide(nodes(4), [*running, a_workload("high", "train", replicas=2)])) == {"b2", "b3"}


def test_free_chips_are_used_before_anyone_is_displaced():
    running = [a_workload("low", "batch", on=["h800-000"])]
    plan = decide(nodes(2), [*running, a_workload("high", "ads", replicas=2)])
    assert victims(plan) == {"low"}
    assert set(decision_of(plan, "high").nodes) == {"h800-000", "h800-001"}


def test_any_variant_that_fits_is_taken_before_anyone_is_displaced():
    low = a_workload("low", "batch", on=["h800-000"])
    wish = a_workload("w", "serve", a_variant("h800"), a_variant("npu"))
    plan = decide([*nodes(1), *nodes(1, pool="npu")], [low, wish])
    assert victims(plan) == set()
    assert decision_of(plan, "w").pool == "npu"


def test_releasing_chips_are_waited_for_before_anyone_is_displaced():
    low = a_workload("low", "batch", on=["h800-000"])
    plan = decide([*nodes(1), a_node("n9", leaving=8)], [low, a_workload("w", "ads")])
    assert victims(plan) == set()
    assert decision_of(plan, "w").waits


def test_a_class_that_never_preempts_waits():
    low = a_workload("low", "batch", on=["h800-000"])
    classes = [a_class("batch"), a_class("ads", preempts=False)]
    plan = decide(nodes(1), [low, a_workload("w", "ads")], classes=classes)
    assert victims(plan) == set()
    assert "preemptionPolicy Never" in decision_of(plan, "w").message


def test_a_queue_at_its_limit_makes_room_among_its_own_lower_work_only():
    queues = [a_queue("team", limits={"h800": 8}), a_queue("other")]
    running = [
        a_workload("mine", "train", on=["h800-000"]),
        a_workload("theirs", "batch", queue="other", on=["h800-001"]),
    ]
    plan = decide(nodes(3), [*running, a_workload("w", "ads")], queues=queues)
    assert victims(plan) == {"mine"}


def test_a_limit_that_own_lower_work_can_not_free_displaces_nobody():
    queues = [a_queue("team", limits={"h800": 8})]
    running = [a_workload("mine", "ads", on=["h800-000"]), a_workload("low", "batch", chips=1, on=["h800-001"])]
    plan = decide(nodes(3), [*running, a_workload("w", "ads")], queues=queues)
    assert victims(plan) == set()
    assert decision_of(plan, "w").reason is Reason.QUEUE_LIMIT


def test_nobody_is_displaced_for_room_a_foreign_pending_pod_could_take():
    pod = Bystander((("nvidia.com/gpu", 8), ("pods", 1)), Constraints())
    low = a_workload("low", "batch", on=["h800-000"])
    plan = decide(nodes(1), [low, a_workload("w", "ads")], bystanders=[pod])
    assert victims(plan) == set()


def test_a_foreign_pending_pod_that_leaves_enough_room_is_no_obstacle():
    pod = Bystander((("nvidia.com/gpu", 1), ("pods", 1)), Constraints())
    low = a_workload("low", "batch", on=["h800-000"])
    plan = decide(nodes(1), [low, a_workload("w", "ads", chips=4)], bystanders=[pod])
    assert victims(plan) == {"low"}


def test_what_victims_leave_is_not_displaced_for_twice():
    gang = a_workload("gang", "batch", replicas=2, on=["h800-000", "h800-001"])
    other = a_workload("other", "batch", on=["h800-002"], admitted_at=-5.0)
    plan = decide(nodes(3), [gang, other, a_workload("a", "ads"), a_workload("b", "ads", created=1.0)])
    assert victims(plan) == {"gang"}
