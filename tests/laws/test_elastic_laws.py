"""Laws of elastic work over random clusters with trees of queues, guarantees, limits, reserves and respites.

The oracle sees each replica past minReplicas as a workload of its own, younger than all others of its priority.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.ids import WorkloadKey
from chippool.core.model import Mode
from chippool.core.plan import Admit, Displace, Hold, Keep, Migrate, Place, Resize, Shrink
from tests.conformance.world import World
from tests.core.build import a_node, a_pool, a_reserve, a_snapshot
from tests.laws.oracle import Cluster
from tests.laws.rights import Rights
from tests.laws.test_sharing_laws import copy_of, entitled, fits, free, kept
from tests.laws.trees import ACCESS, NOW, POOLS, PRIORITIES, a_class, a_runner, a_waiter, queues

_ZERO_TO_THREE, _NO_OR_YES, _COUNT, _NODES = st.integers(0, 3), st.booleans(), st.integers(1, 4), st.integers(1, 3)
_RUNNERS, _MODE = st.integers(1, 7), st.sampled_from(list(Mode))
_RESERVE = st.sampled_from([(), (), (a_reserve(4, "serve"),), (a_reserve(8, "ads", spares=True),)])
LAST = 1e6
"""Admissions of replicas past minReplicas count from here."""


@st.composite
def elastic_clusters(draw, waiting=(1, 1), growing=False, shown=ACCESS):
    tree = draw(queues())
    names = [q.name for q in tree]
    fleet = [a_node(f"{p}-{i}", 8, p) for p in POOLS for i in range(draw(_NODES))]
    left = {n.name: 8 for n in fleet}
    running = [w for i in range(draw(_RUNNERS)) if (w := draw(an_elastic_runner(f"r{i}", names, fleet, left)))]
    running = [draw(wanting_more(w)) if growing and draw(_NO_OR_YES) else w for w in running]
    idle = [draw(an_elastic_waiter(f"w{i}", names)) for i in range(draw(st.integers(*waiting)))]
    return a_snapshot(
        fleet,
        [*running, *idle],
        pools=[a_pool(p, access=draw(st.sampled_from(shown)), reserve=draw(_RESERVE)) for p in POOLS],
        queues=tree,
        classes=[a_class(c, v, preempts=c != "serve" or draw(_NO_OR_YES)) for c, v in PRIORITIES.items()],
    )


@st.composite
def an_elastic_runner(draw, name, names, fleet, left):
    made = draw(a_runner(name, names, fleet, left))
    if made is None:
        return None
    variant, spots = made.variants[0], list(made.placed)
    for node in draw(st.permutations(fleet)):
        if len(spots) < 4 and node.pools == (made.assignment.pool,) and left[node.name] * 1000 >= variant.ask.chips:
            left[node.name] -= variant.ask.chips // 1000
            spots.append(node.name)
    count = len(spots)
    made = replace(
        made,
        variants=(replace(variant, replicas=count),),
        replicas=count,
        placed=tuple(spots),
        ready=count,
        assignment=replace(made.assignment, replicas=count),
        indexes=tuple(draw(st.permutations(range(count)))),
        min_replicas=draw(st.none() | st.integers(1, count)),
        mode=draw(_MODE),
    )
    last = made.displaced
    return replace(made, displaced=replace(last, kept=draw(st.sampled_from([0, 1, count])))) if last else made


@st.composite
def wanting_more(draw, workload):
    more = workload.assignment.replicas + draw(_ZERO_TO_THREE)
    least = draw(st.integers(1, workload.assignment.replicas))
    variant = replace(workload.variants[0], replicas=more)
    return replace(workload, variants=(variant,), replicas=more, min_replicas=least)


@st.composite
def an_elastic_waiter(draw, name, names):
    made = draw(a_waiter(name, names))
    count = draw(_COUNT)
    variants = tuple(replace(v, replicas=count) for v in made.variants)
    return replace(made, variants=variants, replicas=count, min_replicas=draw(st.none() | st.integers(1, count)))


def least(workload):
    variant = workload.variants[0]
    return variant.replicas if workload.min_replicas is None else min(workload.min_replicas, variant.replicas)


def apart(snapshot):
    """The cluster with every replica past minReplicas a workload of its own."""
    found = {}
    for w in snapshot.workloads.values():
        numbers = w.indexes or range(len(w.placed))
        on = dict(zip(numbers, w.placed, strict=True))
        floor = len(on) if w.min_replicas is None else min(least(w), len(on))
        for index in range(floor, len(on)):
            key = part(w.key, index)
            until = w.assignment.admitted_at + w.min_runtime
            given = replace(w.assignment, replicas=1, admitted_at=LAST + w.assignment.admitted_at)
            found[key] = replace(
                w, key=key, assignment=given, placed=(on[index],), min_runtime=until - given.admitted_at, indexes=()
            )
        base = tuple(on[i] for i in range(floor))
        found[w.key] = replace(w, placed=base, indexes=(), displaced=_if_again(w)) if w.assignment else w
    for key, w in list(found.items()):
        found[key] = replace(w, displaced=_if_again(snapshot.workloads[whole(key)]))
    return replace(snapshot, workloads=found)


def _if_again(workload):
    """Who goes on taking what has not grown since begins nothing anew; for a while it is left alone by all."""
    last, given = workload.displaced, workload.assignment
    again = last and last.by and given and given.replicas <= last.kept
    return replace(last, by=WorkloadKey("ns/nobody")) if again else last


def part(key, index):
    return WorkloadKey(f"{key}#{999 - index}")


def whole(key):
    return WorkloadKey(key.partition("#")[0])


def gone(snapshot, plan, winner):
    """The parts that the winner's victims lose."""
    found = set()
    for d in plan.decisions:
        if isinstance(d, Shrink | Displace) and d.by == winner:
            w = snapshot.workloads[d.workload]
            remain = d.replicas if isinstance(d, Shrink) else least(w)
            found |= {part(d.workload, i) for i in range(remain, len(w.placed)) if w.min_replicas is not None}
            found |= {d.workload} if isinstance(d, Displace) else set()
    return found


