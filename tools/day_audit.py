"""What must hold after every decision, whatever happens: recounted from scratch, sharing no code with the core."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from chippool.core.ids import CHIP, NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Access, Node, Queue, Snapshot, Workload
from chippool.core.plan import Admit, Displace, Hold, Migrate, Place, Resize
from chippool.sim.clockwork import Look

HOUR = 3600.0
_EPSILON = 1e-6


class Audit:
    """Watches a simulated cluster; `violations` is what it found, in sentences."""

    def __init__(self, nodes: Mapping[NodeName, Node]) -> None:
        self.violations: list[str] = []
        self.checks = 0
        self._began = dict(nodes)
        self._taken: dict[tuple[WorkloadKey, WorkloadKey], float] = {}

    def watch(self, look: Look) -> None:
        """Check one decision and the cluster after it."""
        for rule in _RULES:
            self.checks += 1
            found = [f"{look.now:.0f} s: {rule.__name__[1:].replace('_', ' ')}: {wrong}" for wrong in rule(self, look)]
            self.violations += found

    # --- of the cluster

    def _every_node_adds_up(self, look: Look) -> Iterator[str]:
        held: defaultdict[NodeName, int] = defaultdict(int)
        room: defaultdict[NodeName, Counter[str]] = defaultdict(Counter)
        chips: defaultdict[NodeName, Counter[int]] = defaultdict(Counter)
        for one in look.ground.workloads.values():
            if one.assignment is None:
                continue
            ask = next(v.ask for v in one.variants if v.name == one.assignment.variant)
            for place, name in enumerate(one.placed):
                held[name] += ask.chips
                room[name].update(dict(ask.requests))
                if one.seats:
                    chips[name][one.seats[place]] += ask.chips
        for name, began in self._began.items():
            now = look.ground.nodes[name]
            if now.free != began.free - held[name] or now.free < 0:
                yield f"{name} has {now.free} free, {held[name]} are held of {began.free}"
            if any(now.room[r] != began.room[r] - room[name][r] or now.room[r] < 0 for r in began.room):
                yield f"{name} has room {dict(now.room)}"
            if any(used > CHIP for used in chips[name].values()):
                yield f"a chip of {name} is given to {dict(chips[name])}"
            partly = sum(CHIP - used for used in chips[name].values())
            if now.free < partly:
                yield f"whole chips of {name} are shared"

    def _admitted_work_is_whole_or_waits_for_nodes(self, look: Look) -> Iterator[str]:
        for one in look.ground.workloads.values():
            if one.assignment is None and one.placed:
                yield f"{one.key} has nodes and no assignment"
            if one.assignment is not None and len(one.placed) + one.missing != one.assignment.replicas:
                yield f"{one.key} has {len(one.placed)} of {one.assignment.replicas} replicas, {one.missing} missing"

    def _nobody_runs_beyond_max_runtime(self, look: Look) -> Iterator[str]:
        for one in look.ground.workloads.values():
            limit, given = one.max_runtime, one.assignment
            if given is not None and limit is not None and look.now > given.admitted_at + limit + _EPSILON:
                yield f"{one.key} since {given.admitted_at}"

    # --- of the decision

    def _everybody_is_decided_for_once(self, look: Look) -> Iterator[str]:
        decided = Counter(d.workload for d in look.plan.decisions)
        if decided.keys() != look.snapshot.workloads.keys() or max(decided.values(), default=1) > 1:
            yield f"{len(decided)} of {len(look.snapshot.workloads)}"

    def _replicas_go_where_they_may(self, look: Look) -> Iterator[str]:
        for d in look.plan.decisions:
            if not isinstance(d, Admit | Migrate | Place | Resize):
                continue
            one = look.ground.workloads[d.workload]
            assert one.assignment is not None
            before = look.snapshot.workloads[d.workload].placed if isinstance(d, Migrate) else ()
            for name in {*d.nodes} - {*before}:
                node = look.snapshot.nodes[name]
                if not node.usable or node.pools != (one.assignment.pool,):
                    yield f"{one.key} on {name}"
            if isinstance(d, Admit | Migrate) and not _let_in(look.snapshot, one, d.pool):
                yield f"{one.key} is not let into {d.pool}"

    def _limits_are_not_passed_by_admissions(self, look: Look) -> Iterator[str]:
        before, after = _used(look.snapshot, look.snapshot.workloads), _used(look.snapshot, look.ground.workloads)
        for queue in look.snapshot.queues.values():
            for pool in look.snapshot.pools:
                limit = queue.limits.get(pool, 0 if queue.closed else None)
                now, then = after[queue.name, pool], before[queue.name, pool]
                if limit is not None and now > max(limit, then):
                    yield f"{queue.name} uses {now} of {pool}, limit {limit}, before {then}"

    def _victims_may_be_taken(self, look: Look) -> Iterator[str]:
        for d in look.plan.decisions:
            if not isinstance(d, Displace) or d.by is None:
                continue
            victim, winner = look.snapshot.workloads[d.workload], look.snapshot.workloads[d.by]
            assert victim.assignment is not None
            scavenges = _scavenges(look.snapshot, victim, victim.assignment.pool)
            lower = _value(look.snapshot, victim) < _value(look.snapshot, winner)
            if d.reason == "Preempted" and not lower:
                yield f"{victim.key} is not lower than {winner.key}"
            caps = [q.min_runtime_cap for q in _above(look.snapshot, victim.queue)]
            if look.now < victim.assignment.admitted_at + min(victim.min_runtime, *caps) - _EPSILON and not scavenges:
                yield f"{victim.key} before its minRuntime"
            last = self._taken.get((victim.key, winner.key))
            if last is not None and look.now - last < HOUR:
                yield f"{victim.key} by {winner.key} for the second time within an hour"
            self._taken[victim.key, winner.key] = look.now

    def _what_is_kept_is_free_and_for_one_that_waits(self, look: Look) -> Iterator[str]:
        free: Counter[PoolName] = Counter()
        for node in look.ground.nodes.values():
            for pool in node.pools:
                free[pool] += node.free
        waits = {d.workload for d in look.plan.decisions if isinstance(d, Hold)}
        admitted = {d.workload for d in look.plan.decisions if isinstance(d, Admit)}
        for kept in look.plan.reserved:
            if not 0 <= kept.chips <= free[kept.pool] or kept.start <= look.now:
                yield f"{kept.chips} of {kept.pool} until {kept.start}, {free[kept.pool]} are free"
            if kept.workload in admitted or (
                kept.workload not in waits and look.snapshot.workloads[kept.workload].assignment is None
            ):
                yield f"{kept.workload} does not wait"


_RULES = [rule for name, rule in vars(Audit).items() if name.startswith("_") and not name.startswith("__")]


def _value(snapshot: Snapshot, one: Workload) -> int:
    return snapshot.classes[one.class_name].value


def _above(snapshot: Snapshot, name: QueueName) -> list[Queue]:
    found: list[Queue] = []
    at: QueueName | None = name
    while at is not None:
        found.append(snapshot.queues[at])
        at = snapshot.queues[at].parent
    return found


def _entry(snapshot: Snapshot, one: Workload, pool: PoolName) -> Access | None:
    external = any(queue.external for queue in _above(snapshot, one.queue))
    access = snapshot.pools[pool].access
    fitting = [e for e in access if e.external == external and (e.classes is None or one.class_name in e.classes)]
    return fitting[0] if fitting else None


def _let_in(snapshot: Snapshot, one: Workload, pool: PoolName) -> bool:
    return not snapshot.pools[pool].access or _entry(snapshot, one, pool) is not None


def _scavenges(snapshot: Snapshot, one: Workload, pool: PoolName) -> bool:
    entry = _entry(snapshot, one, pool)
    return entry is not None and entry.scavenge


def _used(snapshot: Snapshot, workloads: Mapping[WorkloadKey, Workload]) -> Counter[tuple[QueueName, PoolName]]:
    used: Counter[tuple[QueueName, PoolName]] = Counter()
    for one in workloads.values():
        if one.assignment is not None:
            ask = next(v.ask for v in one.variants if v.name == one.assignment.variant)
            for queue in _above(snapshot, one.queue):
                used[queue.name, one.assignment.pool] += one.assignment.replicas * ask.chips
    return used
