"""Laws of one plan over random clusters, checked against the brute-force oracle."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.plan import Admit, Displace, Hold, Migrate
from tests.core.build import a_node
from tests.laws.clusters import crowds, snapshots
from tests.laws.oracle import Cluster, copy_of, moves_of

NOW = 100.0


def carried_out(snapshot, plan, until=None):
    """The cluster after the plan, or just before the decision for `until`."""
    cluster, moves = Cluster(snapshot), moves_of(plan)
    for decision in plan.decisions:
        if decision.workload == until:
            return cluster
        cluster.follow(decision, moves)
    return cluster


@given(snapshots() | crowds())
def test_no_chip_is_given_twice(snapshot):
    before, after = Cluster(snapshot), carried_out(snapshot, schedule(snapshot, NOW))
    for node in snapshot.nodes:
        assert after.free[node] >= min(0, before.free[node])
        assert all(after.room[node][r] >= min(0, before.room[node][r]) for r in after.room[node])


@given(snapshots() | crowds())
def test_a_limit_that_holds_is_never_passed(snapshot):
    for queue in snapshot.queues.values():
        for pool, limit in queue.limits.items():
            before = Cluster(snapshot).used(queue.name, pool)
            assert carried_out(snapshot, schedule(snapshot, NOW)).used(queue.name, pool) <= max(before, limit)


@given(snapshots())
def test_an_admission_is_all_replicas_of_one_variant_in_one_of_its_pools(snapshot):
    for d in schedule(snapshot, NOW).decisions:
        if isinstance(d, Admit):
            variant = next(v for v in snapshot.workloads[d.workload].variants if v.name == d.variant)
            assert len(d.nodes) == variant.replicas
            assert d.pool in variant.pools
            assert all(snapshot.nodes[n].pools == (d.pool,) and snapshot.nodes[n].usable for n in d.nodes)


@given(snapshots())
def test_every_workload_gets_exactly_one_decision(snapshot):
    decided = [d.workload for d in schedule(snapshot, NOW).decisions]
    assert sorted(decided) == sorted(snapshot.workloads)


@given(snapshots(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan_in_whatever_order_it_comes(snapshot, random):
    def shuffled(mapping):
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = replace(
        snapshot,
        nodes=shuffled(snapshot.nodes),
        workloads=shuffled(snapshot.workloads),
        queues=shuffled(snapshot.queues),
        pools=shuffled(snapshot.pools),
        classes=shuffled(snapshot.classes),
    )
    assert schedule(other, NOW).decisions == schedule(snapshot, NOW).decisions


@given(snapshots() | crowds())
def test_whoever_is_held_would_not_fit_even_if_all_lower_work_left(snapshot):
    plan = schedule(snapshot, NOW)
    final = carried_out(snapshot, plan)
    for d in plan.decisions:
        if isinstance(d, Hold):
            workload = snapshot.workloads[d.workload]
            lower = [k for k, (w, *_) in final.held.items() if final.priority(w) < final.priority(workload)]
            if snapshot.classes[workload.class_name].preempts:
                assert not final.fits_without(workload, lower)
            elif not any(isinstance(other, Displace | Migrate) for other in plan.decisions):
                # what others' victims leave over is seen by the next plan
                assert not final.fits(workload)


@given(snapshots() | crowds())
def test_every_victim_has_lower_priority_and_none_could_have_stayed(snapshot):
    plan = schedule(snapshot, NOW)
    moves = moves_of(plan)
    for d in plan.decisions:
        if isinstance(d, Admit) and d.victims:
            winner = snapshot.workloads[d.workload]
            before = carried_out(snapshot, plan, until=d.workload)
            gone = [v for v in d.victims if v not in moves]
            assert all(before.priority(before.held[v][0]) < before.priority(winner) for v in gone)
            assert all(before.priority(before.held[v][0]) <= before.priority(winner) for v in d.victims)
            assert not before.fits(winner)
            for some in combinations(d.victims, len(d.victims) - 1):
                assert not fits_as_decided(before, winner, d, some, moves)


def fits_as_decided(cluster, winner, decision, victims, moves):
    """Whether the very variant and pool taken would have fitted with fewer victims."""
    variant = next(v for v in winner.variants if v.name == decision.variant)
    left = copy_of(cluster)
    left.clear(victims, moves)
    return not left.is_overfull() and left.fits(replace(winner, variants=(replace(variant, pools=(decision.pool,)),)))


@given(snapshots())
def test_a_winner_stands_before_its_victims_and_each_victim_is_displaced_once(snapshot):
    decisions = schedule(snapshot, NOW).decisions
    place = {d.workload: i for i, d in enumerate(decisions)}
    claimed = [v for d in decisions if isinstance(d, Admit) for v in d.victims]
    displaced = [d.workload for d in decisions if isinstance(d, Displace | Migrate) and d.by is not None]
    assert sorted(claimed) == sorted(displaced)
    for d in decisions:
        if isinstance(d, Admit):
            assert all(place[v] > place[d.workload] for v in d.victims)


@given(snapshots())
def test_with_one_pool_and_variant_more_chips_never_shorten_the_admitted_prefix(snapshot):
    def narrowed(w):
        first = w.variants[0]
        return replace(w, variants=(replace(first, pools=("h800",)),), class_name="train", queue="b")

    waiting = {k: narrowed(w) for k, w in snapshot.workloads.items() if w.assignment is None}
    nodes = {k: n for k, n in snapshot.nodes.items() if n.pools == ("h800",)}
    lone = replace(snapshot, workloads=waiting, nodes=nodes)
    extra = a_node("h800-extra", 8)
    assert prefix(lone) <= prefix(replace(lone, nodes={**nodes, extra.name: extra}))


def prefix(snapshot):
    order = sorted(snapshot.workloads.values(), key=lambda w: (w.created, w.uid))
    admitted = {d.workload for d in schedule(snapshot, NOW).decisions if isinstance(d, Admit)}
    return next((i for i, w in enumerate(order) if w.key not in admitted), len(order))
