"""What is asked for is kept up as a recount gives it, whatever comes and goes in whichever order."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.capacity import Purpose
from chippool.core.ids import ClassName, PoolName, VariantName, WorkloadKey
from chippool.core.model import Assignment
from chippool.state.asked import AskedSums
from tests.loop.builders import a_workload

GIVEN = Assignment(VariantName("h800"), PoolName("h800"), 1, 100.0)

views = st.builds(
    lambda name, **changes: replace(a_workload(name), key=WorkloadKey(f"team/{name}"), **changes),
    st.sampled_from("abc"),
    class_name=st.sampled_from([ClassName("batch"), ClassName("revenue")]),
    assignment=st.sampled_from([None, GIVEN]),
    suspend=st.booleans(),
    finished=st.booleans(),
    deleting=st.booleans(),
    succeeded=st.integers(0, 2),
)
purposes = st.sampled_from(Purpose)


@given(st.lists(st.tuples(views, purposes, st.booleans()), max_size=12))
def test_the_sums_are_what_a_recount_gives(changes):
    sums, there = AskedSums(), {}
    for view, purpose, gone in changes:
        there.pop(view.key, None)
        if gone:
            sums.forget(view.key)
        else:
            sums.note(view, purpose)
            there[view.key] = view, purpose
    recounted = Counter()
    for view, purpose in there.values():
        if not (view.finished or view.deleting or view.suspend):
            variant = view.variants[0]
            left = max(0, variant.replicas - view.succeeded)
            recounted[variant.pools[0], view.class_name, purpose] += left * variant.ask.chips
    assert sums.all() == {series: chips for series, chips in recounted.items() if chips}
