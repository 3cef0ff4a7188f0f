"""A picture as tables for people; the characters of the bars tell the states apart without colours too."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chippool.cli.picture import Chips, ClassLine, Picture, PoolLine, QueueLine, WorkloadLine
from chippool.cli.picture_stock import effective_text, runway_text
from chippool.core.reasons import Reason
from chippool.visibility.words import number

BAR, SHORT, FIGURES = 24, 6, 76
"""Widths: of a bar at most and at least, of everything beside it."""
NAME, CELL, OTHERS = 24, 18, 70
"""Widths: of the shortest name, of a class or pool, of everything beside the name."""
ROOMY = 170
"""A screen as wide as this has room for sentences beside all else."""
COLUMNS = ("WORKLOAD", "CLASS", "STATE", "CHIPS", "READY", "WHERE", "AGE")
ROWS = 20
"""Workloads that are shown where nobody asked for all."""

STATES = (
    ("allocated", "█", "green"),
    ("releasing", "▓", "yellow"),
    ("unmanaged", "▒", "magenta"),
    ("unusable", "x", "red"),
    ("free", "·", "dim"),
)
COLOURS = {"ready": "green", "admitted": "yellow", "pending": "cyan", "suspended": "dim", "finished": "dim"}


class View(StrEnum):
    """What of it is shown."""

    ALL = "all"
    POOLS = "pools"
    QUEUES = "queues"
    CLASSES = "classes"
    WORKLOADS = "workloads"


def screen(
    picture: Picture, *, width: int, rows: int | None = ROWS, wide: bool = False, view: View = View.ALL
) -> RenderableType:
    """Return the whole screen for a width in characters; `rows` None shows every workload."""
    parts: dict[View, Callable[[], list[RenderableType]]] = {
        View.POOLS: lambda: [_legend(), _pools(picture.pools, wide=wide, width=width)],
        View.QUEUES: lambda: [_queues(picture.queues)],
        View.CLASSES: lambda: [_classes(picture.priority_classes)],
        View.WORKLOADS: lambda: [_workloads(picture.workloads, rows=rows, wide=wide, width=width)],
    }
    shown = [part for name, part in parts.items() if view in {View.ALL, name}]
    apart: list[RenderableType] = [one for part in shown for one in (*part(), "")]
    return Group(*apart[:-1], Text(_summary(picture), style="dim"))


def _legend() -> Text:
    words = [Text.assemble((mark, style), f" {state}") for state, mark, style in STATES]
    return Text("  ").join(words)


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return table


def _pools(pools: Sequence[PoolLine], *, wide: bool, width: int) -> RenderableType:
    if not pools:
        return Text("No ChipPools: apply one, as in examples/, to say which nodes have which chips.")
    numbers = ("NODES", "CHIPS", *(state.upper() for state, _, _ in STATES))
    more, last = (("MODEL", "RESOURCE"), ("PRICE",)) if wide else ((), ())
    stock = ("EFFECTIVE", "LASTS UNTIL (80 %)") if wide else ()
    table = _table("POOL", *more, "", *numbers, *last, *stock, right=(*numbers, *last))
    length = max(SHORT, min(BAR, width - FIGURES))
    for pool in pools:
        figures = (number(getattr(pool.chips, state)) for state, _, _ in STATES)
        named, price = ((pool.model, pool.resource_name), (number(pool.price),)) if wide else ((), ())
        told = (effective_text(pool.effective_chips), runway_text(pool.runway)) if wide else ()
        drawn = bar(pool.chips, length)
        table.add_row(pool.name, *named, drawn, str(pool.nodes), number(pool.chips.installed), *figures, *price, *told)
    return table


def bar(chips: Chips, width: int) -> Text:
    """Return a bar in which every state that has any chips shows at least once, as long as there is room."""
    cells = _cells([float(getattr(chips, state)) for state, _, _ in STATES], width)
    return Text.assemble(*((mark * cells[at], style) for at, (_, mark, style) in enumerate(STATES)))


def _cells(parts: Sequence[float], width: int) -> list[int]:
    total = sum(parts)
    if not total:
        return [0] * len(parts)
    exact = [part / total * width for part in parts]
    cells = [max(1, int(share)) if share else 0 for share in exact]
    while sum(cells) < width:
        cells[max(range(len(cells)), key=lambda i: exact[i] - cells[i])] += 1
    while sum(cells) > width:
        cells[max(range(len(cells)), key=lambda i: (cells[i] > 1, cells[i] - exact[i]))] -= 1
    return cells


def _queues(queues: Sequence[QueueLine]) -> RenderableType:
    if not queues:
        return Text("No ChipQueues: apply one, as in examples/, to let namespaces ask for chips.")
    numbers = ("USED", "GUARANTEED", "LIMIT", "WANTED", "ADMITTED", "PENDING")
    table = _table("QUEUE", "POOL", *numbers, right=numbers)
    for queue in queues:
        counts = (str(queue.admitted), str(queue.pending))
        for at, use in enumerate(queue.pools):
            limit = "-" if use.limit is None else number(use.limit)
            named = queue.name if not at else ""
            figures = (number(use.used), number(use.guaranteed), limit, number(use.pending))
            table.add_row(named, use.pool_name, *figures, *(("", "") if at else counts))
        if not queue.pools:
            table.add_row(queue.name, "-", "0", "0", "-", "0", *counts)
    return table


def _classes(classes: Sequence[ClassLine]) -> RenderableType:
    numbers = ("PRIORITY", "CHIPS", "ADMITTED", "PENDING")
    table = _table("CLASS", *numbers, right=numbers)
    for line in classes:
        table.add_row(line.name, str(line.value), number(line.chips), str(line.admitted), str(line.pending))
    return table


def _workloads(lines: Sequence[WorkloadLine], *, rows: int | None, wide: bool, width: int) -> RenderableType:
    if not lines:
        return Text("No workloads run or wait.")
    table = _table(*COLUMNS, right=("CHIPS", "READY", "AGE"))
    if not wide:
        table.columns[0].max_width = max(NAME, width - OTHERS)
        table.columns[1].max_width = table.columns[5].max_width = CELL
    else:
        table.add_column("VARIANT", no_wrap=True)
        table.add_column("QUEUE", no_wrap=True)
        table.add_column("MODE", no_wrap=True)
        if width >= ROOMY:
            table.add_column("MESSAGE", overflow="fold")
    for line in chosen(lines, rows):
        more = (line.variant or "-", line.queue_name, line.mode.value, line.message)[
            : len(table.columns) - len(COLUMNS)
        ]
        table.add_row(*_row(line), *more)
    return table


def chosen(lines: Sequence[WorkloadLine], rows: int | None) -> Sequence[WorkloadLine]:
    """Half of the rows for who runs and half for who waits, and what one half leaves over to the other."""
    if rows is None or len(lines) <= rows:
        return lines
    waits = [line for line in lines if line.pool_name is None]
    runs = [line for line in lines if line.pool_name is not None]
    first = max(rows // 2, rows - len(waits))
    kept = runs[:first]
    return [*kept, *waits[: rows - len(kept)]]


def _row(line: WorkloadLine) -> tuple[str | Text, ...]:
    state = Text(line.state, style=COLOURS.get(line.state, ""))
    replicas = f"{line.ready}/{line.replicas}" if line.pool_name else str(line.replicas)
    name = f"{line.namespace}/{line.name}"
    return (name, line.priority_class_name, state, number(line.chips), replicas, _where(line), age(line.age_seconds))


def _where(line: WorkloadLine) -> Text:
    if line.pool_name:
        return Text(line.pool_name)
    if line.reason == Reason.ADMITTED:
        return Text("fits now")
    if line.position is None:
        return Text(line.reason, style="yellow")
    return Text(f"{line.reason}, #{line.position}", style="cyan")


def _summary(picture: Picture) -> str:
    runs = sum(line.pool_name is not None for line in picture.workloads)
    waits = len(picture.workloads) - runs
    return f"{runs} workloads have chips, {waits} do not, {picture.finished} finished · {picture.at}"


def age(seconds: int) -> str:
    """As kubectl prints ages: the two largest units, where the second still matters."""
    for unit, size, below in (("d", 86400, "h"), ("h", 3600, "m"), ("m", 60, "s")):
        if seconds >= size:
            rest = seconds % size // {"h": 3600, "m": 60, "s": 1}[below]
            return f"{seconds // size}{unit}{f'{rest}{below}' if rest and seconds < 10 * size else ''}"
    return f"{seconds}s"