def lowest(parts):
    """Of each workload the part that could stay: those above it rest on it."""
    found = {}
    for key in sorted(parts, key=lambda k: ("#" in k, k)):
        found.setdefault(whole(key), []).append(key)
    return [keys[0] if keys[0] == name else max(keys) for name, keys in found.items()]


@given(elastic_clusters())
def test_every_part_taken_may_be_taken_and_none_could_have_stayed(snapshot):
    """Of those who grow in the same plan others may give parts for that, too: then all they got needs all that went."""
    plan = schedule(snapshot, NOW)
    if any(isinstance(d, Migrate) for d in plan.decisions):
        return  # who moves is another law
    split = apart(snapshot)
    rights, before = Rights(split, NOW), Cluster(split)
    for d in plan.decisions:
        if isinstance(d, Admit) and d.victims:
            w, taken = snapshot.workloads[d.workload], gone(snapshot, plan, d.workload)

            def gets(count, victims, w=w, d=d):
                winner = replace(w, variants=(replace(w.variants[0], replicas=count),))
                its_right = entitled(rights, before, winner, d.pool, d.chips * count, sorted(victims))
                return its_right and fits(rights, before, winner, d.pool, victims)

            assert gets(least(w), taken)
            for key in lowest(taken):
                assert not (gets(least(w), taken - {key}) and gets(len(d.nodes), taken - {key}))


@given(elastic_clusters())
def test_nobody_is_evicted_while_what_others_have_past_their_least_would_do(snapshot):
    plan = schedule(snapshot, NOW)
    if any(isinstance(d, Migrate) for d in plan.decisions):
        return  # who moves is another law
    split = apart(snapshot)
    rights, before = Rights(split, NOW), Cluster(split)
    for d in plan.decisions:
        if isinstance(d, Admit) and any(
            isinstance(v, Displace) and not rights.scavenges(snapshot.workloads[v.workload], d.pool)
            for v in plan.decisions
        ):
            w = snapshot.workloads[d.workload]
            winner, new = replace(w, variants=(replace(w.variants[0], replicas=least(w)),)), d.chips * least(w)
            spare = {
                k
                for k, (_, pool, *_) in before.held.items()
                if "#" in k and pool == d.pool and rights.may_take(before, winner, k, pool, new)
            }
            assert not fits(rights, before, winner, d.pool, spare)


@given(elastic_clusters(waiting=(0, 4), growing=True))
def test_no_chip_is_given_twice_and_nobody_keeps_less_than_its_least(snapshot):
    plan, cluster = schedule(snapshot, NOW), Cluster(apart(snapshot))
    for d in plan.decisions:
        match d:
            case Displace() | Migrate():
                for key in [k for k in cluster.held if whole(k) == d.workload]:
                    cluster.leave(key)
            case Shrink():
                w = snapshot.workloads[d.workload]
                assert least(w) <= d.replicas < w.assignment.replicas
                for index in range(d.replicas, len(w.placed)):
                    cluster.leave(part(d.workload, index))
    for d in plan.decisions:
        match d:
            case Migrate():
                cluster.shift(snapshot.workloads[d.workload].variants[0].ask, d.nodes, -1)
            case Admit():
                w = snapshot.workloads[d.workload]
                assert least(w) <= len(d.nodes) <= w.variants[0].replicas
                cluster.shift(w.variants[0].ask, d.nodes, -1)
            case Resize():
                w = snapshot.workloads[d.workload]
                assert w.assignment.replicas + len(d.nodes) == d.replicas <= w.variants[0].replicas
                cluster.shift(w.variants[0].ask, d.nodes, -1)
    assert all(chips >= 0 for chips in cluster.free.values())
    assert all(amount >= 0 for room in cluster.room.values() for amount in room.values())


