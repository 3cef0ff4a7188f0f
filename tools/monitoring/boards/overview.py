"""For everybody: the stock, who has it, who waits, and what it yields."""

from chippool.metrics import families as f
from tools.monitoring.model import Board, Panel, Query, Row, Unit, View
from tools.monitoring.promql import increase, quantile, queries, summed, told
from tools.monitoring.recordings import ALLOCATED, BY_CLASS, BY_POOL

_PARTS = ("allocated", "releasing", "free", "unusable", "unmanaged")


def _chips(state: str) -> str:
    return summed(f.POOL_CHIPS, (), f'state="{state}"')


def _stat(title: str, expr: str, description: str, unit: Unit = Unit.NUMBER, red_from: float | None = None) -> Panel:
    return Panel(title, queries(expr, legend=title), View.STAT, unit, description, 4, 4, red_from)


_STOCK = Row(
    "The stock",
    (
        _stat("Chips", _chips("installed"), "Installed in all pools."),
        _stat(
            "Given to work",
            f"{_chips('allocated')} / {_chips('installed')}",
            "Part of what is installed that managed work has.",
            Unit.PART,
        ),
        _stat("Chips waited for", summed(f.CLASS_CHIPS, (), 'state="pending"'), "Asked for by work that waits."),
        _stat(
            "Workloads that wait",
            summed(f.WORKLOADS, (), 'state="pending"'),
            "ChipWorkloads without chips, suspended ones not counted.",
        ),
        _stat("Unmanaged", _chips("unmanaged"), "Chips used by pods chippool does not manage.", red_from=1),
        _stat(
            "Unhealthy or lost",
            f"{_chips('installed')} - {_chips('allocatable')} + {_chips('lost')}",
            "Installed, and not offered by their device plugin or in nodes that are given up.",
            red_from=1,
        ),
        Panel(
            "Chips by state",
            tuple(Query(_chips(state), legend=state) for state in _PARTS),
            View.STACKED,
            description="All pools together: what is installed.",
        ),
        Panel(
            "Part of each pool that is given to work",
            queries(ALLOCATED, "pool"),
            unit=Unit.PART,
            description="Of what is installed.",
        ),
    ),
)

_TOP_LEVEL = (
    f"sum by (queue) ({told(f.QUEUE_USED)}\n"
    f"  * on (queue) group_left () {told(f.QUEUE_INFO, ('queue',), 'parent=' + chr(34) * 2)})"
)
_WHO_HAS = Row(
    "Who has it",
    (
        Panel(
            "Chips by priority class",
            queries(summed(f.CLASS_CHIPS, ("priority_class",), 'state="running"'), "priority_class"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Chips by queue at the top",
            queries(_TOP_LEVEL, "queue"),
            View.STACKED,
            description="The queues below each of them included.",
            width=8,
        ),
        Panel(
            "Share of each queue",
            queries(f"topk(20, {told(f.QUEUE_SHARE)})", "queue"),
            View.BARS,
            Unit.PART,
            "Weighted dominant share: who has the smallest is served first, among equals. The largest 20.",
            8,
        ),
    ),
)

_WHO_WAITS = Row(
    "Who waits",
    (
        Panel(
            "Chips waited for, by priority class",
            queries(summed(f.CLASS_CHIPS, ("priority_class",), 'state="pending"'), "priority_class"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Workloads that wait, by reason",
            queries(told(f.HOLDS), "reason"),
            View.BARS,
            description="What each word asks of you: docs/how-to/what-a-reason-asks-of-you.md.",
            width=8,
        ),
        Panel(
            "Wait until admission, by priority class",
            queries(
                quantile(0.9, f.ADMISSION_WAIT, ("priority_class",), over="1h"), "priority_class",
                legend="90 % of {{priority_class}}",
            ),
            unit=Unit.SECONDS,
            description="Of those admitted in the last hour; those that still wait are not among them.",
            width=8,
        ),
    ),
)  # fmt: skip

_YIELD = Row(
    "What it yields",
    (
        Panel(
            "Utilization by priority class and pool",
            queries(BY_CLASS, "priority_class", "pool"),
            unit=Unit.PART,
            description="As dcgm-exporter and npu-exporter measure the chips of each class's pods.",
        ),
        Panel("Utilization by pool", queries(BY_POOL, "pool"), unit=Unit.PART, description="Of chips given to work."),
        Panel(
            "What one more chip would add",
            queries(told(f.POOL_PRICE), "pool"),
            description="In workloads at their best speed, on average over a day: where it is most, buy or free chips.",
            width=8,
        ),
        Panel(
            "Displacements an hour, by kind",
            queries(increase(f.DISPLACEMENTS, ("kind",)), "kind"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Work to be done again, an hour",
            queries(increase(f.WORK_LOST, ("priority_class",)), "priority_class"),
            View.STACKED,
            Unit.SECONDS,
            "What displaced gangs had done since they last saved it.",
            8,
        ),
    ),
)

OVERVIEW = Board(
    "chippool-overview",
    "chippool / Overview",
    "The stock, who has it, who waits, and what it yields.",
    (_STOCK, _WHO_HAS, _WHO_WAITS, _YIELD),
)
