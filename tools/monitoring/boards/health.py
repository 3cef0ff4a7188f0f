"""For whoever runs chippool: does it lead, hear, decide and write."""

from chippool.metrics import families as f
from tools.monitoring.model import RATE, Board, Panel, Query, Row, Unit, Variable, View
from tools.monitoring.promql import quantile, queries, rate

_CHOSEN = 'instance=~"$instance"'


def _gauge(family: f.Family, *by: str) -> str:
    return f"max by ({', '.join(by)}) ({family.shown}{{{_CHOSEN}}})"


def _count(title: str, family: f.Family, description: str) -> Panel:
    expr = f"sum(increase({family.shown}{{{_CHOSEN}}}[1h]))"
    return Panel(title, queries(expr, legend=title), View.STAT, Unit.NUMBER, description, 4, 4, 1)


_REPLICAS = Row(
    "Replicas",
    (
        Panel(
            "Leaders",
            queries(f"sum({f.LEADER.shown})", legend="leaders"),
            View.STAT,
            description="Exactly one acts; the others keep a warm mirror.",
            width=4,
            height=4,
        ),
        Panel(
            "Versions",
            queries(f"count by (version, python) ({f.BUILD_INFO.shown}{{{_CHOSEN}}})", "version", "python"),
            View.STAT,
            description="How many replicas run each.",
            width=4,
            height=4,
        ),
        _count("Failed cycles, an hour", f.CYCLE_FAILURES, "Decision cycles that ended in an error."),
        _count("Pods not bound, an hour", f.UNSTUCK, "Pinned, not bound in time by kube-scheduler, and evicted."),
        _count("Pods lost, an hour", f.LOST, "Failed and removed on nodes that are given up."),
        Panel(
            "Objects not understood",
            queries(f"sum({f.FEED_SPOILED.shown}{{{_CHOSEN}}})", legend="objects"),
            View.STAT,
            description="They exist, and nothing of them is decided; the log says which and why.",
            width=4,
            height=4,
            red_from=1,
        ),
        Panel("Who leads", queries(_gauge(f.LEADER, "instance"), "instance"), width=24, height=5),
    ),
)

_DECISIONS = Row(
    "Decisions",
    (
        Panel(
            "Time of a cycle",
            tuple(
                Query(quantile(part, f.CYCLE, where=_CHOSEN), legend=f"{part * 100:.0f} %") for part in (0.5, 0.9, 0.99)
            ),
            unit=Unit.SECONDS,
            description="Of one decision on the whole cluster.",
            width=8,
        ),
        Panel(
            "Cycles",
            queries(f"sum by (instance) (rate({f.CYCLE.shown}_count{{{_CHOSEN}}}[{RATE}]))", "instance"),
            unit=Unit.PER_SECOND,
            width=8,
        ),
        Panel(
            "Decisions by kind and reason",
            queries(rate(f.DECISIONS, ("kind", "reason"), _CHOSEN), "kind", "reason"),
            View.STACKED,
            Unit.PER_SECOND,
            width=8,
        ),
    ),
)

_FEED = Row(
    "What it hears",
    (
        Panel(
            "Since the API server was last heard",
            queries(_gauge(f.FEED_AGE, "instance", "kind"), "instance", "kind"),
            unit=Unit.SECONDS,
            description="A bookmark comes about once a minute, whatever happens; stale beyond 180 s.",
            width=8,
            red_from=180,
        ),
        Panel(
            "Changes heard of",
            queries(rate(f.FEED_EVENTS, ("kind",), _CHOSEN), "kind"),
            View.STACKED,
            Unit.PER_SECOND,
            width=8,
        ),
        Panel(
            "Watches begun anew",
            queries(rate(f.FEED_RESTARTS, ("kind", "reason"), _CHOSEN), "kind", "reason"),
            View.STACKED,
            Unit.PER_SECOND,
            "Ended: by the server, every few minutes, which is nothing wrong.",
            8,
        ),
    ),
)

_WRITES = Row(
    "What it writes",
    (
        Panel(
            "Writes by outcome",
            queries(rate(f.WRITES, ("outcome",), _CHOSEN), "outcome"),
            View.STACKED,
            Unit.PER_SECOND,
            "Conflict and Gone are decided anew; Refused is what somebody must look at.",
            8,
        ),
        Panel(
            "Writes that wait",
            queries(_gauge(f.WRITES_PENDING, "instance", "urgency"), "instance", "urgency"),
            View.STACKED,
            description="Pins and decisions go first, statuses and events last.",
            width=8,
        ),
        Panel(
            "Writes tried again",
            queries(rate(f.WRITE_RETRIES, ("instance",), _CHOSEN), "instance"),
            unit=Unit.PER_SECOND,
            description="The API server was away or busy.",
            width=8,
        ),
    ),
)

HEALTH = Board(
    "chippool-health",
    "chippool / Operator health",
    "Does it lead, hear, decide and write.",
    (_REPLICAS, _DECISIONS, _FEED, _WRITES),
    (Variable("instance", "Replica", f.LEADER.shown, "instance"),),
)
