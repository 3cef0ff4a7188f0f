"""When work that waits is expected to start: what is ahead of it, what experience makes of that, and the laws."""

from dataclasses import replace
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.backlog import Prospect, prospects
from chippool.core.eta import KEPT, NEEDED, SHORTEST, Case, Errors, Eta, Experience, expected, row
from chippool.core.experience import noted, passed
from tests.core.build import a_node, a_queue, a_snapshot, a_variant, a_workload, nodes

HOUR = 3600.0
RUNS = {"train/Gang": (HOUR,)}


def a_prospect(name="ns/w", **more):
    known = {"backlog": HOUR, "running": HOUR, "oldest": HOUR, "typical": HOUR, "ahead": 1, "waited": 0.0}
    sizes = {"chips": 8.0, "each": 8.0, "pools": 1, "above": 0.0, "whole": True}
    return Prospect(name, "train", "team", **{**known, **sizes, **more})


def a_case(at, wait, *, guess=0.0, **more):
    return Case(at, "train", "team", row(a_prospect(**more)), guess, wait)


def of(*waits, going_on=(), guess=HOUR):
    """Experience of waits one hour apart, all thought to last so long; `going_on` began at those times."""
    ended = tuple(a_case(n * HOUR, wait, guess=log(guess)) for n, wait in enumerate(waits))
    return Experience(ended, {f"u{n}": a_case(at, None, guess=log(guess)) for n, at in enumerate(going_on)})


def eta_of(experience, now=100 * HOUR, **more):
    return expected(experience, [a_prospect(**more)], now).get("ns/w")


# --- what is ahead


def ahead(fleet, running, waiting, asked="ns/me", now=0.0, runs=RUNS, **more):
    snapshot = a_snapshot(fleet, [*running, *waiting], **more)
    (found,) = prospects(snapshot, [one.key for one in waiting], {asked}, runs, now)
    return found


def test_work_ahead_is_counted_in_seconds_of_all_the_chips_of_the_pool():
    runs, first, me = a_workload("runs", on=["h800-000"]), a_workload("first"), a_workload("me")
    found = ahead(nodes(2), [runs], [first, me])
    assert (found.running, found.backlog, found.ahead) == (HOUR / 2, HOUR, 1)


def test_what_has_run_for_a_while_is_expected_to_run_less():
    runs = a_workload("runs", on=["h800-000"], admitted_at=0.0)
    found = ahead(nodes(1), [runs], [a_workload("me")], now=HOUR / 4)
    assert found.running == HOUR * 3 / 4


def test_lower_classes_are_in_nobodys_way():
    runs = a_workload("runs", "batch", on=["h800-000"])
    assert ahead(nodes(1), [runs], [a_workload("me")]).backlog == 0.0


def test_the_limit_of_its_queue_is_counted_as_well_as_the_pool():
    runs = a_workload("runs", on=["h800-000"])
    found = ahead(nodes(4), [runs], [a_workload("me")], queues=[a_queue(limits={"h800": 8})])
    assert found.backlog == HOUR


def test_it_goes_where_least_is_ahead_of_it():
    runs = a_workload("runs", on=["h800-000"])
    me = a_workload("me", "train", replace(runs.variants[0], pools=("h800", "h20")))
    found = ahead([*nodes(1), a_node("h20-1", pool="h20")], [runs], [me])
    assert (found.backlog, found.pools) == (0.0, 2)


# --- what experience makes of it


def test_a_gang_asks_for_the_replicas_that_its_variant_has():
    gang = a_workload("me", "train", a_variant(replicas=4, chips=2), replicas=2)
    assert ahead(nodes(1), [], [gang]).chips == 8
    assert ahead(nodes(1), [], [replace(gang, min_replicas=3)]).chips == 6


def test_nothing_is_said_while_few_have_waited():
    assert eta_of(of(*[HOUR] * (NEEDED - 1))) is None


def test_it_is_expected_to_wait_as_long_as_the_like_did():
    found = eta_of(of(*[3 * HOUR] * 40, guess=3 * HOUR))
    assert found.start == pytest.approx(103 * HOUR, rel=0.01)


def test_who_has_waited_for_long_waits_at_least_as_long_as_that():
    found = eta_of(of(*[HOUR, 5 * HOUR] * 20, guess=5**0.5 * HOUR), waited=2 * HOUR)
    assert found.low > 100 * HOUR
    assert found.start == pytest.approx(103 * HOUR, rel=0.05)


