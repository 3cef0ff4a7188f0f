"""The snapshot from events is the snapshot from scratch, whatever happened in between."""

import math
import random
from collections import Counter, defaultdict, deque

from hypothesis import given, note
from hypothesis import strategies as st

from chippool.core.ids import NodeName, PoolName, QueueName
from chippool.core.model import Displaced
from chippool.core.plan import Plan
from chippool.core.reasons import Reason
from chippool.state.mirror import Mirror
from tests.state import build, native, shared
from tests.state.build import NOW, PROJECT, an_assignment

NODES, WORKLOADS, PODS = ("n1", "n2"), ("w", "w", "v"), ("a", "b", "c")
LOST = Displaced(NOW - 5, Reason.PREEMPTED, None, 1, 0, 1, "Displaced.")


def a_random_object(kind, dice):
    """Any state of one of a few objects of a kind; the first of several is the likely one."""

    def pick(*options):
        return options[0] if dice.random() < 0.75 else dice.choice(options)

    return MAKERS[kind](pick, dice.choice)


def _a_pool(pick, one_of):
    selector = {pick("pool", "zone"): pick("h800", "z")}
    sharing = pick({}, {"sharing": shared.SHARING}, {"sharing": shared.SHARING})
    return build.a_pool(pick("h800", "h20"), pick(build.GPU, build.NPU), selector, **sharing)


def _a_node(pick, one_of):
    name = one_of(NODES)
    return build.a_node(
        name,
        pick(8, 4, 0),
        pick("h800", "h20"),
        labels={"zone": pick("y", "z"), "kubernetes.io/hostname": pick(name, "n1", "elsewhere")},
        installed=8,
        resource=pick(build.GPU, build.NPU),
        ready=pick(True, False),
        said=pick(None, shared.registered(name, 2), shared.registered(name, 3, sick=[1])),
    )


def _a_workload(pick, one_of):
    finished = {"conditions": [{"type": "Finished", "status": "True"}]}
    once_ready = {
        "assignment": {"admittedAt": build.rfc(NOW - 60)},
        "conditions": [{"type": "Ready", "status": "False", "reason": "PodsNotReady"}],
    }
    asks_itself = {"containers": [build.a_container(limits={build.GPU: 1})]}
    return build.a_workload(
        one_of(WORKLOADS),
        one_of((1, 2)),
        pick("Gang", "Service"),
        status=pick(None, finished, once_ready, once_ready),
        deleting=pick(False, True),
        suspend=pick(False, True),
        pod=pick(None, asks_itself),
        variants=[build.a_variant(chips=pick(8, "0.25", 1))],
    )


def _a_job(pick, one_of):
    return build.a_job(
        one_of(WORKLOADS),
        pick(an_assignment(3), an_assignment(1), None),
        owner=pick(None, "", "uid-team-w-2"),
        displaced=pick(None, LOST),
        suspended=pick(False, True),
        deleting=pick(False, True),
        succeeded=pick(0, 1),
        conditions=pick((), [{"type": "Complete", "status": "True"}]),
    )


def _a_deployment(pick, one_of):
    return build.a_deployment(one_of(WORKLOADS), pick(an_assignment(2), None), replicas=pick(2, 0))


def _a_pod(pick, one_of):
    place = one_of(({}, {"gated": True}, {"node": one_of(NODES)}, {"pinned": one_of((*NODES, "elsewhere"))}))
    waiting = {"name": "main", "state": {"waiting": {"reason": one_of(("ErrImagePull", "CrashLoopBackOff"))}}}
    device = shared.device(one_of(NODES), one_of((0, 1)))
    said = pick(None, {shared.OURS: one_of(("0", device))}, shared.allocated((device, one_of((25, 100)))))
    return build.a_pod(
        one_of(PODS),
        pick("w", "v", "nobody", ""),
        job=pick(None, "rs", "", "job-team-w-2"),
        chips=one_of((1, 8)),
        deleting=pick(False, True),
        phase=pick("Running", "Pending", "Succeeded", "Failed"),
        ready=one_of((False, True)),
        index=one_of((None, 0, 1)),
        statuses=one_of(((), [waiting])),
        requests=pick(None, shared.a_share(25)),
        said=said,
        **place,
    )


def _a_native_pod(pick, one_of):
    place = one_of(({}, {}, {"node": one_of(NODES)}, {"pinned": one_of((*NODES, "elsewhere"))}))
    sets = native.an_owner("StatefulSet", "s", "statefulset-s")
    behind = native.an_owner("ReplicaSet", "w-1")
    group = one_of((native.the_labels(), native.the_labels("g", 2), native.the_labels("g", one_of((1, None)))))
    return native.a_native_pod(
        one_of(PODS),
        owner=one_of((None, native.the_job("w"), native.the_job("v"), sets, behind)),
        labels={**group, "pod-template-hash": "1"},
        given=one_of((None, an_assignment(1), an_assignment(2, at=NOW - 30))),
        chips=pick(8, 1),
        deleting=pick(False, True),
        phase=pick("Running", "Pending", "Succeeded", "Failed"),
        ready=one_of((False, True)),
        born=one_of((NOW - 9, NOW - 99)),
        said=pick(None, {"chippool.io/hold": ""}),
        **place,
    )


