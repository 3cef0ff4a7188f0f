"""Node and pod lists in the columns of Alibaba's cluster-trace-gpu-v2023, and the arrivals drawn from them.

Nodes: sn, cpu_milli, memory_mib, gpu, model. Pods: name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec (models
separated by |, empty for any). Other columns are not looked at.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chippool.core.constraints import Constraints, Requirement, Term
from chippool.core.ids import CHIP, Milli, NodeName, PoolName
from chippool.core.model import Ask, Node

MODEL = "model"
"""The label that says which chips a node has."""
POOL = PoolName("all")
_OVERLOAD = 1.3
"""How much more than there is will have been asked for at the end."""


class BadListError(Exception):
    """A list that can't be read, as a sentence that names the file, the line and the column."""


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        found = self.cells.get(column)
        if found is None:
            raise BadListError(f"{self.path}:{self.line}: column {column} is missing.")
        return found

    def number(self, column: str) -> int:
        text = self.text(column)
        if not text.isdecimal():
            raise BadListError(f"{self.path}:{self.line}: {column} is {text!r}; it must be a whole number, 0 or more.")
        return int(text)


def read_nodes(path: Path) -> tuple[Node, ...]:
    """The nodes of a list, empty, in its order."""
    return tuple(map(_node, _rows(path)))


def read_pods(path: Path) -> tuple[Ask, ...]:
    """What the pods of a list ask for, sorted by name."""
    known: dict[Ask, Ask] = {}
    asks = ((row.text("name"), _ask(row)) for row in _rows(path))
    return tuple(known.setdefault(ask, ask) for _, ask in sorted(asks, key=lambda named: named[0]))


def stock_of(nodes: Sequence[Node]) -> Milli:
    """Milli-chips of all nodes."""
    return sum(node.installed for node in nodes)


def arrivals(asks: Sequence[Ask], stock: Milli, seed: int) -> Iterator[Ask]:
    """All pods in a random order, then more of them drawn with replacement until they ask for 1.3 times the stock."""
    chance = random.Random(f"arrivals {seed}")  # noqa: S311  the same seed gives the same order
    asked = 0
    for ask in chance.sample(asks, len(asks)):
        asked += ask.chips
        yield ask
    while asked <= _OVERLOAD * stock and any(ask.chips for ask in asks):
        ask = chance.choice(asks)
        asked += ask.chips
        yield ask


def shuffled(nodes: Sequence[Node], seed: int) -> list[Node]:
    """The order in which nodes win ties."""
    return random.Random(f"nodes {seed}").sample(nodes, len(nodes))  # noqa: S311


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            for cells in (reader := csv.DictReader(lines)):
                yield _Row(path, reader.line_num, cells)
    except OSError as problem:
        raise BadListError(f"{path} can't be read: {problem.strerror}.") from problem


def _node(row: _Row) -> Node:
    room = {"cpu": row.number("cpu_milli"), "memory": row.number("memory_mib")}
    chips = row.number("gpu") * CHIP
    return Node(
        name=NodeName(row.text("sn")),
        labels={MODEL: row.text("model")},
        taints=(),
        usable=True,
        pools=(POOL,),
        installed=chips,
        allocatable=chips,
        free=chips,
        leaving=0,
        unmanaged=0,
        capacity=room,
        room=room,
    )


def _ask(row: _Row) -> Ask:
    """A pod of several GPUs takes whole ones; more than a GPU is never asked of one."""
    count = row.number("num_gpu")
    chips = count * CHIP if count > 1 else min(row.number("gpu_milli"), CHIP) * count
    models = tuple(sorted(set(filter(None, row.text("gpu_spec").split("|")))))
    affinity = (Term((Requirement(MODEL, "In", models),), ()),) if models else None
    requests = (("cpu", row.number("cpu_milli")), ("memory", row.number("memory_mib")))
    return Ask(chips, requests, Constraints(affinity=affinity))
