"""Laws of changing places: all that runs would leave a node idle if it were packed well, and it is not."""

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.model import Mode
from chippool.core.plan import Admit
from tests.core.build import a_class, a_snapshot, a_workload, nodes
from tests.laws.oracle import Cluster, copy_of, moves_of
from tests.laws.test_migration_laws import NOW, PRIORITIES, have_room

SIZE = 6


@st.composite
def scattered(draw):
    """Work for fewer nodes than there are, in the order of a draw on all of them; some of it in gangs."""
    fleet = nodes(draw(st.integers(3, 4)), SIZE)
    left, spots = {n.name: SIZE for n in fleet}, []
    packed = [draw(st.sampled_from([(4, 2), (3, 3), (3, 1, 2), (4, 1, 1), (2, 2, 2)])) for _ in fleet[1:]]
    for chips in sorted((size for some in packed for size in some), reverse=True):
        name = max(draw(st.permutations(sorted(left))), key=lambda name: left[name])
        if left[name] >= chips:
            left[name] -= chips
            spots.append((chips, name))
    running = [draw(a_gang(f"r{i}", chips, some)) for i, (chips, some) in enumerate(draw(gangs(spots)))]
    priority = draw(st.sampled_from(["ads", "train"]))
    waiting = a_workload("w", priority, chips=SIZE, replicas=1)
    return a_snapshot(fleet, [*running, waiting], classes=[a_class(c, v) for c, v in PRIORITIES.items()])


@st.composite
def gangs(draw, spots):
    """Replicas of one size, one or two of them a workload."""
    found = []
    for chips in sorted({size for size, _ in spots}):
        on = [node for size, node in spots if size == chips]
        while on:
            count = draw(st.sampled_from([1, 1, 2]))
            found.append((chips, on[:count]))
            on = on[count:]
    return found


@st.composite
def a_gang(draw, name, chips, on):
    mode, least = draw(st.sampled_from([Mode.GANG] * 5 + [Mode.SERVICE])), draw(st.sampled_from([None, 1]))
    return a_workload(name, "train", chips=chips, replicas=len(on), on=on, mode=mode, min_replicas=least)


def decided(snapshot):
    plan = schedule(snapshot, NOW)
    return next((d for d in plan.decisions if isinstance(d, Admit)), None), moves_of(plan)


@given(scattered())
def test_everybody_runs_on_and_no_node_gets_more_than_it_has(snapshot):
    admitted, moves = decided(snapshot)
    if admitted is not None and all(key in moves for key in admitted.victims):
        cluster = Cluster(snapshot)
        cluster.admit(admitted, moves)
        assert not cluster.is_overfull()
        for key, move in moves.items():
            there = snapshot.workloads[key].placed
            assert len(move.nodes) == len(there) or snapshot.workloads[key].min_replicas
            assert sorted(move.nodes) != sorted(there)


@given(scattered())
def test_whoever_changes_places_needed_to(snapshot):
    admitted, moves = decided(snapshot)
    if admitted is None or any(key not in moves for key in admitted.victims):
        return  # who is shrunk or evicted is in other laws
    for key in admitted.victims:
        others = [other for other in admitted.victims if other != key]
        left = copy_of(Cluster(snapshot))
        left.clear(others, moves)
        possible = not left.is_overfull() and left.fits(snapshot.workloads["ns/w"])
        assert not possible or not have_room(snapshot, Cluster(snapshot), others, moves)
