"""Laws of sharing over random trees of queues: limits at every level, and displacement by right alone."""

from itertools import combinations
from types import MappingProxyType

from hypothesis import given

from chippool.core.cycle import schedule
from chippool.core.plan import Admit, Displace, Hold
from chippool.core.reasons import Reason
from tests.laws.oracle import Cluster, copy_of, moves_of
from tests.laws.rights import Rights
from tests.laws.trees import NOW, shared_clusters


def played(snapshot, kind=Admit):
    """Each decision of a kind, with the cluster just before it; last the cluster after the whole plan."""
    cluster, plan = Cluster(snapshot), schedule(snapshot, NOW)
    moves = moves_of(plan)
    for decision in plan.decisions:
        if isinstance(decision, kind):
            yield decision, cluster
        cluster.follow(decision, moves)
    yield None, cluster


def free(cluster, pool):
    usable = (n for n in cluster.snapshot.nodes.values() if n.pools == (pool,) and n.usable)
    return sum(cluster.free[n.name] for n in usable)


def kept(snapshot, workload, pool):
    value = snapshot.classes[workload.class_name].value
    return sum(r.chips for r in snapshot.pools[pool].reserve if snapshot.classes[r.class_name].value > value)


@given(shared_clusters())
def test_no_limit_at_any_level_is_passed_by_an_admission(snapshot):
    rights = Rights(snapshot, NOW)
    *_, (_, after) = played(snapshot)
    for place in snapshot.queues:
        for pool in snapshot.pools:
            limit = rights.limit(place, pool)
            if limit is not None:
                before = rights.used(rights.began, place, pool)
                assert rights.used(after, place, pool) <= max(before, limit)


@given(shared_clusters())
def test_every_victim_may_be_taken_by_its_winner(snapshot):
    rights, moves = Rights(snapshot, NOW), moves_of(schedule(snapshot, NOW))
    for decision, before in played(snapshot):
        if decision is not None:
            winner, new = snapshot.workloads[decision.workload], decision.chips * len(decision.nodes)
            assert snapshot.classes[winner.class_name].preempts or not decision.victims
            gone = [v for v in decision.victims if v not in moves or moves[v].pool != decision.pool]
            assert entitled(rights, before, winner, decision.pool, new, gone)


@given(shared_clusters())
def test_leaving_out_any_one_victim_no_longer_fits_the_winner(snapshot):
    rights, moves = Rights(snapshot, NOW), moves_of(schedule(snapshot, NOW))
    for decision, before in played(snapshot):
        if decision is not None and decision.victims:
            winner = snapshot.workloads[decision.workload]
            new = decision.chips * len(decision.nodes)
            for some in combinations(decision.victims, len(decision.victims) - 1):
                gone = [v for v in some if v not in moves or moves[v].pool != decision.pool]
                enough = fits(rights, before, winner, decision.pool, some, moves)
                assert not (enough and entitled(rights, before, winner, decision.pool, new, gone))


@given(shared_clusters())
def test_whoever_is_held_would_not_fit_even_if_all_left_whom_it_may_take(snapshot):
    rights = Rights(snapshot, NOW)
    for decision, before in played(snapshot, Hold):
        workload = snapshot.workloads[decision.workload] if decision else None
        if workload and snapshot.classes[workload.class_name].preempts:
            new = workload.variants[0].ask.chips * workload.variants[0].replicas
            for pool in workload.variants[0].pools:
                takeable = [
                    key
                    for key, (_, p, *_) in before.held.items()
                    if p == pool and key in rights.began.held and rights.may_take(before, workload, key, pool, new)
                ]
                assert not (rights.let_in(workload, pool) and fits(rights, before, workload, pool, takeable))


def entitled(rights, cluster, winner, pool, new, victims):
    """Whether each may be taken once the others have gone: some go so that a guarantee holds by which others go."""
    for victim in victims:
        left = copy_of(cluster)
        for other in victims:
            if other != victim:
                left.leave(other)
        if not rights.may_take(left, winner, victim, pool, new):
            return False
    return True


def fits(rights, cluster, winner, pool, victims, moves=MappingProxyType({})):
    """Whether the winner would have had its chips in this pool with only these victims."""
    variant = winner.variants[0]
    new, floor = variant.ask.chips * variant.replicas, min(kept(cluster.snapshot, winner, pool), free(cluster, pool))
    left = copy_of(cluster)
    left.clear(victims, moves)
    return (
        not left.is_overfull()
        and left.capacity(variant.ask, pool) >= variant.replicas
        and free(left, pool) - new >= floor
        and all(
            (limit := rights.limit(place, pool)) is None or rights.used(left, place, pool) + new <= limit
            for place in rights.path(winner.queue)
        )
    )


@given(shared_clusters())
def test_a_free_chip_that_is_kept_for_a_class_is_not_taken_below_it(snapshot):
    moves = moves_of(schedule(snapshot, NOW))
    for decision, before in played(snapshot):
        if decision is not None:
            winner, was = snapshot.workloads[decision.workload], free(before, decision.pool)
            after = copy_of(before)
            after.admit(decision, moves)
            assert free(after, decision.pool) >= min(kept(snapshot, winner, decision.pool), was)


@given(shared_clusters())
def test_a_reason_names_the_rule_by_which_a_victim_goes(snapshot):
    rights = Rights(snapshot, NOW)
    for decision in schedule(snapshot, NOW).decisions:
        if isinstance(decision, Displace):
            victim, pool, *_ = rights.began.held[decision.workload]
            winner = snapshot.workloads[decision.by]
            lower = snapshot.classes[victim.class_name].value < snapshot.classes[winner.class_name].value
            scavenged = rights.scavenges(victim, pool) and not rights.scavenges(winner, pool)
            expected = Reason.PREEMPTED if lower else Reason.RECLAIMED
            assert decision.reason is (Reason.SCAVENGED if scavenged else expected)
