"""The dashboards, as far as no Prometheus is needed: their types, their PromQL, and the metrics they name."""

import json
import re
from pathlib import Path

import promql_parser
import pytest

from chippool.metrics.families import FAMILIES
from tests.monitoring.expressions import metrics_of
from tools.monitoring.__main__ import made
from tools.monitoring.alerts import ALERTS
from tools.monitoring.boards import BOARDS
from tools.monitoring.model import Query
from tools.monitoring.recordings import RECORDINGS
from tools.monitoring.types import complaints

CHART = Path(__file__).parents[2] / "helm/chippool"
FILES = {path.stem.replace("-", "_"): path.read_text() for path in sorted((CHART / "dashboards").glob("*.json"))}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
QUERIES = [(board, panel, query) for board, panel in PANELS for query in panel.queries]
EXPRESSIONS = [
    *(query.expr for _, _, query in QUERIES),
    *(alert.expr for alert in ALERTS),
    *(recording.expr for recording in RECORDINGS),
]


def plain(expr: str) -> str:
    """As Grafana sends it, with all values of every variable chosen."""
    return re.sub(r'"\$\w+"', '".*"', expr.replace("$__rate_interval", "1m"))


def test_the_chart_has_what_the_code_makes():
    for path, text in made().items():
        assert (CHART / path).read_text() == text
    for folder in ("dashboards", "rules"):
        there = {f"{folder}/{path.name}" for path in (CHART / folder).iterdir()}
        assert there == {path for path in made() if path.startswith(folder)}


def test_grafanas_own_types_have_nothing_against_the_dashboards():
    assert complaints(FILES) == ""


BROKEN = {
    "absolut": ('"mode": "absolute"', '"mode": "absolut"'),
    "showLegends": ('"showLegend": true', '"showLegends": true'),
    '"stats"': ('"type": "stat"', '"type": "stats"'),
    "refid": ('"refId": "A"', '"refid": "A"'),
    "number": ('"refresh": "30s"', '"refresh": 30'),
}
"""By a word of the complaint: what is right, and what is made of it."""


def test_grafanas_own_types_find_what_is_wrong():
    text = FILES["chippool_overview"]
    assert all(right in text for right, _ in BROKEN.values())
    boards = {f"broken{i}": text.replace(*change) for i, change in enumerate(BROKEN.values())}
    said = complaints(boards)
    assert not [word for word in BROKEN if word not in said], said


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_every_expression_is_promql(expr):
    promql_parser.parse(plain(expr))


def test_code_page_dashboards_and_alerts_name_the_same_metrics():
    """What is queried is there, and what is there is shown somewhere."""
    there = {family.shown for family in FAMILIES}
    recorded = {recording.record for recording in RECORDINGS}
    variables = {variable.metric for board in BOARDS for variable in board.variables}
    named = set().union(variables, *(metrics_of(expr) for expr in EXPRESSIONS))
    assert named - recorded == there
    assert recorded <= named | {"namespace_pod:chippool_pod:info"}


def test_every_panel_says_what_it_is_and_every_query_by_what_it_is_told_apart():
    for _, panel in PANELS:
        assert panel.title
        assert len({query.named for query in panel.queries}) == len(panel.queries)
    for board, panel, query in QUERIES:
        assert query.legend or query.labels, (board.uid, panel.title)
        assert set(re.findall(r"{{(\w+)}}", query.named)) <= set(query.labels)


def test_rows_are_filled_and_identities_are_unique():
    for board in BOARDS:
        drawn = json.loads(FILES[board.uid.replace("-", "_")])
        numbers = [panel["id"] for panel in drawn["panels"]]
        assert len(set(numbers)) == len(numbers)
        spots = [panel["gridPos"] for panel in drawn["panels"]]
        cells = [(x, y) for s in spots for x in range(s["x"], s["x"] + s["w"]) for y in range(s["y"], s["y"] + s["h"])]
        assert len(set(cells)) == len(cells), "no panel lies upon another"
        assert len(cells) % 24 == 0, "no line is left half empty"
    assert len({board.uid for board in BOARDS}) == len(BOARDS)


def test_a_variable_is_used_by_its_board():
    for board in BOARDS:
        used = set().union(*(re.findall(r'"\$(\w+)"', q.expr) for b, _, q in QUERIES if b is board))
        assert used == {variable.name for variable in board.variables}


def test_a_query_without_a_legend_is_named_by_its_labels():
    assert Query("x", ("pool", "state")).named == "{{pool}} {{state}}"
