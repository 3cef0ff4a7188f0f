"""Teams and priority classes: what each has, waits for, and lost."""

from chippool.metrics import families as f
from tools.monitoring.model import Board, Panel, Query, Row, Unit, Variable, View
from tools.monitoring.promql import increase, quantile, queries, rate, told
from tools.monitoring.recordings import BY_CLASS

_QUEUE = 'queue=~"$queue"'
_CLASS = 'priority_class=~"$priority_class"'
_ALL = 'state=~"starting|running"'
_CLASS_LOST = f'{_CLASS},state="lost"'

_QUOTA = Row(
    "Queues",
    (
        Panel(
            "Chips in use and guaranteed",
            (
                Query(told(f.QUEUE_USED, where=_QUEUE), ("queue", "pool"), "{{queue}} {{pool}} in use"),
                Query(told(f.QUEUE_GUARANTEED, where=_QUEUE), ("queue", "pool"), "{{queue}} {{pool}} guaranteed"),
                Query(told(f.QUEUE_LIMIT, where=_QUEUE), ("queue", "pool"), "{{queue}} {{pool}} at most"),
            ),
            description="A queue counts those below it.",
        ),
        Panel(
            "Borrowed",
            queries(told(f.QUEUE_BORROWED, where=_QUEUE), "queue", "pool"),
            View.STACKED,
            description="Beyond the guarantee, and given back when somebody needs what it is guaranteed.",
        ),
        Panel(
            "Chips waited for, by queue",
            queries(told(f.QUEUE_PENDING, where=_QUEUE), "queue", "pool"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Longest wait",
            queries(told(f.QUEUE_WAIT, where=_QUEUE), "queue"),
            unit=Unit.SECONDS,
            description="Of who waits now.",
            width=8,
        ),
        Panel(
            "Share",
            queries(told(f.QUEUE_SHARE, where=_QUEUE), "queue"),
            unit=Unit.PART,
            description="Weighted dominant share.",
            width=8,
        ),
        Panel(
            "Workloads by state",
            queries(f"sum by (queue, state) ({told(f.WORKLOADS, where=_QUEUE)})", "queue", "state"),
            View.STACKED,
            description="Of each queue alone.",
            width=24,
        ),
    ),
)

_BUDGETS = Row(
    "Budgets",
    (
        Panel(
            "Part of the budget used",
            queries(f"{told(f.QUEUE_SPENT, where=_QUEUE)} / {told(f.QUEUE_BUDGET, where=_QUEUE)}", "queue"),
            unit=Unit.PART,
            description="Of the period that runs; past 1 a queue gets only what nobody else waits for.",
            width=24,
        ),
    ),
)

_LEDGER = Row(
    "The ledger",
    (
        Panel(
            "What a queue's chips do",
            queries(rate(f.LEDGER_QUEUE, ("queue", "state"), f"{_QUEUE},{_ALL}"), "queue", "state"),
            View.STACKED,
            description="Chips of its own pods that run, and that wait for them to be Ready.",
        ),
        Panel(
            "Chip-hours a class lost, an hour",
            queries(f"{increase(f.LEDGER_CLASS, ('priority_class',), _CLASS_LOST)} / 3600", "priority_class"),
            View.STACKED,
            description="Work that has to be done again, times its chips.",
        ),
    ),
)

_BY_CLASS = Row(
    "Priority classes",
    (
        Panel(
            "Chips that run",
            queries(told(f.CLASS_CHIPS, ("priority_class", "pool"), f'{_CLASS},state="running"'),
                    "priority_class", "pool"),
            View.STACKED,
        ),
        Panel(
            "Chips waited for, by class",
            queries(told(f.CLASS_CHIPS, ("priority_class", "pool"), f'{_CLASS},state="pending"'),
                    "priority_class", "pool"),
            View.STACKED,
        ),
        Panel(
            "Wait until admission",
            tuple(
                Query(
                    quantile(part, f.ADMISSION_WAIT, ("priority_class",), _CLASS, "1h"),
                    ("priority_class",),
                    f"{part * 100:.0f} % of {{{{priority_class}}}}",
                )
                for part in (0.5, 0.9)
            ),
            unit=Unit.SECONDS,
            description="Of those admitted in the last hour.",
        ),
        Panel(
            "Admissions an hour",
            queries(
                f"sum by (priority_class) (increase({f.ADMISSION_WAIT.shown}_count{{{_CLASS}}}[1h]))", "priority_class"
            ),
            View.STACKED,
        ),
        Panel(
            "Displacements an hour",
            queries(increase(f.DISPLACEMENTS, ("priority_class", "kind"), _CLASS), "priority_class", "kind"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Work to be done again, an hour",
            queries(increase(f.WORK_LOST, ("priority_class",), _CLASS), "priority_class"),
            View.STACKED,
            Unit.SECONDS,
            width=8,
        ),
        Panel(
            "Utilization",
            queries(f"{BY_CLASS}{{{_CLASS}}}", "priority_class", "pool"),
            unit=Unit.PART,
            description="As the exporters of the vendors measure it.",
            width=8,
        ),
    ),
)  # fmt: skip

QUEUES = Board(
    "chippool-queues",
    "chippool / Queue and class",
    "What queues and priority classes have, wait for and lost.",
    (_QUOTA, _BUDGETS, _LEDGER, _BY_CLASS),
    (
        Variable("queue", "Queue", f.QUEUE_INFO.shown, "queue"),
        Variable("priority_class", "Priority class", f.CLASS_CHIPS.shown, "priority_class"),
    ),
)
