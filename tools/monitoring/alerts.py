"""What somebody should be told of, each with a page in docs/runbooks that says what to do."""

from chippool.kube.feed import FRESH_S
from chippool.metrics import families as f
from tools.monitoring.model import Alert
from tools.monitoring.promql import highest, increase, rate

RUNBOOKS = "https://github.com/chippool/chippool/blob/main/docs/runbooks"
WAITS_LONG_S = 24 * 3600
STARVES_S = 900
STORM = 10
SHORT_DAYS = 90
"""A quarter: new chips of a model that is scarce are not had sooner."""


def _pool(state: str) -> str:
    return highest(f.POOL_CHIPS, ("pool",), f'state="{state}"')


_RUNNING = f"""sum by (priority_class) ({highest(f.WORKLOADS, where='state=~"admitted|ready"')})"""
_USED, _GUARANTEED = highest(f.QUEUE_USED), highest(f.QUEUE_GUARANTEED)
_WAIT = highest(f.QUEUE_WAIT)
_BY_REPLICA = ("instance", "kind")
_WRITES = rate(f.WRITES, _BY_REPLICA, over="10m")
_REFUSED = rate(f.WRITES, _BY_REPLICA, 'outcome="Refused"', "10m")
_DISPLACED = increase(f.DISPLACEMENTS, ("priority_class",), over="15m")

ALERTS = (
    Alert(
        "ChippoolFeedStale",
        "warning",
        "2m",
        highest(f.FEED_AGE, _BY_REPLICA),
        _BY_REPLICA,
        f"> {FRESH_S:.0f}",
        "{{ $labels.instance }} does not hear of {{ $labels.kind }}",
        "The API server was last heard {{ $value | humanizeDuration }} ago. Nothing is decided on what may be old.",
    ),
    Alert(
        "ChippoolNoLeader",
        "critical",
        "1m",
        f"max({f.LEADER.shown})",
        (),
        f"== 0 or absent({f.LEADER.shown})",
        "No replica of chippool leads",
        "What runs goes on; nothing new is admitted, placed or displaced until one holds the Lease.",
    ),
    Alert(
        "ChippoolPoolDegraded",
        "warning",
        "10m",
        f"({_pool('installed')} - {_pool('allocatable')}) + {_pool('lost')}",
        ("pool",),
        "> 0",
        "{{ $value }} chip(s) of {{ $labels.pool }} are not healthy or lost",
        "They are installed, and their device plugin does not offer them or their node is not Ready for too long.",
    ),
    Alert(
        "ChippoolQueueStarving",
        "warning",
        "5m",
        f"({highest(f.QUEUE_PENDING)} > 0)\n  and on (queue, pool) ({_USED} < {_GUARANTEED})",
        ("queue", "pool"),
        f"  and on (queue) ({_WAIT} > {STARVES_S})\nor on (queue) ({_WAIT} > {WAITS_LONG_S})",
        "Queue {{ $labels.queue }} waits for what it is guaranteed, or for more than a day",
        "It has work that waits for chips of {{ $labels.pool }} and uses less there than it is guaranteed, or "
        "something of it has waited for more than a day.",
    ),
    Alert(
        "ChippoolDisplacementStorm",
        "warning",
        "5m",
        _DISPLACED,
        ("priority_class",),
        f"> {STORM} unless on (priority_class) ({_RUNNING} / 2 >= on (priority_class) {_DISPLACED})",
        "Work of class {{ $labels.priority_class }} is displaced over and over",
        "{{ $value | humanize }} displacements in 15 minutes, more than half of what runs of the class.",
    ),
    Alert(
        "ChippoolWritesFailing",
        "warning",
        "10m",
        f"({_REFUSED} or {_WRITES} * 0)\n  / ({_WRITES} > 0)",
        _BY_REPLICA,
        "> 0.1",
        "The API server refuses what {{ $labels.instance }} writes to {{ $labels.kind }}",
        "{{ $value | humanizePercentage }} of its writes in 10 minutes. Decisions that can't be written are taken "
        "again and again.",
    ),
    Alert(
        "ChippoolUnmanagedUse",
        "info",
        "15m",
        _pool("unmanaged"),
        ("pool",),
        "> 0",
        "{{ $value }} chip(s) of {{ $labels.pool }} are used by pods chippool does not manage",
        "They are left alone, count in no queue, and are missing to work that matters more.",
    ),
    Alert(
        "ChippoolRunwayShort",
        "warning",
        "1h",
        highest(f.RUNWAY, ("pool",), 'quantile="0.5"'),
        ("pool",),
        f"< {SHORT_DAYS}",
        "The chips of {{ $labels.pool }} last {{ $value | humanize }} days more",
        "Then what is asked for is expected to be more than the stock, after what fails and what arrives.",
    ),
)
