"""What the mirror learns of how long gangs take: from Jobs alone, bounded, the same after a restart."""

from chippool.state.runtimes import KEPT
from tests.state.build import NOW, Cluster, a_job, a_workload, an_assignment, basics, rfc


def ended(name, took, at=NOW):
    """A workload and its Job, which completed then after so many seconds."""
    job = a_job(name, an_assignment(at=at - took), conditions=[{"type": "Complete", "status": "True"}])
    job["status"]["completionTime"] = rfc(at)
    return a_workload(name), job


def learnt(cluster):
    return cluster.mirror.snapshot().runtimes


def test_the_median_of_a_queues_jobs_is_in_the_snapshot():
    assert learnt(Cluster(*basics(), *ended("one", 60.0), *ended("two", 600.0), *ended("three", 90.0))) == {"q": 90.0}


def test_nobody_knows_before_a_job_has_completed():
    assert learnt(Cluster(*basics(), a_workload("one"), a_job("one", an_assignment()))) == {}


def test_a_mirror_that_starts_anew_learns_the_same_in_whatever_order():
    things = [*basics(), *ended("one", 60.0), *ended("two", 700.0, NOW + 5)]
    assert learnt(Cluster(*things)) == learnt(Cluster(*reversed(things))) == {"q": 380.0}


def test_only_the_last_are_remembered():
    many = [thing for i in range(KEPT + 8) for thing in ended(f"w{i}", 10.0 if i < KEPT // 2 + 8 else 99.0, NOW + i)]
    assert learnt(Cluster(*basics(), *many)) == {"q": 54.0}


def test_what_is_learnt_outlives_the_workload_and_not_the_queue():
    gone, queue = ended("one", 60.0), basics()[1]
    cluster = Cluster(*basics(), *gone)
    assert learnt(cluster) == {"q": 60.0}
    assert learnt(cluster.loses(*gone)) == {"q": 60.0}
    assert learnt(cluster.loses(queue)) == {}


def test_a_snapshot_that_learnt_nothing_new_is_the_same_object():
    cluster = Cluster(*basics(), *ended("one", 60.0))
    assert cluster.mirror.snapshot() is cluster.mirror.snapshot()
