"""Rule 4: growing towards `replicas`, once everybody who asks for minReplicas has been answered.

The order is that of rule 1: by priority, then one replica at a time in turns between queues. A replica past minReplicas
is worth less than anybody's minReplicas: it gets free chips, or chips that others have past theirs (rule 6), and
displaces nobody but who scavenges. Nobody grows

- in a pool for whose chips somebody waits that is within its guarantee, or that lost a node;
- within its cooldown after it was shrunk;
- once an index of its gang has succeeded.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from chippool.core.board import Board
from chippool.core.checks import not_resold, variant_named, wanted
from chippool.core.elastic import Grows, keeps_its_size
from chippool.core.ids import Milli, NodeName, PoolName, VariantName, WorkloadKey
from chippool.core.model import Class, Snapshot, Variant, Workload
from chippool.core.ordering import class_of
from chippool.core.plan import Admit, Decision, Hold, Keep, Resize, Shortage
from chippool.core.reasons import Reason
from chippool.core.respite import calm
from chippool.core.search import Found
from chippool.core.seeker import Option
from chippool.core.turns import Turns

WAITS = frozenset({Reason.CHIPS_SHORT, Reason.ROOM_SHORT, Reason.RESERVED})
"""Reasons of those who wait for chips of a pool."""


class Look(Protocol):
    """Search for room; what is found is on the board."""

    def __call__(
        self, workload: Workload, options: tuple[Option, ...], *, grows: Grows | None = None
    ) -> Found | tuple[Reason, str, tuple[Shortage, ...]]: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What a cycle lends: its decisions so far, and how to look and to decide."""

    snapshot: Snapshot
    board: Board
    decided: dict[WorkloadKey, Decision]
    lost: Collection[WorkloadKey]
    """Who gave something in this plan, also while it grows."""
    look: Look
    win: Callable[[Workload, Admit | Resize, Found], None]
    now: float


@dataclass(slots=True)
class Grower:
    """A workload that runs, or was just admitted, with fewer replicas than it asks for."""

    workload: Workload
    variant: Variant
    option: Option
    priority: Class
    had: int
    wants: int
    admitted: Admit | None
    """By this very plan."""
    nodes: tuple[NodeName, ...] = ()
    """Of what it got since."""
    seats: tuple[int, ...] = ()
    waits: bool = False
    victims: tuple[WorkloadKey, ...] = ()
    reason: Reason = Reason.ADMITTED
    why: str = ""
    """What keeps it from having more."""

    @property
    def pool(self) -> PoolName:
        return self.option.pool

    @property
    def has(self) -> int:
        return self.had + len(self.nodes)

    @property
    def short(self) -> int:
        return self.wants - self.has


def grow(desk: Desk, workloads: Iterable[Workload], lacking: Collection[PoolName], *, scavenging: bool) -> list[float]:
    """Decide for whoever may grow, highest priority first; returns when those that may not yet will be able to.

    In the pools that are `lacking`, admitted work waits for nodes.
    """
    growers = [g for w in workloads if (g := _grower(desk, w)) and g.option.scavenges == scavenging]
    owed = {*lacking, *_owed(desk)} if growers else set()
    moments = [moment for grower in growers if (moment := _hinder(desk, grower, owed))]
    for _, equals in groupby(growers, key=lambda g: g.priority.value):
        some = [grower for grower in equals if not grower.why]
        _share_out(desk, some)
        for grower in _turns(desk, some):
            if grower.short and grower.priority.preempts and desk.board.yields(grower.pool):
                _take_from_others(desk, grower)
    for grower in growers:
        if grower.workload.key not in desk.decided:
            desk.decided[grower.workload.key] = _kept(grower)
    return moments


# --- who may


def _grower(desk: Desk, workload: Workload) -> Grower | None:
    """None for whoever has what it wants, or has been decided otherwise."""
    decision, given = desk.decided.get(workload.key), workload.assignment
    match decision:
        case Admit(variant=name, pool=pool):
            had = len(decision.nodes) + workload.succeeded
        case None if given is not None:
            name, pool, had = given.variant, given.pool, given.replicas
        case _:
            return None
    variant = variant_named(workload, name)
    if variant is None or wanted(workload, variant) <= had:
        return None
    on = decision.nodes if isinstance(decision, Admit) else (*workload.placed, *workload.reserved)
    variant = desk.board.topologies.at_home(workload, variant, pool, on)
    scavenges = desk.board.scavenges(pool, workload.queue, workload.class_name)
    option, priority = Option(variant, pool, 0, 0, scavenges=scavenges), class_of(desk.snapshot, workload)
    return Grower(workload, variant, option, priority, had, wanted(workload, variant), decision)


def _hinder(desk: Desk, grower: Grower, owed: Collection[PoolName]) -> float | None:
    """Note what keeps it from growing, whatever is free; returns until when, where time will tell."""
    workload = grower.workload
    until = calm(workload, desk.board.tree.above(workload.queue))
    if keeps_its_size(workload):
        grower.why = "Some of its indexes have succeeded, so that it keeps its size."
    elif desk.now < until:
        grower.why = "It was shrunk, and does not grow again before its cooldown is over."
        return until
    elif _is_not_resold(desk, grower):
        grower.reason, grower.why = Reason.RESALE_ENDED, not_resold(desk.snapshot.pools[grower.pool])
    elif grower.pool in owed:
        grower.reason = Reason.CHIPS_SHORT
        grower.why = f"Others, who come first, wait for chips of {grower.pool}."
    return None


