"""Pools before and after a change, by class, as an SVG picture."""

from collections.abc import Iterator, Mapping
from html import escape

from chippool.core.ids import CHIP, Milli
from chippool.sim.drawing import COLOURS
from chippool.sim.uses import Use, uses
from chippool.sim.whatif import Answer

WIDTH, LEFT, BAR, GAP = 900, 190, 26, 22
REST = {"unmanaged": "#a8a29e", "unusable": "#fecaca", "free": "#f1f5f9"}


def drawn(answer: Answer) -> str:
    """Return the picture: for each pool a bar as it would be anyway, and one with the change, on one scale."""
    otherwise, then = uses(answer.otherwise.snapshot), uses(answer.then.snapshot)
    names = sorted({name for use in (*otherwise.values(), *then.values()) for name in use.by_class})
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)} | REST
    most = max((use.installed for use in (*otherwise.values(), *then.values())), default=0) or 1
    parts, top = [], GAP
    for pool in otherwise:
        parts.append(f'<text x="8" y="{top + 17}" font-weight="bold">{escape(pool)}</text>')
        for label, use in (("now", otherwise[pool]), ("then", then[pool])):
            parts += _bar(label, use, colours, top, most)
            top += BAR + 4
        top += GAP
    parts += _legend(colours, top)
    return "\n".join([_head(top + 40), *parts, "</svg>", ""])


def _head(height: int) -> str:
    size = f'width="{WIDTH + LEFT + 90}" height="{height}"'
    style = "<style>text{font:12px sans-serif;fill:#333}</style>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="100%" height="100%" fill="white"/>{style}'


def _bar(label: str, use: Use, colours: Mapping[str, str], top: int, most: Milli) -> Iterator[str]:
    yield f'<text x="{LEFT - 8}" y="{top + 17}" text-anchor="end">{label}</text>'
    x = float(LEFT)
    for name, chips in parts_of(use).items():
        width = WIDTH * chips / most
        told = f"<title>{escape(name)}: {chips / CHIP:g} chips</title>"
        yield (
            f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{colours[name]}" '
            f'stroke="white">{told}</rect>'
        )
        x += width
    yield f'<text x="{x + 6:.1f}" y="{top + 17}">{use.installed / CHIP:g}</text>'


def parts_of(use: Use) -> dict[str, Milli]:
    """Return what a pool's chips are, by class; together they are what is installed."""
    held = {str(name): chips for name, chips in use.by_class.items() if chips}
    rest = max(use.installed - sum(held.values()) - use.unmanaged - use.free, 0)
    return held | {name: c for name, c in (("unmanaged", use.unmanaged), ("unusable", rest), ("free", use.free)) if c}


def _legend(colours: Mapping[str, str], top: int) -> Iterator[str]:
    x = LEFT
    for name, colour in colours.items():
        yield f'<rect x="{x}" y="{top}" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 17}" y="{top + 11}">{escape(name)}</text>'
        x += 32 + 8 * len(name)
