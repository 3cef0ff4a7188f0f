"""What is possible, by brute force: written for being obviously right, sharing no code with the core's search."""

from collections import Counter

from chippool.core.plan import Admit, Migrate


class Cluster:
    """A snapshot with a plan carried out on it."""

    def __init__(self, snapshot):
        self.snapshot = snapshot
        self.free = {n.name: n.free for n in snapshot.nodes.values()}
        self.room = {n.name: dict(n.room) for n in snapshot.nodes.values()}
        self.held = {}
        for w in snapshot.workloads.values():
            if w.assignment is not None:
                self.held[w.key] = (w, w.assignment.pool, _variant(w, w.assignment.variant), [*w.placed, *w.reserved])

    def shift(self, ask, nodes, sign):
        for node, count in Counter(nodes).items():
            self.free[node] += sign * count * ask.chips
            for resource, amount in ask.requests:
                self.room[node][resource] += sign * count * amount

    def leave(self, key):
        _, _, variant, nodes = self.held.pop(key)
        self.shift(variant.ask, nodes, 1)

    def enter(self, key, variant_name, pool, nodes):
        workload = self.snapshot.workloads[key]
        variant = _variant(workload, variant_name)
        self.shift(variant.ask, nodes, -1)
        self.held[key] = (workload, pool, variant, list(nodes))

    def follow(self, decision, moves):
        """Carry out what changes who is where: an admission, or one side of a trade, which nobody wins."""
        if isinstance(decision, Admit):
            self.admit(decision, moves)
        elif isinstance(decision, Migrate) and decision.by is None:
            self.clear([decision.workload], moves)

    def admit(self, decision, moves):
        """Carry an admission out, with what becomes of those who make room for it."""
        self.clear(decision.victims, moves)
        self.enter(decision.workload, decision.variant, decision.pool, decision.nodes)

    def clear(self, victims, moves):
        """They go, or go on where they are moved to."""
        for key in victims:
            self.leave(key)
        for key in victims:
            if key in moves:
                self.enter(key, moves[key].variant, moves[key].pool, moves[key].nodes)

    def used(self, queue, pool):
        return sum(v.ask.chips * len(nodes) for w, p, v, nodes in self.held.values() if w.queue == queue and p == pool)

    def within_limits(self):
        return all(
            self.used(q.name, pool) <= limit for q in self.snapshot.queues.values() for pool, limit in q.limits.items()
        )

    def capacity(self, ask, pool):
        """Replicas that fit into the pool now."""
        fit = 0
        for node in self.snapshot.nodes.values():
            if node.usable and node.pools == (pool,):
                each = [self.free[node.name] // ask.chips]
                each += [self.room[node.name][r] // amount for r, amount in ask.requests if amount]
                fit += max(0, min(each))
        return fit

    def is_overfull(self):
        """Whether two are in one place."""
        return any(self.is_overfull_on(node) for node in self.free)

    def is_overfull_on(self, node):
        return self.free[node] < 0 or any(amount < 0 for amount in self.room[node].values())

    def fits(self, workload):
        """Whether any variant in any of its pools would fit now, within access and limits."""
        return any(self._fits(workload, v, p) for v in workload.variants for p in v.pools)

    def _fits(self, workload, variant, pool):
        access = self.snapshot.pools[pool].access
        if access and not any(workload.class_name in entry.classes for entry in access):
            return False
        limit = self.snapshot.queues[workload.queue].limits.get(pool)
        asked = variant.replicas * variant.ask.chips
        if limit is not None and self.used(workload.queue, pool) + asked > limit:
            return False
        return self.capacity(variant.ask, pool) >= variant.replicas

    def fits_without(self, workload, keys):
        """Whether it would fit if those left; they come back afterwards."""
        left = {k: self.held[k] for k in keys}
        for key in keys:
            self.leave(key)
        answer = self.fits(workload)
        for key, (_, pool, variant, nodes) in left.items():
            self.enter(key, variant.name, pool, nodes)
        return answer

    def priority(self, workload):
        return self.snapshot.classes[workload.class_name].value


def moves_of(plan):
    """Where a plan moves whom, by workload."""
    return {d.workload: d for d in plan.decisions if isinstance(d, Migrate)}


def copy_of(cluster):
    other = Cluster(cluster.snapshot)
    other.free, other.held = dict(cluster.free), dict(cluster.held)
    other.room = {n: dict(r) for n, r in cluster.room.items()}
    return other


def _variant(workload, name):
    return next(v for v in workload.variants if v.name == name)
