"""The report as one page that needs nothing else: tables, and what chips did day by day as drawings."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from chippool.cli.report_data import DayReport, Report
from chippool.cli.report_text import class_rows, pool_rows, queue_rows, sentences, wrong_rows

STATES = (
    ("useful", "#059669"),
    ("starting", "#eab308"),
    ("lost", "#dc2626"),
    ("unmanaged", "#7c3aed"),
    ("idle", "#cbd5e1"),
)
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 160, 60, 22
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;"
    "color:#1e293b;background:#fff}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.25rem .7rem;border-bottom:1px solid #e2e8f0;"
    "text-align:right}td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}"
    "svg text{font:11px system-ui,sans-serif;fill:#334155}.key span{margin-right:1.2rem}"
)


def as_html(found: Report) -> str:
    """Return the whole page."""
    title = f"Chips from {found.since} to {found.until}"
    head = ["<!DOCTYPE html>", '<html lang="en">', *_head(title)]
    return "\n".join([*head, "<body>", *_body(title, found), "</body>", "</html>", ""])


def _head(title: str) -> Iterator[str]:
    yield f'<head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head>'


def _body(title: str, found: Report) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    yield from (f"<p>{escape(line)}</p>" for line in sentences(found))
    yield "<h2>What chips did, day by day</h2>"
    yield from _key()
    by_pool: defaultdict[str, list[DayReport]] = defaultdict(list)
    for day in found.days:
        by_pool[day.pool].append(day)
    for pool, days in by_pool.items():
        yield f"<h3>{escape(pool)}</h3>"
        yield from _drawn(pool, days)
    yield from _section("Pools, in chip-hours", pool_rows(found))
    yield from _section("Queues, each alone", queue_rows(found))
    yield from _section("Priority classes", class_rows(found))
    if found.wrong_chips:
        yield from _section("On a chip that others wait for, with room elsewhere", wrong_rows(found))


def _key() -> Iterator[str]:
    parts = (f'<span><b style="color:{colour}">■</b> {state}</span>' for state, colour in STATES)
    yield f'<p class="key">{"".join(parts)}<span>● yield of a chip</span></p>'


def _section(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    yield "<table><thead><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in rows[0]) + "</tr></thead><tbody>"
    yield from ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    yield "</tbody></table>"


def _drawn(pool: str, days: Sequence[DayReport]) -> Iterator[str]:
    """A bar for each day, of what is healthy; the dots are useful effective chip-hours of each installed one."""
    most = max(sum(_parts(day)) for day in days) or 1.0
    best = max(_yield(day) for day in days) or 1.0
    step = (WIDTH - LEFT) / len(days)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT + BOTTOM}" width="{WIDTH}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="chip-hours of {escape(pool)} by day">'
    yield f'<text x="0" y="11">{most:,.0f} h</text><text x="0" y="{HEIGHT}">0</text>'
    for number, day in enumerate(days):
        yield from _bar(LEFT + number * step, step, day, most)
        if number % max(1, len(days) // 10) == 0:
            yield f'<text x="{LEFT + number * step:.1f}" y="{HEIGHT + 15}">{escape(day.date[5:])}</text>'
    for number, day in enumerate(days):
        x, y = LEFT + (number + 0.4) * step, HEIGHT * (1 - 0.95 * _yield(day) / best)
        what = f"{day.date}: {_yield(day):.3f} useful effective chip-hours of each installed"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0f172a"><title>{escape(what)}</title></circle>'
    yield "</svg>"


def _bar(x: float, step: float, day: DayReport, most: float) -> Iterator[str]:
    top = float(HEIGHT)
    for (state, colour), part in zip(STATES, _parts(day), strict=True):
        tall = HEIGHT * part / most
        top -= tall
        if tall > 0:
            what = f"{day.date} {state}: {part:,.2f} chip-hours"
            yield (
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{0.8 * step:.1f}" height="{tall:.1f}" fill="{colour}">'
                f"<title>{escape(what)}</title></rect>"
            )


def _parts(day: DayReport) -> list[float]:
    return [max(0.0, getattr(day, state)) for state, _ in STATES]


def _yield(day: DayReport) -> float:
    return day.effective / day.installed if day.installed else 0.0
