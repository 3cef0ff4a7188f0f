"""Random clusters whose queues form a tree with guarantees, limits and tenancies, and pools with access and reserve."""

from dataclasses import replace

from hypothesis import strategies as st

from chippool.core.ids import WorkloadKey
from chippool.core.model import Displaced
from chippool.core.reasons import Reason
from tests.core.build import a_class, a_node, a_pool, a_queue, a_reserve, a_snapshot, a_workload, an_access

NOW = 100.0
POOLS = ("h20", "h800")
PRIORITIES = {"ads": 1000, "serve": 800, "train": 500, "batch": 100}
ACCESS = (
    (),
    (),
    (an_access(), an_access(external=True)),
    (an_access(["batch"], scavenge=True), an_access(), an_access(external=True, scavenge=True)),
)
SHAPES = (
    {"a": None, "b": None, "c": None},
    {"a": None, "b": None, "a1": "a", "a2": "a", "b1": "b"},
    {"a": None, "b": "a", "c": "b", "d": "b", "e": None},
)


@st.composite
def queues(draw):
    shape = draw(st.sampled_from(SHAPES))
    return [
        a_queue(
            name,
            parent=parent,
            guaranteed=draw(st.dictionaries(st.sampled_from(POOLS), st.integers(0, 20), max_size=2)),
            limits=draw(st.dictionaries(st.sampled_from(POOLS), st.integers(8, 40), max_size=1)),
            weight=draw(st.integers(1, 3)),
            external=draw(st.integers(0, 5)) == 0,
            closed=draw(st.integers(0, 9)) == 0,
        )
        for name, parent in shape.items()
    ]


@st.composite
def shared_clusters(draw):
    """Two pools, full or nearly so, and a few that wait."""
    tree = draw(queues())
    names = [q.name for q in tree]
    fleet = [a_node(f"{p}-{i}", 8, p) for p in POOLS for i in range(draw(st.integers(1, 3)))]
    left = {n.name: 8 for n in fleet}
    running = [w for i in range(draw(st.integers(2, 8))) if (w := draw(a_runner(f"r{i}", names, fleet, left)))]
    waiting = [draw(a_waiter(f"w{i}", names)) for i in range(draw(st.integers(1, 4)))]
    return a_snapshot(
        fleet,
        [*running, *waiting],
        pools=[
            a_pool(
                p,
                access=draw(st.sampled_from(ACCESS)),
                reserve=draw(st.sampled_from([(), (), (a_reserve(4, "serve"),), (a_reserve(8, "ads", spares=True),)])),
            )
            for p in POOLS
        ],
        queues=tree,
        classes=[a_class(c, v, preempts=c != "serve" or draw(st.booleans())) for c, v in PRIORITIES.items()],
    )


@st.composite
def a_runner(draw, name, names, fleet, left):
    chips = draw(st.sampled_from([1, 2, 4, 8]))
    pool = draw(st.sampled_from(POOLS))
    spots = [n.name for n in fleet if n.pools == (pool,) and left[n.name] >= chips][: draw(st.integers(1, 2))]
    if not spots:
        return None
    for spot in spots:
        left[spot] -= chips
    by = draw(st.sampled_from([None, None, "w0", "w1"]))
    made = a_workload(
        name,
        draw(st.sampled_from(sorted(PRIORITIES))),
        pool=pool,
        chips=chips,
        replicas=len(spots),
        queue=draw(st.sampled_from(names)),
        on=spots,
        admitted_at=float(draw(st.integers(0, 90))),
        min_runtime=draw(st.sampled_from([0.0, 0.0, 50.0])),
        cooldown=draw(st.sampled_from([0.0, 30.0])),
        checkpoint_interval=draw(st.sampled_from([None, 20.0])),
        checkpointed_at=draw(st.sampled_from([None, 60.0, 95.0])),
    )
    last = Displaced(float(draw(st.integers(50, 90))), Reason.PREEMPTED, WorkloadKey(f"ns/{by}"), 1, 0, 1)
    return replace(made, displaced=last) if by else made


@st.composite
def a_waiter(draw, name, names):
    pools = draw(st.permutations(POOLS))[: draw(st.integers(1, 2))]
    return a_workload(
        name,
        draw(st.sampled_from(sorted(PRIORITIES))),
        pool=pools,
        chips=draw(st.sampled_from([1, 2, 4, 8])),
        replicas=draw(st.integers(1, 2)),
        queue=draw(st.sampled_from(names)),
        created=float(draw(st.integers(0, 9))),
    )
