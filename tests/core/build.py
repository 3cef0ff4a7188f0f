"""Builders of core records: everything has a default, so that a test names only what it is about."""

from collections import Counter
from dataclasses import replace

from chippool.core.constraints import Constraints
from chippool.core.cycle import schedule
from chippool.core.ids import CHIP, ClassName, Namespace, NodeName, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import (
    Access,
    Ask,
    Assignment,
    Class,
    Mode,
    NamespaceView,
    Node,
    Pool,
    Queue,
    Reserve,
    Snapshot,
    Variant,
    Workload,
)
from chippool.core.shares import added

CPU, MEMORY = 128_000, 1 << 40
ANYWHERE = Constraints()
SMALL = (("cpu", 1000), ("memory", 1 << 30), ("pods", 1))


def a_node(
    name="n1",
    chips=8,
    pool="h800",
    *,
    labels=None,
    taints=(),
    usable=True,
    cpu=CPU,
    pools=None,
    leaving=0,
    shares=(),
):
    size = {"cpu": cpu, "memory": MEMORY, "pods": 110}
    return Node(
        name=NodeName(name),
        labels=labels or {},
        taints=tuple(taints),
        usable=usable,
        pools=tuple(PoolName(p) for p in (pools if pools is not None else (pool,))),
        installed=chips * CHIP,
        allocatable=chips * CHIP,
        free=chips * CHIP - sum(used for _, used in shares),
        leaving=leaving * CHIP,
        unmanaged=0,
        capacity=size,
        room=size,
        shares=shares,
    )


def nodes(count, chips=8, pool="h800", prefix=None, **more):
    return [a_node(f"{prefix or pool}-{i:03}", chips, pool, **more) for i in range(count)]


def an_access(classes=None, *, external=False, scavenge=False):
    return Access(None if classes is None else frozenset(map(ClassName, classes)), external, scavenge)


def a_reserve(chips, cls, *, spares=False):
    return Reserve(chips * CHIP, ClassName(cls), spares)


ANY_SHARE = frozenset(range(1, CHIP))


def a_pool(name="h800", resource="nvidia.com/gpu", access=(), reserve=(), topology=(), fractions=ANY_SHARE):
    """An access entry is an `an_access`, or just the classes it lets in."""
    entries = tuple(a if isinstance(a, Access) else an_access(a) for a in access)
    return Pool(
        PoolName(name), resource, entries, reserve=tuple(reserve), topology=tuple(topology), fractions=fractions
    )


def a_queue(
    name="team",
    classes=("ads", "serve", "train", "batch"),
    limits=None,
    selector=(),
    parent=None,
    guaranteed=None,
    **more,
):
    return Queue(
        QueueName(name),
        frozenset(map(ClassName, classes)),
        selector,
        _chips(limits),
        parent=None if parent is None else QueueName(parent),
        guaranteed=_chips(guaranteed),
        **more,
    )


def _chips(by_pool):
    return {PoolName(p): round(n * CHIP) for p, n in (by_pool or {}).items()}


CLASSES = {"ads": 1000, "serve": 800, "train": 500, "batch": 100}


def a_class(name, value=None, preempts=True):
    return Class(ClassName(name), CLASSES[name] if value is None else value, preempts)


def an_ask(chips=8, requests=SMALL, constraints=ANYWHERE):
    return Ask(round(chips * CHIP), requests, constraints)


def a_variant(pool="h800", replicas=1, chips=8, name=None, speed=1.0, **more):
    pools = (pool,) if isinstance(pool, str) else tuple(pool)
    return Variant(VariantName(name or pools[0]), tuple(map(PoolName, pools)), replicas, an_ask(chips, **more), speed)


def a_workload(
    name="w",
    cls="train",
    *variants,
    queue="team",
    replicas=1,
    chips=8,
    pool="h800",
    created=0.0,
    mode=Mode.GANG,
    on=(),
    admitted_at=None,
    variant=0,
    **more,
):
    """A workload; `on` names the nodes its replicas run on, which makes it admitted."""
    variants = variants or (a_variant(pool, replicas, chips),)
    key = WorkloadKey(f"ns/{name}")
    made = Workload(
        key=key,
        uid=f"uid-{name}",
        generation=1,
        namespace=Namespace("ns"),
        queue=QueueName(queue),
        class_name=ClassName(cls),
        mode=mode,
        replicas=replicas,
        variants=variants,
        created=created,
        start_timeout=600.0,
    )
    if on:
        chosen = variants[variant]
        at = created if admitted_at is None else admitted_at
        given = Assignment(chosen.name, chosen.pools[0], len(on), at)
        made = replace(
            made, assignment=given, placed=tuple(map(NodeName, on)), active=True, started=True, ready=len(on), clock=at
        )
    return replace(made, **more)


def a_snapshot(
    nodes=(), workloads=(), pools=None, queues=None, classes=None, bystanders=(), namespaces=None, worths=None
):
    """A cluster in which what the workloads hold is taken off their nodes."""
    nodes = _occupied(list(nodes), workloads)
    pools = pools if pools is not None else [a_pool(p) for p in sorted({p for n in nodes for p in n.pools} or {"h800"})]
    queues = queues if queues is not None else [a_queue()]
    classes = classes if classes is not None else [a_class(c) for c in CLASSES]
    return Snapshot(
        nodes={n.name: n for n in nodes},
        pools={p.name: p for p in pools},
        queues={q.name: q for q in queues},
        classes={c.name: c for c in classes},
        namespaces=namespaces if namespaces is not None else {Namespace("ns"): NamespaceView({})},
        workloads={w.key: w for w in workloads},
        bystanders=tuple(bystanders),
        worths={PoolName(p): worth for p, worth in (worths or {}).items()},
    )


def _occupied(nodes, workloads):
    by_name = {n.name: n for n in nodes}
    for w in workloads:
        if w.assignment is None:
            continue
        ask = next((v for v in w.variants if v.name == w.assignment.variant), w.variants[0]).ask
        for name, count in Counter((*w.placed, *w.reserved)).items():
            node = by_name.get(name)
            if node is not None:
                room = {**node.room, **{r: node.room.get(r, 0) - q * count for r, q in ask.requests}}
                by_name[name] = replace(node, free=node.free - ask.chips * count, room=room)
        for name, chip in zip((*w.placed, *w.reserved), w.seats, strict=False):
            by_name[name] = replace(by_name[name], shares=added(by_name[name].shares, chip, ask.chips))
    return list(by_name.values())


def decide(*args, **more):
    """The plan for a snapshot of these."""
    return schedule(a_snapshot(*args, **more), now=1000.0)


def decision_of(plan, name):
    return next(d for d in plan.decisions if d.workload == f"ns/{name}")


def kinds(plan):
    """Every decision as `name: Kind`."""
    return {d.workload.removeprefix("ns/"): type(d).__name__ for d in plan.decisions}
