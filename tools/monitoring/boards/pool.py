"""One or several pools: chips, nodes, who is on them and who waits for them."""

from chippool.metrics import families as f
from tools.monitoring.model import Board, Panel, Query, Row, Unit, Variable, View
from tools.monitoring.promql import increase, queries, rate, told
from tools.monitoring.recordings import ALLOCATED, BY_CLASS

_CHOSEN = 'pool=~"$pool"'


def _chips(state: str) -> str:
    return told(f.POOL_CHIPS, ("pool",), f'{_CHOSEN},state="{state}"')


def _stat(title: str, state: str, description: str, red_from: float | None = None) -> Panel:
    return Panel(title, queries(_chips(state), "pool"), View.STAT, Unit.NUMBER, description, 4, 4, red_from)


_CHIPS = Row(
    "Chips",
    (
        _stat("Installed", "installed", "As the nodes' capacity says."),
        _stat("Given to work", "allocated", "To managed work, pods that are still to come included."),
        _stat("Free", "free", "On usable nodes; what is releasing is not counted yet."),
        _stat("Reserved", "reserved", "Kept of the free ones for a class, for spares, or for whoever is next."),
        _stat("Unmanaged", "unmanaged", "Used by pods chippool does not manage.", 1),
        _stat("Lost", "lost", "In nodes that are given up.", 1),
        Panel(
            "Chips by state",
            tuple(
                Query(_chips(state), ("pool",), f"{{{{pool}}}} {state}")
                for state in ("allocated", "releasing", "free", "unusable", "unmanaged")
            ),
            View.STACKED,
        ),
        Panel(
            "Part that is given to work",
            queries(f"{ALLOCATED}{{{_CHOSEN}}}", "pool"),
            unit=Unit.PART,
            description="Of what is installed.",
        ),
    ),
)

_NODES = Row(
    "Nodes",
    (
        Panel(
            "Nodes",
            queries(told(f.POOL_NODES, where=_CHOSEN), "pool", "state"),
            View.STACKED,
            description="Unusable: not Ready, cordoned, or avoided for a while.",
            width=8,
        ),
        Panel(
            "Fragmentation",
            queries(told(f.POOL_FRAGMENTATION, where=_CHOSEN), "pool"),
            unit=Unit.PART,
            description="Part of the free chips that are on nodes of which something is in use: of no use to work "
            "that takes whole nodes.",
            width=8,
        ),
        Panel(
            "What one more chip would add",
            queries(told(f.POOL_PRICE, where=_CHOSEN), "pool"),
            description="In workloads at their best speed, on average over a day.",
            width=8,
        ),
    ),
)

_STOCK = Row(
    "The stock",
    (
        Panel(
            "Stock by state",
            queries(told(f.POOL_SUPPLY, where=_CHOSEN), "pool", "state"),
            description="Of pools that state a supply. In repair: in nodes, not healthy; lost: owned, in no node; "
            "arriving: on order, each order at its probability.",
            width=8,
        ),
        Panel(
            "Effective chips",
            queries(told(f.POOL_EFFECTIVE, where=_CHOSEN), "pool", "purpose"),
            description="What the healthy chips are worth for each purpose, in H100-SXM5-80GB: speed x efficiency.",
            width=8,
        ),
        Panel(
            "Effective chips in use",
            queries(told(f.POOL_EFFECTIVE_USED, where=_CHOSEN), "pool", "purpose"),
            View.STACKED,
            width=8,
        ),
        Panel(
            "Domestic share",
            queries(told(f.DOMESTIC), "purpose"),
            unit=Unit.PART,
            description="Of the effective chips of all pools, whichever are chosen.",
        ),
        Panel(
            "Days the stock lasts",
            queries(told(f.RUNWAY, where=_CHOSEN), "pool", "quantile"),
            description="Until demand is more than what is left after failures and arrivals: expected (0.5), and the "
            "ends of the 80 % interval. 1095: not within three years.",
        ),
    ),
)

_HELD = f'{_CHOSEN},state=~"starting|running"'
_LOST = f'{_CHOSEN},state="lost"'


def _useful(by: tuple[str, ...]) -> str:
    """Effective chips that ran, without what has to be done again."""
    ran = rate(f.LEDGER_EFFECTIVE, by, f'{_CHOSEN},state="running"')
    return f"{ran} - {rate(f.LEDGER_EFFECTIVE, by, _LOST)}"


def _of_stock(state: str) -> str:
    return rate(f.LEDGER_STOCK, ("pool",), f'{_CHOSEN},state="{state}"')


_LEDGER = Row(
    "The ledger",
    (
        Panel(
            "What chips do",
            (
                Query(rate(f.LEDGER_POOL, ("pool", "state"), _HELD), ("pool", "state")),
                Query(
                    f"{_of_stock('healthy')} - {_of_stock('unmanaged')} "
                    f"- ({rate(f.LEDGER_POOL, ('pool',), _HELD)} or 0 * {_of_stock('healthy')})",
                    ("pool",),
                    "{{pool}} idle",
                ),
            ),
            View.STACKED,
            description="Chips that run, that wait for their pods to be Ready, and healthy ones that nobody holds.",
        ),
        Panel(
            "Useful effective chips",
            queries(_useful(("pool", "purpose")), "pool", "purpose"),
            View.STACKED,
            description="In H100-SXM5-80GB, without the work that has to be done again.",
        ),
        Panel(
            "Yield of a chip",
            queries(f"sum by (pool) ({_useful(('pool', 'purpose'))}) / {_of_stock('installed')}", "pool"),
            description="Useful effective chips of each that is installed.",
            width=8,
        ),
        Panel(
            "Chip-hours lost, an hour",
            queries(f"{increase(f.LEDGER_POOL, ('pool',), _LOST)} / 3600", "pool"),
            View.STACKED,
            description="Work of gangs that were displaced or failed, since they last saved it.",
            width=8,
        ),
        Panel(
            "Chip-hours in doubt, a day",
            queries(f"{increase(f.LEDGER_DOUBT, ('pool',), _CHOSEN, '1d')} / 3600", "pool"),
            description="By how much the ledger may be wrong, either way: what ended while no operator looked.",
            width=8,
        ),
    ),
)

_WORK = Row(
    "Work",
    (
        Panel(
            "Chips by priority class",
            queries(told(f.CLASS_CHIPS, ("priority_class", "pool"), f'{_CHOSEN},state="running"'),
                    "priority_class", "pool"),
            View.STACKED,
        ),
        Panel(
            "Chips waited for, by priority class",
            queries(told(f.CLASS_CHIPS, ("priority_class", "pool"), f'{_CHOSEN},state="pending"'),
                    "priority_class", "pool"),
            View.STACKED,
            description="By the first pool of the variant that each workload prefers.",
        ),
        Panel(
            "Chips of each queue",
            queries(f"topk(20, {told(f.QUEUE_USED, where=_CHOSEN)})", "queue", "pool"),
            View.BARS,
            description="The 20 largest; a queue counts those below it.",
        ),
        Panel(
            "Utilization by priority class",
            queries(f"{BY_CLASS}{{{_CHOSEN}}}", "priority_class", "pool"),
            unit=Unit.PART,
            description="As the exporters of the vendors measure the chips of each class's pods.",
        ),
    ),
)  # fmt: skip

POOL = Board(
    "chippool-pool",
    "chippool / Pool",
    "Chips, nodes and work of one or several pools.",
    (_CHIPS, _STOCK, _LEDGER, _NODES, _WORK),
    (Variable("pool", "Pool", f.POOL_INFO.shown, "pool"),),
)
