from chippool.control.refusals import AGAIN_S, Refusals
from chippool.core.reasons import Reason
from tests.loop.builders import a_snapshot, a_workload

INVALID = 'Job.batch "train" is invalid: spec.template.spec.containers[0].image: Required value'
QUOTA = 'jobs.batch "train" is forbidden: exceeded quota: few, requested: count/jobs.batch=1'


def problems(refusals: Refusals, snapshot, now: float):
    return [problem for workload in refusals.told(snapshot, now).workloads.values() for problem in workload.problems]


def test_the_servers_sentence_becomes_the_workloads_problem() -> None:
    refusals = Refusals()
    refusals.refused(a_workload(), INVALID, now=0.0)
    (problem,) = problems(refusals, a_snapshot(a_workload()), now=1.0)
    assert problem.reason is Reason.BAD_TEMPLATE
    assert INVALID in problem.message


def test_an_invalid_template_is_not_tried_again_until_its_spec_changes() -> None:
    refusals = Refusals()
    refusals.refused(a_workload(), INVALID, now=0.0)
    assert problems(refusals, a_snapshot(a_workload()), now=1e9)
    assert not problems(refusals, a_snapshot(a_workload(generation=2)), now=1.0)


def test_what_a_quota_refuses_is_tried_again_after_a_while() -> None:
    refusals = Refusals()
    refusals.refused(a_workload(), QUOTA, now=0.0)
    assert refusals.wake() == AGAIN_S
    assert problems(refusals, a_snapshot(a_workload()), now=AGAIN_S - 1)
    assert not problems(refusals, a_snapshot(a_workload()), now=AGAIN_S)


def test_a_workload_of_the_same_name_made_anew_starts_clean() -> None:
    refusals = Refusals()
    refusals.refused(a_workload(uid="old"), INVALID, now=0.0)
    assert not problems(refusals, a_snapshot(a_workload(uid="new")), now=1.0)


def test_without_refusals_the_snapshot_stays_the_same_object() -> None:
    snapshot = a_snapshot(a_workload())
    assert Refusals().told(snapshot, 0.0) is snapshot


def test_a_spec_that_cannot_be_rendered_says_why() -> None:
    refusals = Refusals()
    refusals.not_rendered(a_workload(), LookupError("the template has no container main"))
    (problem,) = problems(refusals, a_snapshot(a_workload()), now=1.0)
    assert (problem.reason, "no container main" in problem.message) == (Reason.UNKNOWN_CONTAINER, True)
