import asyncio

from chippool.control.batch import Batch


class Hours:
    """Time that passes only while something is waited for; `later` says when changes come."""

    def __init__(self, *later: float) -> None:
        self.now = 0.0
        self.later = list(later)
        self.batch = Batch(idle=0.1, longest=1.0, clock=lambda: self.now, wait=self.wait)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        until = float("inf") if seconds is None else self.now + seconds
        if not event.is_set() and self.later and self.later[0] <= until:
            self.now = max(self.now, self.later.pop(0))
            self.batch.note()
        elif not event.is_set():
            self.now = until
        return event.is_set()


async def test_a_single_change_is_a_batch_after_a_tenth_of_a_second() -> None:
    hours = Hours(5.0)
    await hours.batch.ready()
    assert hours.now == 5.1


async def test_changes_that_keep_coming_are_a_batch_after_a_second_where_decisions_are_dear() -> None:
    hours = Hours(*(0.05 * n for n in range(100)))
    hours.batch.spent(0.8)
    await hours.batch.ready()
    assert 0.95 <= hours.now <= 1.0


async def test_changes_that_keep_coming_wait_twenty_times_as_long_as_the_last_decision_took() -> None:
    hours = Hours(*(0.05 * n for n in range(100)))
    hours.batch.spent(0.015)
    await hours.batch.ready()
    assert 0.25 <= hours.now <= 0.3


async def test_the_first_of_a_burst_is_decided_at_once() -> None:
    hours = Hours(*(0.05 * n for n in range(100)))
    await hours.batch.ready()
    assert hours.now <= 0.1


async def test_what_comes_after_a_batch_starts_the_next_one() -> None:
    hours = Hours(0.0, 3.0)
    await hours.batch.ready()
    await hours.batch.ready()
    assert hours.now == 3.1


async def test_the_clock_alone_ends_the_wait() -> None:
    hours = Hours()
    await hours.batch.ready(within=7.0)
    assert hours.now == 7.0


async def test_a_change_before_the_wait_is_not_lost() -> None:
    batch = Batch(idle=0.001, longest=0.01)
    batch.note()
    async with asyncio.timeout(5):
        await batch.ready()
