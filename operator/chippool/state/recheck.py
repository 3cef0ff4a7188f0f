"""Whether a decision is still right when it is taken for true: the world has moved while it was made."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chippool.core.checks import admitted_as, variant_named
from chippool.core.elastic import keeps_its_size, least
from chippool.core.ids import NodeName, PoolName, WorkloadKey
from chippool.core.model import Ask, Node, Variant, Workload
from chippool.core.plan import Admit, Decision, Displace, Finish, Migrate, Place, Resize, Shrink, Stop
from chippool.core.shares import added, overfull

Holding = tuple[NodeName, int, Iterable[tuple[str, int]], int | None]
"""Node, milli-chips and the other requests of one replica, and of a fraction its chip."""
Taker = Admit | Migrate | Place | Resize
Winner = Admit | Place | Resize
Giver = Displace | Shrink | Migrate | Finish | Stop


@dataclass(frozen=True, slots=True)
class World:
    """As it was when the plan was made, and as it is now."""

    then: Mapping[WorkloadKey, Workload]
    now: Callable[[WorkloadKey], Workload | None]
    nodes: Callable[[NodeName], Node | None]
    holdings: Callable[[WorkloadKey, int], Iterable[Holding]]
    """What the replicas of a workload from this number on hold, pods and reservations."""


class Recheck:
    """Goes through a plan and keeps what is still right, with what each decision takes and gives."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._given: set[WorkloadKey] = set()
        self._chips: defaultdict[NodeName, int] = defaultdict(int)
        self._room: defaultdict[NodeName, Counter[str]] = defaultdict(Counter)
        self._parts: defaultdict[NodeName, Counter[int]] = defaultdict(Counter)
        """Milli-chips taken of single chips, or given back where negative."""

    def accepted(self, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
        """Return what is still right, in the same order; who is no longer a winner displaces nobody."""
        plan = tuple(decisions)
        by_key = {d.workload: d for d in plan if isinstance(d, Displace | Shrink | Migrate)}
        victims = {key for d in plan if isinstance(d, Winner) for key in d.victims}
        alone = [d for d in plan if isinstance(d, Giver) and d.workload not in victims]
        right = {d.workload for d in alone if not isinstance(d, Migrate) and self._give(d)}
        right |= self._take([], [d for d in alone if isinstance(d, Migrate)])
        for decision in plan:
            if isinstance(decision, Winner):
                right |= self._take([decision], [by_key[key] for key in decision.victims if key in by_key])
            elif not isinstance(decision, Giver) and self._is_same(decision.workload):
                right.add(decision.workload)
        return tuple(d for d in plan if d.workload in right)

    def _take(self, winners: list[Taker], victims: Iterable[Displace | Shrink | Migrate]) -> set[WorkloadKey]:
        """All of them, with those who make room and where these go; or nobody. Who is shrunk for several gives once."""
        given = [d for d in victims if d.workload not in self._given and self._give(d)]
        takers = [*winners, *(d for d in given if isinstance(d, Migrate))]
        booked = list[tuple[Taker, Ask]]()
        for taker in takers:
            ask = self._takes(taker)
            if ask is None:
                break
            self._book(taker, ask, 1)
            booked.append((taker, ask))
        if len(booked) == len(takers):
            self._given.update(d.workload for d in given)
            return {d.workload for d in (*winners, *given)}
        for taker, ask in booked:
            self._book(taker, ask, -1)
        for other in given:
            self._shift(other, -1)
        return set()

    def _give(self, decision: Giver) -> bool:
        if not self._is_same(decision.workload):
            return False
        self._shift(decision, 1)
        return True

    def _shift(self, giver: Giver, sign: int) -> None:
        beyond = giver.replicas if isinstance(giver, Shrink) else 0
        for node, chips, requests, seat in self._world.holdings(giver.workload, beyond):
            self._chips[node] += sign * chips
            if seat is not None:
                self._parts[node][seat] -= sign * chips
            for name, amount in requests:
                self._room[node][name] += sign * amount

    def _is_same(self, key: WorkloadKey) -> bool:
        then, now = self._world.then.get(key), self._world.now(key)
        return then is not None and now is not None and _decisive(then) == _decisive(now)

    def _takes(self, decision: Taker) -> Ask | None:
        """What each of its nodes has room for, if it is still right."""
        now = self._world.now(decision.workload)
        asked = asked_by(decision, now) if now is not None and self._is_same(decision.workload) else None
        if asked is None:
            return None
        pool, ask = asked
        for node, count in Counter(decision.nodes).items():
            if not self._fits(node, pool, ask, count) or not self._fits_chip_by_chip(node, decision, ask, count):
                return None
        return ask

    def _book(self, decision: Taker, ask: Ask, sign: int) -> None:
        for node, seat in zip(decision.nodes, decision.seats, strict=False):
            self._parts[node][seat] += sign * ask.chips
        for node in decision.nodes:
            self._chips[node] -= sign * ask.chips
            for name, amount in ask.requests:
                self._room[node][name] -= sign * amount

    def _fits(self, name: NodeName, pool: PoolName, ask: Ask, count: int) -> bool:
        node = self._world.nodes(name)
        if node is None or not node.usable or pool not in node.pools:
            return False
        if node.free + self._chips[name] < count * ask.chips:
            return False
        more = self._room[name]
        return all(node.room.get(r, 0) + more[r] >= count * amount for r, amount in ask.requests if amount)

    def _fits_chip_by_chip(self, name: NodeName, decision: Taker, ask: Ask, count: int) -> bool:
        node, taken = self._world.nodes(name), Counter(self._parts[name])
        for where, seat in zip(decision.nodes, decision.seats, strict=False):
            if where == name:
                taken[seat] += ask.chips
        shares = node.shares if node else ()
        for chip, milli in taken.items():
            shares = added(shares, chip, milli) if milli else shares
        return not node or not overfull(node.free + self._chips[name] - count * ask.chips, shares, {})


def asked_by(decision: Taker, workload: Workload) -> tuple[PoolName, Ask] | None:
    """Return where and what each node of a decision is asked for; None if its number of nodes is not right any more."""
    given = workload.assignment
    match decision:
        case Admit(variant=variant, pool=pool, nodes=nodes):
            chosen = variant_named(workload, variant)
            right = chosen is not None and _is_enough(workload, chosen, len(nodes) + workload.succeeded)
        case Migrate(variant=variant, pool=pool, nodes=nodes) if given:
            chosen = variant_named(workload, variant)
            count, same = len(nodes) + workload.succeeded, variant == given.variant
            kept = same and _may_go_on_with(workload, given.replicas, count)
            right = kept or (chosen is not None and not same and _is_enough(workload, chosen, count))
        case _:
            chosen = admitted_as(workload)
            pool = given.pool if given else PoolName("")
            right = isinstance(decision, Resize) or len(decision.nodes) <= workload.missing
    return (pool, chosen.ask) if chosen is not None and right else None


def _may_go_on_with(workload: Workload, had: int, count: int) -> bool:
    """Elastic work that moves may be shrunk on the way."""
    variant = admitted_as(workload)
    shrinks = variant is not None and workload.min_replicas is not None and not keeps_its_size(workload)
    return count == had or (variant is not None and shrinks and least(workload, variant) <= count < had)


def _is_enough(workload: Workload, variant: Variant, replicas: int) -> bool:
    if workload.size is not None:
        return replicas == workload.size
    return least(workload, variant) <= replicas <= variant.replicas


def _decisive(workload: Workload) -> tuple[object, ...]:
    ends = (workload.suspend, workload.deleting, workload.finished, workload.outcome)
    return (workload.uid, workload.generation, workload.assignment, workload.active, *ends)
