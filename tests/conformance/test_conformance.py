"""Other schedulers' facts, played by the core: a case ends as expected, or our rules differ on purpose."""

import copy
import random

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


def own(name, **more):
    """A case of ours with other facts."""
    case = next(case for case in read(OWN) if case.id == name)
    return Case(name, case.suite, copy.deepcopy(case.facts) | more)


def test_what_ends_otherwise_and_is_told_in_other_words_is_not_applicable_and_the_table_names_them():
    nothing = {"admitted": [], "evicted": [], "kept": ["lent"], "still_pending": ["owner"]}
    case = own("own/jobs/a borrower gives back and its queue keeps the rest", topology={"levels": 2}, derived=nothing)
    case.facts["jobs"][-1]["pods"] = [{"state": "Pending", "subgroup": name} for name in ("left", "right")]
    verdict = judge(case)
    assert (verdict.word, verdict.cls.name) == (NOT_APPLICABLE, "words that are not known")
    assert any("A field lands" in line and "subgroup, topology" in line for line in table([verdict]))
    verdict = judge(own("own/quotas/in use is not never", featureGates={"New": True}, expect={"mode": "Fit"}))
    assert any("gate New" in line for line in table([verdict]))


def test_other_words_excuse_nothing_that_ends_as_expected():
    assert judge(own("own/jobs/older first", topology={"levels": 2})).word == PASS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {id: a/b/c, tags: []}", "neither jobs nor queues"),
        ("- {id: alone, jobs: 3}", "can't be played"),
        ("- just a word", "neither jobs nor queues"),
        ("a: {mapping: instead}", "neither jobs nor queues, only a"),
        ("- [unclosed", "neither jobs nor queues"),
        ("", "neither jobs nor queues"),
    ],
)
def test_what_is_no_case_fails_and_hides_no_other(tmp_path, text, said):
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text((OWN / "jobs.yaml").read_text())
    first, *others = [judge(case) for case in read(tmp_path)]
    assert first.word == FAIL
    assert said in first.differences[0]
    assert {verdict.word for verdict in others} <= {PASS, NOT_APPLICABLE}
    assert len(list(table([first, *others]))) > 4


def test_a_case_with_anything_missing_or_of_another_kind_gets_a_verdict():
    draw = random.Random(4)
    for case in read(OWN) * 12:
        facts = copy.deepcopy(case.facts)
        spoil(facts, draw)
        verdict = judge(Case(case.id, case.suite, facts))
        assert verdict.word in {PASS, FAIL, NOT_APPLICABLE}
        assert list(table([verdict]))


def spoil(value, draw):
    """Take one thing away somewhere, or put something else in its place."""
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = draw.choice(places)
    if isinstance(value[place], dict | list) and value[place] and draw.random() < 0.7:
        spoil(value[place], draw)
    elif draw.random() < 0.5:
        del value[place]
    else:
        value[place] = draw.choice([None, "x", -1, [], {}, 0.3])


def test_a_job_that_is_being_deleted_asks_for_nothing_and_its_chips_are_coming():
    def pods(state, count, **more):
        return [{"state": state, **more} for _ in range(count)]

    case = own("own/jobs/chips of pods that leave are waited for", nodes={"n0": {"gpus": 4}})
    gone, waits = case.facts["jobs"]
    gone |= {"deleting": True, "pods": [*pods("Running", 2, node="n0"), *pods("Releasing", 2, node="n0")]}
    waits |= {"min_member": 4, "pods": pods("Pending", 4)}
    assert judge(case).word == PASS
