"""Writes to the API server: most urgent first, newest per object, rate-limited, retried, and only while we lead."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable

from chippool.kube.backlog import Answer, Backlog, Entry, Outcome, Urgency, Write
from chippool.kube.client import UNREACHABLE, ApiError, Client
from chippool.kube.pace import Bucket, backoff

WORKERS = 32
RATE = 300.0
BURST = 600.0
RESERVE = 0.25  # of the burst is left to urgent writes
LOW_SHARE = 3  # one worker in so many may do low-value writes
LONGEST_HOLD_S = 5.0
LOOK_AGAIN_S = 0.1  # nobody tells when a hold ends
PATIENCE_S = 60.0
ANSWER_S = 30.0

__all__ = ["Answer", "Outcome", "Urgency", "Write", "Writer"]

logger = logging.getLogger(__name__)


class Writer:
    """The one that writes; all of it on one event loop. `fence` says whether we still lead; times in seconds."""

    def __init__(
        self,
        client: Client,
        *,
        fence: Callable[[], bool],
        workers: int = WORKERS,
        rate: float = RATE,
        burst: float = BURST,
        hold: Callable[[], bool] | None = None,
        longest_hold: float = LONGEST_HOLD_S,
        patience: float = PATIENCE_S,
        answer: float = ANSWER_S,
        retry: tuple[float, float] = (0.1, 5.0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hold = hold  # while True, low-value writes wait; after `longest_hold` they go one by one
        self.complete: Callable[[Write], Write] = lambda write: write  # what is to go along with it, as of now
        self.stats: Counter[tuple[str, Outcome]] = Counter()
        self.retries = 0
        self._client = client
        self._fence = fence
        self._workers = workers
        self._low_workers = max(1, workers // LOW_SHARE)
        self._reserve = burst * RESERVE
        self._longest_hold, self._patience, self._answer, self._retry = longest_hold, patience, answer, retry
        self._clock = clock
        self._bucket = Bucket(rate, burst, clock)
        self._backlog = Backlog()
        self._news = asyncio.Event()
        self._landed = asyncio.Event()
        self._draining = self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> dict[Urgency, int]:
        """How many of each urgency wait or are in flight."""
        return {urgency: self._backlog.pending[urgency] for urgency in Urgency}

    def waits(self, key: tuple[str, ...]) -> bool:
        """Whether a write of this key can still be replaced: it waits, and none of it is in flight."""
        return self._backlog.waits(key)

    def put(self, write: Write) -> None:
        """Queue a write; never blocks. A waiting one of the same key is SUPERSEDED."""
        old = self._backlog.put(self.complete(write), self._clock())
        if old is not None:
            self._report(old.write, Outcome.SUPERSEDED, None)
        self._news.set()

    async def run(self) -> None:
        """Dispatch until cancelled; what is in flight then is broken off and LAPSED."""
        try:
            while True:
                self._news.clear()
                pause = self._dispatch()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._news.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109
        """Shut down: low-value writes lapse now, urgent ones are sent, what is left after `timeout` seconds lapses."""
        self._draining = True
        self._lapse(low_only=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._backlog.urgent_left():
                    self._landed.clear()
                    await self._landed.wait()
        self._closed = True
        self._lapse()
        self._news.set()

    def _dispatch(self) -> float | None:
        """Start what may start now; return the seconds after which to look again, None if only news matters."""
        if self._closed or not self._fence():
            self._lapse()
            return None
        pauses = [self._start_urgent()]
        if self._backlog.urgent(self._clock()) is None and not self._draining:
            pauses.append(self._start_low())
        due = self._backlog.due()
        pauses.append(None if due is None else due - self._clock())
        return min((pause for pause in pauses if pause is not None), default=None)

    def _start_urgent(self) -> float | None:
        while self._backlog.flying < self._workers:
            entry = self._backlog.urgent(self._clock())
            if entry is None:
                break
            pause = self._start(entry, reserve=0.0)
            if pause is not None:
                return pause
        return None

    def _start_low(self) -> float | None:
        while self._backlog.flying < self._workers and self._backlog.low_flying < self._low_workers:
            oldest = self._backlog.oldest_low(self._clock())
            if oldest is None:
                break
            overdue = self._clock() - oldest.since >= self._longest_hold
            held = self.hold is not None and self.hold()
            if held and (self._backlog.low_flying or not overdue):
                return LOOK_AGAIN_S
            entry = oldest if overdue else self._backlog.low(self._clock()) or oldest
            pause = self._start(entry, reserve=0.0 if overdue else self._reserve)
            if pause is not None:
                return pause
        return None

    def _start(self, entry: Entry, *, reserve: float) -> float | None:
        """Start one write, or return the seconds to wait first."""
        wait = self._bucket.wait(reserve)
        if wait > 0:
            return wait
        if not self._fence():
            return 0.0
        self._backlog.start(entry)
        self._bucket.take()
        task = asyncio.create_task(self._send(entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _send(self, entry: Entry) -> None:
        write = entry.write
        if not self._fence():  # a process can be stopped at any point, also since `_start`
            self._finish(entry, Outcome.LAPSED, None)
            return
        try:
            answer = await self._client.request(
                write.method, write.path, write.body, content_type=write.content_type, within=self._answer
            )
        except ApiError as error:
            self._failed(entry, error)
        except asyncio.CancelledError:
            self._finish(entry, Outcome.LAPSED, None)
            raise
        except Exception as error:
            logger.exception("write of %s", write.path)
            self._finish(entry, Outcome.REFUSED, f"{type(error).__name__}: {error}")
        else:
            self._finish(entry, Outcome.DONE, answer)

    def _failed(self, entry: Entry, error: ApiError) -> None:
        match error.status:
            case 409:
                status = {"code": 409, "reason": error.reason, "message": error.message}
                self._finish(entry, Outcome.CONFLICT, status)
            case 404:
                self._finish(entry, Outcome.GONE, error.message)
            case status if _passing(status) and not self._out_of_patience(entry, status):
                self._put_back(entry, error.retry_after)
            case _:
                self._finish(entry, Outcome.REFUSED, error.message)

    def _out_of_patience(self, entry: Entry, status: int) -> bool:
        """While the server can't be reached nobody has an answer; one that keeps failing has given its own."""
        now = self._clock()
        if status != UNREACHABLE and entry.refused_since is None:
            entry.refused_since = now
        return status != UNREACHABLE and now - (entry.refused_since or now) > self._patience

    def _put_back(self, entry: Entry, asked: float | None) -> None:
        entry.failures += 1
        self.retries += 1
        first, cap = self._retry
        pause = backoff(entry.failures, first=first, cap=cap, asked=asked)
        if not self._backlog.retry(entry, self._clock() + pause):
            self._report(entry.write, Outcome.SUPERSEDED, None)
        self._news.set()

    def _finish(self, entry: Entry, outcome: Outcome, answer: Answer) -> None:
        self._backlog.finish(entry)
        self._report(entry.write, outcome, answer)
        self._news.set()

    def _lapse(self, *, low_only: bool = False) -> None:
        for entry in self._backlog.drop(low_only=low_only):
            self._report(entry.write, Outcome.LAPSED, None)

    def _report(self, write: Write, outcome: Outcome, answer: Answer) -> None:
        self.stats[write.kind, outcome] += 1
        self._landed.set()
        if write.done is None:
            return
        try:
            write.done(outcome, answer)
        except Exception:
            logger.exception("after the write of %s", write.path)


def _passing(status: int) -> bool:
    return status in {UNREACHABLE, 408, 429} or status >= 500
