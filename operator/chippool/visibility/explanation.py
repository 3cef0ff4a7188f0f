"""Why a workload runs where it does or why it waits, as records. Pure, from a reading of the cluster."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chippool.core.cycle import schedule
from chippool.core.eta import etas
from chippool.core.ids import PoolName, WorkloadKey
from chippool.core.matching import worths
from chippool.core.model import Assignment, Variant, Workload
from chippool.core.ordering import class_of
from chippool.core.plan import Admit, Hold, Holder, Shortage
from chippool.visibility.document import as_chips
from chippool.visibility.expectation import Expected, said, times, unknown
from chippool.visibility.measured import MeasuredSpeeds, measured_speeds
from chippool.visibility.native import shown_name
from chippool.visibility.reading import Reading
from chippool.visibility.words import Number, chips_held, in_words, moment, state_of, turns


@dataclass(frozen=True, slots=True)
class Held:
    """Chips of a pool by who has them: queues and classes, never names."""

    queue_name: str
    priority_class_name: str
    chips: Number


@dataclass(frozen=True, slots=True)
class Lack:
    """One variant in one pool, and what it lacks there now."""

    variant: str
    pool_name: str
    replicas: int
    chips_per_replica: Number
    reason: str
    message: str
    asked: Number
    free: Number
    """Chips that are free or being given back; for QueueLimit what is left of the limit."""
    fits: int
    """Replicas that would fit now."""
    held_by: tuple[Held, ...]
    price: Number = 0
    """What one more chip of the pool would add now, in workloads at their best speed."""


@dataclass(frozen=True, slots=True)
class Runs:
    variant: str
    pool_name: str
    replicas: int
    ready: int
    succeeded: int
    chips: Number
    nodes: Mapping[str, int]
    """Replicas by node."""
    admitted_at: str
    choice: int
    """Place of this variant and pool in the order of preference, from 1."""
    choices: int
    speed: Number
    """Relative to its first way."""
    better: tuple[Lack, ...]
    """What the ways before it lack now."""


@dataclass(frozen=True, slots=True)
class Waits:
    position: int | None
    """Place in the order of all that wait, from 1; None where it is not in that order."""
    waiting: int
    ahead: Mapping[str, int]
    """Workloads before it, by priority class."""
    until: str | None
    variants: tuple[Lack, ...]
    starts: str | None = None
    """When it is thought to start, if chips are kept for it."""
    kept: Number = 0
    """Chips that are free now and kept for it."""
    eta: Expected | None = None
    expected: str | None = None
    """The same in words, or why nothing can be said."""


@dataclass(frozen=True, slots=True)
class Lost:
    """How it last lost its chips."""

    reason: str
    message: str
    at: str
    times: int


@dataclass(frozen=True, slots=True)
class Explanation:
    namespace: str
    name: str
    state: str
    reason: str
    message: str
    queue_name: str
    priority_class_name: str
    priority: int
    created: str
    runs: Runs | None = None
    waits: Waits | None = None
    displaced: Lost | None = None
    error: str | None = None
    """What keeps its pods from being Ready, in the cluster's words."""
    asked_pool: str | None = None
    """Only ways in this pool were asked about; then `runs.better` says what those lack, liked better or not."""
    measured: MeasuredSpeeds | None = None
    """Of its family, if it has one."""


class NoWayError(Exception):
    """No variant of the workload names the pool that was asked about; the text says which ones there are."""


def explained(reading: Reading, key: WorkloadKey, pool: PoolName | None = None) -> Explanation | None:
    """Return the explanation of a workload, None if there is none of that name; `pool`: of ways in this one alone."""
    workload = reading.snapshot.workloads.get(key)
    if workload is None:
        return None
    if pool is not None and not _ways_in(workload, pool):
        pools = ", ".join(dict.fromkeys(name for variant in workload.variants for name in variant.pools)) or "none"
        raise NoWayError(f"No variant of {key} names pool {pool}; its poolNames are: {pools}.")
    decision = next((d for d in reading.plan.decisions if d.workload == key), None)
    return Explanation(
        namespace=workload.namespace,
        name=shown_name(key),
        state=state_of(workload),
        reason=decision.reason.value if decision else "",
        message=in_words(workload, decision),
        queue_name=workload.queue,
        priority_class_name=workload.class_name,
        priority=class_of(reading.snapshot, workload).value,
        created=moment(workload.created),
        runs=_runs(reading, workload, pool),
        waits=_waits(reading, workload, decision, pool) if isinstance(decision, Hold) else None,
        displaced=_lost(workload),
        error=(workload.error or None) if not workload.finished else None,
        asked_pool=pool,
        measured=measured_speeds(reading.mirror, key, workload),
    )


def _ways_in(workload: Workload, pool: PoolName) -> tuple[Variant, ...]:
    return tuple(replace(variant, pools=(pool,)) for variant in workload.variants if pool in variant.pools)


