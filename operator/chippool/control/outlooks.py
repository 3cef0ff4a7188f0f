"""How long each pool's chips last: kept up from what is remembered of demand and what the mirror shows of the stock.

Told anew once an hour, and when something moves that is worth a word: the spec, chips, or what they are held for.
"""

import asyncio
from collections.abc import Callable, Mapping

from chippool.core.attrition import Evidence
from chippool.core.demand import HOUR_S, Means, Ring
from chippool.core.ids import PoolName
from chippool.core.outlook import Asked, Known, Outlook, asked, mean_gain, outlook_of
from chippool.state.mirror import Mirror

Moment = tuple[object, ...]
"""Two outlooks of the same moment say the same."""


class Outlooks:
    """Times in seconds since the epoch."""

    def __init__(
        self, mirror: Mirror, evidence: Callable[[PoolName], Evidence | None], clock: Callable[[], float]
    ) -> None:
        self._mirror, self._evidence, self._clock = mirror, evidence, clock
        self._asked: dict[PoolName, tuple[Means, Asked]] = {}
        self._told: dict[PoolName, tuple[Moment, Outlook]] = {}

    async def learn(self, rings: Mapping[PoolName, Ring]) -> None:
        """Take in the days that are over; in a thread, since a year of them takes a while, once a day."""
        for pool in self._asked.keys() - rings.keys():
            del self._asked[pool]
        for pool, ring in sorted(rings.items()):
            if pool not in self._asked or self._asked[pool][0] is not ring.daily:
                self._asked[pool] = ring.daily, await asyncio.to_thread(asked, ring)
                self._told.pop(pool, None)

    def of(self, pool: PoolName) -> Outlook | None:
        """Return the outlook of a pool; None where nothing is remembered of it yet."""
        record, known = self._mirror.pool_records.get(pool), self._asked.get(pool)
        if record is None or known is None:
            return None
        counts, now = self._mirror.pool_counts(pool), self._clock()
        stock = Known(
            record.supply,
            record.yields,
            max(0, counts.installed),
            max(0, counts.healthy),
            counts.purposes,
            self._evidence(pool),
        )
        gain = round(mean_gain(stock.yields, stock.used), 1)
        moment = (int(now // HOUR_S), record.uid, record.generation, stock.installed, stock.healthy, gain)
        told = self._told.get(pool)
        if told is None or told[0] != moment:
            told = self._told[pool] = moment, outlook_of(known[1], stock, now)
        return told[1]
