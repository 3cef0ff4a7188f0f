"""Random clusters for the laws: several pools, uneven nodes, queues with limits, running and waiting work."""

from hypothesis import strategies as st

from chippool.core.ids import CHIP
from chippool.core.model import Mode
from tests.core.build import SMALL, a_class, a_node, a_pool, a_queue, a_snapshot, a_variant, a_workload

POOLS = ("h20", "h800", "npu")
CLASSES = ("ads", "serve", "train", "batch")
TIGHT = (("cpu", 30_000), ("memory", 1 << 30), ("pods", 1))


# strategies that are made once: making them anew takes longer than drawing from them
_FOUR_OR_EIGHT, _CPU, _ONE_IN_TEN = st.sampled_from([4, 8]), st.sampled_from([60_000, 128_000]), st.integers(0, 9)
_LEAVING, _NODES = st.sampled_from([0, 0, 0, 2]), st.integers(0, 4)
_POOLS = st.lists(st.sampled_from(POOLS), min_size=1, max_size=2, unique=True)
_REPLICAS, _CHIPS, _REQUESTS = st.integers(1, 4), st.sampled_from([1, 2, 3, 4, 8]), st.sampled_from([SMALL, TIGHT])
_CLASS, _MODE, _MOMENT = st.sampled_from(CLASSES), st.sampled_from(list(Mode)), st.integers(0, 5)
_QUEUE, _OWNER = st.sampled_from(["a", "b"]), st.sampled_from(["a", "a", "b", "b", "gone"])
_COUNT, _LIMIT, _LIMITED = st.integers(0, 8), st.integers(0, 24), st.lists(st.sampled_from(POOLS), unique=True)
_ACCESS = st.sampled_from([(), (), [["ads", "serve"], ["train"]]])


@st.composite
def fleets(draw):
    return [
        a_node(
            f"{pool}-{i}",
            draw(_FOUR_OR_EIGHT),
            pool,
            cpu=draw(_CPU),
            usable=draw(_ONE_IN_TEN) > 0,
            leaving=draw(_LEAVING),
        )
        for pool in POOLS
        for i in range(draw(_NODES))
    ]


@st.composite
def variants(draw):
    pools = draw(_POOLS)
    return a_variant(
        pools,
        draw(_REPLICAS),
        draw(_CHIPS),
        name=f"v{draw(_ONE_IN_TEN)}-{'-'.join(pools)}",
        requests=draw(_REQUESTS),
    )


_WAY = variants()
_WAYS = st.lists(_WAY, min_size=1, max_size=3, unique_by=lambda v: v.name)


@st.composite
def waiting(draw, name):
    ways = draw(_WAYS)
    return a_workload(
        name,
        draw(_CLASS),
        *ways,
        queue=draw(_QUEUE),
        created=float(draw(_MOMENT)),
        mode=draw(_MODE),
    )


@st.composite
def running(draw, name, fleet, free, room):
    """Work that sits where there is room for it, or None."""
    way = draw(_WAY)
    spots = []
    for node in fleet:
        while (
            node.pools[0] == way.pools[0]
            and len(spots) < way.replicas
            and free[node.name] >= way.ask.chips
            and all(room[node.name][r] >= q for r, q in way.ask.requests)
        ):
            free[node.name] -= way.ask.chips
            for r, q in way.ask.requests:
                room[node.name][r] -= q
            spots.append(node.name)
    if not spots:
        return None
    return a_workload(
        name,
        draw(_CLASS),
        a_variant(way.pools, len(spots), way.ask.chips / CHIP, name=way.name, requests=way.ask.requests),
        queue=draw(_OWNER),
        on=spots,
        admitted_at=float(draw(_MOMENT)),
    )


@st.composite
def snapshots(draw):
    fleet = draw(fleets())
    free = {n.name: n.free for n in fleet}
    room = {n.name: dict(n.room) for n in fleet}
    busy = [draw(running(f"r{i}", fleet, free, room)) for i in range(draw(_COUNT))]
    idle = [draw(waiting(f"w{i}")) for i in range(draw(_COUNT))]
    limits = {p: draw(_LIMIT) for p in draw(_LIMITED)}
    return a_snapshot(
        fleet,
        [w for w in (*busy, *idle) if w is not None],
        pools=[a_pool(p, access=draw(_ACCESS)) for p in POOLS],
        queues=[a_queue("a", limits=limits), a_queue("b")],
        classes=[a_class(c, preempts=c != "serve") for c in CLASSES],
    )


_TWO_TO_FIVE, _BUSY, _SIZE, _SPREAD = (
    st.integers(2, 5),
    st.integers(3, 14),
    st.sampled_from([1, 2, 3, 5]),
    st.integers(1, 3),
)
_LOW, _AT, _MOST = st.sampled_from(["batch", "train"]), st.integers(0, 20), st.integers(8, 40)
_CHIPS_OF_ONE, _NO_OR_YES = st.integers(2, 8), st.booleans()


@st.composite
def crowds(draw):
    """One pool full of lower work of many sizes, and one gang above all of it: displacement is the only way in."""
    fleet = [a_node(f"h800-{i}", 8, "h800") for i in range(draw(_TWO_TO_FIVE))]
    left = {n.name: 8 for n in fleet}
    busy = []
    for i in range(draw(_BUSY)):
        chips = draw(_SIZE)
        spots = [n for n in draw(st.permutations(sorted(left))) if left[n] >= chips][: draw(_SPREAD)]
        if spots:
            for n in spots:
                left[n] -= chips
            cls, queue = draw(_LOW), draw(_QUEUE)
            at = float(draw(_AT))
            busy.append(a_workload(f"r{i}", cls, chips=chips, on=spots, queue=queue, admitted_at=at))
    winner = a_workload(
        "w", "ads", chips=draw(_CHIPS_OF_ONE), replicas=draw(st.integers(1, len(fleet))), queue="a", created=50.0
    )
    limit = {"h800": draw(_MOST)} if draw(_NO_OR_YES) else {}
    return a_snapshot(fleet, [*busy, winner], queues=[a_queue("a", limits=limit), a_queue("b")])
