"""A workload beside the rest of the cluster: mistakes that only show here, each with the field and the remedy."""

from collections.abc import Iterable

from chippool.core.access import access_of
from chippool.core.feasibility import selects
from chippool.core.ids import ClassName, Milli, PoolName, shown
from chippool.core.model import Mode, Pool, Problem, Queue, Snapshot, Variant, Workload
from chippool.core.reasons import Reason
from chippool.core.shares import is_fraction

_FEW = 4
"""Sizes of shares that a sentence lists."""


def never_right(snapshot: Snapshot, workload: Workload) -> str:
    """Why its assignment could not have been given by chippool; empty if it could.

    Limits and access lists are not looked at: tightened later, they displace nobody.
    """
    given = workload.assignment
    if given is None:
        return ""
    variant = variant_named(workload, given.variant)
    if variant is None:
        return f"It was assigned variant {given.variant}, which spec.variants does not have."
    if given.pool not in variant.pools:
        return f"It was assigned pool {given.pool}, which variant {given.variant} does not list in poolNames."
    problem = _queue_problem(snapshot, workload)
    return problem.message if problem and problem.reason in _NEVER else ""


_NEVER = frozenset({Reason.NAMESPACE_NOT_ALLOWED, Reason.CLASS_NOT_ALLOWED})


def mistake(snapshot: Snapshot, workload: Workload) -> Problem | None:
    """The first thing wrong with the workload itself, whatever the pools look like."""
    if workload.problems:
        return workload.problems[0]
    namespace = snapshot.namespaces.get(workload.namespace)
    if namespace is not None and namespace.deleting:
        return Problem(Reason.NAMESPACE_TERMINATING, f"Namespace {workload.namespace} is being deleted.")
    if workload.class_name not in snapshot.classes:
        return _unknown_class(snapshot, workload)
    return _queue_problem(snapshot, workload)


def _unknown_class(snapshot: Snapshot, workload: Workload) -> Problem:
    queue = snapshot.queues.get(workload.queue)
    known = snapshot.classes.keys() & queue.class_names if queue else ()
    others = f"one of {_listed(known)}" if known else "another"
    return Problem(
        Reason.UNKNOWN_CLASS,
        f"spec.priorityClassName: there is no PriorityClass {workload.class_name}; create it or name {others}.",
    )


def _queue_problem(snapshot: Snapshot, workload: Workload) -> Problem | None:
    queue = snapshot.queues.get(workload.queue)
    if queue is None:
        return Problem(
            Reason.UNKNOWN_QUEUE,
            f"spec.queueName: there is no ChipQueue {workload.queue}; create it or name another.",
        )
    if queue.deleting and workload.assignment is None:
        return Problem(
            Reason.QUEUE_TERMINATING, f"spec.queueName: ChipQueue {queue.name} is being deleted; name another."
        )
    if not _serves(snapshot, queue, workload):
        return Problem(
            Reason.NAMESPACE_NOT_ALLOWED,
            f"spec.queueName: ChipQueue {queue.name} does not serve namespace {workload.namespace}; its "
            f"spec.namespaceSelector does not match the namespace's labels.",
        )
    if workload.class_name not in queue.class_names:
        return Problem(
            Reason.CLASS_NOT_ALLOWED,
            f"spec.priorityClassName: ChipQueue {queue.name} does not allow {workload.class_name}, only "
            f"{_listed(queue.class_names)}.",
        )
    return None


def _serves(snapshot: Snapshot, queue: Queue, workload: Workload) -> bool:
    namespace = snapshot.namespaces.get(workload.namespace)
    if queue.namespace_selector is None or namespace is None:
        return False
    return selects(queue.namespace_selector, namespace.labels)


def pool_problem(
    snapshot: Snapshot, class_name: ClassName, variant: Variant, name: PoolName, *, external: bool = False
) -> Problem | None:
    """Why a variant can't use a pool, however empty it may be."""
    pool = snapshot.pools.get(name)
    if pool is None:
        where = f"spec.variants[{variant.name}].poolNames"
        return Problem(Reason.UNKNOWN_POOL, f"{where}: there is no ChipPool {name}; create it or name another.")
    if pool.deleting:
        where = f"spec.variants[{variant.name}].poolNames"
        return Problem(Reason.POOL_TERMINATING, f"{where}: ChipPool {name} is being deleted; name another.")
    if external and not pool.resale.allowed:
        return Problem(Reason.RESALE_ENDED, not_resold(pool))
    if access_of(pool, class_name, external=external) is None:
        return Problem(Reason.ACCESS_DENIED, _denied(pool, class_name, external=external))
    if is_fraction(variant.ask.chips) and variant.ask.chips not in pool.fractions:
        return Problem(Reason.NOT_SHARED, _not_shared(pool, variant))
    return None


def not_resold(pool: Pool) -> str:
    """Why External queues get nothing new of it."""
    return f"Chips of ChipPool {pool.name} are not resold to External queues ({pool.resale.why}); name another pool."


def _not_shared(pool: Pool, variant: Variant) -> str:
    where = f"spec.variants[{variant.name}].chipsPerReplica"
    if not pool.fractions:
        return (
            f"{where}: ChipPool {pool.name} gives out whole chips only; ask for a whole number of them, or for a pool "
            f"whose spec.sharing says how a share of a chip is asked for."
        )
    return (
        f"{where}: ChipPool {pool.name} has no share of {shown(variant.ask.chips)} chips; ask for "
        f"{_sizes(sorted(pool.fractions))}."
    )


def _sizes(sizes: list[Milli]) -> str:
    """A few one by one, many by how they go on."""
    if len(sizes) <= _FEW:
        return " or ".join(map(shown, sizes))
    return f"{shown(sizes[0])}, {shown(sizes[1])}, {shown(sizes[2])} and so on up to {shown(sizes[-1])}"


def _denied(pool: Pool, class_name: ClassName, *, external: bool) -> str:
    mine = [entry.classes for entry in pool.access if entry.external == external]
    if not mine:
        whose = "External" if external else "Internal"
        return (
            f"spec.queueName: ChipPool {pool.name} lets no {whose} queue in (its spec.access); use another pool, or "
            f"have an entry with tenancy {whose} added."
        )
    return (
        f"spec.priorityClassName: ChipPool {pool.name} does not let {class_name} in, only "
        f"{_listed(frozenset().union(*(classes or () for classes in mine)))} (its spec.access); use one of these, or "
        f"another pool."
    )


def variant_named(workload: Workload, name: str) -> Variant | None:
    for variant in workload.variants:  # asked some times for every workload of a plan: twice as fast as next()
        if variant.name == name:
            return variant
    return None


def admitted_as(workload: Workload) -> Variant | None:
    """The variant it runs as; None if it does not, or its spec has that no more."""
    return None if workload.assignment is None else variant_named(workload, workload.assignment.variant)


def wanted(workload: Workload, variant: Variant) -> int:
    """Replicas the spec asks for in this variant."""
    return variant.replicas if workload.mode is Mode.GANG else workload.replicas


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
