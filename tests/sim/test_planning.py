"""Jobs under the operator's own plans."""

import pytest

from chippool.sim.planning import Planner
from chippool.sim.rounds import run
from tests.sim.jobs_build import HOUR, a_job, pools


def hours(jobs, chips, planner=None):
    world = run(jobs, chips, (planner or Planner()).policy(), frozenset(job.key for job in jobs))
    return {one.job.key: pytest.approx(one.seconds / HOUR) for one in world.ended}, world


def test_a_gang_starts_once_all_its_chips_are_free():
    found, _ = hours([a_job("one"), a_job("two", chips=2)], pools(fast=2))
    assert found == {"one": 1.0, "two": 1.0 + 1.0}


def test_a_chip_is_left_to_the_job_that_runs_nowhere_else():
    found, _ = hours([a_job("either", fast=1.0, slow=0.5), a_job("picky", fast=1.0)], pools(fast=1, slow=1))
    assert found == {"picky": 1.0, "either": 1.0 + 0.5}


def test_jobs_swap_once_each_has_had_its_place_for_an_hour():
    """`b` comes when only the slow chip is left; an hour later the fast one does more for it than for `a`."""
    a, b = a_job("a", hours=4, fast=1.0, slow=0.95), a_job("b", arrival=0.1, hours=4, fast=1.0, slow=0.1)
    _, world = hours([a, b], pools(fast=1, slow=1))
    assert {one.job.key: one.moves for one in world.ended} == {"a": 1, "b": 1}
    _, world = hours([a, b], pools(fast=1, slow=1), Planner(saves=float("inf")))
    assert sum(one.moves for one in world.ended if one.job.key == "a") == 0


def test_higher_priority_displaces_after_the_hour_and_the_other_goes_on_where_it_was():
    low, high = a_job("low", hours=2), a_job("high", arrival=0.5, hours=1, priority=1)
    found, world = hours([low, high], pools(fast=1))
    assert found == {"high": 0.5 + 1.0, "low": 1.0 + 1.0 + 1.0}
    assert world.longest_wait == HOUR
