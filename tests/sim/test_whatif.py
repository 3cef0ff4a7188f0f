"""What becomes of whom, case by case, and what would happen anyway."""

from dataclasses import replace
from fractions import Fraction

import pytest

from chippool.core.ids import CHIP
from chippool.core.model import Mode
from chippool.core.whatif import AddChips, Ban, Grow, LoseChips, LoseNodes, SetClass, SetLimit, Submit
from chippool.sim.uses import uses
from chippool.sim.whatif import Fate, State, what_if
from tests.core.build import a_node, a_pool, a_queue, a_reserve, a_snapshot, a_variant, a_workload, an_access, nodes

NOW = 1000.0


def asked(snapshot, *changes):
    return what_if(snapshot, changes, NOW)


def fates(answer, *, due=None):
    return {one.name: one.fate.value for one in answer.outcomes if due is None or one.due_to_change is due}


def outcome(answer, name):
    return next(one for one in answer.outcomes if one.name == name)


def test_with_a_node_less_the_highest_goes_on_and_the_lowest_loses_its_chips():
    high = a_workload("high", "ads", on=("h800-000",))
    low = a_workload("low", "batch", on=("h800-001",))
    answer = asked(a_snapshot(nodes(2), [high, low]), LoseNodes(("h800-000",)))
    assert fates(answer, due=True) == {"high": "replaces", "low": "displaced"}
    assert outcome(answer, "low").then.state is State.WAITS
    assert outcome(answer, "low").why == "Displaced by ads work of queue team: its priority is higher."
    assert [node.name for node in answer.nodes_lost()] == ["h800-000"]


def test_a_gang_that_finds_no_other_node_waits_until_its_time_is_over():
    gang = a_workload("gang", replicas=2, on=("h800-000", "h800-001"), replace_timeout=60.0)
    (one,) = asked(a_snapshot(nodes(2), [gang]), LoseNodes(("h800-001",))).outcomes
    assert (one.fate, one.then.missing, one.then.until) == (Fate.LACKS_NODES, 1, NOW + 60.0)
    assert one.then.message.startswith("1 replica(s) wait for a node.")


def test_a_spare_replaces_a_lost_node():
    gang = a_workload("gang", replicas=2, on=("h800-000", "h800-001"))
    pool = a_pool(reserve=[a_reserve(8, "ads", spares=True)])
    answer = asked(a_snapshot(nodes(3), [gang], pools=[pool]), LoseNodes(("h800-001",)))
    assert fates(answer) == {"gang": "replaces"}
    assert answer.then.snapshot.workloads["ns/gang"].placed == ("h800-000", "h800-002")


def test_who_has_another_way_moves():
    mover = a_workload("mover", "train", a_variant("h800"), a_variant("h20"), on=("h800-000",))
    new = a_workload("new", "ads", created=NOW)
    answer = asked(a_snapshot([*nodes(1), *nodes(1, pool="h20")], [mover]), Submit(new))
    assert fates(answer, due=True) == {"new": "starts", "mover": "moves"}
    assert outcome(answer, "mover").then.pool_name == "h20"
    assert outcome(answer, "new").now.state is State.ABSENT


def test_elastic_work_shrinks_before_anybody_goes():
    elastic = a_workload("elastic", "batch", replicas=2, min_replicas=1, on=("h800-000", "h800-001"))
    answer = asked(a_snapshot(nodes(2), [elastic]), Submit(a_workload("new", "ads", created=NOW)))
    assert fates(answer) == {"new": "starts", "elastic": "shrinks"}
    assert (outcome(answer, "elastic").now.replicas, outcome(answer, "elastic").then.replicas) == (2, 1)


def test_with_more_chips_who_waited_starts_and_who_is_elastic_grows():
    elastic = a_workload("elastic", "ads", replicas=2, min_replicas=1, on=("h800-000",))
    waits = a_workload("waits", "batch", created=1.0)
    answer = asked(a_snapshot(nodes(1), [elastic, waits]), AddChips("h800", 16 * CHIP))
    assert fates(answer, due=True) == {"elastic": "grows", "waits": "starts"}


def test_a_service_that_grows_gets_what_is_free():
    service = a_workload("s", "ads", mode=Mode.SERVICE, min_replicas=1, on=("h800-000",))
    answer = asked(a_snapshot(nodes(3), [service]), Grow(("ns/s",), Fraction(3)))
    assert fates(answer) == {"s": "grows"}
    assert outcome(answer, "s").then.replicas == 3


def test_a_class_lets_who_waits_go_first():
    runs, waits = a_workload("runs", "train", on=("h800-000",)), a_workload("waits", "batch", created=1.0)
    answer = asked(a_snapshot(nodes(1), [runs, waits]), SetClass("ns/waits", "ads"))
    assert fates(answer, due=True) == {"waits": "starts", "runs": "displaced"}


def test_a_limit_keeps_new_work_out_and_leaves_what_runs():
    runs, waits = a_workload("runs", on=("h800-000",)), a_workload("waits", created=1.0)
    answer = asked(a_snapshot(nodes(2), [runs, waits]), SetLimit("team", "h800", 8 * CHIP))
    assert fates(answer) == {"runs": "runs", "waits": "waits"}
    assert outcome(answer, "waits").due_to_change
    assert outcome(answer, "waits").then.reason == "QueueLimit"
    assert outcome(answer, "waits").otherwise.state is State.RUNS


