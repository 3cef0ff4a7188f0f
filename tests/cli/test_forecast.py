"""`chippool forecast backtest` on small lists of our own."""

import json
import math

import pytest
from typer.testing import CliRunner

from chippool.cli.main import commands

DAYS = 60


def a_list(path, hours=DAYS * 24, more=()):
    lines = [f"{hour},{100 + 10 * math.sin(hour / 9):.3f},{hour // 24}" for hour in range(hours)]
    path.write_text("\n".join(["hour,H800,H20", *lines, *more]) + "\n")
    return path


@pytest.fixture
def tested(tmp_path):
    def run(*words, **about):
        path = a_list(tmp_path / "demand.csv", **about)
        return CliRunner().invoke(commands, ["forecast", "backtest", "--csv", str(path), *words])

    return run


def test_the_document_has_mae_and_coverage_by_chip_overall_and_in_the_last_third(tested):
    found = json.loads(tested("-o", "json", "--stock", "H20=40,H800=200").stdout)
    assert set(found) == {"mae", "coverage", "origins", "first_day_over_stock"}
    assert found["origins"] == DAYS - 28 - 7 + 1
    assert found["first_day_over_stock"] == {"H20": 41}
    for figure in ("mae", "coverage"):
        assert set(found[figure]) == {"H800", "H20"}
        assert all(set(score) == {"overall", "last_third"} for score in found[figure].values())
    assert 0 < found["mae"]["H800"]["overall"] < 10
    assert 0 <= found["coverage"]["H20"]["last_third"] <= 1


def test_a_day_that_is_not_over_yet_does_not_count(tested):
    assert tested("-o", "json").stdout == tested("-o", "json", more=[f"{DAYS * 24},9999,9999"]).stdout


def test_people_get_a_table(tested):
    shown = tested("--stock", "H20=40").stdout
    assert "coverage" in shown
    assert "Demand for H20 was first over the stock on day 41." in shown


@pytest.mark.parametrize(
    ("words", "about", "code", "sentence"),
    [
        (("--csv", "nowhere.csv"), {}, 1, "--csv: nowhere.csv can't be read: No such file or directory."),
        ((), {"hours": 24 * 30}, 1, "35 whole days are needed, there are 30."),
        ((), {"more": ["7,1,1"]}, 1, "line 1442: hour is '7'; it must count on, 1440 comes here."),
        ((), {"more": ["1440,x,1"]}, 1, "line 1442: H800 is 'x'; it must be a number of chips, 0 or more."),
        (("--stock", "H20"), {}, 2, "--stock: 'H20' is not CHIP=CHIPS, as in H800=1752."),
        (("--stock", "B200=8"), {}, 2, "--stock: --csv has no column B200."),
    ],
)
def test_a_mistake_gets_a_sentence(tested, words, about, code, sentence):
    done = tested(*words, **about)
    assert done.exit_code == code
    assert sentence in done.stderr
