"""Sums that are kept up are what a recount gives, whatever comes and goes in whichever order."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.ids import ClassName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import Assignment, Displaced
from chippool.core.reasons import Reason
from chippool.state.tallies import Tallies, state_of, waits_since
from tests.loop.builders import a_workload

GIVEN = Assignment(VariantName("h800"), PoolName("h800"), 2, 100.0)
LOST = Displaced(50.0, Reason.PREEMPTED, None, 1, 0, 1)

views = st.builds(
    lambda name, **changes: replace(a_workload(name), key=WorkloadKey(f"team/{name}"), **changes),
    st.sampled_from("abc"),
    queue=st.sampled_from([QueueName("research"), QueueName("ads")]),
    class_name=st.sampled_from([ClassName("batch"), ClassName("revenue")]),
    created=st.sampled_from([10.0, 20.0, 60.0]),
    assignment=st.sampled_from([None, GIVEN]),
    displaced=st.sampled_from([None, LOST]),
    suspend=st.booleans(),
    finished=st.booleans(),
    deleting=st.booleans(),
    ready=st.integers(0, 2),
    succeeded=st.integers(0, 2),
)


@given(st.lists(st.tuples(views, st.booleans()), max_size=12))
def test_tallies_are_what_a_recount_gives(changes):
    tallies, there = Tallies(), {}
    for view, gone in changes:
        after = None if gone else view
        tallies.replace(there.pop(view.key, None), after)
        if after is not None:
            there[view.key] = after
    fresh = Tallies()
    for view in there.values():
        fresh.replace(None, view)
    assert +tallies.workloads == Counter((w.queue, w.class_name, state_of(w)) for w in there.values())
    assert +tallies.chips == +fresh.chips
    assert min(tallies.chips.values(), default=0) >= 0
    waiting = [w for w in there.values() if state_of(w) == "pending" and not w.deleting]
    assert tallies.longest() == {
        queue: min(waits_since(w) for w in waiting if w.queue == queue) for queue in {w.queue for w in waiting}
    }
