"""Everything about a workload that decides where it can go, and nothing else: equal seekers get equal answers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from chippool.core.constraints import Within
from chippool.core.elastic import Grows, keeps_its_size, least
from chippool.core.ids import ClassName, Milli, PoolName, QueueName, WorkloadKey
from chippool.core.model import Class, Variant, Workload


@dataclass(slots=True, init=False)
class Option:
    """One pool of one variant; `new` are the chips that would count against the queue's limit."""

    variant: Final[Variant]
    pool: Final[PoolName]
    replicas: Final[int]
    new: Final[Milli]
    scavenges: Final[bool]
    """It only gets what nobody with their own use waits for."""
    topology: Final[Within | None]

    def __init__(
        self,
        variant: Variant,
        pool: PoolName,
        replicas: int,
        new: Milli,
        *,
        scavenges: bool = False,
        topology: Within | None = None,
    ) -> None:
        """Made by the ten thousand in a plan: compiled, a frozen dataclass's own takes twenty times as long."""
        self.variant = variant
        self.pool = pool
        self.replicas = replicas
        self.new = new
        self.scavenges = scavenges
        self.topology = topology

    def __hash__(self) -> int:
        """By what tells options apart: the rest of a variant comes with its name and its ask."""
        return hash((self.pool, self.replicas, self.new, self.variant.ask, self.variant.name))


@dataclass(slots=True, init=False)
class Seeker:
    queue: Final[QueueName]
    class_name: Final[ClassName]
    priority: Final[int]
    preempts: Final[bool]
    options: Final[tuple[Option, ...]]
    spared: Final[frozenset[WorkloadKey]]
    """Those it displaced within the last hour."""
    passes: Final[frozenset[WorkloadKey]]
    """Those with a reservation that it can't delay (`core.backfill`)."""
    grows: Final[bool]
    """It has as many replicas as it needs, and wants more."""

    def __init__(
        self,
        queue: QueueName,
        class_name: ClassName,
        priority: int,
        options: tuple[Option, ...],
        *,
        preempts: bool,
        spared: frozenset[WorkloadKey] = frozenset(),
        passes: frozenset[WorkloadKey] = frozenset(),
        grows: bool = False,
    ) -> None:
        self.queue = queue
        self.class_name = class_name
        self.priority = priority
        self.preempts = preempts
        self.options = options
        self.spared = spared
        self.passes = passes
        self.grows = grows

    def __hash__(self) -> int:
        return hash((self.queue, self.class_name, self.options, self.passes))


def a_seeker(
    workload: Workload,
    priority_class: Class,
    options: tuple[Option, ...],
    spared: frozenset[WorkloadKey] = frozenset(),
    passes: frozenset[WorkloadKey] = frozenset(),
) -> Seeker:
    value, preempts = priority_class.value, priority_class.preempts
    queue, name = workload.queue, workload.class_name
    return Seeker(queue, name, value, options, preempts=preempts, spared=spared, passes=passes)


def as_grower(seeker: Seeker, grows: Grows) -> Seeker:
    """The same for replicas past minReplicas."""
    return replace(seeker, grows=True, preempts=seeker.preempts and grows is Grows.SPARED)


def ways(workload: Workload, scavenges: Callable[[PoolName], bool]) -> list[Option]:
    """Every way to admit a workload that waits, the preferred first; what has succeeded needs no chips again.

    `scavenges`: whether it only gets there what nobody else waits for.
    """
    found: list[Option] = []
    for variant in workload.variants:
        replicas = max(_start(workload, variant) - workload.succeeded, 0)
        new = replicas * variant.ask.chips
        for pool in variant.pools if _is_open(workload, variant) else ():
            option = Option(variant, pool, replicas, new, scavenges=scavenges(pool), topology=workload.topology)
            found.append(option)
    return found


def _start(workload: Workload, variant: Variant) -> int:
    if workload.size is not None and keeps_its_size(workload):
        return workload.size
    return variant.replicas if workload.min_replicas is None else least(workload, variant)


def _is_open(workload: Workload, variant: Variant) -> bool:
    """A gang with succeeded indexes keeps its variant: another one would run them anew."""
    last = workload.displaced.variant if workload.displaced else None
    return not workload.succeeded or last is None or variant.name == last
