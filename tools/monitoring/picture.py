"""Pictures of the panels' data for the docs: drawn by us from what Prometheus answered, not by Grafana.

`python -m tools.monitoring.picture panels.json docs/images`; `make pictures` makes the data first.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

from chippool.sim.drawing import COLOURS
from tools.monitoring.boards import BOARDS
from tools.monitoring.model import Board, Panel, Unit, View

COLUMN, LINE, EDGE, HEAD = 50, 24, 10, 62
PLOT_TOP, LEGEND_LINE, NAMES = 30, 14, 6
SAID = "Data of the panels, as Prometheus answered in a test; drawn by tools/monitoring/picture.py, not by Grafana."

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One series with its name and colour."""

    name: str
    points: Points
    colour: str

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Box:
    """Where something is drawn, in pixels."""

    x: float
    y: float
    width: float
    height: float


def main() -> None:
    kept, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    data = {(one["board"], one["panel"]): one["series"] for one in kept}
    folder.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        folder.joinpath(f"{board.uid}.svg").write_text(picture(board, data))


def picture(board: Board, data: Mapping[tuple[str, str], list[Any]]) -> str:
    """The whole board, laid out as Grafana would."""
    span = _span(data)
    parts, y = [], float(HEAD)
    for row in board.rows:
        parts.append(_text(EDGE, y + 18, row.title, "font-size:15px;font-weight:bold"))
        y += 28
        for line in _lines(row.panels):
            x = float(EDGE)
            for panel in line:
                box = Box(x, y, panel.width * COLUMN, panel.height * LINE)
                parts += _panel(panel, _series(data[board.uid, panel.title]), box, span)
                x += box.width
            y += max(panel.height for panel in line) * LINE
    return "\n".join([*_head(board, y + EDGE), *parts, "</svg>", ""])


def _head(board: Board, height: float) -> Iterator[str]:
    width = 24 * COLUMN + 2 * EDGE
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:g}">'
    yield "<style>text{font:11px sans-serif;fill:#334155}</style>"
    yield '<rect width="100%" height="100%" fill="white"/>'
    yield _text(EDGE, 26, board.title, "font-size:20px;font-weight:bold")
    yield _text(EDGE, 46, SAID, "fill:#64748b")


def _span(data: Mapping[tuple[str, str], list[Any]]) -> tuple[float, float]:
    times = [point[0] for series in data.values() for one in series for point in one["points"]]
    return min(times), max(times)