def test_who_has_waited_longer_than_anybody_is_expected_to_wait_on():
    found = eta_of(of(*[HOUR] * 20), waited=50 * HOUR)
    assert 100 * HOUR < found.low <= found.start < found.high


def test_those_who_still_wait_count_as_slow():
    fast = of(*[HOUR] * 20)
    slow = of(*[HOUR] * 20, going_on=[20 * HOUR + n for n in range(20)])
    assert eta_of(slow).start > eta_of(fast).start


WAITS = st.lists(st.floats(SHORTEST, 100 * HOUR), min_size=NEEDED, max_size=40)


@given(WAITS, st.lists(st.floats(0.0, 100 * HOUR), max_size=10), st.floats(0.0, 50 * HOUR), st.floats(0.0, HOUR))
def test_the_interval_contains_the_prediction_and_begins_no_earlier_than_now(waits, going_on, backlog, waited):
    found = eta_of(of(*waits, going_on=going_on), backlog=backlog, waited=waited)
    assert isinstance(found, Eta)
    assert 100 * HOUR <= found.low <= found.start <= found.high < float("inf")


@given(WAITS, st.lists(st.floats(0.0, 100 * HOUR), max_size=10), st.randoms(use_true_random=False))
def test_the_order_in_which_experience_is_kept_makes_no_difference(waits, going_on, chance: Random):
    known = of(*waits, going_on=going_on)
    ended, waiting = [*known.ended], [*known.waiting.items()]
    chance.shuffle(ended)
    chance.shuffle(waiting)
    assert eta_of(Experience(tuple(ended), dict(waiting))) == eta_of(known)


@given(WAITS, st.lists(st.floats(0.0, 99 * HOUR), min_size=1, max_size=10), st.floats(1.0, 50 * HOUR))
def test_waits_that_go_on_for_longer_never_move_a_start_earlier(waits, going_on, more):
    known = of(*waits, going_on=going_on)
    cases = sorted([*known.ended, *known.waiting.values()], key=lambda case: case.at)
    now, later = (Errors(cases, 100 * HOUR + passed_by).spread(-100.0) for passed_by in (0.0, more))
    assert all(after >= before - 1e-9 for before, after in zip(now, later, strict=True))


# --- how it is learnt


def test_a_wait_is_known_once_the_chips_are_given():
    waits = a_workload("me", created=100.0)
    known = noted(Experience(), [a_prospect("ns/me", waited=20.0)], {"ns/me": waits}, 120.0)
    assert known.waiting[waits.uid].at == 100.0
    runs = a_workload("me", created=100.0, on=["n1"], admitted_at=400.0)
    known = passed(known, {"ns/me": waits}, {"ns/me": runs}, 500.0)
    assert ([case.wait for case in known.ended], known.waiting) == ([300.0], {})


def test_who_is_deleted_while_it_waits_teaches_nothing():
    waits = a_workload("me")
    known = noted(Experience(), [a_prospect("ns/me")], {"ns/me": waits}, 0.0)
    assert passed(known, {"ns/me": waits}, {}, 500.0) == Experience()


def test_how_long_a_kind_ran_is_known_once_it_has_ended_and_not_when_it_was_displaced():
    runs = a_workload("me", on=["n1"], admitted_at=400.0)
    assert passed(Experience(), {"ns/me": runs}, {}, 500.0).runs == {"train/Gang": (100.0,)}
    displaced = a_workload("me")
    assert passed(Experience(), {"ns/me": runs}, {"ns/me": displaced}, 500.0) == Experience()


def test_what_is_remembered_is_bounded():
    crowd = {f"ns/{n}": a_workload(f"{n}", created=float(n)) for n in range(3 * KEPT)}
    told = [a_prospect(key, waited=5000.0 - one.created) for key, one in crowd.items()]
    known = noted(Experience(), told, crowd, 5000.0)
    assert KEPT / 2 < len(known.waiting) <= KEPT
    runs = {key: replace(one, assignment=a_workload(on=["n"]).assignment) for key, one in crowd.items()}
    known = passed(replace(known, ended=(a_case(0.0, 1.0),) * KEPT), crowd, runs, 6000.0)
    assert len(known.ended) == KEPT
