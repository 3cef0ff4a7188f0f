"""One decision cycle: a snapshot in, a plan out, nothing else touched.

1  what the cluster shows: ended, out of time, suspended, never right      review
2  replicas of admitted work that lost their node, before anything else    search
3  whatever asks, in order: admit, or hold with the reason                 turns, bazaar, search, displacement
4  who has what it needs and wants more                                    growth
5  who only scavenges, once nobody else can use what is left
6  who runs and trades places with others                                  bazaar
"""

from collections.abc import Iterator
from itertools import groupby

from chippool.core.answers import Answer, Answers
from chippool.core.bazaar import Bazaar
from chippool.core.board import Board, holders
from chippool.core.checks import admitted_as, mistake, variant_named, wanted
from chippool.core.elastic import Grows, keeps_its_size, least, replacements
from chippool.core.growth import Desk, admission, grow
from chippool.core.ids import Milli, PoolName, WorkloadKey
from chippool.core.model import Snapshot, Variant, Workload
from chippool.core.ordering import class_of, order
from chippool.core.patience import by_class, overdue
from chippool.core.plan import (
    Decision,
    Displace,
    Finish,
    Hold,
    Keep,
    Place,
    Plan,
    Reserved,
    Resize,
    Shortage,
    Stop,
)
from chippool.core.reasons import MISTAKES, Reason
from chippool.core.replacement import given_up, goes_on
from chippool.core.resale import dates, given_back
from chippool.core.respite import spared
from chippool.core.review import Policy, reviewed, wakes
from chippool.core.search import Found, chances, search
from chippool.core.seeker import Option, a_seeker, as_grower
from chippool.core.shortage import verdict
from chippool.core.taken import displaced, moved, shrunk
from chippool.core.turns import Turns

__all__ = ["Policy", "schedule"]

DEFAULT = Policy()


def schedule(snapshot: Snapshot, now: float, policy: Policy = DEFAULT) -> Plan:
    """Decide for every workload of the snapshot; the same input gives the same plan.

    `now` is in seconds since the epoch. The plan's decisions are in the order they were taken.
    """
    living = sorted((w for w in snapshot.workloads.values() if not w.deleting), key=lambda w: order(snapshot, w))
    facts = {w.key: d for w in living if (d := reviewed(snapshot, w, now, policy)) is not None}
    facts |= given_back(snapshot, living, facts, now)
    rest = [w for w in living if w.key not in facts]
    asking, content = _split(rest)
    cycle = _Cycle(snapshot, facts, asking, now)
    for workload in rest:
        if workload.assignment is not None and workload.missing:
            cycle.place(workload)
    cycle.bazaar.open(content, now)
    for workload in cycle.in_turn(asking):
        cycle.ask(workload)
    cycle.grow(rest, scavenging=False)
    for workload in cycle.in_turn(cycle.scavengers):
        cycle.admit(workload, every=True)
    cycle.grow(rest, scavenging=True)
    prices = cycle.bazaar.close(asking)
    for workload in content:
        cycle.resize(workload)
    moments = [m for w in living for m in wakes(w, now, policy)]
    reserved = cycle.reserved()
    moments += dates(snapshot, now)
    moments += [*cycle.respites(), *(kept.look_again for kept in reserved), *cycle.bazaar.moments]
    return Plan(cycle.decisions(), min(moments, default=None), holders(snapshot), reserved, prices)


def _split(workloads: list[Workload]) -> tuple[list[Workload], list[Workload]]:
    """Those that want more than they have and can't do without, and the rest."""
    asking: list[Workload] = []
    content: list[Workload] = []
    for workload in workloads:
        (asking if _asks(workload) else content).append(workload)
    return asking, content


def _asks(workload: Workload) -> bool:
    """Whether it waits, or has fewer replicas than it needs."""
    given, variant = workload.assignment, admitted_as(workload)
    if given is None:
        return True
    return variant is not None and least(workload, variant) > given.replicas


