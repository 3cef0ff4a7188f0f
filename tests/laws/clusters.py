"""Random clusters for the laws: several pools, uneven nodes, queues with limits, running and waiting work."""

from hypothesis import strategies as st

from chippool.core.ids import CHIP
from chippool.core.model import Mode
from tests.core.build import SMALL, a_class, a_node, a_pool, a_queue, a_snapshot, a_variant, a_workload

POOLS = ("h20", "h800", "npu")
CLASSES = ("ads", "serve", "train", "batch")
TIGHT = (("cpu", 30_000), ("memory", 1 << 30), ("pods", 1))


@st.composite
def fleets(draw):
    return [
        a_node(
            f"{pool}-{i}",
            draw(st.sampled_from([4, 8])),
            pool,
            cpu=draw(st.sampled_from([60_000, 128_000])),
            usable=draw(st.integers(0, 9)) > 0,
            leaving=draw(st.sampled_from([0, 0, 0, 2])),
        )
        for pool in POOLS
        for i in range(draw(st.integers(0, 4)))
    ]


@st.composite
def variants(draw):
    pools = draw(st.lists(st.sampled_from(POOLS), min_size=1, max_size=2, unique=True))
    return a_variant(
        pools,
        draw(st.integers(1, 4)),
        draw(st.sampled_from([1, 2, 3, 4, 8])),
        name=f"v{draw(st.integers(0, 9))}-{'-'.join(pools)}",
        requests=draw(st.sampled_from([SMALL, TIGHT])),
    )


@st.composite
def waiting(draw, name):
    ways = draw(st.lists(variants(), min_size=1, max_size=3, unique_by=lambda v: v.name))
    return a_workload(
        name,
        draw(st.sampled_from(CLASSES)),
        *ways,
        queue=draw(st.sampled_from(["a", "b"])),
        created=float(draw(st.integers(0, 5))),
        mode=draw(st.sampled_from(list(Mode))),
    )


@st.composite
def running(draw, name, fleet, free, room):
    """Work that sits where there is room for it, or None."""
    way = draw(variants())
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
        draw(st.sampled_from(CLASSES)),
        a_variant(way.pools, len(spots), way.ask.chips / CHIP, name=way.name, requests=way.ask.requests),
        queue=draw(st.sampled_from(["a", "a", "b", "b", "gone"])),
        on=spots,
        admitted_at=float(draw(st.integers(0, 5))),
    )


@st.composite
def snapshots(draw):
    fleet = draw(fleets())
    free = {n.name: n.free for n in fleet}
    room = {n.name: dict(n.room) for n in fleet}
    busy = [draw(running(f"r{i}", fleet, free, room)) for i in range(draw(st.integers(0, 8)))]
    idle = [draw(waiting(f"w{i}")) for i in range(draw(st.integers(0, 8)))]
    limits = {p: draw(st.integers(0, 24)) for p in draw(st.lists(st.sampled_from(POOLS), unique=True))}
    return a_snapshot(
        fleet,
        [w for w in (*busy, *idle) if w is not None],
        pools=[a_pool(p, access=draw(st.sampled_from([(), (), [["ads", "serve"], ["train"]]]))) for p in POOLS],
        queues=[a_queue("a", limits=limits), a_queue("b")],
        classes=[a_class(c, preempts=c != "serve") for c in CLASSES],
    )


@st.composite
def crowds(draw):
    """One pool full of lower work of many sizes, and one gang above all of it: displacement is the only way in."""
    fleet = [a_node(f"h800-{i}", 8, "h800") for i in range(draw(st.integers(2, 5)))]
    left = {n.name: 8 for n in fleet}
    busy = []
    for i in range(draw(st.integers(3, 14))):
        chips = draw(st.sampled_from([1, 2, 3, 5]))
        spots = [n for n in draw(st.permutations(sorted(left))) if left[n] >= chips][: draw(st.integers(1, 3))]
        if spots:
            for n in spots:
                left[n] -= chips
            cls, queue = draw(st.sampled_from(["batch", "train"])), draw(st.sampled_from(["a", "b"]))
            at = float(draw(st.integers(0, 20)))
            busy.append(a_workload(f"r{i}", cls, chips=chips, on=spots, queue=queue, admitted_at=at))
    winner = a_workload(
        "w", "ads", chips=draw(st.integers(2, 8)), replicas=draw(st.integers(1, len(fleet))), queue="a", created=50.0
    )
    limit = {"h800": draw(st.integers(8, 40))} if draw(st.booleans()) else {}
    return a_snapshot(fleet, [*busy, winner], queues=[a_queue("a", limits=limit), a_queue("b")])
