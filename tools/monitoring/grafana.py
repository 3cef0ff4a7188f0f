"""Dashboards as Grafana's JSON, by Grafana's own SDK."""

import itertools
import json
from collections.abc import Callable
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

from tools.monitoring.model import Board, Panel, Query, Unit, Variable, View

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "chippool"
_REFS = "ABCDEFGH"
_REFRESH = "30s"
_LINKED = dashboard.DashboardLink("chippool").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])


def as_json(board: Board) -> str:
    """The file that Grafana imports or a sidecar provisions; ends with a newline."""
    made = json.loads(JSONEncoder().encode(_built(board)))
    for variable in made["templating"]["list"]:
        for field in [name for name in variable if name.startswith("auto")]:
            del variable[field]  # of intervals alone, says Grafana's schema
    return json.dumps(made, sort_keys=True, indent=2) + "\n"


def _built(board: Board) -> models.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .refresh(_REFRESH)
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .editable()
        .link(_LINKED.as_dropdown(as_dropdown=True).keep_time(keep_time=True))
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in board.variables:
        made.with_variable(_variable(variable))
    numbers = itertools.count(1)
    for row in board.rows:
        made.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            made.with_panel(_VIEWS[panel.view](panel).id(next(numbers)))
    return made.build()


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.title)
        .datasource(SOURCE)
        .query({"qryType": 1, "query": variable.query, "refId": variable.name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _dressed(plain: Any, panel: Panel) -> Any:
    """What every kind of panel has."""
    plain = (
        plain.title(panel.title)
        .datasource(SOURCE)
        .unit(panel.unit.value)
        .span(panel.width)
        .height(panel.height)
        .thresholds(_thresholds(panel.red_from))
    )
    if panel.description:
        plain = plain.description(panel.description)
    if panel.unit is Unit.PART:
        plain = plain.min(0)
    for ref, query in zip(_REFS, panel.queries, strict=False):
        plain = plain.with_target(_target(ref, query, instant=panel.view in {View.STAT, View.BARS}))
    return plain


def _thresholds(red_from: float | None) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color="green")]
    if red_from is not None:
        steps.append(models.Threshold(value=red_from, color="red"))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(ref: str, query: Query, *, instant: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.named).datasource(SOURCE)
    return target.instant() if instant else target.range()


def _lines(panel: Panel) -> Any:
    legend = (
        common.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
    )
    made = timeseries.Panel().legend(legend).line_width(1).fill_opacity(10)
    if panel.red_from is not None:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.LINE)
        made = made.thresholds_style(style)
    return _dressed(made, panel)


def _stacked(panel: Panel) -> Any:
    mode = common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A")
    return _lines(panel).stacking(mode).fill_opacity(60)


def _stat(panel: Panel) -> Any:
    calm = stat.Panel().graph_mode(kinds.BigValueGraphMode.NONE).color_mode(kinds.BigValueColorMode.VALUE)
    return _dressed(calm.reduce_options(_last()), panel)


def _bars(panel: Panel) -> Any:
    made = bargauge.Panel().orientation(kinds.VizOrientation.HORIZONTAL)
    return _dressed(made.display_mode(kinds.BarGaugeDisplayMode.BASIC).reduce_options(_last()), panel)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False).fields("")


_VIEWS: dict[View, Callable[[Panel], Any]] = {
    View.LINES: _lines,
    View.STACKED: _stacked,
    View.STAT: _stat,
    View.BARS: _bars,
}
