"""Native pods and Jobs on the command line."""

import pytest

from tests.cli.clusters import running, stock
from tests.state.build import an_assignment
from tests.state.native import a_native_job, a_native_pod, the_job, the_labels

GIVEN = an_assignment(1, "h800", "h800")


def a_job_that_runs():
    return a_native_job("embed", given=GIVEN), a_native_pod("embed-x", owner=the_job("embed"), given=GIVEN, node="n1")


@pytest.mark.parametrize("what", ["job/embed", "jobs/embed", "pod/embed-x", "po/embed-x"])
def test_a_job_is_explained_by_its_name_and_by_a_pod_of_it(api, user, what):
    api.add(*stock(), *a_job_that_runs())

    said = user.reads("explain", what, "-n", "team")

    assert said.startswith("team/job/embed has its chips and is starting")
    assert "It runs as variant h800: 1 replica in pool h800, 8 chips" in said


def test_a_group_says_what_it_lacks(api, user):
    labels = the_labels("ring", 3)
    api.add(*stock(), *running("gang", ["n1"]), *(a_native_pod(f"p{n}", labels=labels) for n in range(3)))

    said = user.reads("explain", "group/ring", "-n", "team")

    assert said.startswith("team/group/ring waits")
    assert "h800 in h800 (3 x 8 chips)" in said


def test_a_label_stands_where_a_chipworkload_has_a_field(api, user):
    api.add(*stock(), a_native_pod("p", labels={"chippool.io/queue-name": "none"}))

    said = user.reads("explain", "pod/p", "-n", "team")

    assert "chippool.io/queue-name: there is no ChipQueue none; create it or name another." in said


@pytest.mark.parametrize("what", ["job/gang", "pod/gang-0"])
def test_what_chippool_made_is_explained_as_its_workload(api, user, what):
    api.add(*stock(), *running("gang", ["n1"]))

    assert user.reads("explain", what, "-n", "team") == user.reads("explain", "gang", "-n", "team")


def test_a_pod_without_the_label_is_told_what_it_lacks(api, user):
    api.add(*stock())

    done = user.types("explain", "pod/mine", "-n", "team")

    assert done.exit_code == 1
    assert "chippool does not manage pod mine in namespace team" in done.stderr
    assert "the label chippool.io/queue-name in its pod template" in done.stderr


def test_with_rights_in_one_namespace_its_events_are_pointed_to(api, user):
    api.add(*stock(), *a_job_that_runs())
    api.forbidden = {"nodes"}

    done = user.types("explain", "job/embed", "-n", "team")

    assert "`kubectl events --for job/embed` has what was said of it" in done.stderr


def test_top_has_native_work_among_the_others(api, user):
    api.add(*stock(), *a_job_that_runs(), a_native_pod("p", chips=4))

    lines = user.reads("top", "--once").splitlines()

    assert any("team/job/embed" in line for line in lines)
    assert any("team/pod/p" in line for line in lines)
    assert next(pool for pool in user.reads_json("top")["pools"] if pool["name"] == "h800")["chips"]["allocated"] == 8
