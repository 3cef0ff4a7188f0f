"""What a change means for the stock: effective chips by purpose, the part of domestic ones, and how long it lasts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from chippool.core.capacity import Purpose, capacities, share
from chippool.core.demand import Ring
from chippool.core.ids import PoolName
from chippool.core.outlook import Known, Outlook, outlook
from chippool.core.supply import Export, stock_of
from chippool.core.whatif import Ban, Change
from chippool.sim.whatif import Answer


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Software makes so many chips of one, for a purpose; in one pool or in all."""

    purpose: Purpose
    factor: float
    pool: PoolName | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """What pools state and have at one moment, and what they were asked for until then."""

    pools: Mapping[PoolName, Known] = field(default_factory=dict)
    rings: Mapping[PoolName, Ring] = field(default_factory=dict)
    """Of pools whose demand is remembered."""

    def effective(self, pool: PoolName) -> dict[Purpose, float]:
        """Return what a pool is worth in chips of the reference, by the purposes its chips' speed is known for."""
        known = self.pools[pool]
        return {one.purpose: one.chips for one in capacities(known.yields, max(0, known.healthy), {})}

    def arriving(self, pool: PoolName) -> float | None:
        """Return the chips on order, each order at its probability; None where no supply is stated."""
        supply = self.pools[pool].supply
        return None if supply is None else stock_of(supply, 0, 0).arriving

    def outlook(self, pool: PoolName, now: float) -> Outlook | None:
        """Return how long it lasts as from `now` (seconds since the epoch); None where demand is not remembered."""
        ring = self.rings.get(pool)
        return None if ring is None else outlook(ring, self.pools[pool], now)

    def worth(self) -> dict[Purpose, float]:
        """Return what all pools are worth together."""
        every = [self.effective(pool) for pool in self.pools]
        sums = {purpose: [one[purpose] for one in every if purpose in one] for purpose in Purpose}
        return {purpose: sum(parts) for purpose, parts in sums.items() if parts}

    def domestic(self, purpose: Purpose) -> float | None:
        """Return the part of it that domestic chips have; None where no pool states its origin."""
        stated = {pool: known.supply for pool, known in self.pools.items() if known.supply is not None}
        home = [pool for pool, supply in stated.items() if supply.domestic]
        some, every = ([self.effective(pool).get(purpose, 0.0) for pool in pools] for pools in (home, self.pools))
        return share(some, every) if stated else None


@dataclass(frozen=True, slots=True)
class Told:
    """The whole answer: what becomes of the work, and of the stock."""

    answer: Answer
    before: Stock
    after: Stock


def changed_stock(before: Stock, answer: Answer, changes: Iterable[Change], gains: Iterable[Efficiency]) -> Stock:
    """Return the stock with the nodes that are lost and added, bans and efficiency; demand stays as it was."""
    pools = dict(before.pools)
    for sign, nodes in ((-1, answer.nodes_lost()), (1, answer.nodes_added())):
        for node in nodes:
            for name in (name for name in node.pools if name in pools):
                known = pools[name]
                more = (known.installed + sign * node.installed, known.healthy + sign * node.allocatable)
                pools[name] = replace(known, installed=more[0], healthy=more[1])
    for change in changes:
        if isinstance(change, Ban):
            pools[change.pool] = _banned(pools[change.pool])
    for gain in gains:
        for name in [gain.pool] if gain.pool else [*pools]:
            pools[name] = _gained(pools[name], gain)
    return replace(before, pools=pools)


def _banned(known: Known) -> Known:
    supply = known.supply
    return known if supply is None else replace(known, supply=replace(supply, export=Export.BANNED))


def _gained(known: Known, gain: Efficiency) -> Known:
    made = {**known.yields.efficiency, gain.purpose: gain.factor}
    return replace(known, yields=replace(known.yields, efficiency=made))
