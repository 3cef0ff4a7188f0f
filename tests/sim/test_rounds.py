import pytest

from chippool.sim.choosing import Chooser, PolicyName, Rules, Serving, chooser, fifo
from chippool.sim.figures import figures
from chippool.sim.rounds import Policy, run
from tests.sim.jobs_build import HOUR, a_job, pools

FIFO = Policy(fifo)


def run_all(jobs, chips, policy=FIFO):
    return run(jobs, chips, policy, frozenset(job.key for job in jobs))


def hours_of(world):
    return {one.job.key: pytest.approx(one.seconds / HOUR) for one in world.ended}


def test_a_job_starts_with_the_next_round_and_ends_at_its_moment():
    world = run_all([a_job("a", arrival=0.01, hours=1.25)], pools(fast=1))
    assert hours_of(world) == {"a": 0.09 + 1.25}


def test_a_chip_is_free_again_from_the_next_round_on():
    world = run_all([a_job("a", hours=0.95), a_job("b", hours=1.0)], pools(fast=1))
    assert hours_of(world) == {"a": 0.95, "b": 1.0 + 1.0}


def test_a_job_is_as_fast_as_the_chip_it_is_on():
    jobs = [a_job("a", fast=1.0, slow=0.5), a_job("b", fast=1.0, slow=0.5)]
    world = run_all(jobs, pools(fast=1, slow=1), Policy(fifo))
    assert hours_of(world) == {"a": 1.0, "b": 1.0 + 0.5}
    assert {one.job.key: one.moves for one in world.ended} == {"a": 0, "b": 1}


def test_deciding_less_often_makes_jobs_wait_for_their_turn():
    world = run_all([a_job("a", arrival=0.05)], pools(fast=1), Policy(fifo, every=700))
    assert hours_of(world) == {"a": 0.15 + 1.0}


def test_a_gang_waits_until_all_its_chips_are_free():
    world = run_all([a_job("one"), a_job("two", chips=2)], pools(fast=2))
    assert hours_of(world) == {"one": 1.0, "two": 1.0 + 1.0}
    assert world.longest_wait == HOUR


def test_a_policy_that_gives_a_chip_twice_is_caught():
    with pytest.raises(AssertionError, match="more chips than there are"):
        run_all([a_job("a"), a_job("b")], pools(fast=1), Policy(lambda scene: {o.job.key: "fast" for o in scene.live}))


def test_the_others_go_on_arriving_while_the_measured_ones_run():
    jobs = [a_job("a", hours=2), a_job("b", arrival=1, hours=1)]
    world = run(jobs, pools(fast=1), FIFO, frozenset({"a"}))
    assert [one.job.key for one in world.ended] == ["a"]
    assert world.longest_wait == HOUR


def test_the_figures_are_those_of_the_measured_jobs():
    jobs = [a_job("a", hours=1), a_job("b", hours=1), a_job("c", hours=5)]
    found = figures(run_all(jobs, pools(fast=1)), {"a", "b"})
    assert (found.jobs, found.mean_jct_hours, found.longest_wait_hours) == (2, 1.5, 2.0)


@pytest.mark.parametrize("name", [PolicyName.MATCHING, PolicyName.CHIPPOOL])
def test_a_job_keeps_its_chips_for_an_hour(name):
    """`b` would be better on the fast chip, which is free from the first tenth of an hour on."""
    jobs = [a_job("a", hours=0.1, fast=1.0), a_job("b", hours=1.5, fast=1.0, slow=0.5)]
    world = run_all(jobs, pools(fast=1, slow=1), chooser(name).policy())
    assert hours_of(world) == {"a": 0.1, "b": 1.0 + 1.0}
    assert world.ended[-1].moves == 1


def test_choosing_together_beats_each_in_turn():
    jobs = [a_job("a", fast=1.0, slow=0.9), a_job("b", fast=1.0, slow=0.1)]
    chips = pools(fast=1, slow=1)
    together = figures(run_all(jobs, chips, Chooser(Rules()).policy()), {"a", "b"})
    in_turn = figures(run_all(jobs, chips, Chooser(Rules(together=False)).policy()), {"a", "b"})
    assert together.mean_jct_hours < in_turn.mean_jct_hours


def test_priority_then_the_smallest_share_then_age_is_served_first():
    jobs = [
        a_job("runs", hours=1, queue="large"),
        a_job("old", arrival=0.1, queue="large"),
        a_job("young", arrival=0.2, queue="small"),
        a_job("high", arrival=0.3, queue="large", priority=1),
    ]
    world = run_all(jobs, pools(fast=1), chooser(PolicyName.CHIPPOOL).policy())
    assert [one.job.key for one in world.ended] == ["runs", "high", "old", "young"]
    world = run_all(jobs, pools(fast=2), chooser(PolicyName.CHIPPOOL).policy())
    assert [one.job.key for one in world.ended] == ["runs", "old", "high", "young"]


def test_the_queue_with_the_smallest_share_comes_first():
    jobs = [
        a_job("a-runs", hours=3, queue="large"),
        a_job("b-runs", hours=1, queue="small"),
        a_job("older", arrival=0.1, queue="large"),
        a_job("newer", arrival=0.2, queue="small"),
    ]
    world = run_all(jobs, pools(fast=2), chooser(PolicyName.CHIPPOOL).policy())
    assert [one.job.key for one in world.ended] == ["b-runs", "newer", "a-runs", "older"]


@pytest.mark.parametrize("serving", [Serving.AGED, Serving.ORDER])
def test_a_job_of_a_bad_speed_is_not_passed_over_for_ever(serving):
    """A newcomer that is better on the only chip arrives each hour, one comes free each hour."""
    others = [a_job(f"n{i}", arrival=float(i), hours=1, fast=1.0) for i in range(40)]
    dim = a_job("dim", arrival=0.01, hours=0.1, fast=0.2, other=1.0)
    jobs = sorted([a_job("blocks", hours=99, other=1.0), dim, *others], key=lambda job: job.arrival)

    def longest_wait(how):
        return run(jobs, pools(fast=1, other=1), Chooser(Rules(serving=how)).policy(), frozenset({"dim"})).longest_wait

    assert longest_wait(serving) <= 6 * HOUR
    assert longest_wait(Serving.MOST) > 20 * HOUR


def test_the_same_run_has_the_same_figures():
    jobs = [a_job(f"j{i}", arrival=i / 7, hours=1 + i % 5, fast=1.0, slow=0.3 + i % 3 / 5) for i in range(60)]
    once, again = (run_all(jobs, pools(fast=3, slow=4), chooser(PolicyName.CHIPPOOL).policy()) for _ in range(2))
    assert once.ended == again.ended


def test_what_chips_were_worth_is_remembered():
    jobs = [a_job(f"j{i}", hours=5, fast=1.0, slow=0.5) for i in range(4)]
    remembers = chooser(PolicyName.CHIPPOOL)
    run_all(jobs, pools(fast=1, slow=9), remembers.policy())
    assert remembers.prices["fast"] > 0.1
    assert remembers.prices["slow"] == 0
