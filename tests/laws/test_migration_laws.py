"""Laws of moving work that runs, over random clusters full of fragments; the others hold of them too."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.ids import WorkloadKey
from chippool.core.model import Displaced, Mode
from chippool.core.plan import Admit, Hold, Migrate
from chippool.core.reasons import Reason
from tests.core.build import a_class, a_queue, a_snapshot, a_variant, a_workload, nodes
from tests.laws.oracle import Cluster, copy_of, moves_of

NOW = 5000.0
PRIORITIES = {"ads": 1000, "train": 500, "batch": 100}


@st.composite
def fragments(draw):
    """A pool with many small holes beside one with more room, work that could go on there, and a few that wait."""
    fleet = [*nodes(draw(st.integers(2, 5)), 8, "h800"), *nodes(draw(st.integers(0, 2)), 8, "npu")]
    left = {n.name: 8 for n in fleet}
    running = [w for i in range(draw(st.integers(1, 9))) if (w := draw(a_runner(f"r{i}", fleet, left)))]
    waiting = [
        a_workload(
            f"w{i}",
            draw(st.sampled_from(sorted(PRIORITIES))),
            chips=draw(st.sampled_from([2, 4, 6, 8])),
            replicas=draw(st.integers(1, 2)),
            created=float(draw(st.integers(0, 9))),
        )
        for i in range(draw(st.integers(1, 3)))
    ]
    return a_snapshot(
        fleet,
        [*running, *waiting],
        queues=[a_queue(limits=draw(st.sampled_from([{}, {}, {"npu": 8}])))],
        classes=[a_class(c, v) for c, v in PRIORITIES.items()],
    )


@st.composite
def a_runner(draw, name, fleet, left):
    chips = draw(st.sampled_from([1, 2, 3, 4, 6]))
    fits = [n.name for n in draw(st.permutations(fleet)) if n.pools == ("h800",) and left[n.name] >= chips]
    spots = fits[: draw(st.integers(1, 2))]
    if not spots:
        return None
    for spot in spots:
        left[spot] -= chips
    others = [a_variant("npu", len(spots), draw(st.sampled_from([2, 4])))] if draw(st.booleans()) else []
    by = draw(st.sampled_from([None, None, None, "w0"]))
    last = Displaced(NOW - draw(st.sampled_from([100.0, 4000.0])), Reason.PREEMPTED, WorkloadKey(f"ns/{by}"), 1, 0, 1)
    return a_workload(
        name,
        draw(st.sampled_from(sorted(PRIORITIES))),
        a_variant("h800", len(spots), chips),
        *others,
        mode=draw(st.sampled_from(list(Mode))),
        on=sorted(spots),
        replicas=len(spots),
        admitted_at=NOW - draw(st.sampled_from([10.0, 1000.0])),
        min_runtime=draw(st.sampled_from([0.0, 0.0, 60.0])),
        displaced=last if by else None,
    )


def decided(snapshot):
    """Each admission with the cluster just before it, and the moves of the plan."""
    plan = schedule(snapshot, NOW)
    cluster, moves = Cluster(snapshot), moves_of(plan)
    for decision in plan.decisions:
        if isinstance(decision, Admit):
            yield decision, copy_of(cluster), moves
        cluster.follow(decision, moves)


@given(fragments())
def test_what_is_moved_runs_on_whole_as_a_variant_of_its_own_in_a_pool_of_it(snapshot):
    for move in schedule(snapshot, NOW).decisions:
        if isinstance(move, Migrate):
            workload = snapshot.workloads[move.workload]
            variant = next(v for v in workload.variants if v.name == move.variant)
            assert len(move.nodes) == variant.replicas
            assert move.pool in variant.pools
            assert move.chips == variant.ask.chips
            assert all(snapshot.nodes[n].pools == (move.pool,) for n in move.nodes)
            assert (move.pool, sorted(move.nodes)) != (workload.assignment.pool, sorted(workload.placed))


@given(fragments(), st.data())
def test_what_stays_put_is_never_moved(snapshot, data):
    put = {key for key in sorted(snapshot.workloads) if data.draw(st.booleans())}
    workloads = {key: replace(one, stays_put=key in put) for key, one in snapshot.workloads.items()}
    for decision in schedule(replace(snapshot, workloads=workloads), NOW).decisions:
        assert not (isinstance(decision, Migrate) and decision.workload in put)


@given(fragments())
def test_nobody_is_moved_for_less_before_his_time_or_twice_an_hour_for_the_same(snapshot):
    for decision, cluster, moves in decided(snapshot):
        for key in decision.victims:
            if key in moves:
                mover, winner = snapshot.workloads[key], snapshot.workloads[decision.workload]
                mine, theirs = cluster.priority(winner), cluster.priority(mover)
                assert theirs < mine if moves[key].pool != decision.pool else theirs <= mine
                assert NOW - mover.assignment.admitted_at >= mover.min_runtime
                last = mover.displaced
                assert last is None or last.by != winner.key or NOW - last.at >= 3600


@given(fragments())
def test_nobody_is_moved_to_a_place_that_work_above_it_could_have_had(snapshot):
    """Who is held may fit beside the moves, too: what others take after its turn leaves chips over for the next plan.

    So it is where it may not take a victim of its own for a second time within an hour, and another one takes it.
    """
    plan = schedule(snapshot, NOW)
    last = Cluster(snapshot)
    for decision in plan.decisions:
        last.follow(decision, moves_of(plan))
    for decision in plan.decisions:
        if isinstance(decision, Hold):
            workload = snapshot.workloads[decision.workload]
            below = [m for k, m in moves_of(plan).items() if last.priority(last.held[k][0]) < last.priority(workload)]
            assert last.fits(workload) or not without(last, below).fits(workload)


def without(cluster, moves):
    """As if those who moved had not come to the nodes they were not on before; what stayed where it was is no move."""
    left = copy_of(cluster)
    for move in moves:
        workload, _, variant, _ = left.held[move.workload]
        left.shift(variant.ask, (Counter(move.nodes) - Counter(workload.placed)).elements(), 1)
    return left


@given(fragments())
def test_a_service_always_finds_its_new_room_free_before_it_has_to_leave_the_old(snapshot):
    for decision, cluster, moves in decided(snapshot):
        gone = [k for k in decision.victims if k not in moves or snapshot.workloads[k].mode is Mode.GANG]
        rolling = [k for k in decision.victims if k not in gone]
        for key in gone:
            cluster.leave(key)
        while rolling:
            ready = [k for k in rolling if has_room(snapshot, cluster, moves[k])]
            assert ready
            for key in ready[:1]:
                cluster.clear([key], moves)
                rolling.remove(key)


def has_room(snapshot, cluster, move):
    """Beside all that is still there, itself included."""
    variant = next(v for v in snapshot.workloads[move.workload].variants if v.name == move.variant)
    tried = copy_of(cluster)
    tried.shift(variant.ask, move.nodes, -1)
    return not any(tried.is_overfull_on(node) for node in move.nodes)


@given(fragments())
def test_who_is_moved_needed_to_be(snapshot):
    for decision, cluster, moves in decided(snapshot):
        winner = snapshot.workloads[decision.workload]
        for key in decision.victims:
            others = [other for other in decision.victims if other != key]
            left = copy_of(cluster)
            left.clear(others, moves)
            assert left.is_overfull() or not left.fits(winner) or not have_room(snapshot, cluster, others, moves)


def have_room(snapshot, cluster, victims, moves):
    """Whether all services among them find their new room beside each other and all that runs on where it is."""
    tried = copy_of(cluster)
    rolling = [k for k in victims if k in moves and snapshot.workloads[k].mode is Mode.SERVICE]
    for key in victims:
        if key not in rolling:
            tried.leave(key)
    for key in rolling:
        variant = next(v for v in snapshot.workloads[key].variants if v.name == moves[key].variant)
        tried.shift(variant.ask, moves[key].nodes, -1)
    return not any(tried.is_overfull_on(node) for key in rolling for node in moves[key].nodes)
