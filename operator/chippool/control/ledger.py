"""The ledger, kept by the leader: what chips did, counted as the cluster shows it, and written so that it outlives us.

It is written once an hour, and soon after pods went, since nothing else tells of those; an operator that starts anew
goes on from there with what is still to be seen.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from chippool.control.ledger_pages import Pages
from chippool.control.ledger_workloads import WorkloadBooks
from chippool.control.wasted import at_risk_since, wasted
from chippool.core.books import Books
from chippool.core.capacity import Purpose
from chippool.core.downtime import DAY_MS, Shown, resumed
from chippool.core.ids import PoolName, QueueName
from chippool.core.ledger import (
    NOTHING,
    PPM,
    Account,
    Day,
    Stint,
    Stock,
    Sums,
    by_queue,
    merged,
    merged_stock,
    plus,
    without_namespaces,
)
from chippool.kube.client import ApiError, Client
from chippool.kube.writer import Writer
from chippool.state.facts import key_of
from chippool.state.mirror import Mirror
from chippool.state.stints import Sheet, Stints

LOOK_S = 1.0
OPEN_S = 0.1
"""Whose pods are there is to be known before their workloads go: nothing else says so."""
RETRY_S = 10.0
HOUR_MS = 3_600_000
SOON_MS = 5_000
"""After pods went; longer in proportion to what there is to write."""
PER_ACCOUNT_MS = 50
KEPT_MS = 600_000
REMEMBERED = 32
"""Days that a running period may have."""


class Ledger:
    """`clock` in seconds since the epoch; `namespace` is the operator's own."""

    def __init__(
        self,
        mirror: Mirror,
        writer: Writer,
        client: Client,
        *,
        namespace: str,
        synced: Callable[[], bool],
        may_write: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._mirror, self._pages = mirror, Pages(writer, client, namespace)
        self._synced, self._may_write, self._clock = synced, may_write, clock
        self._stints = Stints(clock)
        mirror.on_pod = self._stints.saw
        self.workloads = WorkloadBooks(mirror)
        self._books: Books | None = None
        self._base = Day(0, 0, 0)  # what was counted of today before these books
        self._homeless: dict[str, Sheet] = {}  # pods on nodes of no pool, or of no workload, so far
        self._told: dict[Account, Sums] = {}  # since we lead, before these books
        self._past: dict[int, dict[QueueName, Sums]] = {}  # by day, what each queue alone held
        self._told_stock: dict[PoolName, Stock] = {}
        self._went = False
        self._written = -math.inf

    async def run(self) -> None:
        """Look every second, and sooner until it is open, until cancelled."""
        while True:
            try:
                await self.look()
            except ApiError as error:
                self._pages.complain(str(error))
                await asyncio.sleep(RETRY_S)
            opens = not self._synced() or (self._books is None and self._may_write())
            await asyncio.sleep(OPEN_S if opens else LOOK_S)

    async def look(self) -> None:
        """Count what has changed, and queue the write that is due. ApiError: nothing can be read."""
        if not self._may_write():
            self._leave()
            return
        if self._books is None:
            await self._open()
            return
        now = self._now()
        self._post(self._books)
        self._survey(self._books, now)
        self._turn(now)
        if self._is_due(now):
            self._save(now)
            self.workloads.tidy()

    def close(self) -> None:
        """Write what there is, before we stop."""
        if self._books is not None and self._may_write():
            self._post(self._books)
            self._save(self._now())

    @property
    def is_open(self) -> bool:
        """Whether anything is counted here."""
        return self._books is not None

    def sums(self) -> Mapping[Account, Sums]:
        """What was counted since this replica leads."""
        return merged(self._told, self._books.sums(self._now())) if self._books else {}

    def stock(self) -> Mapping[PoolName, Stock]:
        """Chips x time of the pools, since then; none while nothing is counted here."""
        return merged_stock(self._told_stock, self._books.pools(self._now())) if self._books else {}

    def today(self) -> Day | None:
        """The day that runs; None while nothing is counted here."""
        return self._day(self._books, self._now()) if self._books else None

    def of_queues(self, first: int) -> Mapping[QueueName, Sums]:
        """What the workloads of each queue alone held, from a day on (since the epoch) until now."""
        today = self.today()
        found = by_queue(today.accounts) if today else {}
        for day, sums in self._past.items():
            for queue, one in sums.items() if day >= first else ():
                found[queue] = plus(found.get(queue, NOTHING), one)
        return found

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _leave(self) -> None:
        """Who follows watches, and keeps what it saw for as long as the leader may not have written it."""
        if self._books is not None:
            self._books = None
            self._told, self._told_stock = {}, {}
            self.workloads.forget()
        if self._synced():
            self._note()
        self._stints.forget_gone(self._now() - KEPT_MS)

    # from where the last one stopped

    async def _open(self) -> None:
        self._note()
        pages = await self._pages.read()
        if not self._may_write():
            return
        self._note()
        last, now = pages[-1] if pages else None, self._now()
        self._past = {page.day: by_queue(page.accounts) for page in pages}
        for uid, sheet in self._stints.everything().items():
            self.workloads.replace(key_of(sheet.pod), uid, None, sheet.stint)
        shown = Shown(tuple(self._all()), self._stock(), self._ppm())
        parts = resumed(last, shown, now)
        self._base = last or Day(0, now, now)
        for gap, books in parts[:-1]:
            self._close_day(self._day(books, gap.last, gap.first))
        gap, self._books = parts[-1]
        if self._base.day != gap.first // DAY_MS:
            self._base = Day(gap.first // DAY_MS, gap.first, gap.first)
        self._past.pop(self._base.day, None)
        self._stints.forget_gone(now)
        self._save(now)

    # what changes

    def _post(self, books: Books) -> None:
        for uid, sheet, before in self._note():
            books.replace(before, sheet.stint)
            self.workloads.replace(key_of(sheet.pod), uid, before, sheet.stint)
            self._went |= sheet.gone
        self._stints.forget_gone(self._now())

    def _note(self) -> list[tuple[str, Sheet, Stint | None]]:
        """Bring up to date what is made of each pod, with what was before; what has ended says nothing new."""
        again, self._homeless = self._homeless, {}
        found = []
        for uid, sheet in {**again, **self._stints.changed()}.items():
            before = sheet.stint
            if before is None or before.ended is None:
                sheet.stint = self._stint(sheet)
            if sheet.stint is None and not sheet.gone:
                self._homeless[uid] = sheet
            found.append((uid, sheet, before))
        return found

    def _all(self) -> Iterator[Stint]:
        return (sheet.stint for sheet in self._stints.everything().values() if sheet.stint is not None)

    def _stint(self, sheet: Sheet) -> Stint | None:
        before = sheet.stint
        given = (before.account, before.chips) if before else self._given(sheet)
        if given is None:
            return None
        saved, interval = at_risk_since(sheet, self._mirror)
        stint = Stint(*given, sheet.bound, sheet.started, sheet.ended, 0, saved, interval, sheet.doubts)
        return replace(stint, lost=wasted(stint, sheet, self._mirror)) if sheet.ended is not None else stint

    def _given(self, sheet: Sheet) -> tuple[Account, int] | None:
        """For whom, and how many milli-chips; None: nobody can tell, or none."""
        pod = sheet.pod
        seen, record = self._mirror.seen(), self._mirror.workload(key_of(pod))
        holdings = list(seen.holding(pod))
        node, chips = seen.nodes.get(holdings[0][0]), sum(holding[1] for holding in holdings)
        if record is None or node is None or not node.pools or not chips:
            return None
        view = record.view
        return Account(view.queue, view.class_name, pod.namespace, node.pools[0], record.purpose), chips

    def _survey(self, books: Books, now: int) -> None:
        """Chips come and go, and what they are worth changes."""
        for (pool, purpose), ppm in self._ppm().items():
            books.value(pool, purpose, ppm, now)
        known = books.counts()
        for pool, counts in self._stock().items():
            if known.get(pool) != counts:
                books.stock(pool, counts, now)
        for gone in known.keys() - self._mirror.pool_records.keys():
            books.stock(gone, Stock(), now)

    def _stock(self) -> dict[PoolName, Stock]:
        counts = {pool: self._mirror.pool_counts(pool) for pool in self._mirror.pool_records}
        return {pool: Stock(one.installed, max(0, one.healthy), one.unmanaged) for pool, one in counts.items()}

    def _ppm(self) -> dict[tuple[PoolName, Purpose], int]:
        return {
            (pool, purpose): round(PPM * (record.yields.per_chip(purpose) or 0.0))
            for pool, record in self._mirror.pool_records.items()
            for purpose in Purpose
        }

    # days and writes

    def _turn(self, now: int) -> None:
        """At midnight the books are closed, and new ones begin with what is held."""
        if self._books is None or now // DAY_MS == self._base.day:
            return
        midnight = now // DAY_MS * DAY_MS
        books, new = self._books, Books(midnight)
        open_ones = [stint for stint in self._all() if stint.ended is None]
        for stint in open_ones:
            if stint.bound > midnight:
                books.replace(stint, None)
        for (pool, purpose), ppm in self._ppm().items():
            new.value(pool, purpose, ppm, midnight)
        for pool, counts in books.counts().items():
            new.stock(pool, counts, midnight)
        for stint in open_ones:
            new.replace(None, stint)
        self._told = without_namespaces(merged(self._told, books.sums(midnight)))
        self._told_stock = merged_stock(self._told_stock, books.pools(midnight))
        self._close_day(self._day(books, midnight))
        self._books, self._base = new, Day(now // DAY_MS, midnight, midnight)

    def _close_day(self, day: Day) -> None:
        self._past[day.day] = by_queue(day.accounts)
        self._past = {known: sums for known, sums in self._past.items() if known > day.day - REMEMBERED}
        self._pages.close(day)

    def _day(self, books: Books, at: int, first: int | None = None) -> Day:
        """The day so far, or the one a part of a gap is of."""
        base = self._base
        if first is not None and first // DAY_MS != base.day:
            base = Day(first // DAY_MS, first, first)
        return Day(
            day=base.day,
            since=base.since,
            until=at,
            accounts=merged(base.accounts, books.sums(at)),
            pools=merged_stock(base.pools, books.pools(at)),
            held=books.held(at),
            stock=books.counts(),
        )

    def _is_due(self, now: int) -> bool:
        if self._written // HOUR_MS != now // HOUR_MS:
            return True
        soon = self._went or self._pages.behind
        return soon and now - self._written >= max(SOON_MS, PER_ACCOUNT_MS * len(self._base.accounts))

    def _save(self, now: int) -> None:
        if self._books is None:
            return
        self._went, self._written = False, now
        self._pages.write(self._day(self._books, now))