def _lines(panels: tuple[Panel, ...]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        if sum(one.width for one in line) + panel.width > 24:
            yield line
            line = []
        line.append(panel)
    yield line


def _series(found: list[Any]) -> list[Line]:
    named = sorted(found, key=lambda one: str(one["name"]))
    return [
        Line(one["name"], [(at, value) for at, value in one["points"] if isfinite(value)], COLOURS[i % len(COLOURS)])
        for i, one in enumerate(named)
    ]


def _panel(panel: Panel, series: list[Line], box: Box, span: tuple[float, float]) -> Iterator[str]:
    yield (
        f'<rect x="{box.x + 3:g}" y="{box.y + 3:g}" width="{box.width - 6:g}" height="{box.height - 6:g}" rx="3" '
        'fill="#f8fafc" stroke="#cbd5e1"/>'
    )
    yield _text(box.x + 10, box.y + 20, panel.title, "font-weight:bold")
    match panel.view:
        case View.STAT:
            yield from _stat(panel, series, box)
        case View.BARS:
            yield from _bars(panel, series, box)
        case View.LINES | View.STACKED:
            yield from _plot(panel, series, box, span)


def _stat(panel: Panel, series: list[Line], box: Box) -> Iterator[str]:
    size = 28 if len(series) == 1 else 13
    for number, line in enumerate(series[:3]):
        name = "" if len(series) == 1 else f"{line.name} "
        colour = "#dc2626" if panel.red_from is not None and line.last >= panel.red_from else "#16a34a"
        y = box.y + (62 if len(series) == 1 else 42 + 18 * number)
        yield _text(box.x + 12, y, name + _shown(line.last, panel.unit), f"font-size:{size}px;fill:{colour}")


def _bars(panel: Panel, series: list[Line], box: Box) -> Iterator[str]:
    most = max((line.last for line in series), default=0.0) or 1.0
    largest = sorted(series, key=lambda line: (-line.last, line.name))[: int((box.height - 40) // 18)]
    for number, line in enumerate(largest):
        y, start = box.y + PLOT_TOP + 18 * number, box.x + 150
        width = max((box.width - 210) * line.last / most, 1.0)
        yield _text(box.x + 12, y + 12, line.name)
        yield f'<rect x="{start:g}" y="{y + 2:g}" width="{width:.1f}" height="12" fill="{COLOURS[0]}"/>'
        yield _text(start + width + 4, y + 12, _shown(line.last, panel.unit))


def _plot(panel: Panel, series: list[Line], box: Box, span: tuple[float, float]) -> Iterator[str]:
    names = min(len(series), NAMES)
    plot = Box(
        box.x + 48, box.y + PLOT_TOP, box.width - 60, box.height - PLOT_TOP - 12 - LEGEND_LINE * ((names + 1) // 2)
    )
    stacked = panel.view is View.STACKED
    drawn = _stack(series) if stacked else [(line, [(at, 0.0, value) for at, value in line.points]) for line in series]
    top = max((upper for _, points in drawn for *_, upper in points), default=0.0) or 1.0
    yield from _axis(plot, top, panel.unit)
    for line, points in drawn:
        yield _shape(line, points, plot, span, top, filled=stacked)
    yield from _legend(series, Box(box.x + 12, plot.y + plot.height + 14, box.width - 24, 0))


def _stack(series: list[Line]) -> list[tuple[Line, list[tuple[float, float, float]]]]:
    """Each upon those before it, moment by moment."""
    heights: dict[float, float] = {}
    stacked = []
    for line in series:
        points = []
        for at, value in line.points:
            lower = heights.get(at, 0.0)
            heights[at] = lower + value
            points.append((at, lower, lower + value))
        stacked.append((line, points))
    return stacked


def _axis(plot: Box, top: float, unit: Unit) -> Iterator[str]:
    for part in (0.0, 0.5, 1.0):
        y = plot.y + plot.height * (1 - part)
        yield f'<path d="M{plot.x:g} {y:.1f}h{plot.width:g}" stroke="#e2e8f0"/>'
        yield _text(plot.x - 5, y + 4, _shown(top * part, unit), "text-anchor:end")


def _shape(
    line: Line,
    points: list[tuple[float, float, float]],
    plot: Box,
    span: tuple[float, float],
    top: float,
    *,
    filled: bool,
) -> str:
    def spot(at: float, value: float) -> str:
        x = plot.x + plot.width * (at - span[0]) / ((span[1] - span[0]) or 1.0)
        return f"{x:.1f},{plot.y + plot.height * (1 - value / top):.1f}"

    upper = [spot(at, high) for at, _, high in points]
    if not filled:
        return f'<polyline points="{" ".join(upper)}" fill="none" stroke="{line.colour}" stroke-width="1.5"/>'
    lower = [spot(at, low) for at, low, _ in reversed(points)]
    return f'<polygon points="{" ".join([*upper, *lower])}" fill="{line.colour}" fill-opacity="0.6"/>'


def _legend(series: list[Line], box: Box) -> Iterator[str]:
    for number, line in enumerate(series[:NAMES]):
        more = len(series) - NAMES
        name = f"{line.name} and {more} more" if more > 0 and number == NAMES - 1 else line.name
        x, y = box.x + box.width / 2 * (number % 2), box.y + LEGEND_LINE * (number // 2)
        yield _text(x, y, f"● {name}"[: int(box.width / 2 / 6)], f"fill:{line.colour}")


def _shown(value: float, unit: Unit) -> str:
    match unit:
        case Unit.PART:
            return f"{value * 100:.0f} %"
        case Unit.SECONDS:
            return f"{value:.3g} s"
        case Unit.PER_SECOND:
            return f"{value:.2g}/s"
        case Unit.NUMBER:
            return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _text(x: float, y: float, text: str, style: str = "") -> str:
    styled = f' style="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{styled}>{escape(text)}</text>'


if __name__ == "__main__":
    main()