def test_with_a_ban_customers_give_back_what_they_have_and_go_on_where_they_may():
    queues = [a_queue("ours"), a_queue("theirs", external=True)]
    pools = [a_pool(pool, access=[an_access(), an_access(external=True)]) for pool in ("h20", "h800")]
    sold = a_workload("sold", "batch", on=("h800-000",), queue="theirs")
    moves = a_workload("moves", "batch", a_variant("h800"), a_variant("h20"), on=("h800-001",), queue="theirs")
    own = a_workload("own", "batch", on=("h800-002",), queue="ours")
    before = a_snapshot([*nodes(3), *nodes(1, pool="h20")], [sold, moves, own], pools=pools, queues=queues)
    answer = asked(before, Ban("h800"))
    assert fates(answer) == {"sold": "displaced", "moves": "moves", "own": "runs"}
    assert "are not resold to External queues any more" in outcome(answer, "sold").why


def test_what_happens_anyway_is_not_laid_at_the_change():
    waits, high = a_workload("waits", created=1.0), a_workload("high", "ads", created=2.0)
    low = a_workload("low", "batch", on=("h800-000",))
    answer = asked(a_snapshot([*nodes(1), *nodes(1, pool="h20")], [low, high, waits]), LoseChips("h20", 8 * CHIP))
    assert fates(answer, due=True) == {}
    assert fates(answer) == {"high": "starts", "low": "displaced", "waits": "waits"}


def test_a_place_in_the_order_alone_is_no_change():
    waits = [a_workload(f"w{i}", replicas=2, created=float(i)) for i in range(2)]
    answer = asked(
        a_snapshot(nodes(2), [a_workload("full", "ads", on=("h800-000",)), *waits]), SetClass("ns/w1", "serve")
    )
    assert fates(answer, due=True) == {}


@pytest.mark.parametrize("wanted", [Fate.SUSPENDED, Fate.ENDS])
def test_the_suspended_and_the_ended_are_told_apart(wanted):
    more = {"suspend": True} if wanted is Fate.SUSPENDED else {"max_runtime": 5.0}
    one = a_workload("one", on=("h800-000",), **more)
    assert [o.fate for o in asked(a_snapshot(nodes(1), [one])).outcomes] == [wanted]


def test_what_is_reserved_or_has_succeeded_counts_as_it_does_in_the_cluster():
    pinned = a_workload("pinned", replicas=2, on=("h800-000",), reserved=("h800-001",))
    done = a_workload("done", replicas=3, on=("h800-002",), succeeded=2)
    pinned = replace(pinned, assignment=replace(pinned.assignment, replicas=2))
    done = replace(done, assignment=replace(done.assignment, replicas=3))
    answer = asked(a_snapshot(nodes(3), [pinned, done]))
    assert fates(answer) == {"pinned": "runs", "done": "runs"}
    assert answer.then.rounds == 1


def test_replicas_on_a_node_that_is_not_there_any_more_are_lost():
    gang = a_workload("gang", replicas=2, on=("h800-000", "gone"))
    assert fates(asked(a_snapshot(nodes(2), [gang]))) == {"gang": "replaces"}


def test_pools_are_counted_by_class():
    runs = a_workload("runs", "ads", chips=6, on=("h800-000",))
    use = uses(a_snapshot([*nodes(1), a_node("cordoned", usable=False)], [runs]))["h800"]
    assert (use.nodes, use.installed, use.usable, use.free) == (2, 16 * CHIP, 8 * CHIP, 2 * CHIP)
    assert use.by_class == {"ads": 6 * CHIP}


def test_who_waits_and_can_no_longer_hope_is_told_so():
    runs, wide = a_workload("runs", on=("h800-000",)), a_workload("wide", replicas=2, created=1.0)
    answer = asked(a_snapshot(nodes(2), [runs, wide]), LoseNodes(("h800-001",)))
    assert fates(answer, due=True) == {"wide": "waits"}
    assert outcome(answer, "wide").then.reason == "ImpossibleSize"


def test_with_time_a_gang_that_lacks_a_node_gives_up_and_starts_elsewhere():
    gang = a_workload("gang", "train", a_variant("h800", 2), a_variant("h20", 2), on=("h800-000", "h800-001"))
    before = a_snapshot([*nodes(2), *nodes(2, pool="h20")], [gang])
    short = what_if(before, [LoseNodes(("h800-001",))], NOW, within=599.0)
    assert fates(short) == {"gang": "waitsForNodes"}
    (one,) = what_if(before, [LoseNodes(("h800-001",))], NOW, within=600.0).outcomes
    assert (one.fate, one.then.pool_name) == (Fate.MOVES, "h20")
    assert one.why.startswith("1 of its 2 replicas lost their node and could not be placed within")


def test_with_time_who_was_protected_goes():
    young = a_workload("young", "batch", on=("h800-000",), admitted_at=NOW - 10, min_runtime=60.0)
    wish = [Submit(a_workload("new", "ads", created=NOW))]
    before = a_snapshot(nodes(1), [young])
    assert fates(what_if(before, wish, NOW)) == {"new": "waits", "young": "runs"}
    assert fates(what_if(before, wish, NOW, within=50.0)) == {"new": "starts", "young": "displaced"}


def test_with_time_max_runtime_ends_what_runs_anyway():
    short, waits = a_workload("short", on=("h800-000",), max_runtime=2000.0), a_workload("waits", created=1.0)
    answer = what_if(a_snapshot(nodes(1), [short, waits]), [], NOW, within=3600.0)
    assert fates(answer, due=False) == {"short": "ends", "waits": "starts"}
