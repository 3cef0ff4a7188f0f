"""The answer of `what-if` for people."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from chippool.core.capacity import Purpose
from chippool.core.ids import Milli, PoolName
from chippool.core.model import Node
from chippool.sim.uses import Use, uses
from chippool.sim.whatif import Answer, Fate, Outcome, Stand, State
from chippool.sim.whatif_stock import Told
from chippool.visibility.document import as_chips
from chippool.visibility.expectation import said
from chippool.visibility.words import moment

SHOWN = 20
"""Workloads in each table; JSON and YAML have all of them."""
NAMED = 12
"""Nodes that a sentence names."""

WORDS = {
    Fate.DISPLACED: "loses its chips",
    Fate.LACKS_NODES: "waits for nodes",
    Fate.SHRINKS: "shrinks",
    Fate.MOVES: "moves",
    Fate.REPLACES: "gets other nodes",
    Fate.GROWS: "grows",
    Fate.STARTS: "starts",
    Fate.RUNS: "runs on",
    Fate.WAITS: "waits",
    Fate.SUSPENDED: "is suspended",
    Fate.ENDS: "ends",
}
COLOURS = {
    Fate.DISPLACED: "red",
    Fate.LACKS_NODES: "red",
    Fate.SHRINKS: "yellow",
    Fate.MOVES: "yellow",
    Fate.WAITS: "cyan",
    Fate.GROWS: "green",
    Fate.STARTS: "green",
}
_URGENCY = [*Fate]


def lines(told: Told, now: float) -> Iterator[RenderableType]:
    """Yield what is printed, part by part; `now` in seconds since the epoch."""
    answer = told.answer
    yield from _nodes(answer)
    yield _pools(answer)
    yield from _stock(told)
    yield from _runways(told, now)
    yield ""
    due = [one for one in answer.outcomes if one.due_to_change]
    anyway = [one for one in answer.outcomes if not one.due_to_change and one.fate not in {Fate.RUNS, Fate.SUSPENDED}]
    yield from _table("Because of the change", due, now)
    yield from _table("Anyway", anyway, now)
    still = sum(one.fate is Fate.RUNS and not one.due_to_change for one in answer.outcomes)
    yield f"Not concerned: {_count(still, 'workload')}, running on."
    if not (answer.otherwise.at_rest and answer.then.at_rest):
        yield Text("Decisions did not come to rest; what is said of workloads that keep moving may not last.", "red")


def _nodes(answer: Answer) -> Iterator[str]:
    if lost := answer.nodes_lost():
        yield f"Without {_listed(lost)}."
    if added := answer.nodes_added():
        yield f"With {_listed(added)}."


def _listed(nodes: Sequence[Node]) -> str:
    chips = as_chips(sum(node.installed for node in nodes))
    names = ", ".join(node.name for node in nodes[:NAMED])
    more = f" and {len(nodes) - NAMED} more" if len(nodes) > NAMED else ""
    return f"{_count(len(nodes), 'node')} ({chips:g} chips): {names}{more}"


def _pools(answer: Answer) -> Table:
    otherwise, then = uses(answer.otherwise.snapshot), uses(answer.then.snapshot)
    table = Table("POOL", box=None, pad_edge=False, header_style="bold")
    for column in ("NODES", "CHIPS", "USED", "FREE", "WAITING"):
        table.add_column(column, justify="right")
    for pool, use in otherwise.items():
        other = then[pool]
        table.add_row(
            pool,
            _change(use.nodes, other.nodes),
            _chips(use.installed, other.installed),
            _chips(_used(use), _used(other)),
            _chips(use.free, other.free),
            _change(*(_waiting(answer.outcomes, pool, then=at) for at in (False, True))),
        )
    return table


def _stock(told: Told) -> Iterator[str]:
    """What the stock is worth, and what is yet to arrive, where that changes."""
    before, after = told.before.worth(), told.after.worth()
    moved = [purpose for purpose in before if before[purpose] != after[purpose]]
    if moved:
        parts = (
            f"{purpose.value} {_change(before[purpose], after[purpose])}{_home(told, purpose)}" for purpose in moved
        )
        yield f"Effective chips: {', '.join(parts)}."
    for pool in told.before.pools:
        due, left = told.before.arriving(pool), told.after.arriving(pool)
        if due != left:
            yield f"On order for {pool}, each order at its probability: {_change(due or 0.0, left or 0.0)} chips."


def _runways(told: Told, now: float) -> Iterator[str]:
    """How long the stock lasts, where that changes; the sentences are those of `chippool forecast`."""
    for pool in told.before.pools:
        before, after = told.before.outlook(pool, now), told.after.outlook(pool, now)
        if before is not None and after is not None and before.sentence != after.sentence:
            yield f"{pool} now: {before.sentence}"
            yield f"{pool} then: {after.sentence}"


def _home(told: Told, purpose: Purpose) -> str:
    """The part of domestic chips."""
    parts = [stock.domestic(purpose) for stock in (told.before, told.after)]
    shown = [f"{part:.0%}" for part in parts if part is not None]
    if not shown:
        return ""
    return f" (domestic {shown[0]})" if shown[0] == shown[-1] else f" (domestic {shown[0]} → {shown[-1]})"


def _used(use: Use) -> Milli:
    return sum(use.by_class.values())


def _waiting(outcomes: Iterable[Outcome], pool: PoolName, *, then: bool) -> int:
    """Workloads that wait and would go there."""
    stands = ((one, one.then if then else one.otherwise) for one in outcomes)
    return sum(stand.state is State.WAITS and pool in one.pool_names for one, stand in stands)


def _chips(before: Milli, after: Milli) -> str:
    return _change(as_chips(before), as_chips(after))


def _change(before: float, after: float) -> str:
    shown = [f"{value:,.6g}".replace(",", "") if value != int(value) else str(int(value)) for value in (before, after)]
    return shown[0] if before == after else f"{shown[0]} → {shown[1]}"


def _table(title: str, outcomes: list[Outcome], now: float) -> Iterator[RenderableType]:
    ordered = sorted(outcomes, key=lambda one: _URGENCY.index(one.fate))
    if not ordered:
        if title != "Anyway":
            yield f"{title}: nothing."
        return
    counts = ", ".join(f"{WORDS[fate]} {len([*some])}" for fate, some in groupby(ordered, key=lambda one: one.fate))
    yield Text(f"{title}: {counts}", style="bold")
    table = Table("WHAT", "WORKLOAD", "CLASS", "NOW", "THEN", "WHY", box=None, pad_edge=False, header_style="bold")
    for one in ordered[:SHOWN]:
        what = Text(WORDS[one.fate], style=COLOURS.get(one.fate, ""))
        table.add_row(what, one.key, one.priority_class_name, _stand(one.now, now), _stand(one.then, now), one.why)
    yield table
    if len(ordered) > SHOWN:
        yield f"… and {len(ordered) - SHOWN} more; -o json has all of them."
    yield ""


def _stand(stand: Stand, now: float) -> str:
    match stand.state:
        case State.RUNS:
            return _place(stand)
        case State.LACKS_NODES:
            until = f" until {moment(stand.until)}" if stand.until else ""
            return f"{_place(stand)}, {stand.missing} without a node{until}"
        case State.WAITS:
            return f"waits{f' ({stand.reason})' if stand.reason else ''}{_starts(stand, now)}"
        case State.ABSENT:
            return ""
        case _:
            return stand.state.value


def _starts(stand: Stand, now: float) -> str:
    if stand.eta is not None:
        return f", expected to start {said(stand.eta, now)}"
    return f", thought to start {moment(stand.starts)}" if stand.starts else ""


def _place(stand: Stand) -> str:
    return f"{stand.replicas} x {stand.variant} in {stand.pool_name}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
