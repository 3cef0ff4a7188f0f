"""What `top` shows, as records: pools, queues, classes and workloads. Pure, from a reading of the cluster."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from chippool.cli.picture_stock import Runway, effective, runway
from chippool.core.eta import Eta, etas
from chippool.core.ids import PoolName, QueueName
from chippool.core.model import Mode, Workload
from chippool.core.ordering import order
from chippool.core.plan import Decision
from chippool.core.sharing import Sharing
from chippool.state.records import PoolCounts
from chippool.visibility.document import as_chips
from chippool.visibility.expectation import Expected, said, times
from chippool.visibility.native import shown_name
from chippool.visibility.reading import Reading
from chippool.visibility.words import Number, chips_held, in_words, moment, state_of, turns


@dataclass(frozen=True, slots=True)
class Chips:
    """Chips of a pool by state; together they are what is installed."""

    installed: Number
    allocated: Number
    releasing: Number
    unmanaged: Number
    free: Number
    unusable: Number
    """Of nodes that are cordoned or not Ready, or not healthy."""


@dataclass(frozen=True, slots=True)
class PoolLine:
    name: str
    model: str
    resource_name: str
    nodes: int
    chips: Chips
    overlaps: tuple[str, ...] = ()
    price: Number = 0
    """What one more chip would add now, in workloads at their best speed."""
    effective_chips: Mapping[str, Number] = field(default_factory=dict)
    """What all healthy ones are worth in chips of the reference, by purpose."""
    runway: Runway | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What a queue and those below it have of a pool; `pending` is what its waiting workloads would like best."""

    pool_name: str
    used: Number
    pending: Number
    limit: Number | None
    guaranteed: Number = 0
    borrowed: Number = 0


@dataclass(frozen=True, slots=True)
class QueueLine:
    name: str
    admitted: int
    pending: int
    pools: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class ClassLine:
    name: str
    value: int
    admitted: int
    pending: int
    chips: Number


@dataclass(frozen=True, slots=True)
class WorkloadLine:
    """A workload that is not finished; `position` is its place in the order of everything that waits."""

    namespace: str
    name: str
    queue_name: str
    priority_class_name: str
    mode: Mode
    state: str
    replicas: int
    ready: int
    chips: Number
    variant: str | None
    pool_name: str | None
    nodes: int | None
    position: int | None
    reason: str
    message: str
    created: str
    age_seconds: int
    eta: Expected | None = None
    expected: str | None = None
    """When it is expected to start, in words."""


@dataclass(frozen=True, slots=True)
class Picture:
    at: str
    pools: tuple[PoolLine, ...]
    queues: tuple[QueueLine, ...]
    priority_classes: tuple[ClassLine, ...]
    workloads: tuple[WorkloadLine, ...]
    finished: int


def picture(reading: Reading, namespace: str | None = None) -> Picture:
    """Return the whole picture; workloads of one namespace only where one is named."""
    mirror, workloads = reading.mirror, reading.snapshot.workloads.values()
    living, sharing = [w for w in workloads if not w.finished], mirror.sharing()
    shown = [w for w in living if namespace in {None, w.namespace}]
    return Picture(
        at=moment(reading.now),
        pools=tuple(_pool(reading, name) for name in sorted(mirror.pool_records)),
        queues=tuple(_queue(reading, name, sharing) for name in sorted(mirror.queue_records)),
        priority_classes=_classes(reading, living),
        workloads=_workloads(reading, shown),
        finished=len(workloads) - len(living),
    )


def _pool(reading: Reading, name: PoolName) -> PoolLine:
    record, counts = reading.mirror.pool_records[name], reading.mirror.pool_counts(name)
    price = reading.plan.prices.get(name, 0)
    named = (name, record.model, record.view.resource, counts.nodes)
    return PoolLine(*named, _chips(counts), counts.overlaps, price, effective(record, counts), runway(record))


