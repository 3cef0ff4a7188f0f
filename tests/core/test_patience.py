"""Rule 7: a queue that got nothing in its turn for too long is asked first, once."""

from chippool.core.cycle import schedule
from chippool.core.patience import PATIENCE, by_class, overdue
from chippool.core.plan import Admit
from tests.core.build import a_queue, a_snapshot, a_workload, decision_of, nodes

NOW = 100_000.0
LONG_AGO = NOW - PATIENCE - 1


def late(*workloads):
    return [w.key.removeprefix("ns/") for w in overdue(workloads, by_class(workloads), NOW)]


def test_the_oldest_of_each_queue_that_waited_too_long_the_longest_first():
    one, two = a_workload("one", created=LONG_AGO), a_workload("two", created=LONG_AGO - 5)
    other, fresh = a_workload("other", queue="b", created=LONG_AGO - 9), a_workload("new", queue="c", created=NOW - 1)
    assert late(one, two, other, fresh) == ["other", "two"]


def test_not_if_its_queue_got_something_older_meanwhile():
    waits = a_workload("waits", created=LONG_AGO)
    runs = a_workload("runs", created=LONG_AGO - 1, on=["h800-000"], admitted_at=NOW - 60)
    assert late(waits, runs) == []
    began_long_ago = a_workload("runs", created=LONG_AGO - 1, on=["h800-000"], admitted_at=LONG_AGO)
    assert late(waits, began_long_ago) == ["waits"]


def test_what_went_before_it_out_of_turn_does_not_count():
    waits = a_workload("waits", created=LONG_AGO)
    passed = a_workload("passed", created=NOW - 100, on=["h800-000"], admitted_at=NOW - 60)
    assert late(waits, passed) == ["waits"]


def test_a_gang_beyond_its_queues_share_gets_its_turn():
    runs = a_workload("runs", created=0.0, on=["h800-000"], admitted_at=0.0)
    gang = a_workload("gang", replicas=2, created=LONG_AGO)
    small = a_workload("small", queue="other", created=NOW - 5)
    cluster = a_snapshot(nodes(3), [runs, gang, small], queues=[a_queue(), a_queue("other")])
    assert isinstance(decision_of(schedule(cluster, NOW), "gang"), Admit)
    assert isinstance(decision_of(schedule(cluster, LONG_AGO + 10), "small"), Admit)
