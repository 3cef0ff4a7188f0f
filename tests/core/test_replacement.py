"""Rule 8: replicas that lost their node."""

from dataclasses import replace

import pytest

from chippool.core.cycle import schedule
from chippool.core.model import Mode
from chippool.core.plan import Admit, Displace, Hold, Keep, Place
from chippool.core.reasons import Reason
from tests.core.build import a_node, a_pool, a_reserve, a_snapshot, a_workload, decision_of, nodes

LOST_AT = 1000.0


def short_of(workload, missing=1, **more):
    """What is left of a gang that runs, when so many of its nodes are lost."""
    given = replace(workload.assignment, replicas=len(workload.placed) + missing)
    return replace(workload, assignment=given, missing=missing, short_since=LOST_AT, replace_timeout=600.0, **more)


def a_gang(*on, missing=1, cls="train", **more):
    return short_of(a_workload("gang", cls, replicas=len(on) + missing, on=on), missing, **more)


def decide(fleet, *workloads, now=LOST_AT, pools=None):
    return schedule(a_snapshot([a_node("dead", usable=False), *fleet], workloads, pools=pools), now)


def test_a_lost_replica_gets_another_node_before_anything_that_waits_and_the_gang_keeps_its_others():
    plan = decide(nodes(2), a_gang("h800-000"), a_workload("older", created=-1.0))
    assert decision_of(plan, "gang") == Place("ns/gang", ("h800-001",), "1 replica(s) get nodes in h800.")
    assert isinstance(decision_of(plan, "older"), Hold)


def test_spares_are_for_lost_replicas_of_any_class_and_for_nothing_else_below_theirs():
    pools = [a_pool(reserve=[a_reserve(8, "ads", spares=True)])]
    plan = decide(nodes(2), a_gang("h800-000"), a_workload("new", created=1.0), pools=pools)
    assert decision_of(plan, "gang").nodes == ("h800-001",)
    assert not isinstance(decision_of(plan, "new"), Admit)
    plan = decide(nodes(2), a_workload("gang", on=["h800-000"]), a_workload("new", created=1.0), pools=pools)
    assert decision_of(plan, "new").reason is Reason.RESERVED


def test_a_reserve_that_is_no_spare_is_kept_from_lost_replicas_too():
    pools = [a_pool(reserve=[a_reserve(8, "ads")])]
    kept = decision_of(decide(nodes(2), a_gang("h800-000"), pools=pools), "gang")
    assert (type(kept), kept.reason) == (Keep, Reason.RESERVED)


def test_where_nothing_is_free_a_lost_replica_displaces_lower_work():
    plan = decide(nodes(2), a_gang("h800-000"), a_workload("low", "batch", on=["h800-001"]))
    assert decision_of(plan, "gang").victims == ("ns/low",)
    assert decision_of(plan, "low").reason is Reason.PREEMPTED


@pytest.mark.parametrize(("now", "kind"), [(LOST_AT + 599, Keep), (LOST_AT + 600, Displace)])
def test_a_gang_that_can_not_be_made_whole_in_time_gives_everything_back(now, kind):
    decision = decision_of(decide(nodes(1), a_gang("h800-000"), now=now), "gang")
    assert isinstance(decision, kind)
    if kind is Displace:
        assert (decision.reason, decision.by) == (Reason.REPLACE_TIMEOUT, None)
        assert decision.message.startswith("1 of its 2 replicas lost their node and could not be placed within spec.")
        assert "Asks for 1 x 8 chips of h800: not that many are free" in decision.message


def test_one_that_goes_for_another_lost_replica_is_not_placed_itself():
    """Found by the law that no chip is given twice."""
    low = replace(a_gang("h800-001", cls="batch"), key="ns/low", uid="uid-low")
    plan = decide(nodes(3), a_gang("h800-000", missing=2), low)
    assert decision_of(plan, "gang").victims == ("ns/low",)
    assert isinstance(decision_of(plan, "low"), Displace)


def test_it_is_looked_at_again_when_its_time_is_over():
    assert decide(nodes(1), a_gang("h800-000")).wake == LOST_AT + 600


def test_a_node_that_comes_late_is_still_taken():
    assert isinstance(decision_of(decide(nodes(2), a_gang("h800-000"), now=LOST_AT + 9999), "gang"), Place)


def test_a_service_goes_on_with_the_replicas_it_has():
    service = a_gang("h800-000", mode=Mode.SERVICE)
    assert isinstance(decision_of(decide(nodes(1), replace(service, replicas=2), now=LOST_AT + 9999), "gang"), Keep)


def test_before_its_first_start_the_start_timeout_counts_and_not_this_one():
    starting = a_gang("h800-000", started=False, clock=LOST_AT + 9000)
    assert isinstance(decision_of(decide(nodes(1), starting, now=LOST_AT + 9100), "gang"), Keep)


def test_what_it_gives_back_is_for_others_and_it_queues_at_its_old_age():
    gang = a_gang("h800-000")
    after = replace(gang, assignment=None, placed=(), missing=0, short_since=None, active=False, started=False)
    plan = decide(nodes(1), after, a_workload("younger", created=5.0))
    assert decision_of(plan, "gang").position == 1
    assert isinstance(decision_of(plan, "younger"), Admit)
