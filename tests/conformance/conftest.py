"""`--cases FOLDER` plays the cases of that folder instead of the few that are kept here."""

from pathlib import Path

import pytest

from tests.conformance.facts import read

OWN = Path(__file__).parent / "cases"


def pytest_addoption(parser):
    parser.addoption("--cases", help="folder of conformance cases; without it the few of tests/conformance/cases")


def _folder(config):
    return Path(config.getoption("cases", default=None) or OWN)


@pytest.fixture
def cases(request):
    return read(_folder(request.config))


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", read(_folder(metafunc.config)), ids=lambda case: case.id)
