"""What pods measure of their work, by family, namespace and pool, and the speeds of variants as corrected by it.

Kept in memory alone, the last pods of each cell, also when they are gone: an operator that starts anew learns from the
pods that run.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from math import log

from chippool.core.ids import CHIP, Namespace, PoolName, WorkloadKey
from chippool.core.model import Workload
from chippool.core.throughput import Cell, Measured, Ratio, corrected, measured
from chippool.state.records import PodRecord

KEPT = 64
"""Pods of a cell that are remembered, the last to measure."""
FAMILIES = 256
"""Families that are remembered; of more, those that come later are not measured."""
TOLD = 32
"""Pairs that a pool tells at most."""

Samples = dict[str, float]
"""The logarithm of a pod's throughput a chip, by its uid; the oldest first."""


@dataclass(frozen=True, slots=True)
class PoolRatio:
    """What a chip of a pool does for a family beside one of another pool."""

    family: str
    beside: PoolName
    found: Ratio


class Throughputs:
    def __init__(self) -> None:
        self._cells: defaultdict[str, dict[Cell, Samples]] = defaultdict(dict)
        self._measured: dict[str, Measured] = {}
        self._members: defaultdict[str, set[WorkloadKey]] = defaultdict(set)
        self._family: dict[WorkloadKey, str] = {}
        self._told: Mapping[PoolName, tuple[PoolRatio, ...]] = {}
        self._moved: set[str] = set()

    def learn(self, view: Workload, family: str, pods: Iterable[PodRecord]) -> None:
        """Take in what the pods of a workload measure where it is now."""
        if self._family.get(view.key) != family:
            self.forget(view.key)
            if not self._has_room(family):
                return
            self._members[family].add(view.key)
            self._family[view.key] = family
        given = view.assignment
        ask = next((v.ask.chips for v in view.variants if given is not None and v.name == given.variant), 0)
        if given is None or not ask:
            return
        samples = self._cells[family].setdefault((view.namespace, given.pool), {})
        telling = (pod for pod in pods if pod.throughput > 0 and pod.ready and not pod.deleting)
        for pod in islice(telling, KEPT):
            self._add(family, samples, pod.uid, log(pod.throughput * CHIP / ask))

    def _has_room(self, family: str) -> bool:
        """One that nobody is of any more makes room for another."""
        if family in self._members or len(self._members) < FAMILIES:
            return True
        left = next((name for name, members in self._members.items() if not members), None)
        if left is None:
            return False
        del self._members[left]
        self._cells.pop(left, None)
        self._measured.pop(left, None)
        return True

    def _add(self, family: str, samples: Samples, uid: str, logarithm: float) -> None:
        if samples.get(uid) == logarithm:
            return
        samples.pop(uid, None)
        samples[uid] = logarithm
        while len(samples) > KEPT:
            del samples[next(iter(samples))]
        self._moved.add(family)

    def forget(self, key: WorkloadKey) -> None:
        """A workload is gone; what its pods measured stays."""
        if (family := self._family.pop(key, None)) is not None:
            self._members[family].discard(key)

    def settled(self) -> set[WorkloadKey]:
        """Work out anew what has moved; returns the workloads whose speeds may be others now."""
        concerned: set[WorkloadKey] = set()
        for family in self._moved:
            now = measured({cell: [*samples.values()] for cell, samples in self._cells[family].items()})
            if now != self._measured.get(family):
                self._measured[family] = now
                concerned |= self._members[family]
        if self._moved:
            self._moved.clear()
            self._told = _by_pool(self._measured)
        return concerned

    def corrected(self, view: Workload, family: str) -> Workload:
        """Return the workload with the speeds that were measured of its family."""
        known = self._measured.get(family)
        if known is None or len(view.variants) < 2:
            return view
        return replace(view, variants=corrected(view.variants, partial(known.beside, Namespace(view.namespace))))

    def of_pool(self, pool: PoolName) -> tuple[PoolRatio, ...]:
        """Return what at least three namespaces say of a pool."""
        return self._told.get(pool, ())

    def of_family(self, family: str) -> Mapping[tuple[PoolName, PoolName], Ratio]:
        """Return what at least three namespaces say of a family."""
        return known.every if (known := self._measured.get(family)) else {}


def _by_pool(families: Mapping[str, Measured]) -> dict[PoolName, tuple[PoolRatio, ...]]:
    found: defaultdict[PoolName, list[PoolRatio]] = defaultdict(list)
    for family, known in sorted(families.items()):
        for (one, other), ratio in sorted(known.every.items()):
            found[one].append(PoolRatio(family, other, ratio))
            found[other].append(PoolRatio(family, one, ratio.turned()))
    return {pool: tuple(ratios[:TOLD]) for pool, ratios in found.items()}
