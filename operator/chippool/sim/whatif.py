"""What becomes of each workload if a cluster is changed, beside what becomes of it anyway."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chippool.core.eta import NOTHING, Eta, Experience, etas
from chippool.core.ids import ClassName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import Mode, Node, Snapshot, Workload
from chippool.core.ordering import order
from chippool.core.plan import Admit, Decision, Displace, Finish, Hold, Migrate, Place, Stop, in_turn
from chippool.core.reasons import MISTAKES, Reason
from chippool.core.replacement import whole_by
from chippool.core.whatif import Change, changed
from chippool.sim.settled import Deed, Settled, decision_of, settled


class State(StrEnum):
    """Where a workload stands."""

    RUNS = "runs"
    LACKS_NODES = "waitsForNodes"
    """It runs, and some of its replicas have no node."""
    WAITS = "waits"
    SUSPENDED = "suspended"
    ENDED = "ended"
    ABSENT = "absent"


class Fate(StrEnum):
    """What becomes of it, beside what it is now."""

    DISPLACED = "displaced"
    LACKS_NODES = "waitsForNodes"
    SHRINKS = "shrinks"
    MOVES = "moves"
    REPLACES = "replaces"
    """It goes on as it is, with replicas on other nodes than those they had."""
    GROWS = "grows"
    STARTS = "starts"
    RUNS = "runs"
    WAITS = "waits"
    SUSPENDED = "suspended"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Stand:
    """How a workload stands at one moment; what does not apply is left out."""

    state: State
    variant: VariantName | None = None
    pool_name: PoolName | None = None
    replicas: int | None = None
    missing: int | None = None
    """Replicas without a node."""
    reason: Reason | None = None
    message: str | None = None
    """Why it waits, or what it waits for."""
    position: int | None = None
    """Place in the order of all that wait."""
    until: float | None = None
    """When it gives everything back if its replicas find no node; seconds since the epoch."""
    starts: float | None = None
    """When it is thought to start, if chips are kept for it; seconds since the epoch."""
    eta: Eta | None = None
    """When it is expected to start."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One workload: as it is now, as it will be without the change, and with it."""

    namespace: str
    name: str
    queue_name: QueueName
    priority_class_name: ClassName
    mode: Mode
    pool_names: tuple[PoolName, ...]
    """Where it may run."""
    fate: Fate
    due_to_change: bool
    """Without the change it would not come to this."""
    now: Stand
    otherwise: Stand
    then: Stand
    why: str
    """The sentence of what is decided for it, in the operator's own words."""

    @property
    def key(self) -> WorkloadKey:
        return WorkloadKey(f"{self.namespace}/{self.name}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the changes lead to."""

    snapshot: Snapshot
    otherwise: Settled
    then: Settled
    outcomes: tuple[Outcome, ...]
    """Of everything that is not finished, in the order of decisions."""

    def nodes_lost(self) -> list[Node]:
        return _missing_in(self.then.snapshot, self.snapshot)

    def nodes_added(self) -> list[Node]:
        return _missing_in(self.snapshot, self.then.snapshot)

    def of(self, fate: Fate) -> list[Outcome]:
        return [one for one in self.outcomes if one.fate is fate]


def what_if(
    snapshot: Snapshot,
    changes: Sequence[Change],
    now: float,
    tell: Callable[[int], None] = lambda _: None,
    within: float = 0.0,
    experience: Experience = NOTHING,
) -> Answer:
    """Return what `changes` lead to within so many seconds; `tell` hears of every plan. `now`: since the epoch.

    When those who wait will start is told by `experience` of earlier waits.
    """
    otherwise = settled(snapshot, now, tell, within)
    then = settled(changed(snapshot, changes, now), now, tell, within) if changes else otherwise
    return Answer(snapshot, otherwise, then, tuple(_outcomes(snapshot, otherwise, then, Foresight(experience, now))))


def _missing_in(here: Snapshot, there: Snapshot) -> list[Node]:
    return sorted((node for name, node in there.nodes.items() if name not in here.nodes), key=lambda node: node.name)


# --- one workload


@dataclass(frozen=True, slots=True)
class Foresight:
    """From what starts are predicted, and when; seconds since the epoch."""

    experience: Experience
    now: float

    def etas(self, at: Settled) -> dict[WorkloadKey, Eta]:
        """Return when each that waits is expected to start."""
        waiting = in_turn(at.plan)
        return etas(at.snapshot, waiting, waiting, self.experience, self.now)


def _outcomes(snapshot: Snapshot, otherwise: Settled, then: Settled, foresight: Foresight) -> Iterator[Outcome]:
    before, anyway = _Scene(snapshot), _Scene(otherwise.snapshot, otherwise, foresight)
    after = anyway if then is otherwise else _Scene(then.snapshot, then, foresight)
    living = (w for w in then.snapshot.workloads.values() if not (w.finished and before.is_finished(w.key)))
    for one in sorted(living, key=lambda w: order(then.snapshot, w)):
        now, without, with_ = (scene.stand(one.key) for scene in (before, anyway, after))
        now = replace(now, eta=without.eta) if now.state is State.WAITS else now
        deeds = then.deeds.get(one.key, ())
        fate = _fate(now, with_, deeds)
        yield Outcome(
            namespace=one.namespace,
            name=one.key.partition("/")[2],
            queue_name=one.queue,
            priority_class_name=one.class_name,
            mode=one.mode,
            pool_names=tuple(dict.fromkeys(pool for variant in one.variants for pool in variant.pools)),
            fate=fate,
            due_to_change=_differs(with_, without) or fate is not _fate(now, without, otherwise.deeds.get(one.key, ())),
            now=now,
            otherwise=without,
            then=with_,
            why=_why(deeds, after.decisions.get(one.key)),
        )


class _Scene:
    """A snapshot, and what is decided on it if that is known."""

    def __init__(self, snapshot: Snapshot, after: Settled | None = None, foresight: Foresight | None = None) -> None:
        self._workloads = snapshot.workloads
        self.decisions: Mapping[WorkloadKey, Decision] = decision_of(after.plan) if after else {}
        self._etas = foresight.etas(after) if after and foresight and foresight.experience.ended else {}

    def is_finished(self, key: WorkloadKey) -> bool:
        return key in self._workloads and self._workloads[key].finished

    def stand(self, key: WorkloadKey) -> Stand:
        one, decision = self._workloads.get(key), self.decisions.get(key)
        if one is None:
            return Stand(State.ABSENT)
        if one.finished:
            return Stand(State.ENDED)
        if one.assignment is not None:
            return _running(one, decision)
        if one.suspend:
            return Stand(State.SUSPENDED)
        return replace(_waiting(decision), eta=self._etas.get(key))


def _running(one: Workload, decision: Decision | None) -> Stand:
    given = one.assignment
    assert given is not None
    lacks = one.missing > 0
    said = decision if lacks else None
    return Stand(
        State.LACKS_NODES if lacks else State.RUNS,
        given.variant,
        given.pool,
        given.replicas,
        missing=one.missing or None,
        reason=said.reason if said else None,
        message=said.message if said else None,
        until=whole_by(one),
    )


def _waiting(decision: Decision | None) -> Stand:
    if not isinstance(decision, Hold):
        return Stand(State.WAITS)
    return Stand(
        State.WAITS,
        reason=decision.reason,
        message=decision.message,
        position=decision.position or None,
        starts=decision.starts,
    )


def _differs(one: Stand, other: Stand) -> bool:
    """Whether it stands differently; why it waits counts only where waiting helps no more, or again."""
    return _place(one) != _place(other)


def _place(stand: Stand) -> tuple[object, ...]:
    hopeless = stand.reason if stand.reason in MISTAKES else None
    return (stand.state, stand.variant, stand.pool_name, stand.replicas, stand.missing, hopeless)


def _fate(now: Stand, then: Stand, deeds: Sequence[Deed]) -> Fate:
    ran = now.state in {State.RUNS, State.LACKS_NODES}
    if then.state not in {State.RUNS, State.LACKS_NODES}:
        return Fate.DISPLACED if ran and then.state is State.WAITS else _RESTS[then.state]
    if not ran:
        return Fate.STARTS
    if then.state is State.LACKS_NODES:
        return Fate.LACKS_NODES
    if (now.variant, now.pool_name) != (then.variant, then.pool_name) or _moves(deeds):
        return Fate.MOVES
    return _size(now.replicas or 0, then.replicas or 0) or (
        Fate.REPLACES if any(isinstance(deed, Place) for deed in deeds) else Fate.RUNS
    )


_RESTS = {State.WAITS: Fate.WAITS, State.SUSPENDED: Fate.SUSPENDED, State.ENDED: Fate.ENDS, State.ABSENT: Fate.ENDS}


def _moves(deeds: Iterable[Deed]) -> bool:
    """Whether all of it goes to other nodes: at once, or because it lost its chips and found others."""
    return any(isinstance(deed, Migrate | Admit) for deed in deeds)


def _size(before: int, after: int) -> Fate | None:
    if before == after:
        return None
    return Fate.SHRINKS if after < before else Fate.GROWS


def _why(deeds: Sequence[Deed], last: Decision | None) -> str:
    """What took something from it comes first."""
    for deed in deeds:
        if isinstance(deed, Displace | Migrate | Finish | Stop):
            return deed.message
    said = deeds[-1] if deeds else last
    return said.message if said else ""
