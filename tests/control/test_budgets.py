"""What queues have used of their budget: counted from the cluster, told in steps, gone on with by the next leader."""

import json
from dataclasses import replace

import pytest

from chippool.control import publish
from chippool.control.budgets import GAP_S, Budgets
from chippool.core.budget import Budget, Period, Spent, begun
from chippool.core.sharing import Sharing
from chippool.state.annotations import time_text
from chippool.state.records import QueueRecord
from tests.control.build import Cluster as Told
from tests.core.build import a_queue as a_view
from tests.state.build import (
    NOW,
    PROJECT,
    Cluster,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pool,
    a_queue,
    a_workload,
    an_assignment,
)

SINCE = begun(Period.MONTH, NOW)


def with_budget(hours="1", name="q", status=None, **spec):
    raw = a_queue(name, selector={})
    raw["spec"] |= {"budget": {"chipHours": hours}, **spec}
    return raw | {"status": status or {}}


def a_cluster(*queues):
    fixed = (a_pool(), a_class(), a_namespace(), a_node("n1"), a_workload("w"))
    return Cluster(*fixed, *queues, a_job("w", an_assignment(at=NOW)))


def test_what_a_queue_and_those_below_it_hold_is_counted_from_step_to_step():
    cluster = a_cluster(with_budget(parentName="org"), with_budget(name="org"))
    budgets = Budgets(cluster.mirror)
    for seconds in (0, 10, 30, 45):
        budgets.step(NOW + seconds)
    assert budgets.of("q").chip_hours == budgets.of("org").chip_hours == pytest.approx(8 * 45 / 3600)
    cluster.loses(a_job("w"))
    budgets.step(NOW + 90)
    assert budgets.of("q").chip_hours == pytest.approx(8 * 45 / 3600)


def test_another_operator_goes_on_from_the_status_with_what_is_still_held():
    said = {"periodStart": time_text(SINCE), "usedChipHours": "2.5", "countedUntil": time_text(NOW - 3600)}
    budgets = Budgets(a_cluster(with_budget(status={"budget": said})).mirror)
    budgets.step(NOW + 450)
    assert budgets.of("q").chip_hours == pytest.approx(2.5 + 1.0)


def test_after_a_silence_it_goes_on_from_the_status_again():
    cluster = a_cluster(with_budget())
    budgets = Budgets(cluster.mirror)
    budgets.step(NOW)
    said = {"periodStart": time_text(SINCE), "usedChipHours": "100", "countedUntil": time_text(NOW + GAP_S)}
    cluster.shows(with_budget(status={"budget": said}))
    budgets.step(NOW + 2 * GAP_S)
    assert budgets.of("q").chip_hours == pytest.approx(100 + 8 * GAP_S / 3600)


def test_a_new_budget_is_counted_from_the_moment_it_is_seen():
    cluster = a_cluster(a_queue())
    budgets = Budgets(cluster.mirror)
    budgets.step(NOW)
    cluster.shows(with_budget())
    budgets.step(NOW + 0.1)
    budgets.step(NOW + 3.1)
    assert budgets.of("q").chip_hours == pytest.approx(8 * 3 / 3600)


def test_without_a_budget_nothing_is_counted():
    budgets = Budgets(a_cluster(a_queue()).mirror)
    budgets.step(NOW)
    assert budgets.of("q") is None


# --- what is told of it


def a_record(status=None, spent=None, **more):
    view = a_view("q", classes=())
    said = {"budget": Budget(10.0, Period.MONTH), "spent": spent, **more}
    return QueueRecord("uid-q", "q", "5", 2, view, json.dumps(status or {}).encode(), **said)


def told(record, hours):
    spent = Spent(SINCE, NOW, hours)
    sharing = Sharing({record.view.name: record.view}, {}, {}, {})
    writes = publish.tell_queue(record, Told(), NOW, sharing, (), spent)
    return writes[0].body["status"] if writes else {}


def over(status):
    return next((one["status"] for one in status["conditions"] if one["type"] == "OverBudget"), None)


def test_a_step_of_a_thousandth_is_told_and_less_is_not():
    first = told(a_record(), 1.0)
    assert first["budget"]["usedChipHours"] == "1"
    assert over(first) is None
    known = a_record(first, spent=Spent(SINCE, NOW, 1.0))
    assert told(known, 1.0099) == {}
    assert told(known, 1.01)["budget"]["usedChipHours"] == "1.01"


def test_a_spent_budget_is_a_condition_that_reaches_the_decisions_until_it_is_raised():
    status = told(a_record(), 10.0)
    assert over(status) == "True"
    assert "until 2027-02-01T00:00:00.000Z" in status["conditions"][-1]["message"]
    assert PROJECT["ChipQueue"](with_budget(status=status)).view.overspent
    assert not PROJECT["ChipQueue"](a_queue() | {"status": status}).view.overspent, "it has no budget any more"
    raised = a_record(status, spent=Spent(SINCE, NOW, 10.0), budget=Budget(20.0, Period.MONTH))
    assert over(told(raised, 10.0)) == "False"


def test_a_budget_that_is_taken_out_leaves_nothing_behind():
    status = told(a_record(), 10.0)
    gone = replace(a_record(status), budget=None)
    after = told(gone, 10.0)
    assert after["budget"] is None
    assert over(after) == "False"