def _chips(counts: PoolCounts) -> Chips:
    rest = counts.installed - counts.allocated - counts.releasing - counts.unmanaged - counts.free
    return Chips(
        installed=as_chips(counts.installed),
        allocated=as_chips(counts.allocated),
        releasing=as_chips(counts.releasing),
        unmanaged=as_chips(counts.unmanaged),
        free=as_chips(counts.free),
        unusable=as_chips(max(0, rest)),
    )


def _queue(reading: Reading, name: QueueName, sharing: Sharing) -> QueueLine:
    limits, counts = reading.mirror.queue_records[name].view.limits, reading.mirror.queue_counts(name)
    uses = (
        Use(
            pool,
            as_chips(use.used),
            as_chips(use.pending),
            as_chips(limits[pool]) if pool in limits else None,
            as_chips(use.guaranteed),
            as_chips(use.borrowed),
        )
        for pool, use in sharing.of(name).items()
    )
    return QueueLine(name, counts.admitted_workloads, counts.pending_workloads, tuple(uses))


def _classes(reading: Reading, living: Iterable[Workload]) -> tuple[ClassLine, ...]:
    """Only classes that are used by a workload or allowed by a queue: a cluster has others of no concern here."""
    states: defaultdict[str, Counter[str]] = defaultdict(Counter)
    held: Counter[str] = Counter()
    for workload in living:
        states[workload.class_name]["admitted" if workload.assignment else state_of(workload)] += 1
        held[workload.class_name] += chips_held(workload)
    allowed = {name for queue in reading.snapshot.queues.values() for name in queue.class_names}
    lines = [
        ClassLine(c.name, c.value, states[c.name]["admitted"], states[c.name]["pending"], as_chips(held[c.name]))
        for c in reading.snapshot.classes.values()
        if c.name in allowed or c.name in states
    ]
    return tuple(sorted(lines, key=lambda line: (-line.value, line.name)))


def _workloads(reading: Reading, shown: Iterable[Workload]) -> tuple[WorkloadLine, ...]:
    """Who runs, by priority; then who waits, in the order of their turn."""
    told = {decision.workload: decision for decision in reading.plan.decisions}
    places = turns(reading.plan)
    ordered = sorted(shown, key=_turn(reading))
    asked = [w.key for w in ordered if w.key in places]
    found = etas(reading.snapshot, [*places], asked, reading.known.experience, reading.now)
    lines = ((w.key, _line(reading, w, told.get(w.key), places.get(w.key))) for w in ordered)
    return tuple(_expected(line, found.get(key), reading.now) for key, line in lines)


def _expected(line: WorkloadLine, eta: Eta | None, now: float) -> WorkloadLine:
    return line if eta is None else replace(line, eta=times(eta), expected=said(eta, now))


def _turn(reading: Reading) -> Callable[[Workload], tuple[object, ...]]:
    return lambda workload: (workload.assignment is None, order(reading.snapshot, workload))


def _line(reading: Reading, workload: Workload, decision: Decision | None, place: int | None) -> WorkloadLine:
    given, first = workload.assignment, workload.variants[0] if workload.variants else None
    asked = first.replicas * first.ask.chips if first else 0
    return WorkloadLine(
        namespace=workload.namespace,
        name=shown_name(workload.key),
        queue_name=workload.queue,
        priority_class_name=workload.class_name,
        mode=workload.mode,
        state=state_of(workload),
        replicas=given.replicas if given else (first.replicas if first else workload.replicas),
        ready=workload.ready,
        chips=as_chips(chips_held(workload) if given else asked),
        variant=given.variant if given else None,
        pool_name=given.pool if given else None,
        nodes=len({*workload.placed, *workload.reserved}) if given else None,
        position=place,
        reason=decision.reason.value if decision else "",
        message=in_words(workload, decision),
        created=moment(workload.created),
        age_seconds=max(0, int(reading.now - workload.created)),
    )
