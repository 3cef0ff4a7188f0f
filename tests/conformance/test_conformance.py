"""Other schedulers' facts, played by the core: a case ends as expected, or our rules differ on purpose."""

import copy

import pytest

from tests.conformance.conftest import OWN
from tests.conformance.facts import Case, read
from tests.conformance.verdict import FAIL, MOST_NOT_APPLICABLE, NOT_APPLICABLE, PASS, by_suite, judge, table


def test_the_case_ends_as_expected(case):
    verdict = judge(case)
    if verdict.word == NOT_APPLICABLE:
        pytest.skip(f"{verdict.cls.rule}: {verdict.cls.reason}")
    assert verdict.word == PASS, verdict.differences


def test_at_most_a_quarter_is_not_applicable_and_no_suite_as_a_whole(cases):
    verdicts = [judge(case) for case in cases]
    assert sum(v.word == NOT_APPLICABLE for v in verdicts) <= MOST_NOT_APPLICABLE * len(verdicts)
    assert not [suite for suite, count in by_suite(verdicts).items() if count.keys() == {NOT_APPLICABLE}]


def test_the_table_counts_every_case_once_and_gives_the_reason_of_a_class():
    verdicts = [judge(case) for case in read(OWN)]
    lines = list(table(verdicts))
    whole = next(line for line in lines if line.startswith("all")).split()
    assert sum(map(int, whole[1:])) == len(verdicts)
    assert any("Decisions 6b" in line for line in lines)


@pytest.mark.parametrize("name", ["own/jobs/older first", "own/quotas/youngest borrower goes"])
def test_a_case_that_expects_something_else_fails(name):
    case = next(case for case in read(OWN) if case.id == name)
    facts = copy.deepcopy(case.facts)
    if case.of_jobs:
        facts["derived"]["admitted"], facts["derived"]["still_pending"] = ["younger"], ["older"]
    else:
        facts["expect_evicted"] = [{"name": "b-old", "reason": "InCohortReclamation"}]
    verdict = judge(Case(case.id, case.suite, facts))
    assert verdict.word == FAIL
    assert verdict.differences


def test_cases_with_the_same_facts_and_other_ends_are_not_applicable():
    case = next(case for case in read(OWN) if case.id == "own/jobs/older first")
    other = copy.deepcopy(case.facts)
    other["derived"]["admitted"], other["derived"]["still_pending"] = ["younger"], ["older"]
    verdict = judge(Case("own/jobs/twin", case.suite, other, [case]))
    assert verdict.word == NOT_APPLICABLE
    assert verdict.cls.name == "what matters is not in the facts"
