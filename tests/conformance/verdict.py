"""What a case comes to, and the table of many."""

from collections import Counter
from dataclasses import dataclass

from tests.conformance import jobs, quotas
from tests.conformance.not_applicable import CLASSES, UNKNOWN, Class, class_of
from tests.conformance.words import unknown

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not applicable"
MOST_NOT_APPLICABLE = 0.25
"""Of all cases; and no suite as a whole."""


@dataclass(frozen=True, slots=True)
class Verdict:
    case: object
    word: str
    differences: tuple
    cls: Class | None = None


def judge(case):
    """Play a case and compare; one that can't be told in chippool's words has nothing to play."""
    if not case.of_jobs and not case.facts.keys() & {"queue", "queues"}:
        return Verdict(case, FAIL, (f"it has neither jobs nor queues, only {', '.join(map(str, case.facts))}",))
    found = class_of(case)
    if found is not None and found.name in _NOTHING_TO_PLAY:
        return Verdict(case, NOT_APPLICABLE, (), found)
    differences = _differences(case)
    if not differences:
        return Verdict(case, PASS, ())
    return Verdict(case, NOT_APPLICABLE if found else FAIL, differences, found)


def _differences(case):
    """One case that can't be read must not hide the others: it fails, and says so."""
    table = jobs if case.of_jobs else quotas
    try:
        return tuple(table.differences(case, table.play(case)))
    except Exception as error:
        return (f"it can't be played: {type(error).__name__}: {error}",)


_NOTHING_TO_PLAY = {"no chips asked for", "one workload in unlike pools"}


def by_suite(verdicts):
    found = {}
    for verdict in verdicts:
        found.setdefault(verdict.case.suite, Counter())[verdict.word] += 1
    return found


def table(verdicts):
    """Lines: cases by suite, not applicable ones by class with the reason, failures one by one."""
    suites = by_suite(verdicts)
    width = max(map(len, suites))
    yield f"{'suite':{width}}  {PASS:>5} {FAIL:>5} {NOT_APPLICABLE:>15}"
    for suite, count in sorted(suites.items()):
        yield _row(suite, count, width)
    whole = Counter(v.word for v in verdicts)
    yield _row("all", whole, width)
    yield f"not applicable: {whole[NOT_APPLICABLE]} of {len(verdicts)} ({whole[NOT_APPLICABLE] / len(verdicts):.0%})"
    silent = sum(v.word == PASS and v.case.of_jobs and not jobs.expected(v.case.facts) for v in verdicts)
    if silent:
        yield f"passed without an outcome in the facts (comes to rest, no node holds more than it has): {silent}"
    for cls in CLASSES:
        found = [v.case for v in verdicts if v.cls is cls and v.word == NOT_APPLICABLE]
        if found:
            words = sorted({word for case in found for word in unknown(case)}) if cls.name == UNKNOWN else ()
            said = f" These are: {', '.join(words)}." if words else ""
            yield f"  {len(found):>3}  {cls.name} [{cls.rule}]: {cls.reason}{said}"
    for verdict in verdicts:
        if verdict.word == FAIL:
            yield f"FAIL {verdict.case.id}: {'; '.join(verdict.differences)}"


def _row(suite, count, width):
    return f"{suite:{width}}  {count[PASS]:>5} {count[FAIL]:>5} {count[NOT_APPLICABLE]:>15}"
