"""The page of metrics, made from where they are declared."""

from chippool.metrics.families import OF_NODES, SECTIONS, Family

HEAD = """# Metrics

Served at `/metrics` of every replica ([how to connect Prometheus and Grafana](../how-to/connect-grafana.md)).
No label names a workload, pod or node. What the cluster has is told by every replica once its mirror is whole: take
what the leader tells (`… and on (instance) chippool_leader == 1`). Each counts what it did itself: take the `sum`.
Chips may be fractions.
"""


NODES = "Nodes, on a page of their own: `/metrics/nodes`, with `chippool run --node-metrics` only"


def metrics_page() -> str:
    """Every family under its section, in the order of the code."""
    lines = [HEAD]
    for title, families in {**SECTIONS, NODES: OF_NODES}.items():
        lines += [f"## {title}", "", "| metric | kind | labels | meaning |", "|---|---|---|---|"]
        lines += [_row(family) for family in families]
        lines.append("")
    return "\n".join(lines)


def _row(family: Family) -> str:
    meaning = family.help.replace("|", "\\|")
    return f"| `{family.shown}` | {family.kind.value} | {', '.join(family.labels)} | {meaning} |"
