"""Export status and resale: who gets chips that are not resold any more, and who gives them back when."""

from dataclasses import replace

import pytest

from chippool.core.cycle import schedule
from chippool.core.model import Mode
from chippool.core.plan import Admit, Displace, Hold, Keep, Place
from chippool.core.reasons import Reason
from chippool.core.supply import Export, Order, Supply, resale_of, stock_of
from tests.core.build import (
    a_pool,
    a_queue,
    a_reserve,
    a_snapshot,
    a_variant,
    a_workload,
    an_access,
    decision_of,
    kinds,
    nodes,
)

NOW, GRACE = 1000.0, 2000.0
ACCESS = [an_access(), an_access(external=True, scavenge=True)]
BANNED = Supply(owned=16, export=Export.BANNED, grace_until=GRACE)
QUEUES = [a_queue("team"), a_queue("customers", external=True), a_queue("one", parent="customers")]


def pool(supply, **more):
    return replace(a_pool(access=ACCESS, **more), resale=resale_of(supply))


def decide(supply, *workloads, now=NOW, fleet=None, **more):
    snapshot = a_snapshot(
        fleet or nodes(2), workloads, pools=[pool(supply, **more), a_pool("h20", access=ACCESS)], queues=QUEUES
    )
    return schedule(snapshot, now)


def external(name="sold", *variants, **more):
    return a_workload(name, "batch", *variants, queue="one", **more)


def test_nothing_new_of_a_banned_pool_is_given_to_customers_and_what_runs_runs_on_until_the_grace_is_over():
    plan = decide(BANNED, external(on=["h800-000"]), external("new"), a_workload("own"))
    assert kinds(plan) == {"sold": "Keep", "new": "Hold", "own": "Admit"}
    assert decision_of(plan, "new").reason is Reason.RESALE_ENDED
    assert "spec.supply.export is Banned" in decision_of(plan, "new").message
    assert plan.wake == GRACE


def test_at_the_end_of_the_grace_customers_give_back_and_nobody_else_does():
    plan = decide(BANNED, external(on=["h800-000"]), a_workload("own", "batch", on=["h800-001"]), now=GRACE)
    gone = decision_of(plan, "sold")
    assert (type(gone), gone.reason, gone.by) == (Displace, Reason.RESALE_ENDED, None)
    assert "spec.supply.graceUntil has passed" in gone.message
    assert isinstance(decision_of(plan, "own"), Keep)


def test_what_was_given_back_waits_or_goes_on_in_another_pool():
    both = (a_variant(), a_variant("h20"))
    fleet = [*nodes(1), *nodes(1, pool="h20")]
    plan = decide(BANNED, external("sold", *both), now=GRACE, fleet=fleet)
    assert decision_of(plan, "sold").pool == "h20"


def test_a_rescission_undoes_it():
    lifted = replace(BANNED, export=Export.LICENCE_REQUIRED)
    plan = decide(lifted, external(on=["h800-000"]), external("new"), now=GRACE)
    assert kinds(plan) == {"sold": "Keep", "new": "Admit"}
    assert plan.wake is None


def test_without_resale_customers_get_nothing_new_and_keep_what_they_have():
    plan = decide(Supply(owned=16, resale=False), external(on=["h800-000"]), external("new"), now=GRACE * 10)
    assert kinds(plan) == {"sold": "Keep", "new": "Hold"}
    assert "spec.supply.resale is false" in decision_of(plan, "new").message


def test_customers_do_not_grow_in_a_pool_that_is_not_resold():
    elastic = external("sold", a_variant(replicas=2), on=["h800-000"], replicas=2, min_replicas=1, mode=Mode.SERVICE)
    assert isinstance(decision_of(decide(BANNED, elastic), "sold"), Keep)
    assert not isinstance(decision_of(decide(None, elastic), "sold"), Keep)


def test_customers_lose_what_they_scavenge_during_the_grace_as_before():
    plan = decide(BANNED, external(on=["h800-000"]), a_workload("own", "batch", replicas=2))
    assert decision_of(plan, "own").victims == ("ns/sold",)


@pytest.mark.parametrize("supply", [None, BANNED])
def test_spares_of_a_banned_pool_are_kept_from_new_work_of_every_class(supply):
    reserve = [a_reserve(8, "batch", spares=True)]
    plan = decide(supply, a_workload("own", "ads", replicas=2), reserve=reserve)
    assert type(decision_of(plan, "own")) is (Hold if supply else Admit)
    if supply:
        assert decision_of(plan, "own").reason is Reason.RESERVED
        assert "replicas that lose their node" in decision_of(plan, "own").message


def test_spares_of_a_banned_pool_replace_lost_replicas_of_any_class():
    gang = a_workload("gang", "batch", replicas=2, on=["h800-000"])
    short = replace(gang, assignment=replace(gang.assignment, replicas=2), missing=1, short_since=NOW)
    plan = decide(BANNED, short, a_workload("new", "batch", created=1.0), reserve=[a_reserve(8, "batch", spares=True)])
    assert isinstance(decision_of(plan, "gang"), Place)
    assert isinstance(decision_of(plan, "new"), Hold)


ORDERED = Supply(owned=10, on_order=(Order(1600, 0.0), Order(400, 0.0)), licence=0.25)


@pytest.mark.parametrize(
    ("export", "arriving", "replaced"),
    [(Export.UNRESTRICTED, 2000.0, True), (Export.LICENCE_REQUIRED, 500.0, True), (Export.BANNED, 0.0, False)],
)
def test_orders_count_at_the_probability_of_the_export_status(export, arriving, replaced):
    supply = replace(ORDERED, export=export)
    assert stock_of(supply, 8_000, 8_000).arriving == arriving
    assert supply.replaced is replaced


def test_the_stock_says_what_is_in_repair_lost_and_unowned():
    stock = stock_of(Supply(owned=10), 8_000, 6_000)
    assert (stock.in_repair, stock.lost, stock.unowned) == (2_000, 2_000, 0)
    assert stock_of(Supply(owned=4), 8_000, 8_000).unowned == 4_000
