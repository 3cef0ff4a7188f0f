"""The sharing rules by brute force: who stays within what, and whom a winner may displace."""

from chippool.core.ids import CHIP
from tests.laws.oracle import Cluster


class Rights:
    """What a cluster's tree, pools and clocks allow as a plan begins."""

    def __init__(self, snapshot, now):
        self.snapshot, self.now = snapshot, now
        self.began = Cluster(snapshot)
        self.promises = {p: self._shrunk(p) for p in snapshot.pools}

    # --- the tree

    def path(self, queue):
        """Places from the root down; who sits in a queue that has children sits on a place of their own."""
        names = [queue]
        while (parent := self.snapshot.queues[names[0]].parent) is not None:
            names.insert(0, parent)
        return names if not self.children(queue) else [*names, f"{queue}/own"]

    def children(self, queue):
        return sorted(q.name for q in self.snapshot.queues.values() if q.parent == queue)

    def external(self, workload):
        return any(self.snapshot.queues[q].external for q in self.path(workload.queue) if "/" not in q)

    def scavenges(self, workload, pool):
        for entry in self.snapshot.pools[pool].access:
            classes = entry.classes is None or workload.class_name in entry.classes
            if classes and entry.external == self.external(workload):
                return entry.scavenge
        return False

    def let_in(self, workload, pool):
        access = self.snapshot.pools[pool].access
        if not access:
            return not self.external(workload)
        return any(
            (e.classes is None or workload.class_name in e.classes) and e.external == self.external(workload)
            for e in access
        )

    # --- guarantees

    def _promised(self, queue, pool):
        listed = self.snapshot.queues[queue].guaranteed.get(pool)
        return listed if listed is not None else sum(self._promised(c, pool) for c in self.children(queue))

    def _shrunk(self, pool):
        roots = sorted(q.name for q in self.snapshot.queues.values() if q.parent is None)
        stock = sum(n.installed for n in self.snapshot.nodes.values() if n.pools == (pool,))
        found = {}
        self._share(pool, [(r, self._promised(r, pool)) for r in roots], stock, found)
        return found

    def _share(self, pool, wishes, has, found):
        total = sum(wish for _, wish in wishes)
        given = dict(wishes)
        if total > has:
            exact = {name: wish * (has // CHIP) / total for name, wish in wishes}
            given = {name: int(part) * CHIP for name, part in exact.items()}
            order = sorted(range(len(wishes)), key=lambda i: (-(wishes[i][1] * (has // CHIP) % total), i))
            for i in order[: (has - sum(given.values())) // CHIP]:
                given[wishes[i][0]] += CHIP
        found.update(given)
        for name, chips in given.items():
            below = self.children(name) if "/" not in name else []
            if below:
                inner = [(c, self._promised(c, pool)) for c in below]
                own = max(self._promised(name, pool) - sum(w for _, w in inner), 0)
                self._share(pool, [*inner, (f"{name}/own", own)], chips, found)

    # --- use

    def used(self, cluster, place, pool, *, own=False):
        """Chips below a place; `own` without what is scavenged."""
        return sum(
            v.ask.chips * len(nodes)
            for w, p, v, nodes in cluster.held.values()
            if p == pool and place in self.path(w.queue) and not (own and self.scavenges(w, p))
        )

    def limit(self, place, pool):
        queue = self.snapshot.queues.get(place)
        if queue is None:
            return None
        return queue.limits.get(pool, 0 if queue.closed else None)

    def borrowed(self, key, pool, place):
        """Whether the workload is past the guarantee of every place from its own up to `place`."""
        path = self.path(self.began.held[key][0].queue)
        return all(key in self._past(p, pool) for p in path[path.index(place) :])

    def _past(self, place, pool):
        """Of those borrowed at every place below: lowest and youngest first, while the place is past its guarantee."""
        below = [
            (self._priority(w), -w.assignment.admitted_at, w.uid, key)
            for key, (w, p, _, _) in self.began.held.items()
            if p == pool
            and place in self.path(w.queue)
            and not self.scavenges(w, p)
            and self._past_below(key, place, pool)
        ]
        beyond = self.used(self.began, place, pool, own=True) - self.promises[pool].get(place, 0)
        found = set()
        for *_, key in sorted(below):
            if beyond <= 0:
                break
            found.add(key)
            beyond -= self.began.held[key][2].ask.chips * len(self.began.held[key][3])
        return found

    def _past_below(self, key, place, pool):
        path = self.path(self.began.held[key][0].queue)
        return all(key in self._past(p, pool) for p in path[path.index(place) + 1 :])

    def _priority(self, workload):
        return self.snapshot.classes[workload.class_name].value

    # --- who may take from whom

    def may_take(self, cluster, winner, key, pool, new):
        victim = self.began.held[key][0]
        if self._spared(winner, victim):
            return False
        mine, theirs = self.scavenges(winner, pool), self.scavenges(victim, pool)
        if theirs and not mine:
            return True
        if self._left_alone(victim) and not theirs:
            return False
        lower = self._priority(victim) < self._priority(winner)
        if mine:
            return theirs and lower and not (self.external(winner) and not self.external(victim))
        if victim.queue == winner.queue:
            return lower
        return self._from_another_queue(cluster, winner, key, pool, new, lower=lower)

    def _from_another_queue(self, cluster, winner, key, pool, new, *, lower):
        victim = self.began.held[key][0]
        up, down = self.path(winner.queue), self.path(victim.queue)
        depth = next(i for i, (one, other) in enumerate(zip(up, down, strict=False)) if one != other)
        borrowed = self.borrowed(key, pool, down[depth])
        guaranteed = self.promises[pool].get(up[depth], 0)
        within = self.used(cluster, up[depth], pool, own=True) + new <= guaranteed
        if pool not in {p for q in self.snapshot.queues.values() for p in q.guaranteed}:
            within = False
        if within and not (self.external(winner) and not self.external(victim)):
            return lower or borrowed or (self.external(victim) and not self.external(winner))
        return lower and borrowed

    def _spared(self, winner, victim):
        last = victim.displaced
        return last is not None and last.by == winner.key and self.now - last.at < 3600

    def _left_alone(self, victim):
        last = victim.displaced
        cooling = last is not None and last.by is not None and self.now < last.at + victim.cooldown
        return cooling or self.now < victim.assignment.admitted_at + victim.min_runtime
