"""Laws of topology over random clusters in racks, checked against the brute-force oracle."""

from dataclasses import replace
from itertools import combinations, groupby

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.constraints import Within
from chippool.core.cycle import schedule
from chippool.core.plan import Admit, Displace, Hold
from chippool.core.reasons import Reason
from tests.core.build import a_node
from tests.laws.clusters import crowds, snapshots
from tests.laws.oracle import Cluster, copy_of, moves_of

NOW, LEVELS = 100.0, ("zone", "rack")


_WISHES = st.sampled_from([None, Within("rack"), Within("rack", required=True), Within("zone", required=True)])
_PLACES = st.sampled_from([{"zone": z, "rack": r} for z in "ab" for r in "12"] * 3 + [{"zone": "a"}, {}])
_SNAPSHOTS = snapshots() | crowds()


@st.composite
def racked(draw):
    """A cluster whose nodes stand in racks of zones, and work that wants, or has, to be in one."""
    snapshot = draw(_SNAPSHOTS)
    return replace(
        snapshot,
        nodes={name: replace(n, labels=draw(_PLACES)) for name, n in sorted(snapshot.nodes.items())},
        pools={name: replace(p, topology=LEVELS) for name, p in snapshot.pools.items()},
        workloads={k: replace(w, topology=draw(_WISHES)) for k, w in sorted(snapshot.workloads.items())},
    )


def domain(snapshot, name, level):
    """The values of all levels down to this one; None where one is missing."""
    labels = snapshot.nodes[name].labels
    path = tuple(labels.get(one) for one in LEVELS[: LEVELS.index(level) + 1])
    return None if None in path else path


def domains(snapshot, pool, level):
    members = {}
    for node in snapshot.nodes.values():
        if node.pools == (pool,) and (found := domain(snapshot, node.name, level)) is not None:
            members.setdefault(found, []).append(node.name)
    return members


def admissions(snapshot, plan):
    return [(d, snapshot.workloads[d.workload]) for d in plan.decisions if isinstance(d, Admit)]


@given(racked())
def test_what_has_to_be_in_one_domain_is(snapshot):
    for d, w in admissions(snapshot, schedule(snapshot, NOW)):
        if w.topology and w.topology.required:
            found = {domain(snapshot, n, w.topology.level) for n in d.nodes}
            assert len(found) == 1
            assert None not in found


@given(racked())
def test_no_chip_is_given_twice_in_racks(snapshot):
    plan, before = schedule(snapshot, NOW), Cluster(snapshot)
    after = carried_out(snapshot, plan)
    assert all(after.free[n] >= min(0, before.free[n]) for n in snapshot.nodes)


def carried_out(snapshot, plan, until=None):
    cluster, moves = Cluster(snapshot), moves_of(plan)
    for d in plan.decisions:
        if d.workload == until:
            break
        cluster.follow(d, moves)
    return cluster


@given(racked())
def test_ranks_of_a_domain_stand_side_by_side_at_every_level(snapshot):
    for d, _ in admissions(snapshot, schedule(snapshot, NOW)):
        for level in LEVELS:
            runs = [key for key, _ in groupby(domain(snapshot, n, level) for n in d.nodes)]
            inside = [key for key in runs if key is not None]
            assert len(inside) == len(set(inside))


@given(racked())
def test_who_waits_though_enough_is_free_fits_into_no_domain_not_even_if_all_lower_work_left(snapshot):
    plan = schedule(snapshot, NOW)
    final = carried_out(snapshot, plan)
    for d in plan.decisions:
        w = snapshot.workloads[d.workload]
        if not isinstance(d, Hold) or not w.topology or not w.topology.required or not w_preempts(snapshot, w):
            continue
        lower = [k for k, (one, *_) in final.held.items() if final.priority(one) < final.priority(w)]
        kept = {k: final.held[k] for k in lower}
        for key in lower:
            final.leave(key)
        assert not [v for v in w.variants for p in v.pools if fits_somewhere(snapshot, final, w, v, p)]
        for key, (_, pool, variant, nodes) in kept.items():
            final.enter(key, variant.name, pool, nodes)


def w_preempts(snapshot, workload):
    return snapshot.classes[workload.class_name].preempts


