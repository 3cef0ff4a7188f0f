"""Everything about a workload that decides where it can go, and nothing else: equal seekers get equal answers."""

from collections.abc import Iterator
from dataclasses import dataclass

from chippool.core.ids import ClassName, Milli, PoolName, QueueName
from chippool.core.model import Class, Variant, Workload


@dataclass(frozen=True, slots=True)
class Option:
    """One pool of one variant; `new` are the chips that would count against the queue's limit."""

    variant: Variant
    pool: PoolName
    replicas: int
    new: Milli


@dataclass(frozen=True, slots=True)
class Seeker:
    queue: QueueName
    class_name: ClassName
    priority: int
    preempts: bool
    options: tuple[Option, ...]


def a_seeker(workload: Workload, priority_class: Class, options: tuple[Option, ...]) -> Seeker:
    return Seeker(workload.queue, workload.class_name, priority_class.value, priority_class.preempts, options)


def ways(workload: Workload) -> Iterator[Option]:
    """Every way to admit a workload that waits, the preferred first."""
    for variant in workload.variants:
        for pool in variant.pools:
            yield Option(variant, pool, variant.replicas, variant.replicas * variant.ask.chips)