@given(elastic_clusters(waiting=(0, 4), growing=True))
def test_no_limit_at_any_level_is_passed_by_growth(snapshot):
    rights, cluster = Rights(snapshot, NOW), Cluster(snapshot)
    for d in schedule(snapshot, NOW).decisions:
        if isinstance(d, Displace | Migrate):
            cluster.leave(d.workload)
        if isinstance(d, Shrink):
            w, pool, variant, on = cluster.held[d.workload]
            cluster.held[d.workload] = (w, pool, variant, on[: d.replicas])
    for d in schedule(snapshot, NOW).decisions:
        if isinstance(d, Admit | Migrate):
            cluster.enter(d.workload, d.variant, d.pool, d.nodes)
        if isinstance(d, Resize):
            w, pool, variant, on = cluster.held[d.workload]
            cluster.held[d.workload] = (w, pool, variant, [*on, *d.nodes])
    for place in snapshot.queues:
        for pool in snapshot.pools:
            limit = rights.limit(place, pool)
            if limit is not None:
                assert rights.used(cluster, place, pool) <= max(rights.used(rights.began, place, pool), limit)


@given(elastic_clusters(waiting=(0, 0), growing=True))
def test_growing_evicts_nobody_but_scavengers(snapshot):
    rights = Rights(snapshot, NOW)
    for d in schedule(snapshot, NOW).decisions:
        if isinstance(d, Displace):
            victim, pool, *_ = rights.began.held[d.workload]
            assert rights.scavenges(victim, pool)


@given(elastic_clusters(waiting=(0, 3), growing=True))
def test_chips_that_nobody_may_grow_into_are_the_only_ones_left(snapshot):
    plan = schedule(snapshot, NOW)
    rights, cluster = Rights(snapshot, NOW), after(snapshot, plan)
    if any(isinstance(d, Hold | Displace | Migrate | Shrink) for d in plan.decisions):
        return  # what is waited for, or given back, is looked at by the next plan
    for d in plan.decisions:
        if isinstance(d, Keep | Resize) and (w := snapshot.workloads[d.workload]).min_replicas is not None:
            _, pool, variant, on = cluster.held[w.key]
            last = w.displaced
            calm = last and last.kept and last.at + w.cooldown > NOW
            if len(on) < w.variants[0].replicas and not calm and rights.let_in(w, pool):
                one = replace(w, variants=(replace(variant, replicas=1),))
                assert not (
                    fits(rights, cluster, one, pool, ())
                    and free(cluster, pool) - variant.ask.chips >= kept(snapshot, w, pool)
                )


def after(snapshot, plan):
    cluster = Cluster(snapshot)
    for d in plan.decisions:
        if isinstance(d, Admit):
            cluster.enter(d.workload, d.variant, d.pool, d.nodes)
        if isinstance(d, Resize):
            w, pool, variant, on = cluster.held[d.workload]
            cluster.shift(variant.ask, d.nodes, -1)
            cluster.held[d.workload] = (w, pool, variant, [*on, *d.nodes])
    return copy_of(cluster)


@given(elastic_clusters(waiting=(0, 4), growing=True), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan_in_whatever_order_it_comes(snapshot, random):
    def shuffled(mapping):
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = replace(snapshot, nodes=shuffled(snapshot.nodes), workloads=shuffled(snapshot.workloads))
    assert schedule(other, NOW).decisions == schedule(snapshot, NOW).decisions


@given(elastic_clusters(waiting=(0, 4), growing=True))
def test_carried_out_the_cluster_comes_to_rest_and_nobody_loses_twice_to_the_same_other(snapshot):
    world = World.of(snapshot, NOW, displaced=None)
    had, lost, moves = {}, set(), 1
    for _ in range(40):
        before = {k: w.assignment.replicas if w.assignment else 0 for k, w in world.workloads.items()}
        plan = world.round()
        moves = sum(isinstance(d, Admit | Migrate | Resize | Place | Shrink | Displace) for d in plan.decisions)
        for d in plan.decisions:
            if isinstance(d, Shrink | Displace) and d.by:
                again = (d.workload, d.by) in lost and before[d.workload] > had[d.workload]
                assert not again
                lost.add((d.workload, d.by))
                had[d.workload] = d.replicas if isinstance(d, Shrink) else 0
        if not moves:
            break
    assert not moves
