"""What is really asked for, pool by pool: learnt from workloads as they arrive, so rule 5 knows what holes are for.

Kept in memory alone: an operator that starts anew learns from the workloads there are, in the order they were made.
"""

from collections.abc import Iterator
from dataclasses import replace

from chippool.core.ids import PoolName, WorkloadKey
from chippool.core.model import Snapshot, Variant, Workload, Worth
from chippool.core.worth import Mix

_UNLEARNT = Worth()


class Learner:
    """Remembers who has arrived, and what arrivals have taught."""

    def __init__(self) -> None:
        self._mixes: dict[PoolName, Mix] = {}
        self._seen: set[WorkloadKey] = set()

    def taught(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with what was learnt until now, its own new workloads included."""
        new = [snapshot.workloads[key] for key in snapshot.workloads.keys() - self._seen]
        for workload in sorted(new, key=lambda w: (w.created, w.uid)):
            for pool, variant in _demand(workload):
                self._mixes.setdefault(pool, Mix()).arrive(variant.ask, variant.replicas)
        self._seen = set(snapshot.workloads)
        self._mixes = {pool: mix for pool, mix in self._mixes.items() if pool in snapshot.pools}
        worths = {pool: mix.worth for pool, mix in sorted(self._mixes.items()) if mix.worth != _UNLEARNT}
        return replace(snapshot, worths=worths)


def _demand(workload: Workload) -> Iterator[tuple[PoolName, Variant]]:
    """Each pool it may run in, with the way it would rather."""
    named: set[PoolName] = set()
    for variant in workload.variants:
        for pool in variant.pools:
            if pool not in named:
                named.add(pool)
                yield pool, variant
