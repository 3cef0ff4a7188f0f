"""Choosing together within a plan: who is served is settled by the order alone, and where so that the chips do most."""

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.matching import worths
from chippool.core.plan import Admit, Hold
from tests.core.build import a_snapshot, a_variant, a_workload, nodes
from tests.laws.clusters import POOLS

speeds = st.sampled_from((0.1, 0.5, 0.9, 1.0, 1.5))


@st.composite
def contests(draw, most=6):
    """Waiting work of one node each that may go to some of the pools, and how many nodes each pool has."""
    sizes = {pool: draw(st.integers(0, 3)) for pool in POOLS}
    workloads = []
    for i in range(draw(st.integers(1, most))):
        pools = draw(st.lists(st.sampled_from(POOLS), min_size=1, max_size=3, unique=True))
        ways = [a_variant(pool, speed=draw(speeds)) for pool in pools]
        workloads.append(a_workload(f"w{i}", draw(st.sampled_from(("ads", "train"))), *ways, created=float(i)))
    return sizes, workloads


def planned(sizes, workloads):
    fleet = [node for pool, count in sizes.items() for node in nodes(count, pool=pool)]
    return schedule(a_snapshot(fleet, workloads, pools=None if any(sizes.values()) else []), now=100.0)


def admitted(plan):
    return {d.workload: d.pool for d in plan.decisions if isinstance(d, Admit)}


def placings(workloads, sizes):
    """Every way to give each of them a node."""
    for pools in itertools.product(*([v.pools[0] for v in w.variants] for w in workloads)):
        if all(count <= sizes[pool] for pool, count in Counter(pools).items()):
            yield pools


def value(workload, pool, sizes):
    """Of pools that are not there nothing is compared."""
    ways = [variant for variant in workload.variants if sizes[variant.pools[0]]]
    relative = worths([variant.speed for variant in ways])
    return next(s for s, v in zip(relative, ways, strict=True) if v.pools[0] == pool)


def values(workloads, pools, sizes):
    return sum(value(w, pool, sizes) for w, pool in zip(workloads, pools, strict=True))


@given(contests())
def test_whoever_can_be_served_beside_all_before_it_is_served(contest):
    """By priority group: within one, rule 2 leaves chips to others; a higher one takes what it likes best."""
    sizes, workloads = contest
    ads = [w for w in workloads if w.class_name == "ads"]
    found = admitted(planned(sizes, ads))
    served = []
    for workload in ads:
        if any(True for _ in placings([*served, workload], sizes)):
            served.append(workload)
    assert set(found) == {w.key for w in served}
    most = max((values(served, pools, sizes) for pools in placings(served, sizes)), default=0)
    firsts = Counter(next((p for v in w.variants if sizes[p := v.pools[0]]), None) for w in ads)
    if any(pool and count > sizes[pool] for pool, count in firsts.items()):
        assert values(served, [found[w.key] for w in served], sizes) >= most - 1e-4


@given(contests())
def test_lower_priority_changes_nothing_for_higher(contest):
    sizes, workloads = contest
    ads = [w for w in workloads if w.class_name == "ads"]
    with_all, alone = admitted(planned(sizes, workloads)), admitted(planned(sizes, ads))
    assert {key: pool for key, pool in with_all.items() if key in alone} == alone


@given(contests(), st.integers(1, 3))
def test_a_gang_is_served_before_all_that_come_after_it(contest, replicas):
    """However many small ones wait behind it and would do more with its chips."""
    sizes, later = contest
    gang = a_workload("gang", "ads", a_variant("h800", replicas), created=-1.0)
    plan = planned(sizes, [gang, *later])
    assert (gang.key in admitted(plan)) == (sizes["h800"] >= replicas)


@given(contests())
def test_where_nobody_competes_everybody_takes_its_first_way(contest):
    sizes, workloads = contest
    firsts = Counter(w.variants[0].pools[0] for w in workloads)
    if all(count <= sizes[pool] for pool, count in firsts.items()):
        assert admitted(planned(sizes, workloads)) == {w.key: w.variants[0].pools[0] for w in workloads}


@given(contests())
def test_a_chip_is_left_to_one_that_runs_nowhere_else_by_one_that_does(contest):
    """Rule 2: of whoever is held nobody of its priority took its only pool who could have gone elsewhere."""
    sizes, workloads = contest
    found = admitted(planned(sizes, workloads))
    free = Counter(sizes)
    free.subtract(found.values())
    held = [w for w in workloads if w.key not in found and len(w.variants) == 1]
    for lone, other in itertools.product(held, (w for w in workloads if w.key in found)):
        if other.class_name == lone.class_name and found[other.key] == lone.variants[0].pools[0]:
            assert all(free[v.pools[0]] <= 0 for v in other.variants if v.pools[0] != found[other.key])


@given(contests())
def test_everybody_gets_a_decision(contest):
    sizes, workloads = contest
    decisions = planned(sizes, workloads).decisions
    assert {d.workload for d in decisions if isinstance(d, Admit | Hold)} == {w.key for w in workloads}
