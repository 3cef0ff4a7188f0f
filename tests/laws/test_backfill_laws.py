"""Laws of rule 7: who is next is not delayed, nobody is held back in vain, and large work gets in beside small."""

from dataclasses import replace
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.estimate import expected_end, over_by
from chippool.core.ids import QueueName
from chippool.core.model import Assignment
from chippool.core.plan import Admit, Displace, Hold
from chippool.core.reasons import Reason
from tests.core.build import a_class, a_queue, a_snapshot, a_workload, decision_of, nodes
from tests.laws.clusters import snapshots
from tests.laws.test_plan_laws import carried_out

NOW = 100.0
STEP = 1800.0


@st.composite
def timed_snapshots(draw):
    """Random clusters in which some of the work has an end that is known."""
    snapshot = draw(snapshots())
    limits = st.sampled_from([None, 120.0, 200.0, 300.0])
    workloads = {key: replace(w, max_runtime=draw(limits)) for key, w in snapshot.workloads.items()}
    runtimes = draw(st.dictionaries(st.sampled_from([QueueName("a"), QueueName("b")]), st.sampled_from([70.0, 150.0])))
    return replace(snapshot, workloads=workloads, runtimes=runtimes)


def as_of(snapshot, plan, kept):
    """The cluster when the head is thought to start: without all that is over, or that it may displace."""
    cluster = carried_out(snapshot, plan)
    order = [d.workload for d in plan.decisions]
    head = snapshot.workloads[kept.workload]
    preempts = snapshot.classes[head.class_name].preempts
    for key, (workload, *_) in list(cluster.held.items()):
        later = workload.assignment is None and order.index(key) > order.index(head.key)
        end = over_by(workload, NOW) if later else expected_end(workload, snapshot.runtimes, NOW)
        if end <= kept.start or (preempts and cluster.priority(workload) < cluster.priority(head)):
            cluster.leave(key)
    return cluster


@given(timed_snapshots())
def test_when_its_time_comes_the_head_has_all_it_needs(snapshot):
    plan = schedule(snapshot, NOW)
    for kept in plan.reserved:
        assert kept.start > NOW
        head, cluster = snapshot.workloads[kept.workload], as_of(snapshot, plan, kept)
        ways = [replace(v, pools=(kept.pool,)) for v in head.variants if kept.pool in v.pools]
        limit = snapshot.queues[head.queue].limits.get(kept.pool, inf)
        used = cluster.used(head.queue, kept.pool)
        capped = {s.variant for s in decision_of(plan, head.key[3:]).shortages if s.reason is Reason.QUEUE_LIMIT}
        assert cluster.fits(replace(head, variants=tuple(ways))) or any(
            used + v.replicas * v.ask.chips <= limit for v in ways if v.name in capped
        )


@given(timed_snapshots())
def test_who_is_held_back_could_stay_past_the_heads_start_and_not_be_displaced_for_it(snapshot):
    plan = schedule(snapshot, NOW)
    heads = {kept.pool: kept for kept in plan.reserved}
    for d in plan.decisions:
        if isinstance(d, Hold):
            for short in (s for s in d.shortages if s.reason is Reason.HELD_BACK):
                workload, starts = (
                    snapshot.workloads[d.workload],
                    [k.start for k in plan.reserved if k.pool == short.pool],
                )
                assert starts
                assert over_by(workload, NOW) > min(starts)
                assert heads[short.pool].workload != d.workload


@given(timed_snapshots())
def test_chips_are_kept_once_and_only_free_ones(snapshot):
    plan = schedule(snapshot, NOW)
    cluster = carried_out(snapshot, plan)
    assert len({kept.workload for kept in plan.reserved}) == len(plan.reserved)
    for kept in plan.reserved:
        free = sum(max(cluster.free[n.name], 0) for n in snapshot.nodes.values() if n.pools == (kept.pool,))
        assert 0 <= kept.chips <= free


# --- over many cycles


class Stream:
    """A small cluster in which small work keeps coming, decided on again and again; what runs ends when it says."""

    def __init__(self, queues, node_count):
        self.queues, self.fleet = queues, nodes(node_count)
        self.workloads, self.now = {}, NOW

    def add(self, workload):
        self.workloads[workload.key] = workload

    def withdraw(self, older_than):
        waits = [w for w in self.workloads.values() if w.assignment is None and w.key != "ns/gang"]
        for w in waits:
            if w.created < self.now - older_than:
                del self.workloads[w.key]

    def step(self):
        self.workloads = {
            key: w for key, w in self.workloads.items() if w.assignment is None or over_by(w, self.now) > self.now
        }
        snapshot = a_snapshot(self.fleet, self.workloads.values(), queues=self.queues, classes=CLASSES)
        plan = schedule(snapshot, self.now)
        for decision in plan.decisions:
            self._carry_out(decision)
        self.now += STEP
        return plan

    def _carry_out(self, decision):
        one = self.workloads[decision.workload]
        match decision:
            case Admit(variant=variant, pool=pool, nodes=on):
                given = Assignment(variant, pool, len(on), self.now)
                one = replace(one, assignment=given, placed=on, active=True, started=True, ready=len(on))
            case Displace():
                one = replace(one, assignment=None, placed=(), active=False, started=False, ready=0)
        self.workloads[one.key] = one


CLASSES = [a_class("train", 500), a_class("batch", 100)]


def small_work(queues):
    """Per arrival its class, queue, chips and how many steps it takes."""
    one = st.tuples(
        st.sampled_from(["train", "train", "train", "batch"]),
        st.sampled_from(queues),
        st.sampled_from([1, 2, 4, 8]),
        st.integers(1, 8),
    )
    return st.lists(one, min_size=2, max_size=5)


def a_stream_with_a_gang(mix, size, wide, limit):
    """The mix arrives in every turn and leaves if it can't run soon; the gang arrives once, nothing older waits."""
    limits = {"h800": max(limit, wide * 8)} if limit else {}
    stream = Stream([a_queue(limits=limits), a_queue("other")], max(size, wide))
    for turn in range(60):
        stream.withdraw(older_than=0 if turn == 3 else 3 * STEP)
        if turn == 3:
            stream.add(a_workload("gang", replicas=wide, created=stream.now - 1, max_runtime=10 * STEP))
        for i, (cls, queue, chips, steps) in enumerate(mix if turn != 3 else ()):
            name = f"s{turn:03}-{i}"
            stream.add(a_workload(name, cls, chips=chips, queue=queue, created=stream.now, max_runtime=steps * STEP))
        yield stream.now, next((d for d in stream.step().decisions if d.workload == "ns/gang"), None)


@given(small_work(["team"]), st.integers(2, 4), st.integers(2, 4))
def test_a_large_gang_gets_in_under_a_stream_of_small_work_by_the_time_it_was_told(mix, size, wide):
    told = inf
    for now, decision in a_stream_with_a_gang(mix, size, wide, None):
        if isinstance(decision, Admit):
            assert now <= told
            return
        if isinstance(decision, Hold):
            assert decision.starts is not None
            assert now < decision.starts <= told
            told = decision.starts
    raise AssertionError("the gang never got in")


@given(small_work(["team", "other"]), st.integers(2, 4), st.integers(2, 4), st.sampled_from([None, 16, 32]))
def test_a_large_gang_gets_in_whatever_other_queues_have_running(mix, size, wide, limit):
    decisions = a_stream_with_a_gang(mix, size, wide, limit)
    assert any(isinstance(decision, Admit) for _, decision in decisions)
