"""Rule 6: whom a claim may take, told for all tenants at once."""

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.claim import Claim, Takes, may_take
from chippool.core.constraints import Constraints
from chippool.core.ids import QueueName, WorkloadKey
from chippool.core.model import Ask
from chippool.core.roll import Roll
from chippool.core.tenant import GUARANTEED, WHOLE, Tenant

_PATHS = [(), (0,), (1,), (0, 2), (0, 3), (1, 4), (0, 2, 5), (0, 2, 6), (0, 3, 7)]
"""Ways down a small tree; the last number of each stands for one queue."""
_KEYS = [WorkloadKey(f"team/w{i}") for i in range(4)]
_ASK = Ask(1000, (), Constraints())


@st.composite
def tenants(draw):
    path = draw(st.sampled_from(_PATHS))
    key = draw(st.sampled_from(_KEYS))
    priority, external, scavenges, fixed = (
        draw(s) for s in (st.integers(0, 2), st.booleans(), st.booleans(), st.booleans())
    )
    loan = draw(st.sampled_from([GUARANTEED, *range(max(len(path), 1))]))
    index = draw(st.sampled_from([WHOLE, 3]))
    return Tenant(
        key, priority, 0.0, key, QueueName("q"), _ASK, 1000, {0: 1}, {},
        path=path, external=external, scavenges=scavenges, fixed=fixed, loan=loan, index=index,
    )  # fmt: skip


@st.composite
def claims(draw):
    path = draw(st.sampled_from(_PATHS))
    within = (
        draw(st.sampled_from([(), (True,), tuple(draw(st.booleans()) for _ in path)]))
        if path
        else draw(st.sampled_from([(), (True,)]))
    )
    return Claim(
        draw(st.integers(0, 2)),
        path,
        within,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.frozensets(st.sampled_from(_KEYS), max_size=2)),
        draw(st.sampled_from(Takes)),
    )


def roll_of(tenants):
    for rank, tenant in enumerate(tenants):
        tenant.rank = rank
    return Roll(tenants)


@given(st.lists(tenants(), max_size=8), st.lists(claims(), min_size=1, max_size=4))
def test_the_roll_tells_for_each_tenant_what_the_law_tells_for_one(ranked, asked):
    roll = roll_of(ranked)
    for claim in asked:
        assert roll.taken(claim).tolist() == [may_take(claim, tenant) for tenant in ranked]


@given(st.lists(tenants(), max_size=8), claims())
def test_within_no_guarantee_nobody_may_be_taken_but_who_is_lower_or_scavenges(ranked, claim):
    roll = roll_of(ranked)
    if not any(claim.within):
        assert not (roll.taken(claim) & ~roll.lower(claim.priority)).any()


@given(
    st.lists(tenants(), min_size=8, max_size=8),
    claims(),
    st.lists(st.tuples(st.integers(0, 7), st.booleans(), st.integers(0, 99)), max_size=300),
)
def test_what_they_hold_together_is_what_a_recount_says_whoever_came_and_went(ranked, claim, moves):
    roll = roll_of(ranked)
    taken = roll.taken(claim)
    held, charged = roll.total(taken), roll.charged(taken)
    for rank, there, asked in moves:
        roll.mark(rank, there=there)
        if not asked:  # else there are many to catch up with
            recount = sum(1000 for of in range(8) if taken[of] and roll.there[of])
            assert held.now() == charged.now() == recount
    assert held.now() == sum(1000 for of in range(8) if taken[of] and roll.there[of])
