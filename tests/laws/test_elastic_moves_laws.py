"""Laws of room made by elastic work, over random clusters full of fragments: shrunk, moved whole or less, evicted."""

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.model import Mode
from chippool.core.plan import Admit, Migrate, Shrink
from tests.conformance.world import World
from tests.core.build import a_class, a_queue, a_snapshot, a_variant, a_workload, nodes
from tests.laws.oracle import Cluster, copy_of, moves_of
from tests.laws.test_migration_laws import NOW, PRIORITIES, has_room


@st.composite
def elastic_fragments(draw):
    """A pool with many small holes beside one with more room, elastic work that could go on there, and who waits."""
    fleet = [*nodes(draw(st.integers(2, 4)), 8, "h800"), *nodes(draw(st.integers(0, 1)), 8, "npu")]
    left = {n.name: 8 for n in fleet if n.pools == ("h800",)}
    running = [w for i in range(draw(st.integers(1, 5))) if (w := draw(a_runner(f"r{i}", left)))]
    waiting = [draw(a_waiter(f"w{i}", created=float(i))) for i in range(draw(st.integers(1, 2)))]
    queues, classes = [a_queue(limits=draw(st.sampled_from([{}, {}, {"npu": 4}])))], PRIORITIES.items()
    return a_snapshot(fleet, [*running, *waiting], queues=queues, classes=[a_class(c, v) for c, v in classes])


@st.composite
def a_runner(draw, name, left):
    chips, spots = draw(st.sampled_from([1, 2, 3, 4])), []
    for spot in draw(st.lists(st.sampled_from(sorted(left)), min_size=2, max_size=4)):
        if left[spot] >= chips:
            left[spot] -= chips
            spots.append(spot)
    if not spots:
        return None
    count = len(spots)
    others = [a_variant("npu", count, draw(st.sampled_from([1, 4])))] if draw(st.booleans()) else []
    return a_workload(
        name,
        draw(st.sampled_from(["batch", "batch", "train"])),
        a_variant("h800", count, chips),
        *others,
        mode=draw(st.sampled_from(list(Mode))),
        on=spots,
        replicas=count,
        min_replicas=draw(st.integers(1, count)),
        indexes=tuple(draw(st.permutations(range(count)))),
        min_runtime=draw(st.sampled_from([0.0] * 5 + [6000.0])),
    )


@st.composite
def a_waiter(draw, name, **more):
    chips, replicas = draw(st.sampled_from([4, 6, 8, 8])), draw(st.integers(1, 2))
    return a_workload(name, draw(st.sampled_from(["batch", "train", "train"])), chips=chips, replicas=replicas, **more)


def least(workload, variant):
    return min(workload.min_replicas or variant.replicas, variant.replicas)


def variant_of(workload, name):
    return next(v for v in workload.variants if v.name == name)


class Parted(Cluster):
    """Of whom only some replicas go, the highest of them."""

    def shrinks(self, key, keeps):
        workload, pool, variant, on = self.held[key]
        stays = [node for index, node in zip(workload.indexes or range(len(on)), on, strict=True) if index < keeps]
        self.leave(key)
        self.held[key] = (workload, pool, variant, stays)
        self.shift(variant.ask, stays, -1)


def parted(cluster):
    other = copy_of(cluster)
    other.__class__ = Parted
    return other


def decided(snapshot):
    """Each admission with victims, the cluster just before it, and what becomes of these."""
    plan = schedule(snapshot, NOW)
    cluster, moves = Parted(snapshot), moves_of(plan)
    shrinks = {d.workload: d.replicas for d in plan.decisions if isinstance(d, Shrink)}
    taken = [key for d in plan.decisions if isinstance(d, Admit) for key in d.victims]
    for d in plan.decisions:
        if not isinstance(d, Admit):
            cluster.follow(d, moves)
            continue
        if any(taken.count(key) > 1 for key in d.victims):
            return  # whom several shrink gives to each of them a part that the plan does not tell apart
        yield d, parted(cluster), moves, shrinks
        clear(cluster, d.victims, moves, shrinks)
        cluster.enter(d.workload, d.variant, d.pool, d.nodes)


def clear(cluster, victims, moves, shrinks):
    cluster.clear([key for key in victims if key not in shrinks], moves)
    for key in victims:
        if key in shrinks:
            cluster.shrinks(key, shrinks[key])


