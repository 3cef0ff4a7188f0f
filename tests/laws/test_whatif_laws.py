"""What if, whatever the cluster: nothing changed means nothing comes of it, and no chip is given twice on the way."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.ids import CHIP
from chippool.core.model import Mode
from chippool.core.plan import Hold, Keep
from chippool.core.whatif import AddChips, Grow, LoseChips, LoseNodes, SetClass, Submit, changed
from chippool.sim.settled import settled
from chippool.sim.uses import uses
from chippool.sim.whatif import Fate, State, what_if
from tests.core.build import a_workload
from tests.laws.clusters import CLASSES, POOLS, snapshots

NOW = 1000.0
_PART, _MORE = st.integers(0, 40), st.integers(1, 24)


@st.composite
def changes(draw, snapshot):
    keys = sorted(snapshot.workloads)
    services = tuple(key for key in keys if snapshot.workloads[key].mode is Mode.SERVICE)
    there = st.lists(st.sampled_from(sorted(snapshot.nodes)), unique=True) if snapshot.nodes else st.just([])
    found = [
        LoseNodes(tuple(draw(there))),
        LoseChips(draw(st.sampled_from(POOLS)), draw(_PART) * CHIP),
        AddChips(draw(st.sampled_from(POOLS)), draw(_MORE) * CHIP),
        Grow(services, Fraction(draw(st.integers(1, 6)), 2)),
        Submit(a_workload("new", draw(st.sampled_from(CLASSES)), created=NOW, queue="a")),
        SetClass(draw(st.sampled_from(keys)), draw(st.sampled_from(CLASSES))) if keys else LoseNodes(()),
    ]
    chosen = draw(st.sets(st.integers(0, len(found) - 1)))
    return [change for at, change in enumerate(found) if at in chosen]


@st.composite
def cases(draw):
    snapshot = draw(snapshots())
    return snapshot, draw(changes(snapshot))


@given(snapshots())
def test_no_change_comes_to_what_happens_anyway(snapshot):
    answer = what_if(snapshot, [], NOW)
    assert not any(one.due_to_change for one in answer.outcomes)
    assert {one.key: one.then for one in answer.outcomes} == {one.key: one.otherwise for one in answer.outcomes}


@given(snapshots())
def test_a_change_that_changes_nothing_comes_to_nothing(snapshot):
    same = [SetClass(key, one.class_name) for key, one in snapshot.workloads.items()]
    answer = what_if(snapshot, [*same, LoseNodes(()), Grow((), Fraction(3))], NOW)
    assert not any(one.due_to_change for one in answer.outcomes)


@given(snapshots(), st.sampled_from(POOLS), _MORE)
def test_what_is_added_and_lost_again_was_never_there(snapshot, pool, chips):
    more = changed(snapshot, [AddChips(pool, chips * CHIP)], NOW)
    new = tuple(sorted(more.nodes.keys() - snapshot.nodes.keys()))
    assert changed(more, [LoseNodes(new)], NOW) == snapshot


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_changes_are_named_makes_no_difference(case, chance):
    snapshot, wanted = case
    other = [*wanted]
    chance.shuffle(other)
    assert changed(snapshot, other, NOW) == changed(snapshot, wanted, NOW)


@given(snapshots(), st.sampled_from(POOLS), _PART, _PART)
def test_who_loses_more_loses_the_same_nodes_and_others(snapshot, pool, few, more):
    small, large = (changed(snapshot, [LoseChips(pool, chips * CHIP)], NOW) for chips in sorted((few, more)))
    assert small.nodes.keys() >= large.nodes.keys()


@given(cases())
def test_it_comes_to_rest_with_every_chip_given_once_and_nobody_on_a_node_that_is_gone(case):
    snapshot, wanted = case
    answer = what_if(snapshot, wanted, NOW)
    assert answer.then.at_rest
    assert all(isinstance(decision, Hold | Keep) for decision in answer.then.plan.decisions)
    held, then = Counter(), answer.then.snapshot
    for one in then.workloads.values():
        for node in one.placed:
            held[node] += next(v for v in one.variants if v.name == one.assignment.variant).ask.chips
    for name, node in then.nodes.items():
        assert node.free == node.allocatable - held.pop(name, 0)
        assert node.free >= 0
        assert min(node.room.values()) >= 0
    assert not +held
    assert all(use.installed >= sum(use.by_class.values()) for use in uses(then).values())


@given(cases())
def test_every_fate_fits_where_it_stands(case):
    for one in what_if(*case, NOW).outcomes:
        assert (one.fate in {Fate.DISPLACED, Fate.WAITS}) == (one.then.state is State.WAITS)
        assert (one.fate is Fate.LACKS_NODES) <= (one.then.state is State.LACKS_NODES)
        assert (one.fate is Fate.DISPLACED) <= (one.now.state in {State.RUNS, State.LACKS_NODES})
        assert (one.fate is Fate.WAITS) <= (one.now.state not in {State.RUNS, State.LACKS_NODES})


@given(cases())
def test_the_same_question_has_the_same_answer(case):
    snapshot, wanted = case
    assert what_if(snapshot, wanted, NOW).outcomes == what_if(snapshot, wanted, NOW).outcomes
    assert settled(snapshot, NOW).snapshot == settled(snapshot, NOW).snapshot