class _Cycle:
    """Decisions so far, by workload; a victim's replaces what was decided for it before."""

    def __init__(
        self, snapshot: Snapshot, facts: dict[WorkloadKey, Decision], asking: list[Workload], now: float
    ) -> None:
        gone = {k for k, d in facts.items() if isinstance(d, Displace | Finish | Stop)}
        self.scavengers: list[Workload] = []
        """Who found nothing of its own and may scavenge."""
        self._snapshot = snapshot
        self._now = now
        self._board = Board(snapshot, gone, now)
        self._admitted = by_class(snapshot.workloads.values())
        self._spared = spared(snapshot.workloads.values(), now)
        self._decided: dict[WorkloadKey, Decision] = dict(facts)
        self.bazaar = Bazaar(self._board, self._decided)
        self._displaced: set[WorkloadKey] = set()
        self._board.rivals.expect(asking, self._decided)
        self._answers = Answers()
        self._waiting = 0
        self._lacking: set[PoolName] = set()
        """Pools in which admitted work waits for nodes."""
        self._calm: list[float] = []
        """When somebody that was shrunk may grow again."""

    def in_turn(self, workloads: list[Workload]) -> Iterator[Workload]:
        """Rule 1: by priority, then whose queue has the smallest share as chips are given, then age.

        Before that, one of each queue that got nothing for too long.
        """
        for _, equals in groupby(workloads, key=lambda w: class_of(self._snapshot, w).value):
            group = [*equals]
            first = overdue(group, self._admitted, self._now)
            yield from first
            passed = {w.key for w in first}
            rest = [w for w in group if w.key not in passed]
            self.bazaar.choose(rest)
            yield from Turns(self._board.ledger, rest)

    def respites(self) -> list[float]:
        """When somebody may grow, or be displaced, that may not now, if anybody waits for that."""
        return [*self._calm, *(self._board.respites if self._waiting else ())]

    def reserved(self) -> tuple[Reserved, ...]:
        """What is kept free for whoever is next, by pool."""
        return self._board.bookings.kept(self._board.shelves)

    def decisions(self) -> tuple[Decision, ...]:
        return tuple(self._decided.values())

    def place(self, workload: Workload) -> None:
        """Nodes for replicas that have none; their chips are the workload's already."""
        if workload.key in self._displaced:
            return
        given, variant = workload.assignment, admitted_as(workload)
        assert given is not None
        assert variant is not None
        reason, message, needed = Reason.ADMITTED, "", False
        for count, grows in replacements(workload, variant):
            found = self._look(workload, (self._option(workload, variant, count, 0),), grows=grows)
            if isinstance(found, Found):
                message = f"{len(found.nodes)} replica(s) get nodes in {found.pool}."
                self._win(workload, Place(workload.key, found.nodes, message, found.victims, seats=found.seats), found)
                return
            reason, message, needed = found[0], found[1], grows is None
        late = given_up(workload, self._now, message) if needed else goes_on(workload, self._now)
        if needed and late is None:
            self._lacking.add(given.pool)
        message = f"{workload.missing} replica(s) wait for a node. {message}"
        self._decided[workload.key] = late or Keep(workload.key, reason, message)

    def ask(self, workload: Workload) -> None:
        """Whatever it wants more than it has."""
        if workload.assignment is None:
            self.admit(workload)
        else:
            self.resize(workload)

    def admit(self, workload: Workload, *, every: bool = False) -> None:
        """Chips for a workload that waits, or the reason it goes on waiting; scavenging only if `every` way counts."""
        problem = mistake(self._snapshot, workload) or self._board.tree.broken.get(workload.queue)
        if problem is not None:
            self._decided[workload.key] = Hold(workload.key, problem.reason, problem.message)
            return
        options = self._board.options(workload)
        own = options if every else tuple([o for o in options if not o.scavenges])
        if options and not own:
            self.scavengers.append(workload)
            return
        for ways in self.bazaar.preferred(workload.key, own):
            found = self._look(workload, ways)
            if isinstance(found, Found):
                break
        if isinstance(found, Found):
            self._win(workload, admission(workload, found), found)
        elif len(own) < len(options):
            self.scavengers.append(workload)
        else:
            self._hold(workload, *found)

    def _hold(self, workload: Workload, reason: Reason, message: str, shortages: tuple[Shortage, ...]) -> None:
        self._waiting += reason not in MISTAKES
        position = 0 if reason in MISTAKES else self._waiting
        own = self._board.bookings.of(workload.key)
        if own is not None:
            message += f" It is next in {own.pool}: {own.what} is kept for it."
        starts = own.start if own else None
        self._decided[workload.key] = Hold(workload.key, reason, message, position, shortages, starts=starts)

    def resize(self, workload: Workload) -> None:
        """Bring an admitted workload to the replicas its spec asks for, in one step or not at all."""
        if workload.key in self._displaced or workload.key in self._decided:
            return
        given, variant = workload.assignment, admitted_as(workload)
        assert given is not None
        assert variant is not None
        asked = wanted(workload, variant)
        if asked > given.replicas:
            self._step_up(workload, variant, least(workload, variant) - given.replicas)
        elif asked < given.replicas and not keeps_its_size(workload):
            message = f"It goes from {given.replicas} to {asked} replicas, as its spec says."
            self._decided[workload.key] = Resize(workload.key, asked, (), message)
        else:
            self._decided[workload.key] = Keep(workload.key, Reason.ADMITTED, _admitted_as(workload))

    def _step_up(self, workload: Workload, variant: Variant, change: int) -> None:
        given = workload.assignment
        assert given is not None
        found = self._look(workload, (self._option(workload, variant, change, change * variant.ask.chips),))
        if isinstance(found, Found):
            message = f"It grows by {change} replica(s) in {given.pool}."
            grown = given.replicas + change
            resize = Resize(workload.key, grown, found.nodes, message, found.victims, seats=found.seats)
            self._win(workload, resize, found)
        else:
            message = f"{_admitted_as(workload)} {change} more wait. {found[1]}"
            self._decided[workload.key] = Keep(workload.key, found[0], message)

    def grow(self, workloads: list[Workload], *, scavenging: bool) -> None:
        """Rule 4 for all who run, or were just admitted, with fewer replicas than they ask for."""
        elastic = [workload for workload in workloads if workload.min_replicas is not None]
        if elastic:
            desk = Desk(self._snapshot, self._board, self._decided, self._displaced, self._look, self._win, self._now)
            self._calm += grow(desk, elastic, self._lacking, scavenging=scavenging)

    def _option(self, workload: Workload, variant: Variant, replicas: int, new: Milli) -> Option:
        assert workload.assignment is not None
        pool = workload.assignment.pool
        scavenges = self._board.scavenges(pool, workload.queue, workload.class_name)
        topology = self._board.topologies.stays_in(workload, pool)
        return Option(variant, pool, replicas, new, scavenges=scavenges, topology=topology)

    def _look(self, workload: Workload, options: tuple[Option, ...], *, grows: Grows | None = None) -> Found | Answer:
        """Search, or the answer a look-alike got since when nothing was given back."""
        known_to = self._spared.get(workload.key, frozenset())
        rank = class_of(self._snapshot, workload)
        passes = self._board.bookings.passes(workload, rank.value, options)
        seeker = a_seeker(workload, rank, options, known_to, passes)
        seeker = as_grower(seeker, grows) if grows else seeker
        known = self._answers.of(seeker, self._board.releases)
        if known is not None:
            return known
        self._board.rivals.turn_of(workload)
        found = search(self._board, seeker)
        if isinstance(found, Found):
            return found
        self._board.bookings.book(workload.key, seeker, chances(self._board, seeker, found))
        return self._answers.keep(seeker, (*verdict(found), found))

    def _win(self, winner: Workload, decision: Decision, found: Found) -> None:
        self._decided[winner.key] = decision
        variant = variant_named(winner, found.variant)
        assert variant is not None
        self._board.bookings.arrived(winner, found.pool, variant.ask, found.spots)
        self._displaced.update(found.victims)
        moves = {move.tenant.key: move for move in found.moves}
        for victim, reason in zip(found.victims, found.reasons, strict=True):
            before, loser = self._decided.pop(victim, None), self._snapshot.workloads[victim]
            if victim in moves:
                self._decided[victim] = moved(moves[victim], winner)
            elif victim in found.shrunk:
                self._decided[victim] = shrunk(loser, winner, reason, found.shrunk[victim], before)
            else:
                self._decided[victim] = displaced(loser, winner, reason)


def _admitted_as(workload: Workload) -> str:
    given = workload.assignment
    assert given is not None
    return f"Runs as variant {given.variant} with {given.replicas} replica(s) in {given.pool}."
