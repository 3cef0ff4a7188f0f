"""Whether the operator is alive, and whether it may be relied on: ordered lists of checks, each with a sentence."""

import time
from collections.abc import Sequence

from chippool.control.loop import Pulse
from chippool.kube.feed import FRESH_S, Feed
from chippool.kube.lease import Lease
from chippool.shell.kopf_thread import KopfThread
from chippool.shell.probes import Check
from chippool.visibility.server import Visibility

ALIVE_S = 60.0
"""A cycle may take seconds on a large cluster, never this long."""
FAILURES = 10
"""So many failed cycles in a row, a second apart, do not get better by themselves."""


def loop_check(pulse: Pulse) -> Check:
    """The loop goes round, and its cycles do not all fail."""
    silent = time.monotonic() - pulse.beat
    if silent > ALIVE_S:
        return Check("loop", False, f"no cycle for {silent:.0f} s")
    if pulse.failures >= FAILURES:
        return Check("loop", False, f"{pulse.failures} cycles failed in a row: {pulse.error}")
    return Check("loop", True, f"last cycle {silent:.0f} s ago, {pulse.failures} failed in a row")


def mirror_check(feeds: Sequence[Feed]) -> Check:
    """Every kind has been listed."""
    missing = [f"{feed.kind.name}: {feed.trouble or 'being listed'}" for feed in feeds if not feed.synced]
    return Check("mirror", not missing, "; ".join(missing) or "synced")


def feed_checks(feeds: Sequence[Feed]) -> list[Check]:
    """The server was heard of every kind not long ago."""
    now = time.monotonic()
    return [
        Check(f"feed {feed.kind.name}", feed.age(now) < FRESH_S, feed.trouble or f"heard {feed.age(now):.0f} s ago")
        for feed in feeds
    ]


def lease_check(lease: Lease) -> Check:
    """Not leading is no failure: a follower is ready to take over."""
    state = "leads" if lease.held() else f"follows {lease.holder or 'nobody'}"
    return Check("lease", True, f"{state}; {lease.trouble}" if lease.trouble else state)


def kopf_check(kopf: KopfThread) -> Check:
    """Pools' and queues' finalizers wait while kopf is away; nothing else does."""
    return Check("kopf", True, kopf.trouble or f"runs, restarted {kopf.restarts} times")


def visibility_checks(visibility: Visibility | None) -> list[Check]:
    """The explanations wait while it is in trouble; nothing else does."""
    return [Check("visibility", True, visibility.trouble or f"port {visibility.port}")] if visibility else []