def _runs(reading: Reading, workload: Workload, asked: PoolName | None) -> Runs | None:
    given = workload.assignment
    if given is None or workload.finished:
        return None
    ways = [(variant.name, pool) for variant in workload.variants for pool in variant.pools]
    choice = ways.index((given.variant, given.pool)) if (given.variant, given.pool) in ways else 0
    return Runs(
        variant=given.variant,
        pool_name=given.pool,
        replicas=given.replicas,
        ready=workload.ready,
        succeeded=workload.succeeded,
        chips=as_chips(chips_held(workload)),
        nodes=dict(sorted(Counter((*workload.placed, *workload.reserved)).items())),
        admitted_at=moment(given.admitted_at),
        choice=choice + 1,
        choices=len(ways),
        speed=_speed(workload, given),
        better=_better(reading, workload, _compared(workload, given, asked)),
    )


def _compared(workload: Workload, given: Assignment, asked: PoolName | None) -> tuple[Variant, ...]:
    if asked is None:
        return _before(workload, given)
    return () if asked == given.pool else _ways_in(workload, asked)


def _speed(workload: Workload, given: Assignment) -> Number:
    speeds = worths([variant.speed * variant.replicas for variant in workload.variants])
    names = [variant.name for variant in workload.variants]
    return round(speeds[names.index(given.variant)], 2) if given.variant in names else 1


def _before(workload: Workload, given: Assignment) -> tuple[Variant, ...]:
    """Return the variants, and the pools of its own, that it likes more than what it has."""
    names = [variant.name for variant in workload.variants]
    if given.variant not in names:
        return ()
    at = names.index(given.variant)
    own = workload.variants[at]
    pools = own.pools[: own.pools.index(given.pool)] if given.pool in own.pools else ()
    return (*workload.variants[:at], *([replace(own, pools=pools)] if pools else []))


def _better(reading: Reading, workload: Workload, ways: tuple[Variant, ...]) -> tuple[Lack, ...]:
    """Ask what if it waited and had only these ways."""
    if not ways:
        return ()
    waiting = replace(
        workload, variants=ways, assignment=None, displaced=None, placed=(), reserved=(), missing=0, active=False
    )
    snapshot = replace(reading.snapshot, workloads={**reading.snapshot.workloads, workload.key: waiting})
    plan = schedule(snapshot, reading.now)
    decision = next((d for d in plan.decisions if d.workload == workload.key), None)
    if isinstance(decision, Hold):
        return tuple(_lack(reading, waiting, shortage) for shortage in decision.shortages)
    return (_room(decision),) if isinstance(decision, Admit) else ()


def _room(decision: Admit) -> Lack:
    how = " by displacing work of lower priority" if decision.victims else ""
    return Lack(
        variant=decision.variant,
        pool_name=decision.pool,
        replicas=len(decision.nodes),
        chips_per_replica=as_chips(decision.chips),
        reason=decision.reason.value,
        message=f"It would fit there now{how}; what runs is moved where all chips together then do 5 % more.",
        asked=as_chips(decision.chips * len(decision.nodes)),
        free=as_chips(decision.chips * len(decision.nodes)),
        fits=len(decision.nodes),
        held_by=(),
    )


def _waits(reading: Reading, workload: Workload, hold: Hold, asked: PoolName | None) -> Waits:
    places, classes = turns(reading.plan), reading.snapshot.classes
    place = places.get(workload.key)
    before = [key for key, other in places.items() if place is not None and other < place]
    ahead = Counter(reading.snapshot.workloads[key].class_name for key in before)
    eta, expected = (None, None) if place is None else _expected(reading, workload.key, [*places])
    return Waits(
        position=place,
        waiting=len(places),
        ahead={name: ahead[name] for name in sorted(ahead, key=lambda name: (-classes[name].value, name))},
        until=None if hold.until is None else moment(hold.until),
        variants=tuple(_lack(reading, workload, one) for one in hold.shortages if asked in {None, one.pool}),
        starts=None if hold.starts is None else moment(hold.starts),
        kept=as_chips(sum(one.chips for one in reading.plan.reserved if one.workload == workload.key)),
        eta=eta,
        expected=expected,
    )


def _expected(reading: Reading, key: WorkloadKey, waiting: list[WorkloadKey]) -> tuple[Expected | None, str]:
    found = etas(reading.snapshot, waiting, (key,), reading.known.experience, reading.now).get(key)
    if found is None:
        return None, unknown(reading.known)
    return times(found), f"It is expected to start at {said(found, reading.now)}."


def _lack(reading: Reading, workload: Workload, shortage: Shortage) -> Lack:
    variant = next(v for v in workload.variants if v.name == shortage.variant)
    return Lack(
        variant=shortage.variant,
        pool_name=shortage.pool,
        replicas=variant.replicas,
        chips_per_replica=as_chips(variant.ask.chips),
        reason=shortage.reason.value,
        message=shortage.message,
        asked=as_chips(shortage.asked),
        free=as_chips(shortage.free),
        fits=shortage.fits,
        held_by=_holders(reading, shortage.pool),
        price=reading.plan.prices.get(shortage.pool, 0),
    )


def _holders(reading: Reading, pool: PoolName) -> tuple[Held, ...]:
    held: tuple[Holder, ...] = reading.plan.holders.get(pool, ())
    return tuple(Held(holder.queue, holder.class_name, as_chips(holder.chips)) for holder in held)


def _lost(workload: Workload) -> Lost | None:
    last = workload.displaced
    if last is None or workload.finished:
        return None
    return Lost(last.reason.value, last.message, moment(last.at) if last.at else "", last.count)
