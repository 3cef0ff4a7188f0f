"""What keys do in the live `top`: views, sorting, scrolling. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chippool.cli.picture import Picture, WorkloadLine
from chippool.cli.top_screen import View

HELP = "1 all  2 pools  3 queues  4 classes  5 workloads   s sort  r reverse  w wide  ↑↓ scroll  q quit"


class Sort(StrEnum):
    """By what workloads are sorted; `turn`: who has chips by priority, then who waits by turn."""

    TURN = "turn"
    CHIPS = "chips"
    AGE = "age"
    NAME = "name"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Looking:
    """How the picture is looked at."""

    view: View = View.ALL
    sort: Sort = Sort.TURN
    reverse: bool = False
    wide: bool = False
    skip: int = 0
    """Workloads that are scrolled away."""


QUIT = frozenset({"q", "esc"})
VIEWS = dict(zip("12345", View, strict=True))
SCROLLS = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -10, "pagedown": 10, " ": 10}
SORTS: dict[Sort, Callable[[WorkloadLine], tuple[object, ...]]] = {
    Sort.CHIPS: lambda line: (-line.chips, line.namespace, line.name),
    Sort.AGE: lambda line: (-line.age_seconds, line.namespace, line.name),
    Sort.NAME: lambda line: (line.namespace, line.name),
    Sort.QUEUE: lambda line: (line.queue_name, line.namespace, line.name),
}


def pressed(key: str, looking: Looking) -> Looking | None:
    """Return how it is looked at after a key; None is the end."""
    if key in QUIT:
        return None
    if key in VIEWS:
        return replace(looking, view=VIEWS[key], skip=0)
    if key in SCROLLS:
        return replace(looking, skip=max(0, looking.skip + SCROLLS[key]))
    return OTHERS[key](looking) if key in OTHERS else looking


def _next_sort(looking: Looking) -> Looking:
    sorts = list(Sort)
    return replace(looking, sort=sorts[(sorts.index(looking.sort) + 1) % len(sorts)], skip=0)


OTHERS: dict[str, Callable[[Looking], Looking]] = {
    "s": _next_sort,
    "r": lambda looking: replace(looking, reverse=not looking.reverse, skip=0),
    "w": lambda looking: replace(looking, wide=not looking.wide),
}


def looked_at(picture: Picture, looking: Looking) -> Picture:
    """Return the picture with its workloads sorted, and without those scrolled away; the last one always stays."""
    lines = _sorted(picture.workloads, looking)
    return replace(picture, workloads=tuple(lines[min(looking.skip, max(0, len(lines) - 1)) :]))


def _sorted(lines: Sequence[WorkloadLine], looking: Looking) -> list[WorkloadLine]:
    found = list(lines) if looking.sort is Sort.TURN else sorted(lines, key=SORTS[looking.sort])
    return found[::-1] if looking.reverse else found
