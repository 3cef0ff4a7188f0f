"""Occupancy and waits as an SVG picture, written by hand: no library is needed to draw steps and dots."""

from collections.abc import Iterator, Sequence
from html import escape

from chippool.sim.clockwork import Clockwork
from chippool.sim.outlook import Occupancy

WIDTH, LEFT, HEIGHT, GAP = 960, 150, 120, 34
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#65a30d")


def drawn(work: Clockwork, seen: Occupancy) -> str:
    """Return the picture: a strip for each pool, and one with a dot for each wait, by class."""
    strips = [*seen.stock]
    height = (HEIGHT + GAP) * (len(strips) + 1) + GAP
    parts = [_head(height)]
    for number, pool in enumerate(strips):
        top = GAP + number * (HEIGHT + GAP)
        parts += _frame(top, f"{pool}", f"{seen.stock[pool]:g} chips")
        parts += _steps(seen.steps[pool], seen.stock[pool], work.now, top)
    parts += _waits(work, GAP + len(strips) * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>", ""])


def _head(height: int) -> str:
    size = f'width="{WIDTH + LEFT + 20}" height="{height}"'
    style = "<style>text{font:12px sans-serif;fill:#333}</style>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="100%" height="100%" fill="white"/>{style}'


def _frame(top: int, name: str, more: str) -> Iterator[str]:
    yield f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="#f8fafc" stroke="#cbd5e1"/>'
    yield f'<text x="8" y="{top + 16}" font-weight="bold">{escape(name)}</text>'
    yield f'<text x="8" y="{top + 34}">{escape(more)}</text>'


def _steps(steps: Sequence[tuple[float, float, float]], chips: float, until: float, top: int) -> Iterator[str]:
    """What is used from below, and on top of it what is kept for whoever is next."""
    for column, colour in ((0, "#f59e0b"), (1, "#2563eb")):
        points = [f"{LEFT},{top + HEIGHT}"]
        ends = [*(step[0] for step in steps[1:]), until]
        for (start, used, kept), end in zip(steps, ends, strict=True):
            share = min((used if column else used + kept) / chips, 1.0) if chips else 0.0
            y = top + HEIGHT * (1 - share)
            points += [f"{_x(start, until):.1f},{y:.1f}", f"{_x(end, until):.1f},{y:.1f}"]
        points.append(f"{_x(until, until):.1f},{top + HEIGHT}")
        yield f'<polygon points="{" ".join(points)}" fill="{colour}" fill-opacity="0.7"/>'


def _x(at: float, until: float) -> float:
    return LEFT + (WIDTH * at / until if until else 0.0)


def _waits(work: Clockwork, top: int) -> Iterator[str]:
    dots = [
        (life.errand.workload.class_name, life.errand.workload.created, wait)
        for life in work.lives.values()
        for wait in life.waits
    ]
    longest = max((wait for *_, wait in dots), default=0.0)
    yield from _frame(top, "waits by arrival", f"up to {longest / 60:.0f} min")
    names = sorted({name for name, *_ in dots})
    for number, name in enumerate(names):
        colour = COLOURS[number % len(COLOURS)]
        yield f'<text x="8" y="{top + 52 + 16 * number}" style="fill:{colour}">● {escape(name)}</text>'
        for _, at, wait in (dot for dot in dots if dot[0] == name):
            y = top + HEIGHT * (1 - (wait / longest if longest else 0.0))
            yield f'<circle cx="{_x(at, work.now):.1f}" cy="{y:.1f}" r="3" fill="{colour}" fill-opacity="0.6"/>'
