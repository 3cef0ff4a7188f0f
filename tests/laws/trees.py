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


# strategies that are made once: making them anew takes longer than drawing from them
_SHAPE, _NO_OR_YES = st.sampled_from(SHAPES), st.booleans()
_GUARANTEED = st.dictionaries(st.sampled_from(POOLS), st.integers(0, 20), max_size=2)
_LIMITS = st.dictionaries(st.sampled_from(POOLS), st.integers(8, 40), max_size=1)
_ONE_TO_THREE, _ONE_IN_SIX, _ONE_IN_TEN = st.integers(1, 3), st.integers(0, 5), st.integers(0, 9)
_CHIPS, _POOL, _CLASS = st.sampled_from([1, 2, 4, 8]), st.sampled_from(POOLS), st.sampled_from(sorted(PRIORITIES))
_ONE_OR_TWO, _BY = st.integers(1, 2), st.sampled_from([None, None, "w0", "w1"])
_ADMITTED, _DISPLACED, _CREATED = st.integers(0, 90), st.integers(50, 90), st.integers(0, 9)
_MIN_RUNTIME, _COOLDOWN = st.sampled_from([0.0, 0.0, 50.0]), st.sampled_from([0.0, 30.0])
_INTERVAL, _CHECKPOINTED = st.sampled_from([None, 20.0]), st.sampled_from([None, 60.0, 95.0])
_POOLS, _ACCESS = st.permutations(POOLS), st.sampled_from(ACCESS)
_RUNNERS, _WAITERS = st.integers(2, 8), st.integers(1, 4)
_RESERVE = st.sampled_from([(), (), (a_reserve(4, "serve"),), (a_reserve(8, "ads", spares=True),)])


@st.composite
def queues(draw):
    shape = draw(_SHAPE)
    return [
        a_queue(
            name,
            parent=parent,
            guaranteed=draw(_GUARANTEED),
            limits=draw(_LIMITS),
            weight=draw(_ONE_TO_THREE),
            external=draw(_ONE_IN_SIX) == 0,
            closed=draw(_ONE_IN_TEN) == 0,
        )
        for name, parent in shape.items()
    ]


@st.composite
def shared_clusters(draw):
    """Two pools, full or nearly so, and a few that wait."""
    tree = draw(queues())
    names = [q.name for q in tree]
    fleet = [a_node(f"{p}-{i}", 8, p) for p in POOLS for i in range(draw(_ONE_TO_THREE))]
    left = {n.name: 8 for n in fleet}
    running = [w for i in range(draw(_RUNNERS)) if (w := draw(a_runner(f"r{i}", names, fleet, left)))]
    waiting = [draw(a_waiter(f"w{i}", names)) for i in range(draw(_WAITERS))]
    return a_snapshot(
        fleet,
        [*running, *waiting],
        pools=[
            a_pool(
                p,
                access=draw(_ACCESS),
                reserve=draw(_RESERVE),
            )
            for p in POOLS
        ],
        queues=tree,
        classes=[a_class(c, v, preempts=c != "serve" or draw(_NO_OR_YES)) for c, v in PRIORITIES.items()],
    )


@st.composite
def a_runner(draw, name, names, fleet, left):
    chips = draw(_CHIPS)
    pool = draw(_POOL)
    spots = [n.name for n in fleet if n.pools == (pool,) and left[n.name] >= chips][: draw(_ONE_OR_TWO)]
    if not spots:
        return None
    for spot in spots:
        left[spot] -= chips
    by = draw(_BY)
    made = a_workload(
        name,
        draw(_CLASS),
        pool=pool,
        chips=chips,
        replicas=len(spots),
        queue=draw(st.sampled_from(names)),
        on=spots,
        admitted_at=float(draw(_ADMITTED)),
        min_runtime=draw(_MIN_RUNTIME),
        cooldown=draw(_COOLDOWN),
        checkpoint_interval=draw(_INTERVAL),
        checkpointed_at=draw(_CHECKPOINTED),
    )
    last = Displaced(float(draw(_DISPLACED)), Reason.PREEMPTED, WorkloadKey(f"ns/{by}"), 1, 0, 1)
    return replace(made, displaced=last) if by else made


@st.composite
def a_waiter(draw, name, names):
    pools = draw(_POOLS)[: draw(_ONE_OR_TWO)]
    return a_workload(
        name,
        draw(_CLASS),
        pool=pools,
        chips=draw(_CHIPS),
        replicas=draw(_ONE_OR_TWO),
        queue=draw(st.sampled_from(names)),
        created=float(draw(_CREATED)),
    )
