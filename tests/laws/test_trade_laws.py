"""Rule 6c: what holds of every trade, whoever runs and waits."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.ids import CHIP, WorkloadKey
from chippool.core.matching import worths
from chippool.core.model import Assignment, Displaced, Mode
from chippool.core.plan import Admit, Migrate
from chippool.core.reasons import Reason
from tests.core.build import CLASSES, a_class, a_pool, a_queue, a_snapshot, a_variant, a_workload, nodes
from tests.laws.clusters import POOLS
from tests.laws.oracle import Cluster

NOW, HOUR, ALWAYS = 50_000.0, 3600.0, 1e9
NEARLY = 1e-6
speeds = st.sampled_from((1.0, 0.1, 0.5, 0.9, 0.96, 3.0))
queues = st.sampled_from(("a", "b"))


@st.composite
def markets(draw, most_waiting=3):
    """Work on unlike chips that could go elsewhere, beside some that waits; nobody displaces anybody."""
    fleet = [n for pool in POOLS for n in nodes(draw(st.sampled_from((2, 1, 0, 3))), pool=pool)]
    left = {n.name: 8 for n in fleet}
    running = [w for i in range(draw(st.integers(3, 9))) if (w := draw(runners(f"r{i}", fleet, left)))]
    waiting = [draw(waiters(f"w{i}")) for i in range(draw(st.integers(0, most_waiting)))]
    secured = draw(st.sets(st.sampled_from(POOLS)) | st.just(set()))
    promised = {p: {q: draw(st.sampled_from((0, 8, 16))) for q in "ab"} for p in sorted(secured)}
    return a_snapshot(
        fleet,
        [*running, *waiting],
        pools=[a_pool(p) for p in POOLS],
        queues=[a_queue(), *(a_queue(q, guaranteed={p: of[q] for p, of in promised.items()}) for q in "ab")],
        classes=[a_class(c, preempts=False) for c in CLASSES],
    )


@st.composite
def ways(draw, replicas, chips, first=None):
    rest = [p for p in POOLS if p != first]
    others = draw(st.lists(st.sampled_from(rest), min_size=first is not None, max_size=2, unique=True))
    pools = draw(st.permutations([first, *others])) if first else others or ["h800"]
    return [a_variant(pool, replicas, chips, speed=draw(speeds)) for pool in pools]


@st.composite
def runners(draw, name, fleet, left):
    """One that sits where there is room, or None."""
    pool, chips, replicas = draw(st.sampled_from(POOLS)), draw(st.sampled_from((8, 8, 4))), draw(st.integers(1, 2))
    on = [n.name for n in fleet if n.pools == (pool,) and left[n.name] >= chips][:replicas]
    replicas = len(on)
    if not on:
        return None
    left.update({n: left[n] - chips for n in on})
    variants = draw(ways(replicas, chips, pool))
    lost = draw(st.sampled_from((None, None, None, None, 100.0, 4000.0)))
    return a_workload(
        name,
        draw(st.sampled_from(("ads", "train"))),
        *variants,
        queue=draw(queues),
        on=on,
        variant=[v.pools[0] for v in variants].index(pool),
        mode=draw(st.sampled_from((Mode.GANG, Mode.GANG, Mode.SERVICE))),
        replicas=replicas,
        admitted_at=NOW - draw(st.sampled_from((500.0, 9000.0))),
        min_runtime=draw(st.sampled_from((0.0, 0.0, 1000.0))),
        checkpoint_interval=draw(st.sampled_from((None, None, None, 600.0))),
        checkpointed_at=draw(st.sampled_from((None, NOW - 10.0, NOW - 400.0))),
        displaced=None if lost is None else Displaced(NOW - lost, Reason.MIGRATED, None, 1, 0, 1),
    )


@st.composite
def waiters(draw, name):
    replicas, chips = draw(st.integers(1, 2)), draw(st.sampled_from((4, 8)))
    variants, created = draw(ways(replicas, chips)), NOW - draw(st.integers(1, 9))
    return a_workload(name, draw(st.sampled_from(("ads", "train"))), *variants, created=created)


def moves(plan):
    return {d.workload: d for d in plan.decisions if isinstance(d, Migrate)}


def admissions(plan):
    return {d.workload: d for d in plan.decisions if isinstance(d, Admit)}


def speed(workload, variant):
    relative = worths([v.speed * v.replicas for v in workload.variants])
    return next(s for s, v in zip(relative, workload.variants, strict=True) if v.name == variant)


def priority(snapshot, workload):
    return snapshot.classes[workload.class_name].value


def done(snapshot, decisions):
    """The cluster once all have left who move, and all are where they go."""
    cluster = Cluster(snapshot)
    for d in decisions:
        if isinstance(d, Migrate):
            cluster.leave(d.workload)
    for d in decisions:
        if isinstance(d, Migrate | Admit):
            cluster.enter(d.workload, d.variant, d.pool, d.nodes)
    return cluster


def is_overfull(cluster):
    return any(free < 0 for free in cluster.free.values()) or any(
        amount < 0 for room in cluster.room.values() for amount in room.values()
    )


def frozen(snapshot):
    """The same, if nobody who runs could move."""
    still = {k: replace(w, min_runtime=ALWAYS) if w.assignment else w for k, w in snapshot.workloads.items()}
    return replace(snapshot, workloads=still)


@given(markets())
def test_no_chip_is_given_twice_and_everybody_is_whole(snapshot):
    plan = schedule(snapshot, NOW)
    assert not is_overfull(done(snapshot, plan.decisions))
    for d in moves(plan).values():
        workload = snapshot.workloads[d.workload]
        variant = next(v for v in workload.variants if v.name == d.variant)
        assert d.pool in variant.pools
        assert len(d.nodes) == variant.replicas
        assert (d.variant, d.pool) != (workload.assignment.variant, workload.assignment.pool)


@given(markets())
def test_the_sum_of_speeds_rises_by_5_percent_of_what_the_movers_did(snapshot):
    """Of work of their own priority and above: what is lower takes what is left."""
    plan, without = schedule(snapshot, NOW), schedule(frozen(snapshot), NOW)
    assert not moves(without)
    w = snapshot.workloads
    did = sum(speed(w[k], w[k].assignment.variant) for k in moves(plan))
    do = sum(speed(w[k], d.variant) for k, d in moves(plan).items())
    asks = {k for k in w if all(priority(snapshot, w[k]) >= priority(snapshot, w[m]) for m in moves(plan))}
    start, started = (
        sum(speed(w[k], d.variant) for k, d in admissions(p).items() if k in asks) for p in (plan, without)
    )
    if len({w[k].class_name for k in moves(plan)}) == 1:
        assert do - did + start - started >= 0.05 * did - NEARLY


@given(markets(most_waiting=0))
def test_where_nobody_waits_the_sum_of_the_movers_alone_rises(snapshot):
    w, plan = snapshot.workloads, schedule(snapshot, NOW)
    did = sum(speed(w[k], w[k].assignment.variant) for k in moves(plan))
    assert sum(speed(w[k], d.variant) for k, d in moves(plan).items()) >= 1.05 * did - NEARLY


@given(markets())
def test_only_those_move_whose_time_has_come(snapshot):
    for key in moves(schedule(snapshot, NOW)):
        w = snapshot.workloads[key]
        assert w.assignment.admitted_at + w.min_runtime <= NOW
        assert w.displaced is None or w.displaced.at + HOUR <= NOW
        if w.checkpoint_interval is not None and w.checkpointed_at is not None:
            fresh = w.checkpointed_at >= NOW - 60.0
            assert fresh or w.checkpointed_at < w.assignment.admitted_at


@given(markets())
def test_trades_serve_nobody_out_of_turn(snapshot):
    """Whoever is held for them gave way to one before it that would have been held without."""
    plan, without = schedule(snapshot, NOW), schedule(frozen(snapshot), NOW)
    order = sorted(
        (w for w in snapshot.workloads.values() if w.assignment is None),
        key=lambda w: (-snapshot.classes[w.class_name].value, w.created, w.uid),
    )
    with_it, before = ([w.key in admissions(p) for w in order] for p in (plan, without))
    for place, _ in enumerate(order):
        if before[place] and not with_it[place]:
            assert any(now and not then for now, then in zip(with_it[:place], before[:place], strict=True))


@given(markets())
def test_nobody_gives_up_what_it_is_guaranteed(snapshot):
    """One whose queue is within its guarantee stays so, wherever somebody is guaranteed anything."""
    stock = {p: 8 * CHIP * sum(p in n.pools for n in snapshot.nodes.values()) for p in POOLS}
    plan = schedule(snapshot, NOW)
    before, after = Cluster(snapshot), done(snapshot, plan.decisions)
    promised = {p: {q.name: q.guaranteed[p] for q in snapshot.queues.values() if p in q.guaranteed} for p in POOLS}
    for key, d in moves(plan).items():
        w = snapshot.workloads[key]
        source, given = promised[w.assignment.pool], promised[d.pool]
        if any(sum(of.values()) > there for of, there in ((source, stock[w.assignment.pool]), (given, stock[d.pool]))):
            continue  # more is promised than there is: everybody keeps a part of it
        secure = not source or before.used(w.queue, w.assignment.pool) <= source.get(w.queue, 0)
        if secure and given:
            assert after.used(w.queue, d.pool) <= given.get(w.queue, 0)


@given(markets())
def test_a_service_never_waits_for_chips_of_one_that_waits_as_well(snapshot):
    """Gangs leave first; then every service that moves has room beside all services that are still there."""
    plan, cluster = schedule(snapshot, NOW), Cluster(snapshot)
    services = {k: d for k, d in moves(plan).items() if snapshot.workloads[k].mode is Mode.SERVICE}
    for key in moves(plan).keys() - services.keys():
        cluster.leave(key)
    for key, d in services.items():
        variant = next(v for v in snapshot.workloads[key].variants if v.name == d.variant)
        cluster.shift(variant.ask, d.nodes, -1)
    assert all(free >= 0 for free in cluster.free.values())


@given(markets())
def test_who_has_moved_stays_for_an_hour(snapshot):
    """So within an hour nobody is displaced twice by the same other, whoever else comes and goes."""
    moved: dict[WorkloadKey, float] = {}
    for step in range(8):
        now = NOW + step * HOUR / 4
        plan = schedule(snapshot, now)
        assert all(now - moved.get(key, -HOUR) >= HOUR for key in moves(plan))
        moved |= dict.fromkeys(moves(plan), now)
        snapshot = moved_on(snapshot, plan, now)


@given(markets(most_waiting=0))
def test_trading_comes_to_an_end(snapshot):
    """Each time somebody moves the sum of all speeds rises, so nobody moves for ever."""
    now = NOW
    for rounds in range(20):
        before = sum(speed(w, w.assignment.variant) for w in snapshot.workloads.values())
        plan = schedule(snapshot, now)
        if rounds and not moves(plan):
            return
        snapshot, now = moved_on(snapshot, plan, now), now + 2 * HOUR
        assert not moves(plan) or sum(speed(w, w.assignment.variant) for w in snapshot.workloads.values()) > before
    raise AssertionError("they still move")


@given(markets(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(snapshot, dice):
    items = list(snapshot.workloads.items())
    dice.shuffle(items)
    assert schedule(replace(snapshot, workloads=dict(items)), NOW).decisions == schedule(snapshot, NOW).decisions


@given(markets())
def test_more_chips_are_worth_nothing_where_everybody_has_its_best(snapshot):
    plan = schedule(snapshot, NOW)
    assert set(plan.prices) == set(POOLS)
    assert all(price >= 0 for price in plan.prices.values())
    after = moved_on(snapshot, plan).workloads.values()
    if all(w.assignment and speed(w, w.assignment.variant) == 1.0 for w in after):
        assert set(plan.prices.values()) == {0.0}


def moved_on(snapshot, plan, at=NOW):
    """The snapshot after the plan, everybody running again."""
    workloads = dict(snapshot.workloads)
    for key, d in {**moves(plan), **admissions(plan)}.items():
        w = workloads[key]
        given = Assignment(d.variant, d.pool, len(d.nodes), at if w.assignment is None else w.assignment.admitted_at)
        lost = Displaced(at, Reason.MIGRATED, None, 1, 0, 1) if w.assignment else w.displaced
        workloads[key] = replace(
            w, assignment=given, displaced=lost, placed=tuple(d.nodes), started=True, ready=len(d.nodes), active=True
        )
    size = {n.name: replace(n, free=8 * CHIP, room=n.capacity) for n in snapshot.nodes.values()}
    return a_snapshot(
        size.values(),
        list(workloads.values()),
        pools=snapshot.pools.values(),
        queues=snapshot.queues.values(),
        classes=snapshot.classes.values(),
    )
