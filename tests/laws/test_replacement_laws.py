"""Laws of rule 8 over random clusters one node of which is lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.plan import Admit, Displace, Keep, Migrate, Place
from chippool.core.reasons import MISTAKES, Reason
from tests.laws.clusters import crowds, snapshots
from tests.laws.oracle import Cluster

NOW, TIMEOUT = 1000.0, 600.0


@st.composite
def damaged(draw):
    """A cluster, and in it one node that is lost with all that ran there."""
    snapshot = draw(snapshots() | crowds())
    if not snapshot.nodes:
        return snapshot
    gone = draw(st.sampled_from(sorted(snapshot.nodes)))
    since = draw(st.sampled_from([NOW - TIMEOUT - 1, NOW - TIMEOUT, NOW - TIMEOUT + 1, NOW]))
    nodes = {**snapshot.nodes, gone: replace(snapshot.nodes[gone], usable=False)}
    return replace(snapshot, nodes=nodes, workloads={k: without(w, gone, since) for k, w in snapshot.workloads.items()})


def without(workload, node, since):
    missing = workload.placed.count(node)
    if not missing:
        return workload
    left = tuple(n for n in workload.placed if n != node)
    return replace(workload, placed=left, missing=missing, short_since=since, replace_timeout=TIMEOUT)


def decisions(snapshot):
    plan = schedule(snapshot, NOW)
    return plan, {d.workload: d for d in plan.decisions}


@given(damaged())
def test_replicas_are_placed_on_usable_nodes_of_their_pool_as_many_as_are_missing(snapshot):
    _, decided = decisions(snapshot)
    for w in snapshot.workloads.values():
        d = decided[w.key]
        if isinstance(d, Place):
            assert w.missing
            assert len(d.nodes) == w.missing
            assert all(snapshot.nodes[n].pools == (w.assignment.pool,) and snapshot.nodes[n].usable for n in d.nodes)


@given(damaged())
def test_no_chip_is_given_twice_when_replicas_are_replaced(snapshot):
    plan, _ = decisions(snapshot)
    cluster, before = Cluster(snapshot), Cluster(snapshot)
    for d in plan.decisions:
        if isinstance(d, Displace | Migrate):
            cluster.leave(d.workload)
    for d in plan.decisions:
        if isinstance(d, Admit | Migrate):
            cluster.enter(d.workload, d.variant, d.pool, d.nodes)
        elif isinstance(d, Place):
            cluster.shift(cluster.held[d.workload][2].ask, d.nodes, -1)
    assert all(cluster.free[n] >= min(0, before.free[n]) for n, node in snapshot.nodes.items() if node.usable)


@given(damaged())
def test_a_gang_is_given_up_when_its_time_is_over_and_not_before(snapshot):
    _, decided = decisions(snapshot)
    for w in snapshot.workloads.values():
        if not w.missing:
            continue
        d, late = decided[w.key], w.short_since + TIMEOUT <= NOW
        if late and w.mode == "Gang":
            assert not isinstance(d, Keep)
        else:
            assert not (isinstance(d, Displace) and d.reason is Reason.REPLACE_TIMEOUT)


@given(damaged())
def test_who_waits_for_a_node_would_not_fit_even_if_all_lower_work_left(snapshot):
    """Of the first to be placed: whoever comes after it finds what it left."""
    _, decided = decisions(snapshot)
    short = [w for w in snapshot.workloads.values() if w.missing]
    if not short:
        return
    first = min(short, key=lambda w: (-snapshot.classes[w.class_name].value, w.created, w.uid))
    d = decided[first.key]
    if not isinstance(d, Keep) or d.reason in MISTAKES or not snapshot.classes[first.class_name].preempts:
        return
    cluster = Cluster(snapshot)
    lower = [k for k, (w, *_) in cluster.held.items() if cluster.priority(w) < cluster.priority(first)]
    for key in lower:
        cluster.leave(key)
    variant = next(v for v in first.variants if v.name == first.assignment.variant)
    assert cluster.capacity(variant.ask, first.assignment.pool) < first.missing
