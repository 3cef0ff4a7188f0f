"""How fast to go, and how long to wait after a failure."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_S = 0.1
CAP_S = 5.0  # short, so that everything is back seconds after an outage of minutes
LONGEST_ASKED_S = 30.0  # a server may ask for more patience than anybody has


def backoff(failures: int, *, first: float = FIRST_S, cap: float = CAP_S, asked: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row: doubling, jittered, not less than was `asked`."""
    step = min(cap, first * 2.0 ** min(max(failures, 1) - 1, 30))
    jittered = step * random.uniform(0.5, 1.0)  # noqa: S311  spreads clients out, guards no secret
    return max(jittered, min(asked or 0.0, LONGEST_ASKED_S))


@dataclass(slots=True)
class Bucket:
    """Token bucket: `rate` tokens a second, at most `burst` of them kept."""

    rate: float
    burst: float
    clock: Callable[[], float]
    _level: float = field(init=False)
    _filled: float = field(init=False)

    def __post_init__(self) -> None:
        self._level = self.burst
        self._filled = self.clock()

    def wait(self, reserve: float = 0.0) -> float:
        """Return the seconds until a token can be taken that leaves `reserve` behind; 0 means now."""
        now = self.clock()
        self._level = min(self.burst, self._level + (now - self._filled) * self.rate)
        self._filled = now
        return max(0.0, (1.0 + reserve - self._level) / self.rate)

    def take(self) -> None:
        """Take one token; ask `wait` first."""
        self._level -= 1.0