@given(elastic_fragments())
def test_what_moves_goes_on_with_at_least_what_it_needs_and_with_no_more_than_it_had(snapshot):
    for move in moves_of(schedule(snapshot, NOW)).values():
        workload = snapshot.workloads[move.workload]
        variant = variant_of(workload, move.variant)
        assert least(workload, variant) <= len(move.nodes) <= workload.assignment.replicas
        assert move.pool in variant.pools
        assert move.chips == variant.ask.chips
        assert (move.pool, sorted(move.nodes)) != (workload.assignment.pool, sorted(workload.placed))


@given(elastic_fragments())
def test_nobody_gives_anything_up_for_his_equals_nor_moves_for_less_or_before_his_time(snapshot):
    for decision, cluster, moves, _ in decided(snapshot):
        mine = cluster.priority(snapshot.workloads[decision.workload])
        for key in decision.victims:
            loser = snapshot.workloads[key]
            keeps_all = key in moves and len(moves[key].nodes) == len(loser.placed) and moves[key].pool == decision.pool
            assert cluster.priority(loser) <= mine if keeps_all else cluster.priority(loser) < mine
            assert NOW - loser.assignment.admitted_at >= loser.min_runtime


@given(elastic_fragments())
def test_replicas_are_given_up_on_the_way_only_where_there_is_no_room_for_them(snapshot):
    for decision, cluster, moves, shrinks in decided(snapshot):
        clear(cluster, decision.victims, moves, shrinks)
        cluster.enter(decision.workload, decision.variant, decision.pool, decision.nodes)
        for key in decision.victims:
            if key in moves and moves[key].pool == decision.pool:
                workload = snapshot.workloads[key]
                lost = len(workload.placed) - len(moves[key].nodes)
                kept = workload.mode is Mode.SERVICE  # it goes nowhere that somebody else has to leave first
                assert kept or not lost or cluster.capacity(variant_of(workload, moves[key].variant).ask, "h800") < lost


@given(elastic_fragments())
def test_no_node_gets_more_than_it_has(snapshot):
    for decision, cluster, moves, shrinks in decided(snapshot):
        clear(cluster, decision.victims, moves, shrinks)
        cluster.enter(decision.workload, decision.variant, decision.pool, decision.nodes)
        assert not cluster.is_overfull()
        assert cluster.within_limits()


@given(elastic_fragments())
def test_a_service_finds_its_new_room_free_before_it_has_to_leave_the_old(snapshot):
    for decision, cluster, moves, shrinks in decided(snapshot):
        rolling = [k for k in decision.victims if k in moves and snapshot.workloads[k].mode is Mode.SERVICE]
        clear(cluster, [k for k in decision.victims if k not in rolling], {}, shrinks)
        while ready := [k for k in rolling if has_room(snapshot, cluster, moves[k])]:
            cluster.clear(ready[:1], moves)
            rolling.remove(ready[0])
        assert not rolling


def have_room(snapshot, cluster, victims, moves, shrinks):
    """Whether services that move find their new room at once, beside each other and their old one."""
    cluster = parted(cluster)
    rolling = [k for k in victims if k in moves and snapshot.workloads[k].mode is Mode.SERVICE]
    clear(cluster, [k for k in victims if k not in rolling], {}, shrinks)
    for key in rolling:
        cluster.shift(variant_of(snapshot.workloads[key], moves[key].variant).ask, moves[key].nodes, -1)
    return not any(cluster.is_overfull_on(node) for key in rolling for node in moves[key].nodes)


@given(elastic_fragments())
def test_whoever_moves_or_goes_needed_to(snapshot):
    for decision, cluster, moves, shrinks in decided(snapshot):
        winner = snapshot.workloads[decision.workload]
        for key in decision.victims:
            left, others = parted(cluster), [other for other in decision.victims if other != key]
            clear(left, others, moves, shrinks)
            possible = not left.is_overfull() and left.fits(winner)
            assert not possible or not have_room(snapshot, cluster, others, moves, shrinks)


@given(elastic_fragments())
def test_carried_out_the_cluster_comes_to_rest(snapshot):
    world = World.of(snapshot, NOW)
    world.settle()
    assert not world.restless
    assert all(n.free >= 0 for n in world.snapshot().nodes.values())
    assert all(not isinstance(d, Migrate | Shrink) for d in world.round().decisions)
