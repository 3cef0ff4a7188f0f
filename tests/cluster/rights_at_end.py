"""A plugin: a run of every file of tests/cluster fails if the chart gives the operator a right that none needed."""

import time

import pytest

from tests.cluster.rights import Compared, compared

FOUND = pytest.StashKey[Compared | None]()
BEGAN = time.time()


def pytest_sessionfinish(session):
    """Ask once, in the process that hands the files out: only there the last of them has been run."""
    if hasattr(session.config, "workerinput"):
        return
    found = session.config.stash[FOUND] = compared(BEGAN)
    if found and found.idle:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for line in told(config.stash.get(FOUND, None)):
        terminalreporter.write_line(line)


def told(found):
    """Also what was not compared is said: a run of all files that lacks one would pass unseen."""
    if found is None:
        return
    for right in found.idle:
        yield f"ERROR the chart lets the operator {right}, and no test in tests/cluster needs it"
    if found.missing:
        yield f"rights of the chart: not compared with their use, for want of {', '.join(found.missing)}"
    elif not found.idle:
        yield f"rights of the chart: of {found.given} none was without use (`assign` is for policies), none lacking"
