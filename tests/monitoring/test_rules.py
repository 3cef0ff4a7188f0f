"""Alerts and recording rules, by Prometheus' own tool."""

import re
import subprocess
from pathlib import Path

import pytest

from chippool.metrics.families import FAMILIES
from tests.monitoring.expressions import metrics_of
from tools.monitoring.alerts import ALERTS, RUNBOOKS
from tools.monitoring.packages import prometheus
from tools.monitoring.recordings import RECORDINGS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RULES = sorted((ROOT / "helm/chippool/rules").glob("*.yaml"))
PAGES = ROOT / "docs/runbooks"


@pytest.fixture(scope="module")
def promtool():
    return prometheus().promtool


def test_promtool_has_nothing_to_say_of_the_rules(promtool):
    done = subprocess.run([promtool, "check", "rules", *RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout
    assert f"{len(RECORDINGS)} rules found" in done.stdout


@pytest.mark.parametrize("case", sorted(HERE.glob("*.test.yaml")), ids=lambda path: path.name.partition(".")[0])
def test_the_rules_do_what_their_cases_say(promtool, case):
    done = subprocess.run([promtool, "test", "rules", case], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_case():
    said = "".join(path.read_text() for path in HERE.glob("*.test.yaml"))
    told = {alert.name for alert in ALERTS} | {r.record for r in RECORDINGS if not r.record.startswith("namespace_pod")}
    assert not [name for name in told if name not in said]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_a_page_that_says_what_to_do(alert):
    page = (PAGES / f"{alert.name}.md").read_text()
    assert page.startswith(f"# {alert.name}\n")
    assert f"Severity {alert.severity}" in page
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["What it means", "What to look at", "What to do"]
    assert RUNBOOKS.endswith("/docs/runbooks")


def test_every_page_is_of_an_alert():
    assert {path.stem for path in PAGES.glob("Chippool*.md")} == {alert.name for alert in ALERTS}


def test_the_pages_name_only_metrics_there_are():
    names = {family.shown for family in FAMILIES} | {r.record for r in RECORDINGS}
    for page in [*PAGES.glob("*.md"), ROOT / "docs/how-to/connect-grafana.md"]:
        assert metrics_of(page.read_text()) <= names, page.name
