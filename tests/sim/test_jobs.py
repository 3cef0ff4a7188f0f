import pytest

from chippool.sim.jobs import BadListError, dealt, misjudged, read_jobs
from tests.sim.jobs_build import HOUR, a_job, a_list, pools

CHIPS = pools(fast=4, slow=2)


def test_arrivals_follow_the_rate_and_jobs_come_in_their_order(tmp_path):
    path = a_list(tmp_path / "jobs.csv", "1,M,1,10,3.0,2,1", "0,M,4,5,0.5,2,1")
    first, second = read_jobs(path, CHIPS, rate=2.0)
    assert (first.key, first.arrival, first.chips, first.steps) == ("0", 0.25 * HOUR, 4, 5)
    assert (second.key, second.arrival, second.rates) == ("1", 1.5 * HOUR, {"fast": 2, "slow": 1})


def test_a_pool_that_is_too_small_or_has_no_rate_is_no_choice(tmp_path):
    path = a_list(tmp_path / "jobs.csv", "0,M,4,5,0.5,2,1", "1,M,1,5,0.6,0,1")
    assert [set(job.rates) for job in read_jobs(path, CHIPS, rate=1.0)] == [{"fast"}, {"slow"}]


def test_chips_queue_and_priority_are_as_the_list_says(tmp_path):
    columns = "job_id,total_steps,unit_arrival,steps_per_s_fast,steps_per_s_slow,queue,priority"
    plain, said = read_jobs(a_list(tmp_path / "j.csv", "0,5,0,1,1,,", "1,5,1,1,1,red,7", columns=columns), CHIPS, 1.0)
    assert (plain.chips, plain.queue, plain.priority) == (1, "all", 0)
    assert (said.queue, said.priority) == ("red", 7)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("0,M,1,much,0,1,1", "line 2: total_steps is 'much', which is no number of 0 or more"),
        ("0,M,1,5,nan,1,1", "line 2: unit_arrival is 'nan'"),
        ("0,M,1,5,0,-1,1", "line 2: steps_per_s_fast is '-1'"),
        ("0,M,1,5,0,1", "line 2: steps_per_s_slow is None"),
        ("0,M,1.5,5,0,1,1", "line 2: gpus is '1.5', which is no whole number of 1 or more"),
        ("0,M,0,5,0,1,1", "line 2: gpus is '0', which is no whole number of 1 or more"),
        ("0,M,8,5,0,1,1", "line 2: no pool of --cluster has 8 chips and a rate above 0 for this job"),
    ],
)
def test_a_bad_line_is_named_with_its_column(tmp_path, row, sentence):
    with pytest.raises(BadListError, match=sentence.replace(".", r"\.")):
        read_jobs(a_list(tmp_path / "jobs.csv", row), CHIPS, rate=1.0)


def test_two_jobs_of_one_name_are_refused(tmp_path):
    with pytest.raises(BadListError, match="line 3: job_id '0' is there twice"):
        read_jobs(a_list(tmp_path / "jobs.csv", "0,M,1,5,0,1,1", "0,M,1,5,1,1,1"), CHIPS, rate=1.0)


def test_a_pool_without_a_column_is_named(tmp_path):
    with pytest.raises(BadListError, match="column steps_per_s_tpu is missing"):
        read_jobs(a_list(tmp_path / "jobs.csv", "0,M,1,5,0,1,1"), pools(tpu=4), rate=1.0)


def test_dealing_out_depends_on_the_name_alone_and_reaches_all():
    jobs = [a_job(str(i)) for i in range(200)]
    there = {(job.key, job.queue, job.priority) for job in dealt(jobs, 4, 3)}
    assert there == {(job.key, job.queue, job.priority) for job in dealt(jobs[::-1], 4, 3)}
    assert len({(queue, priority) for _, queue, priority in there}) == 12


def test_a_misjudged_job_runs_as_before_and_is_believed_to_run_otherwise():
    (job,) = misjudged([a_job("a", fast=2.0, slow=1.0)], sigma=0.3, seed=0)
    assert job.rates == {"fast": 2.0, "slow": 1.0}
    assert job.believed["fast"] not in {2.0, job.believed["slow"]}