def fits_somewhere(snapshot, cluster, workload, variant, pool):
    """By brute force: some domain of the pool holds all replicas, within access and limits."""
    access, limit = snapshot.pools[pool].access, snapshot.queues[workload.queue].limits.get(pool)
    if access and not any(workload.class_name in entry.classes for entry in access):
        return False
    if limit is not None and cluster.used(workload.queue, pool) + variant.replicas * variant.ask.chips > limit:
        return False
    found = domains(snapshot, pool, workload.topology.level)
    return any(holds(snapshot, cluster, variant.ask, members) >= variant.replicas for members in found.values())


def holds(snapshot, cluster, ask, members):
    fits = 0
    for name in members:
        if snapshot.nodes[name].usable:
            each = [cluster.free[name] // ask.chips]
            each += [cluster.room[name][r] // amount for r, amount in ask.requests if amount]
            fits += max(0, min(each))
    return fits


@given(racked())
def test_no_victim_could_have_stayed_in_the_domain_that_was_opened(snapshot):
    plan = schedule(snapshot, NOW)
    for d, w in admissions(snapshot, plan):
        if not d.victims or not w.topology or not w.topology.required:
            continue
        before = carried_out(snapshot, plan, until=d.workload)
        variant = next(v for v in w.variants if v.name == d.variant)
        members = domains(snapshot, d.pool, w.topology.level)[domain(snapshot, d.nodes[0], w.topology.level)]
        limit = snapshot.queues[w.queue].limits.get(d.pool)
        for some in combinations(d.victims, len(d.victims) - 1):
            left = copy_of(before)
            left.clear(some, moves_of(plan))
            over = limit is not None and left.used(w.queue, d.pool) + variant.replicas * variant.ask.chips > limit
            assert over or left.is_overfull() or holds(snapshot, left, variant.ask, members) < variant.replicas


@given(racked(), st.integers(1, 4))
def test_of_the_domains_that_hold_them_all_the_one_with_the_least_room_is_taken(snapshot, replicas):
    """One workload alone in a cluster, whole nodes, nothing leaving."""
    fleet = {n: a_node(n, 8, "h800", labels=node.labels) for n, node in snapshot.nodes.items()}
    some = next((w for w in snapshot.workloads.values() if w.assignment is None), None)
    if some is None or not fleet:
        return
    variant = replace(
        some.variants[0], pools=("h800",), replicas=replicas, ask=replace(some.variants[0].ask, chips=8000)
    )
    for required in (True, False):
        lone = replace(some, variants=(variant,), topology=Within("rack", required), class_name="train", queue="b")
        pools = {"h800": replace(snapshot.pools["h800"], access=())}
        one = replace(snapshot, nodes=fleet, workloads={lone.key: lone}, pools=pools)
        (decision,) = schedule(one, NOW).decisions
        sizes = sorted(len(m) for m in domains(one, "h800", "rack").values() if len(m) >= replicas)
        if sizes:
            home = domain(one, decision.nodes[0], "rack")
            assert {domain(one, n, "rack") for n in decision.nodes} == {home}
            assert len(domains(one, "h800", "rack")[home]) == sizes[0]
        elif required:
            assert decision.reason is Reason.IMPOSSIBLE_SIZE


@given(racked(), st.randoms(use_true_random=False))
def test_the_plan_does_not_hang_on_the_order_in_which_racks_come(snapshot, random):
    items = list(snapshot.nodes.items())
    random.shuffle(items)
    assert schedule(replace(snapshot, nodes=dict(items)), NOW).decisions == schedule(snapshot, NOW).decisions


@given(racked())
def test_a_wish_is_nobodys_loss(snapshot):
    """Whoever only wishes is held, and displaces, exactly where it would without the wish."""
    wishes = {k: replace(w, topology=None) for k, w in snapshot.workloads.items()}
    only = {k: replace(w, topology=Within("rack")) for k, w in snapshot.workloads.items()}
    first = next((w for w in snapshot.workloads.values() if w.assignment is None), None)
    if first is None:
        return
    held = {k: w for k, w in wishes.items() if w.assignment is not None}
    plain = schedule(replace(snapshot, workloads={**held, first.key: wishes[first.key]}), NOW)
    wished = schedule(replace(snapshot, workloads={**held, first.key: only[first.key]}), NOW)
    assert {d.workload for d in plain.decisions if isinstance(d, Displace)} == {
        d.workload for d in wished.decisions if isinstance(d, Displace)
    }
