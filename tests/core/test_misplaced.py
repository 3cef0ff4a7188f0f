"""Who sits on a scarce chip and has room elsewhere: only where all of it fits, it may go there, and all gain."""

import pytest

from chippool.core.constraints import Constraints
from chippool.core.misplaced import misplaced
from tests.core.build import a_node, a_pool, a_queue, a_snapshot, a_variant, a_workload, an_access

SCARCE = {"h800": 0.1, "npu": 0.0}
ROOM = (a_node("npu1", pool="npu"),)
PICKY = Constraints(node_selector=(("rack", "r9"),))


def found(*ways, pools=None, room=ROOM, prices=None, queues=None, **spec):
    """One workload on the only H800 node, its other ways, and what there is of the other pool."""
    others = ways or (a_variant("npu", speed=0.5),)
    runs = a_workload("runs", "train", a_variant("h800"), *others, on=["n1"], **spec)
    snapshot = a_snapshot([a_node("n1"), *room], [runs], pools or [a_pool(), a_pool("npu")], queues)
    return misplaced(snapshot, SCARCE if prices is None else prices)


def test_it_would_free_its_chips_and_be_slower_and_all_would_gain():
    (one,) = found()
    assert (one.pool, one.to_pool, one.freed, one.slower) == ("h800", "npu", 8000, 0.5)
    assert one.gain == pytest.approx(8 * 0.1 - 0.5)


def test_of_several_ways_the_one_by_which_all_gain_most_is_named():
    (one,) = found(a_variant("npu", speed=0.5), a_variant("npu", name="small", speed=0.6, chips=4))
    assert one.to_variant == "small"


@pytest.mark.parametrize(
    "case",
    [
        {"prices": {"h800": 0.0}},
        {"prices": {"h800": 0.06}},
        {"prices": {"h800": 0.1, "npu": 0.1}},
        {"room": ()},
        {"room": (a_node("npu1", pool="npu", chips=4),)},
        {"room": (a_node("npu1", pool="npu", usable=False),)},
        {"room": (a_node("npu1", pool="npu", leaving=8),)},
        {"room": (a_node("npu1", pool="npu", cpu=0),)},
        {"pools": [a_pool(), a_pool("npu", access=(an_access(["ads"]),))]},
        {"stays_put": True},
        {"finished": True},
    ],
)
def test_who_nobody_waits_for_who_finds_no_room_or_may_not_go_is_not_named(case):
    assert found(**case) == []


def test_a_queue_below_a_customers_may_go_where_customers_may_and_nowhere_else():
    queues = [a_queue("customer", external=True), a_queue("team", parent="customer")]
    assert found(queues=queues) == []
    assert found(queues=queues, pools=[a_pool(), a_pool("npu", access=(an_access(external=True),))])


def test_all_replicas_must_fit_where_they_may_be():
    assert found(a_variant("npu", speed=0.9, replicas=2)) == []
    assert found(a_variant("npu", speed=0.9, replicas=2), room=(*ROOM, a_node("npu2", pool="npu")))
    assert found(a_variant("npu", speed=0.9, constraints=PICKY)) == []
