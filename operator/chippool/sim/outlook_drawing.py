"""Demand, stock and runway of pools as an SVG picture: what was asked for, and what is expected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from math import floor, log10
from textwrap import wrap

from chippool.core.forecast import Floats
from chippool.core.outlook import DAY_S, Outlook
from chippool.core.runway import HORIZON

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 240, 70, 30, 64, 34
"""Of one pool's plot; what is beside it on the left and right, and above and below it."""
BEHIND, AHEAD = 180, 365
"""Days that are shown at most of what was, and at least of what will be."""
BEYOND = 1.25
"""The end of the runway is not at the edge."""
LINE = 140
"""Characters of the reason in a line."""
STYLE = """<style>
text{font:12px sans-serif;fill:#333}.name{font-weight:bold;font-size:14px}.back{fill:#fff}
.frame{fill:none;stroke:#cbd5e1}.grid{stroke:#e2e8f0}.was{fill:none;stroke:#334155;stroke-width:1.5}.will{fill:none;stroke:#2563eb;stroke-width:2}
.fan{fill:#2563eb;fill-opacity:.18}.stock{fill:none;stroke:#059669;stroke-width:2}.reach{fill:#059669;fill-opacity:.14}
.now{stroke:#64748b;stroke-dasharray:3 3}.end{stroke:#dc2626;stroke-width:2}.ends{fill:#dc2626;fill-opacity:.35}
@media (prefers-color-scheme: dark){text{fill:#e8eaed}.back{fill:#1d2024}.frame{stroke:#4b5563}.grid{stroke:#363b42}
.was{stroke:#a3aab3}.will{stroke:#8ab4f8}.fan{fill:#8ab4f8}.stock{stroke:#2fb58a}.reach{fill:#2fb58a}}
</style>"""
KEY = (
    ("was", "demand so far"),
    ("will", "demand expected, 80 % within the band"),
    ("stock", "stock after failures and arrivals"),
    ("end", "the stock's end, its 80 % below"),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Where days from today and chips are on the plot."""

    first: int
    last: int
    most: float
    top: float

    def x(self, day: float) -> float:
        return LEFT + WIDTH * (day - self.first) / (self.last - self.first)

    def y(self, chips: float) -> float:
        return self.top + HEIGHT * (1 - min(chips / self.most, 1.0))

    def line(self, days: Sequence[float], chips: Sequence[float]) -> str:
        return " ".join(f"{self.x(day):.1f},{self.y(amount):.1f}" for day, amount in zip(days, chips, strict=True))


def drawn(pools: Sequence[tuple[str, Outlook]], now: float) -> str:
    """Return the picture: a plot for each pool, one below the other; `now` in seconds since the epoch."""
    each = TOP + HEIGHT + BOTTOM
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{each * len(pools) + 30}"'
    box = f'viewBox="0 0 {LEFT + WIDTH + RIGHT} {each * len(pools) + 30}"'
    said = "; ".join(f"{name}: {seen.sentence}" for name, seen in pools)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img"><title>{escape(said)}</title>{STYLE}'
    plots = [part for at, (name, seen) in enumerate(pools) for part in _plot(name, seen, at * each + TOP, now)]
    back = '<rect width="100%" height="100%" class="back"/>'
    return "\n".join([head, back, *plots, *_key(each * len(pools) + 16), "</svg>", ""])


def _plot(name: str, seen: Outlook, top: int, now: float) -> Iterator[str]:
    scale = _scale(seen, top)
    yield f'<text x="8" y="{top - 44}" class="name">{escape(name)}</text>'
    for at, line in enumerate(wrap(seen.sentence, LINE)[:2]):
        yield f'<text x="{LEFT}" y="{top - 26 + 15 * at}">{escape(line)}</text>'
    yield from _axes(scale, now)
    yield from _demand(seen, scale)
    yield from _stock(seen, scale)
    yield from _runway(seen, scale, now)


def _scale(seen: Outlook, top: int) -> Scale:
    """As far ahead as the runway goes, if it ends."""
    ends = [day for day in (seen.runway.likely, seen.runway.latest) if day] if seen.runway else []
    last = min(HORIZON, max([AHEAD, *(int(day * BEYOND) for day in ends)]))
    shown = seen.daily[-BEHIND:]
    ahead = seen.stock.ahead(seen.stock.attrition.low)[:last]
    most = max([*shown, float(ahead.max()), *([float(seen.demand.likely[:last].max())] if seen.demand else []), 1.0])
    return Scale(-max(len(shown), 1), last, most * 1.1, top)


def _axes(scale: Scale, now: float) -> Iterator[str]:
    bottom = scale.top + HEIGHT
    for chips in _ticks(scale.most):
        y = scale.y(chips)
        yield f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{chips:,g}</text>'
    for day, label in _months(scale, now):
        yield f'<line x1="{scale.x(day):.1f}" x2="{scale.x(day):.1f}" y1="{bottom}" y2="{bottom + 5}" class="frame"/>'
        yield f'<text x="{scale.x(day):.1f}" y="{bottom + 19}" text-anchor="middle">{label}</text>'
    yield f'<rect x="{LEFT}" y="{scale.top}" width="{WIDTH}" height="{HEIGHT}" class="frame"/>'
    yield f'<line x1="{scale.x(0):.1f}" x2="{scale.x(0):.1f}" y1="{scale.top}" y2="{bottom}" class="now"/>'


def _ticks(most: float) -> list[float]:
    """From 0 to `most` in steps of 1, 2 or 5 times a power of ten, six at most."""
    power = 10.0 ** floor(log10(most / 5))
    step = next(power * one for one in (1, 2, 5, 10) if most / (power * one) <= 6)
    return [step * at for at in range(int(most / step) + 1)]


def _months(scale: Scale, now: float) -> Iterator[tuple[int, str]]:
    """The first days of months, as many as there is room for."""
    months = [day for day in range(scale.first, scale.last + 1) if _date(now, day).day == 1]
    for day in months[:: len(months) // 12 + 1]:
        yield day, _date(now, day).strftime("%Y-%m")


def _demand(seen: Outlook, scale: Scale) -> Iterator[str]:
    shown = seen.daily[-BEHIND:]
    yield f'<polyline points="{scale.line(range(1 - len(shown), 1), shown)}" class="was"/>'
    if seen.demand is None:
        return
    days = _days(scale)
    low, likely, high = (_at(days, row) for row in (seen.demand.low, seen.demand.likely, seen.demand.high))
    yield f'<polygon points="{_band(scale, days, low, high)}" class="fan"/>'
    yield f'<polyline points="{scale.line(days, likely)}" class="will"/>'


def _stock(seen: Outlook, scale: Scale) -> Iterator[str]:
    days, rate = _days(scale), seen.stock.attrition
    low, likely, high = (_at(days, seen.stock.ahead(one)) for one in (rate.high, rate.rate, rate.low))
    yield f'<polygon points="{_band(scale, days, low, high)}" class="reach"/>'
    yield f'<polyline points="{scale.line(days, likely)}" class="stock"/>'


def _runway(seen: Outlook, scale: Scale, now: float) -> Iterator[str]:
    if seen.runway is None or seen.demand is None:
        return
    found, bottom = seen.runway, scale.top + HEIGHT
    if found.earliest is not None:
        left, right = scale.x(found.earliest), scale.x(min(found.latest or scale.last, scale.last))
        yield f'<rect x="{left:.1f}" y="{bottom - 6}" width="{max(right - left, 1):.1f}" height="6" class="ends"/>'
    if found.likely is not None:
        x, anchor = scale.x(found.likely), "start" if found.likely < scale.last * 0.8 else "end"
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{scale.top}" y2="{bottom}" class="end"/>'
        label = _date(now, found.likely).strftime("%Y-%m-%d")
        away = 5 if anchor == "start" else -5
        yield f'<text x="{x + away:.1f}" y="{scale.top + 14}" text-anchor="{anchor}">{label}</text>'


def _band(scale: Scale, days: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
    return f"{scale.line(days, high)} {scale.line(days[::-1], low[::-1])}"


def _days(scale: Scale) -> list[int]:
    """Every day of the next two months, then every third: lines are no smoother for more."""
    return [*range(1, 61), *range(63, scale.last + 1, 3)]


def _at(days: Sequence[int], ahead: Floats) -> list[float]:
    return [float(ahead[day - 1]) for day in days]


def _date(now: float, day: float) -> datetime:
    return datetime.fromtimestamp(now + day * DAY_S, UTC)


def _key(y: int) -> Iterator[str]:
    x = float(LEFT)
    for kind, words in KEY:
        yield f'<line x1="{x:.0f}" x2="{x + 22:.0f}" y1="{y - 4}" y2="{y - 4}" class="{kind}"/>'
        yield f'<text x="{x + 28:.0f}" y="{y}">{words}</text>'
        x += 48 + 6.4 * len(words)
