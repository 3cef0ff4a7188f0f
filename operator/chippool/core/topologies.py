"""Rule 5: what options wish of their pools' topologies; a pool that has none costs nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from chippool.core.claim import Claim
from chippool.core.constraints import Within
from chippool.core.domains import Domains, Path, path_of
from chippool.core.ids import NodeName, PoolName
from chippool.core.model import Pool, Variant, Workload
from chippool.core.nearness import fill_together, opening, room_together, roomiest
from chippool.core.placement import Spots, fill
from chippool.core.seeker import Option
from chippool.core.shelf import Shelf
from chippool.core.tenancy import Tenancy

_LOOKED_AT = 4
"""Domains in which the start of a workload that waits is estimated."""


class Topologies:
    """The domains of every pool, found when first asked for."""

    def __init__(self, pools: Mapping[PoolName, Pool], shelves: Mapping[PoolName, Shelf]) -> None:
        self._pools, self.shelves = pools, shelves
        self._domains: dict[PoolName, Domains] = {}
        self._openings: dict[tuple[Option, Claim], tuple[int, list[Option]]] = {}

    def levels(self, pool: PoolName) -> Sequence[str]:
        found = self._pools.get(pool)
        return found.topology if found else ()

    def wish(self, option: Option) -> Within | None:
        """What it asks for, if its pool has that level."""
        within = option.topology
        return within if within is not None and within.level in self.levels(option.pool) else None

    def demand(self, option: Option) -> Within | None:
        """The same if it must be."""
        within = self.wish(option)
        return within if within is not None and within.required else None

    def stays_in(self, workload: Workload, pool: PoolName) -> Within | None:
        """The wish of a workload that runs: its other replicas join those that are there."""
        within = workload.topology
        if within is None or within.level not in self.levels(pool):
            return within
        on = (*workload.placed, *workload.reserved)
        return replace(within, home=self.domains(pool).home(within.level, on))

    def domains(self, pool: PoolName) -> Domains:
        if pool not in self._domains:
            self._domains[pool] = Domains(self.shelves[pool], self.levels(pool))
        return self._domains[pool]

    def fill(self, option: Option) -> Spots:
        """Put its replicas where it wants them; fewer of them means that there is no such room."""
        within, ask = self.wish(option), option.variant.ask
        if within is None:
            return fill(self.shelves[option.pool], ask, option.replicas)
        return fill_together(self.domains(option.pool), ask, option.replicas, within)

    def openings(self, option: Option, within: Within, tenancy: Tenancy, claim: Claim) -> list[Option]:
        """The option as it is in each domain that may open if others leave, those first that open first."""
        key, now = (option, claim), len(tenancy.shelf.touched)
        known = self._openings.get(key)
        if known is None or known[0] != now:
            domains = self.domains(option.pool)
            found = opening(tenancy, domains, option.variant.ask, option.replicas, within, claim)
            known = self._openings[key] = (now, [self._narrowed(option, domain) for domain in found])
        return known[1]

    def apart(self, option: Option) -> list[Option]:
        """The option as it is, or in each of the few domains that have the most room now."""
        within = self.demand(option)
        if within is None:
            return [option]
        domains, shelf = self.domains(option.pool), self.shelves[option.pool]
        every = map(partial(self._narrowed, option), roomiest(domains, option.variant.ask, within))
        return [*islice(filter(lambda one: shelf.ceiling(one.variant.ask) >= option.replicas, every), _LOOKED_AT)]

    def _narrowed(self, option: Option, domain: Path) -> Option:
        ask = self.domains(option.pool).narrowed(option.variant.ask, domain)
        return replace(option, variant=replace(option.variant, ask=ask))

    def barred(self, workload: Workload, pool: PoolName) -> int:
        """Nodes that a workload which runs there may not move to, as bits: it has to stay in its domain."""
        within = self.stays_in(workload, pool)
        if within is None or not within.required or within.home is None:
            return 0
        return self.shelves[pool].every & ~self.domains(pool).members(within.home)

    def at_home(self, workload: Workload, variant: Variant, pool: PoolName, on: Iterable[NodeName]) -> Variant:
        """The variant for more replicas of a workload on these nodes: in its domain, if it has to stay there."""
        within = workload.topology
        if within is None or not within.required or within.level not in self.levels(pool):
            return variant
        home = self.domains(pool).home(within.level, on)
        return replace(variant, ask=self.domains(pool).narrowed(variant.ask, home)) if home else variant

    def room(self, option: Option, within: Within) -> tuple[int, int]:
        """Replicas that fit in one domain now, and in all of the pool."""
        domains, ask = self.domains(option.pool), option.variant.ask
        return room_together(domains, ask, within), domains.room(ask)[()]

    def ceiling(self, option: Option) -> int:
        """Replicas that could ever be where it wants them."""
        within, ask = self.demand(option), option.variant.ask
        if within is None:
            return self.shelves[option.pool].ceiling(ask)
        return self.domains(option.pool).ceiling(ask, within.level)

    def by_rank(self, pool: PoolName, spots: Spots) -> Spots:
        """In the order of ranks: neighbours share the narrowest domain."""
        levels, shelf = self.levels(pool), self.shelves[pool]
        if not levels or len(spots) < 2:
            return spots
        return sorted(spots, key=lambda spot: (path_of(shelf.nodes[spot.node], levels), spot.node))
