"""What the page is told, small whatever the size of the cluster: sums of everything, and the lines that are in view."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from chippool.board.source import Look
from chippool.cli.picture import ClassLine, PoolLine, WorkloadLine
from chippool.core.ids import CHIP, PoolName
from chippool.sim.uses import Use, uses
from chippool.visibility.document import as_chips, document

Json = dict[str, Any]
MOST = 200
"""Lines that one answer has at most."""
RUNNING = frozenset({"ready", "admitted"})


class Which(StrEnum):
    """Which workloads are listed."""

    WAITING = "waiting"
    RUNNING = "running"
    ALL = "all"


def summary(look: Look) -> Json:
    """Return pools, classes and counts; of what changes with time alone it has the moment and nothing else."""
    seen, held = look.picture, uses(look.reading.snapshot)
    return {
        "at": seen.at,
        "trouble": look.trouble,
        "pools": [_pool(line, held.get(PoolName(line.name), Use()), seen.priority_classes) for line in seen.pools],
        "classes": [document(line) for line in seen.priority_classes],
        "counts": _counts(seen.workloads) | {"finished": seen.finished},
        "reasons": _reasons(seen.workloads),
    }


def lines(look: Look, which: Which, text: str, start: int, count: int) -> Json:
    """Return some lines of a list, and how many there are; `text` is looked for in names, queue, class and reason."""
    found = [line for line in look.picture.workloads if _is(line, which) and _has(line, text.lower())]
    if which is Which.WAITING:  # what waiting can't help has no turn, and comes last
        found.sort(key=lambda line: (line.position is None, line.position or 0))  # sorting keeps the order of the rest
    shown = found[max(0, start) : max(0, start) + min(max(0, count), MOST)]
    return {"number": look.number, "total": len(found), "start": start, "lines": [_line(line) for line in shown]}


def _pool(line: PoolLine, held: Use, classes: Sequence[ClassLine]) -> Json:
    """Its chips by who has them: what is given out and of no class's running work is `settling`."""
    values = {one.name: one.value for one in classes}
    ordered = sorted(held.by_class.items(), key=lambda pair: (-values.get(pair[0], 0), pair[0]))
    settling = round(line.chips.allocated * CHIP) - sum(held.by_class.values())
    return {
        "name": line.name,
        "model": line.model,
        "resourceName": line.resource_name,
        "nodes": line.nodes,
        "price": line.price,
        "chips": document(line.chips),
        "byClass": [[name, as_chips(chips)] for name, chips in ordered if chips],
        "settling": as_chips(max(0, settling)),
        "effectiveChips": document(line.effective_chips),
        "runway": document(line.runway),
    }


def _counts(workloads: Iterable[WorkloadLine]) -> Json:
    states = Counter(line.state for line in workloads)
    return {state: states[state] for state in ("ready", "admitted", "pending", "suspended")}


def _reasons(workloads: Iterable[WorkloadLine]) -> list[list[Any]]:
    reasons = Counter(line.reason for line in workloads if line.state == "pending" and line.reason)
    return [[reason, count] for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))]


def _is(line: WorkloadLine, which: Which) -> bool:
    match which:
        case Which.WAITING:
            return line.state not in RUNNING
        case Which.RUNNING:
            return line.state in RUNNING
        case Which.ALL:
            return True


def _has(line: WorkloadLine, text: str) -> bool:
    if not text:
        return True
    said = f"{line.namespace}/{line.name} {line.queue_name} {line.priority_class_name} {line.reason} {line.pool_name}"
    return text in said.lower()


def _line(line: WorkloadLine) -> Json:
    said: Json = document(line)
    said.pop("ageSeconds")
    return said
