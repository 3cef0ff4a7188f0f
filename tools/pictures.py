"""Draws scenarios (tests/scenarios) as SVG: the nodes before and after the plan. `python -m tools.pictures FOLDER`.

What is drawn is what the tests compare with the core's own plan, so a picture can't show what is not done.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).resolve().parents[1] / "tests" / "scenarios" / "cases"
DRAWN = (
    "backfill_beside_the_head",
    "displacement_is_minimal",
    "elastic_shrinks_before_anybody_is_evicted",
    "external_gives_back_first",
    "fragments_are_brought_together",
    "gangs_all_or_none",
    "guaranteed_means_guaranteed",
    "moved_down_rather_than_evicted",
    "order_is_priority_then_age",
    "reclaim_from_borrowers",
    "scarcity_before_preference",
    "topology_smallest_rack",
    "trade_swaps_places",
)
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#d6a100")
CELL, GAP, HEIGHT, NAMES, TOP = 24, 8, 24, 78, 34
WORK = re.compile(
    r"(?P<name>\S+) (?P<cls>\S+) (?:\d+-)?(?P<replicas>\d+)x(?P<chips>\d+) .*?"
    r"(?: of (?P<queue>\S+))?(?: on (?P<on>.+))?$"
)
MOVED = re.compile(r"(?:admit|move) (?P<name>\S+) as \S+ (?:on|to) (?P<on>.+?)(?: when released)?(?: for \S+)?$")
GONE = re.compile(r"displace (?P<name>[^\s,]+)")
SIZED = re.compile(r"(?:shrink|resize) (?P<name>\S+) to (?P<count>\d+)(?: on (?P<on>.+?))?(?: for \S+)?$")


@dataclass(frozen=True, slots=True)
class Work:
    name: str
    cls: str
    queue: str
    replicas: int
    chips: int
    nodes: tuple[str, ...]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in DRAWN:
        folder.joinpath(f"{name}.svg").write_text(picture(yaml.safe_load(CASES.joinpath(f"{name}.yaml").read_text())))


def picture(case: dict[str, Any]) -> str:
    """Return one scenario as SVG."""
    before = [work_of(line) for key in ("running", "waiting") for line in case.get(key, ())]
    after = [planned(one, case["plan"]) for one in before]
    colours = {one.name: COLOURS[i % len(COLOURS)] for i, one in enumerate(before)}
    nodes = list(nodes_of(case))
    panel = NAMES + max(chips for _, chips, _ in nodes) * CELL
    rows = max(len(waiting_of(before)), len(waiting_of(after)))
    height = TOP + len(nodes) * (HEIGHT + GAP) + (26 + rows * 18 if rows else 0) + GAP
    drawn = [*drawing("before", before, nodes, colours, 0), *drawing("after", after, nodes, colours, panel + 48)]
    width = 2 * panel + 48 + 2 * GAP
    size = f'viewBox="-{GAP} 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif">',
        f'<rect x="-{GAP}" width="{width}" height="{height}" rx="6" fill="#ffffff"/>',
        text(panel + 24, TOP + 20, "→", size=20, fill="#888", anchor="middle"),
        *drawn,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def work_of(line: str) -> Work:
    """Read a line of running or waiting work."""
    found = WORK.match(line)
    assert found, line
    on = tuple((found["on"] or "").split())
    return Work(found["name"], found["cls"], found["queue"] or "", int(found["replicas"]), int(found["chips"]), on)


def planned(work: Work, plan: list[str]) -> Work:
    """Return the work where the plan puts it."""
    for line in plan:
        for form in (MOVED, GONE, SIZED):
            found = form.match(line)
            if found and found["name"] == work.name:
                return _changed(work, found.groupdict())
    return work


def _changed(work: Work, said: dict[str, str | None]) -> Work:
    given = tuple((said.get("on") or "").split())
    if said.get("count"):
        given = (*work.nodes, *given)[: int(said["count"] or 0)]
    return Work(work.name, work.cls, work.queue, work.replicas, work.chips, given)


def nodes_of(case: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Yield name, chips and rack of every node."""
    racks = [rack for rack, count in case.get("racks", {}).items() for _ in range(count)]
    names = [
        (f"{pool}-{i:03}", int(size.split("x")[1]))
        for pool, size in case["nodes"].items()
        for i in range(int(size.split("x")[0]))
    ]
    for i, (name, chips) in enumerate(names):
        yield name, chips, racks[i] if racks else ""


def waiting_of(work: list[Work]) -> list[Work]:
    """Return what has no chips."""
    return [one for one in work if not one.nodes]


def drawing(
    title: str, work: list[Work], nodes: list[tuple[str, int, str]], colours: dict[str, str], x: int
) -> Iterator[str]:
    """Yield one of the two panels."""
    yield text(x, 20, title, weight="bold")
    for row, (node, chips, rack) in enumerate(nodes):
        y = TOP + row * (HEIGHT + GAP)
        yield text(x, y + 16, f"{rack} {node}" if rack else node, size=11, fill="#555")
        yield from (cell(x + NAMES + i * CELL, y, 1, "#eeeeee") for i in range(chips))
        at = 0
        for one in work:
            for _ in range(one.nodes.count(node)):
                yield from block(x + NAMES + at * CELL, y, one, colours[one.name])
                at += one.chips
    y = TOP + len(nodes) * (HEIGHT + GAP) + 14
    if waiting_of(work):
        yield text(x, y, "waits", size=11, fill="#555")
    for row, one in enumerate(waiting_of(work), 1):
        yield from waits(x, y + row * 18, one, colours[one.name])


def block(x: int, y: int, work: Work, colour: str) -> Iterator[str]:
    """Yield what one replica holds of its node."""
    yield cell(x, y, work.chips, colour)
    room = work.chips * CELL // 7
    label = said_of(work) if len(said_of(work)) <= room else work.name[:room]
    yield text(x + work.chips * CELL // 2 - 1, y + 16, label, size=11, fill="#ffffff", anchor="middle")


def waits(x: int, y: int, work: Work, colour: str) -> list[str]:
    """Return a line of what waits."""
    size = f"{work.replicas} x {work.chips} chips"
    return [
        f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" fill="{colour}"/>',
        text(x + 18, y, f"{said_of(work)}: {size}", size=11),
    ]


def said_of(work: Work) -> str:
    """Return what a workload is called in a picture."""
    of = ", ".join(part for part in (work.cls if work.cls != work.name else "", work.queue) if part)
    return f"{work.name} ({of})" if of else work.name


def cell(x: int, y: int, chips: int, fill: str) -> str:
    """Return so many chips of a node."""
    return f'<rect x="{x}" y="{y}" width="{chips * CELL - 2}" height="{HEIGHT}" rx="3" fill="{fill}"/>'


def text(
    x: int, y: int, words: str, *, size: int = 12, fill: str = "#222", weight: str = "normal", anchor: str = "start"
) -> str:
    """Return words at a place."""
    style = f'font-size="{size}" fill="{fill}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(words)}</text>'


if __name__ == "__main__":
    main()
