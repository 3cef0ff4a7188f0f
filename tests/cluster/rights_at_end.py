"""A plugin: a run of every file of tests/cluster fails if the chart gives the operator a right that none needed."""

import time

import pytest

from tests.cluster.rights import Right, never_used

NEVER_USED = pytest.StashKey[list[Right]]()
BEGAN = time.time()


def pytest_sessionfinish(session):
    """Ask once, in the process that hands the files out: only there the last of them has been run."""
    if hasattr(session.config, "workerinput"):
        return
    session.config.stash[NEVER_USED] = never_used(BEGAN)
    if session.config.stash[NEVER_USED]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for right in config.stash.get(NEVER_USED, []):
        terminalreporter.write_line(f"ERROR the chart lets the operator {right}, and no test in tests/cluster needs it")
