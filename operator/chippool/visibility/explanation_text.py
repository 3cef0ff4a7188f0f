"""An explanation in sentences."""

from collections.abc import Iterator, Mapping, Sequence

from chippool.core.reasons import Reason
from chippool.visibility.explanation import Explanation, Held, Lack, Lost, Runs, Waits
from chippool.visibility.measured import measured_sentences
from chippool.visibility.words import Number, number

NODES = 8
"""Nodes and holders that are named before the rest is only counted."""

STATES = {
    "ready": "runs",
    "admitted": "has its chips and is starting",
    "pending": "waits",
    "suspended": "is suspended",
    "finished": "has finished",
}


def sentences(found: Explanation) -> Iterator[str]:
    """Yield lines; indented ones belong to the line before them."""
    yield f"{found.namespace}/{found.name} {STATES[found.state]}{_reason(found)}."
    of_class = f"priority class {found.priority_class_name} ({found.priority})"
    yield f"  Queue {found.queue_name}, {of_class}, since {found.created}."
    if found.runs is not None:
        yield from _runs(found.runs, found.asked_pool)
    if found.runs is None or found.runs.ready + found.runs.succeeded < found.runs.replicas:
        yield from _message(found)
    if found.waits is not None:
        yield from _waits(found.waits)
    if found.displaced is not None:
        yield _lost(found.displaced)
    if found.measured is not None:
        yield from measured_sentences(found.measured)


def _reason(found: Explanation) -> str:
    if found.reason == Reason.ADMITTED:
        return "" if found.runs else ", and fits now"
    return f": {found.reason}"


def _message(found: Explanation) -> Iterator[str]:
    """What `waits` says of each variant is not said twice."""
    if found.state != "finished" and (found.waits is None or not found.waits.variants):
        yield f"Why: {found.message}"
    if found.error and found.error not in found.message:
        yield f"The cluster says: {found.error}"


def _runs(runs: Runs, asked: str | None) -> Iterator[str]:
    each = f"{counted(runs.replicas, 'replica')} in pool {runs.pool_name}, {counted(runs.chips, 'chip')}"
    done = f", {runs.succeeded} succeeded" if runs.succeeded else ""
    yield f"It runs as variant {runs.variant}: {each}; {runs.ready} Ready{done}. Admitted {runs.admitted_at}."
    if runs.speed < 1:
        yield f"  It does {number(runs.speed)} there of what it would the way it likes best."
    if runs.nodes:
        yield f"  Nodes: {_nodes(runs.nodes)}."
    if asked not in {None, runs.pool_name}:
        yield f"In pool {asked} now:"
        for lack in runs.better:
            yield from _lack(lack)
        return
    if runs.choice == 1:
        only = "the only way" if runs.choices == 1 else f"the first of {runs.choices} ways"
        yield f"Why there: it is {only} to run it."
        return
    likes = " What it likes better lacks now:" if runs.better else ""
    yield f"Why there: it is number {runs.choice} of {runs.choices} ways to run it.{likes}"
    for lack in runs.better:
        yield from _lack(lack)


def _waits(waits: Waits) -> Iterator[str]:
    if waits.position is not None:
        yield f"It is number {waits.position} of {waits.waiting} in the order of what waits{_ahead(waits.ahead)}."
    if waits.expected is not None:
        yield waits.expected
    if waits.until is not None:
        yield f"It is tried again at {waits.until}."
    if waits.starts is not None:
        kept = f"; kept free for it until then: {counted(waits.kept, 'chip')}" if waits.kept else ""
        yield f"It is next: it is thought to start by {waits.starts}{kept}."
    if waits.variants:
        several = len(waits.variants) > 1
        yield "What each way to run it lacks, best first:" if several else "What it lacks:"
    for lack in waits.variants:
        yield from _lack(lack)


def _ahead(ahead: Mapping[str, int]) -> str:
    if not ahead:
        return ""
    return ", behind " + ", ".join(f"{count} of class {name}" for name, count in ahead.items())


def _lack(lack: Lack) -> Iterator[str]:
    size = f"{lack.replicas} x {counted(lack.chips_per_replica, 'chip')}"
    yield f"  {lack.variant} in {lack.pool_name} ({size}): {lack.reason}. {lack.message}"
    figures = _figures(lack)
    if figures:
        yield f"    {figures}"
    if lack.price:
        yield f"    One more chip there would add as much as {number(lack.price)} workloads at their best speed."
    if lack.held_by and lack.reason in {Reason.CHIPS_SHORT, Reason.ROOM_SHORT, Reason.DOMAIN_SHORT, Reason.QUEUE_LIMIT}:
        yield f"    Held by {_holders(lack.held_by)}."


def _figures(lack: Lack) -> str:
    match lack.reason:
        case Reason.CHIPS_SHORT | Reason.ROOM_SHORT | Reason.DOMAIN_SHORT:
            short = max(0, lack.asked - lack.free)
            fits = f"{lack.fits} of {counted(lack.replicas, 'replica')} would fit"
            few = f", {number(short)} too few" if short else ""
            return f"{counted(lack.free, 'chip')} free or being given back{few}; {fits}."
        case Reason.QUEUE_LIMIT:
            return f"Asks for {counted(lack.asked, 'chip')}; the queue has {number(lack.free)} left of its limit."
        case _:
            return ""


def _holders(held: Sequence[Held]) -> str:
    named = [f"queue {h.queue_name}, class {h.priority_class_name}: {number(h.chips)}" for h in held[:NODES]]
    rest = sum(h.chips for h in held[NODES:])
    return "; ".join([*named, f"others: {number(rest)}"] if rest else named)


def _nodes(nodes: Mapping[str, int]) -> str:
    named = [name if count == 1 else f"{name} ({count})" for name, count in list(nodes.items())[:NODES]]
    rest = len(nodes) - len(named)
    return ", ".join([*named, f"and {rest} more"] if rest else named)


def _lost(lost: Lost) -> str:
    times = "once" if lost.times == 1 else f"{lost.times} times"
    last = f"last at {lost.at}" if lost.at else "just now"
    what = "moved" if lost.reason == Reason.MIGRATED else "displaced"
    return f"It was {what} {times}, {last} ({lost.reason}): {lost.message or 'nobody left a word'}"


def counted(count: Number, what: str) -> str:
    return f"{number(count)} {what}{'s'[: count != 1]}"
