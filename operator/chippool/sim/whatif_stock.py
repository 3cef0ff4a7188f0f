"""What a change means for the stock: effective chips by purpose, the part of domestic ones, what is yet to arrive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chippool.core.capacity import Purpose, capacities, share
from chippool.core.ids import Milli, PoolName
from chippool.core.supply import Export, stock_of
from chippool.core.whatif import Ban, Change
from chippool.sim.whatif import Answer
from chippool.state.records import PoolRecord


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Software makes so many chips of one, for a purpose; in one pool or in all."""

    purpose: Purpose
    factor: float
    pool: PoolName | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """What pools state and have at one moment; `healthy` in milli-chips."""

    pools: Mapping[PoolName, PoolRecord]
    healthy: Mapping[PoolName, Milli]

    def effective(self, pool: PoolName) -> dict[Purpose, float]:
        """Return what a pool is worth in chips of the reference, by the purposes its chips' speed is known for."""
        found = capacities(self.pools[pool].yields, max(0, self.healthy.get(pool, 0)), {})
        return {one.purpose: one.chips for one in found}

    def arriving(self, pool: PoolName) -> float | None:
        """Return the chips on order, each order at its probability; None where no supply is stated."""
        supply = self.pools[pool].supply
        return None if supply is None else stock_of(supply, 0, 0).arriving

    def worth(self) -> dict[Purpose, float]:
        """Return what all pools are worth together."""
        every = [self.effective(pool) for pool in self.pools]
        sums = {purpose: [one[purpose] for one in every if purpose in one] for purpose in Purpose}
        return {purpose: sum(parts) for purpose, parts in sums.items() if parts}

    def domestic(self, purpose: Purpose) -> float | None:
        """Return the part of it that domestic chips have; None where no pool states its origin."""
        stated = [pool for pool, record in self.pools.items() if record.supply is not None]
        if not stated:
            return None
        home = [pool for pool in stated if (supply := self.pools[pool].supply) is not None and supply.domestic]
        some, every = ([self.effective(pool).get(purpose, 0.0) for pool in pools] for pools in (home, self.pools))
        return share(some, every)


def changed_stock(before: Stock, answer: Answer, changes: Iterable[Change], gains: Iterable[Efficiency]) -> Stock:
    """Return the stock with the nodes that are lost and added, bans and efficiency."""
    healthy = dict(before.healthy)
    for sign, nodes in ((-1, answer.nodes_lost()), (1, answer.nodes_added())):
        for node in nodes:
            for pool in node.pools:
                healthy[pool] = healthy.get(pool, 0) + sign * node.allocatable
    pools = dict(before.pools)
    for change in changes:
        if isinstance(change, Ban):
            pools[change.pool] = _banned(pools[change.pool])
    for gain in gains:
        for name in [gain.pool] if gain.pool else [*pools]:
            pools[name] = _gained(pools[name], gain)
    return Stock(pools, healthy)


def _banned(record: PoolRecord) -> PoolRecord:
    supply = record.supply
    return record if supply is None else replace(record, supply=replace(supply, export=Export.BANNED))


def _gained(record: PoolRecord, gain: Efficiency) -> PoolRecord:
    made = {**record.yields.efficiency, gain.purpose: gain.factor}
    return replace(record, yields=replace(record.yields, efficiency=made))


@dataclass(frozen=True, slots=True)
class Told:
    """The whole answer: what becomes of the work, and of the stock."""

    answer: Answer
    before: Stock
    after: Stock