def _is_not_resold(desk: Desk, grower: Grower) -> bool:
    pool = desk.snapshot.pools.get(grower.pool)
    return pool is not None and not pool.resale.allowed and grower.workload.queue in desk.board.tree.external


def _owed(desk: Desk) -> Iterator[PoolName]:
    """Pools for whose chips somebody waits that is within its guarantee."""
    ledger = desk.board.ledger
    for decision in desk.decided.values() if ledger.guarantees.pools else ():
        for short in decision.shortages if isinstance(decision, Hold) else ():
            queue = desk.snapshot.workloads[decision.workload].queue
            within = ledger.within(queue, short.pool, short.asked) if short.reason in WAITS else ()
            if within and all(within):
                yield short.pool


# --- how


def _turns(desk: Desk, growers: Iterable[Grower]) -> Iterator[Grower]:
    by_key = {grower.workload.key: grower for grower in growers}
    for workload in Turns(desk.board.ledger, [grower.workload for grower in by_key.values()]):
        if workload.key not in desk.lost:
            yield by_key[workload.key]


def _share_out(desk: Desk, growers: list[Grower]) -> None:
    """Free chips: one replica at a time, and all at once where there is enough for everybody."""
    while growers:
        plenty = _plenty(desk, growers)
        growers = [g for g in _turns(desk, growers) if _takes(desk, g, g.short if g.pool in plenty else 1)]


def _plenty(desk: Desk, growers: Iterable[Grower]) -> set[PoolName]:
    wishes: dict[PoolName, Milli] = {}
    for grower in growers:
        wishes[grower.pool] = wishes.get(grower.pool, 0) + grower.short * grower.variant.ask.chips
    return {pool for pool, wish in wishes.items() if wish <= desk.board.shelves[pool].free_in_all()}


def _takes(desk: Desk, grower: Grower, count: int) -> bool:
    """Whether it got some and wants more."""
    return any(_gets(desk, grower, some, Grows.FREE) for some in dict.fromkeys((count, 1))) and grower.short > 0


def _take_from_others(desk: Desk, grower: Grower) -> None:
    """As many as it can get in one step, so that none of its victims is needless beside the others."""
    counts = dict.fromkeys((grower.short, -(-grower.short // 2), 1))
    any(_gets(desk, grower, count, Grows.SPARED) for count in counts)


def _gets(desk: Desk, grower: Grower, count: int, grows: Grows) -> bool:
    option = replace(grower.option, replicas=count, new=count * grower.variant.ask.chips)
    found = desk.look(grower.workload, (option,), grows=grows)
    if not isinstance(found, Found):
        grower.reason, grower.why, _ = found
        return False
    grower.nodes += found.nodes
    grower.seats += found.seats
    grower.waits = grower.waits or found.waits
    grower.victims += found.victims
    desk.win(grower.workload, _grown(grower), found)
    return True


# --- what comes of it


def _grown(grower: Grower) -> Admit | Resize:
    """All it has got so far, in one decision."""
    admitted = grower.admitted
    if admitted is None:
        message = f"It grows from {grower.had} to {grower.has} of {grower.wants} replicas in {grower.pool}."
        return Resize(grower.workload.key, grower.has, grower.nodes, message, grower.victims, seats=grower.seats)
    waits = admitted.waits or grower.waits
    return replace(
        admitted,
        nodes=admitted.nodes + grower.nodes,
        seats=admitted.seats + grower.seats,
        waits=waits,
        victims=admitted.victims + grower.victims,
        message=_starts_as(admitted.variant, admitted.pool, grower.has, grower.wants, waits=waits),
    )


def _kept(grower: Grower) -> Keep:
    message = f"Runs as variant {grower.variant.name} with {grower.had} of {grower.wants} replicas in {grower.pool}."
    return Keep(grower.workload.key, grower.reason, f"{message} {grower.short} more wait. {grower.why}")


def admission(workload: Workload, found: Found) -> Admit:
    """What it starts with; it may grow in the same plan."""
    variant = variant_named(workload, found.variant)
    assert variant is not None
    has = len(found.nodes) + workload.succeeded
    wants = has if workload.min_replicas is None else wanted(workload, variant)
    message = _starts_as(found.variant, found.pool, has, wants, waits=found.waits)
    return Admit(
        workload.key,
        found.variant,
        found.pool,
        found.chips,
        found.nodes,
        found.waits,
        message,
        found.victims,
        seats=found.seats,
    )


def _starts_as(variant: VariantName, pool: PoolName, has: int, wants: int, *, waits: bool) -> str:
    count = f"{has} of {wants}" if has < wants else str(has)
    message = f"Runs as variant {variant} with {count} replica(s) in {pool}."
    return f"{message} Some of its chips are still being given back." if waits else message
