"""A queue past its budget scavenges: what nobody else waits for, given back at once, and nothing is killed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.budget import HOUR_S, Budget, Period, Spent, begun, ends, spent
from chippool.core.plan import Admit, Displace, Hold, Keep
from chippool.core.reasons import Reason
from tests.core.build import a_queue, a_workload, decide, decision_of, kinds, nodes

QUEUES = [a_queue("rich"), a_queue("poor", overspent=True), a_queue("child", parent="poor")]


def test_nothing_is_killed_while_nobody_else_waits_and_what_is_free_is_still_given():
    runs = a_workload("runs", queue="poor", on=["h800-000"])
    plan = decide(nodes(2), [runs, a_workload("new", queue="child")], queues=QUEUES)
    assert kinds(plan) == {"runs": "Keep", "new": "Admit"}


def test_it_gives_back_to_work_of_lower_priority_that_has_a_budget():
    runs = a_workload("runs", "ads", queue="child", on=["h800-000"])
    plan = decide(nodes(1), [runs, a_workload("cheap", "batch", queue="rich")], queues=QUEUES)
    assert isinstance(decision_of(plan, "cheap"), Admit)
    assert (type(decision_of(plan, "runs")), decision_of(plan, "runs").reason) == (Displace, Reason.SCAVENGED)


def test_it_comes_last_and_displaces_nobody_who_has_a_budget():
    low = a_workload("low", "batch", queue="rich", on=["h800-000"])
    plan = decide(nodes(1), [low, a_workload("high", "ads", queue="poor")], queues=QUEUES)
    assert isinstance(decision_of(plan, "low"), Keep)
    assert isinstance(decision_of(plan, "high"), Hold)


def test_within_its_budget_it_is_a_queue_like_any_other():
    low = a_workload("low", "batch", queue="rich", on=["h800-000"])
    plan = decide(nodes(1), [low, a_workload("high", "ads", queue="rich")], queues=QUEUES)
    assert decision_of(plan, "high").victims == ("ns/low",)


# --- what is spent


DAY = Budget(1.0, Period.DAY)
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC).timestamp()  # a Friday
NOON = MIDNIGHT + 12 * HOUR_S


@pytest.mark.parametrize(
    ("period", "first", "next_one"),
    [
        (Period.DAY, (2026, 11, 27), (2026, 11, 28)),
        (Period.WEEK, (2026, 11, 23), (2026, 11, 30)),
        (Period.MONTH, (2026, 11, 1), (2026, 12, 1)),
    ],
)
def test_periods_begin_at_midnight_utc_and_end_where_the_next_begins(period, first, next_one):
    since = begun(period, NOON)
    assert datetime.fromtimestamp(since, UTC) == datetime(*first, tzinfo=UTC)
    assert datetime.fromtimestamp(ends(period, since), UTC) == datetime(*next_one, tzinfo=UTC)


def test_counting_begins_when_a_budget_is_first_seen():
    assert spent(None, DAY, NOON, [(8_000, MIDNIGHT)]) == Spent(MIDNIGHT, NOON)


def test_eight_chips_for_half_an_hour_are_four_chip_hours():
    after = spent(Spent(MIDNIGHT, NOON), DAY, NOON + HOUR_S / 2, [(8_000, NOON)])
    assert after.chip_hours == 4.0
    assert after.is_beyond(DAY)


def test_what_was_admitted_since_is_counted_from_its_admission():
    after = spent(Spent(MIDNIGHT, NOON, 1.0), DAY, NOON + HOUR_S, [(2_000, NOON - 99), (4_000, NOON + HOUR_S / 2)])
    assert after.chip_hours == 1.0 + 2.0 + 2.0


def test_a_new_period_begins_at_nothing_and_counts_from_its_midnight():
    after = spent(Spent(MIDNIGHT - 24 * HOUR_S, MIDNIGHT - HOUR_S, 500.0), DAY, MIDNIGHT + HOUR_S, [(2_000, 0.0)])
    assert after == Spent(MIDNIGHT, MIDNIGHT + HOUR_S, 2.0)


@given(
    st.lists(st.floats(0, 20_000), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 64_000), st.floats(0, 20_000)), max_size=5),
)
def test_however_often_it_is_counted_the_sum_is_the_same(moments, held):
    """A leader that takes over counts on from where the last one stopped."""
    start = Spent(MIDNIGHT, MIDNIGHT)
    holdings = [(chips, MIDNIGHT + at) for chips, at in held]
    last, step = MIDNIGHT + max(moments), start
    for moment in sorted(moments):
        step = spent(step, DAY, MIDNIGHT + moment, holdings)
    assert step.chip_hours == pytest.approx(spent(start, DAY, last, holdings).chip_hours, abs=1e-6)