def _a_native_job(pick, one_of):
    return native.a_native_job(
        one_of(WORKLOADS),
        one_of((1, 2)),
        completions=one_of((1, 2, 5)),
        given=pick(None, an_assignment(2)),
        displaced=pick(None, LOST),
        suspended=pick(False, True),
        succeeded=pick(0, 1),
        owners=pick((), [native.an_owner("JobSet", "set")]),
        conditions=pick((), [{"type": "Complete", "status": "True"}]),
        labels=pick(None, native.the_labels("g", 2)),
        deleting=pick(False, True),
    )


def _either(one, other):
    return lambda pick, one_of: one_of((one, other))(pick, one_of)


MAKERS = {
    "ChipPool": _a_pool,
    "ChipQueue": lambda pick, _: build.a_queue(limits=pick(None, {"h800": 8}), selector=pick(None, {})),
    "PriorityClass": lambda pick, _: build.a_class(value=pick(1, 2)),
    "Namespace": lambda pick, _: build.a_namespace(phase=pick("Active", "Terminating")),
    "Node": _a_node,
    "ChipWorkload": _a_workload,
    "Job": _either(_a_job, _a_native_job),
    "Deployment": _a_deployment,
    "StatefulSet": lambda pick, one_of: native.a_stateful_set(
        "s", pick("Parallel", "OrderedReady"), one_of((NOW, NOW - 5))
    ),
    "Pod": _either(_a_pod, _a_native_pod),
}


KINDS = tuple(MAKERS)
OFTEN = (*KINDS, *("Node", "ChipWorkload", "Job", "Pod", "Pod", "Pod") * 2)


class Server:
    """Objects by name, and the events each kind's watch has still to deliver."""

    def __init__(self, dice) -> None:
        self.dice = dice
        self.objects = {}
        self.queues = defaultdict(deque)
        self.born = Counter()

    def writes(self) -> None:
        kind = self.dice.choice(OFTEN)
        raw = a_random_object(kind, self.dice)
        name = (kind, raw["metadata"]["name"])
        before = self.objects.get(name)
        if before is not None and self.dice.random() < 0.3:
            self.queues[kind].append(("remove", self.objects.pop(name)))
            if self.dice.random() < 0.5:
                return
            before = None
        raw["metadata"]["uid"] = before["metadata"]["uid"] if before else self._uid(raw)
        self.objects[name] = raw
        self.queues[kind].append(("apply", raw))

    def _uid(self, raw):
        """An object made anew has another uid, which owner references may name or not."""
        base = raw["metadata"]["uid"]
        self.born[base] += 1
        return base if self.born[base] == 1 else f"{base}-{self.dice.choice((2, self.born[base]))}"

    def delivers(self, kind, mirror) -> None:
        if self.queues[kind]:
            what, raw = self.queues[kind].popleft()
            if what == "apply":
                mirror.apply(kind, raw["metadata"]["uid"], PROJECT[kind](raw))
            else:
                mirror.remove(kind, raw["metadata"]["uid"])

    def delivers_some(self, mirror) -> None:
        """One event of one of the watches that have any."""
        waiting = [kind for kind in KINDS if self.queues[kind]]
        if waiting:
            self.delivers(self.dice.choice(waiting), mirror)

    def lists(self, kind, mirror) -> None:
        """What the broken watch would have told is lost."""
        self.queues[kind].clear()
        there = [raw for (other, _), raw in self.objects.items() if other == kind]
        for raw in there:
            mirror.apply(kind, raw["metadata"]["uid"], PROJECT[kind](raw))
        mirror.sweep(kind, {raw["metadata"]["uid"] for raw in there})

    def tells_all(self, mirror) -> None:
        for kind in KINDS:
            while self.queues[kind]:
                self.delivers(kind, mirror)


def _assumes(mirror, dice) -> None:
    """Whatever is assumed here is undone in the end."""
    snapshot = mirror.snapshot()
    nodes = [NodeName(name) for name in snapshot.nodes]
    if nodes:
        name = dice.choice(WORKLOADS)
        mirror.assume(Plan((build.admit(name, [dice.choice(nodes) for _ in range(dice.choice((1, 2)))], chips=1),)))


def _steps(server, mirror, dice, count) -> None:
    for _ in range(count):
        server.writes()
        for _ in range(dice.randrange(4)):
            server.delivers_some(mirror)
        match dice.randrange(12):
            case 0:
                server.lists(dice.choice(KINDS), mirror)
            case 1:
                _assumes(mirror, dice)
            case 2:
                mirror.stuck(NOW + 100, 30)
            case 3:
                mirror.pins(NOW)
            case 4:
                mirror.expire(math.inf)
            case 5 | 6 | 7 | 8:
                mirror.snapshot()


def _from_scratch(server, dice):
    mirror = Mirror(lambda: NOW)
    objects = list(server.objects.items())
    dice.shuffle(objects)
    for (kind, _), raw in objects:
        mirror.apply(kind, raw["metadata"]["uid"], PROJECT[kind](raw))
    return mirror


@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 200))
def test_a_snapshot_from_events_is_the_snapshot_from_scratch(seed, count):
    dice = random.Random(seed)
    server, mirror = Server(dice), Mirror(lambda: NOW)
    _steps(server, mirror, dice, count)
    server.tells_all(mirror)
    mirror.expire(math.inf)
    fresh = _from_scratch(server, dice)
    note(sorted(server.objects))
    assert mirror.snapshot() == fresh.snapshot()
    for pool in ("h800", "h20"):
        assert mirror.pool_counts(PoolName(pool)) == fresh.pool_counts(PoolName(pool))
    assert mirror.queue_counts(QueueName("q")) == fresh.queue_counts(QueueName("q"))
