"""The report as tables for people."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from chippool.cli.report_data import ClassReport, Hours, Report

PAGE = 1000
"""Characters a line may have in a pipe or file: nothing is cut there."""

HELD = ("useful", "starting", "lost", "effective")


def show(found: Report) -> None:
    """Print the whole of it; chip-hours but where something else is said."""
    console = Console(soft_wrap=True, highlight=False)
    console = console if console.is_terminal else Console(soft_wrap=True, highlight=False, width=PAGE)
    for line in sentences(found):
        console.print(line, markup=False)
    for table in (_pools(found), _queues(found), _classes(found), _wrong(found)):
        console.print(table)


def sentences(found: Report) -> list[str]:
    """Return the report in a few words."""
    whole = found.hours
    said = [
        f"{found.since} to {found.until} (UTC): {whole.useful:,.1f} useful chip-hours of {found.installed:,.1f} "
        f"installed, {whole.effective:,.1f} in chips of the reference: a yield of {found.yield_per_chip:.3f} per chip; "
        f"{found.utilisation:.0%} of the healthy ones were held.".replace("%", " %")
    ]
    if found.known_days < found.whole_days:
        said.append(f"The ledger has {found.known_days} of these {found.whole_days} days.")
    if whole.lost:
        said.append(f"Displacement and failure cost {whole.lost:,.2f} chip-hours of work that had to be done again.")
    if any(found.domestic_share.values()):
        parts = ", ".join(f"{purpose} {part:.0%}" for purpose, part in found.domestic_share.items())
        said.append(f"Domestic share of what was useful: {parts}.".replace("%", " %"))
    said.append(f"Fairness among queues, by weight: {found.fairness:.2f} of 1.")
    if whole.uncertain or any(pool.unseen for pool in found.pools):
        unseen = sum(pool.unseen for pool in found.pools)
        said.append(
            f"While no operator looked: {whole.uncertain:,.2f} chip-hours may be wrong, either way, and "
            f"{unseen:,.2f} that count as idle were not seen to be."
        )
    return said


def pool_rows(found: Report) -> list[list[str]]:
    """Return a row for each pool, and the head first."""
    head = ["pool", *HELD, "idle", "unmanaged", "installed", "held", "yield per chip", "one more adds"]
    return [head, *(
        [
            pool.name, *_held(pool.hours), _n(pool.idle), _n(pool.unmanaged), _n(pool.installed),
            f"{pool.utilisation:.0%}".replace("%", " %"), f"{pool.yield_per_chip:.3f}", f"{pool.price:g}",
        ]
        for pool in found.pools
    )]  # fmt: skip


def queue_rows(found: Report) -> list[list[str]]:
    """Return a row for each queue alone, and the head first."""
    head = ["queue", "weight", *HELD, "of all"]
    return [head, *(
        [queue.name, str(queue.weight), *_held(queue.hours), f"{queue.part:.0%}".replace("%", " %")]
        for queue in found.queues
    )]  # fmt: skip


def class_rows(found: Report) -> list[list[str]]:
    """Return a row for each class, and the head first."""
    head = ["class", *HELD, "wait now", "longest", "median until admitted", "displacements"]
    return [head, *([*_class(one)] for one in found.classes)]


def wrong_rows(found: Report) -> list[list[str]]:
    """Return a row for each workload on a wrong chip, and the head first."""
    head = ["on a scarce chip", "pool", "could run as", "in", "frees", "slower by", "adds"]
    return [head, *(
        [
            f"{one.namespace}/{one.name}", one.pool, one.to_variant, one.to_pool, f"{one.frees:g}",
            f"{one.slower:.0%}".replace("%", " %"), f"{one.gain:g}",
        ]
        for one in found.wrong_chips
    )]  # fmt: skip


def _pools(found: Report) -> Table:
    return _table(pool_rows(found))


def _queues(found: Report) -> Table:
    return _table(queue_rows(found))


def _classes(found: Report) -> Table:
    return _table(class_rows(found))


def _wrong(found: Report) -> Table | str:
    if not found.wrong_chips:
        return "Nobody sits on a chip that others wait for and has room elsewhere."
    return _table(wrong_rows(found), names=4)


def _table(rows: Sequence[Sequence[str]], names: int = 1) -> Table:
    table = Table(*rows[0])
    for row in rows[1:]:
        table.add_row(*row)
    for column in table.columns[names:]:
        column.justify = "right"
    return table


def _class(one: ClassReport) -> Iterable[str]:
    waits = one.waits
    yield from (one.name, *_held(one.hours), str(waits.waiting))
    yield duration(waits.longest_seconds) if waits.waiting else "-"
    yield duration(waits.median_seconds) if waits.median_seconds else "-"
    yield str(waits.displacements)


def _held(hours: Hours) -> list[str]:
    return [_n(hours.useful), _n(hours.starting), _n(hours.lost), _n(hours.effective)]


def _n(number: float) -> str:
    return f"{number:,.2f}"


def duration(seconds: float) -> str:
    """Return a time in its largest fitting unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
