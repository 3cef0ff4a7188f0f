"""PromQL that is written often.

Replicas are scraped at different moments, and one that follows does not know yet what was decided: put together they
could show more chips than there are. So a graph takes what the leader tells; an alert looks at the highest of all, and
does not begin anew when another one leads.
"""

from collections.abc import Sequence

from chippool.metrics.families import LEADER, Family, Kind
from tools.monitoring.model import RATE, Query

_LEADS = f"and on (instance) ({LEADER.shown} == 1)"


def told(family: Family, by: Sequence[str] | None = None, where: str = "") -> str:
    """A gauge with its own labels, as the leader tells it."""
    assert family.kind is Kind.GAUGE
    return f"max by ({', '.join(family.labels if by is None else by)}) ({family.shown}{_chosen(where)} {_LEADS})"


def highest(family: Family, by: Sequence[str] | None = None, where: str = "") -> str:
    """A gauge with its own labels, the highest that any replica tells."""
    assert family.kind is Kind.GAUGE
    return f"max by ({', '.join(family.labels if by is None else by)}) ({family.shown}{_chosen(where)})"


def summed(family: Family, by: Sequence[str], where: str = "") -> str:
    """A gauge summed over the labels that are not named."""
    return f"sum by ({', '.join(by)}) ({told(family, where=where)})" if by else f"sum({told(family, where=where)})"


def rate(family: Family, by: Sequence[str], where: str = "", over: str = RATE) -> str:
    """How often, per second, over all replicas."""
    return _over("rate", family, by, where, over)


def increase(family: Family, by: Sequence[str], where: str = "", over: str = "1h") -> str:
    """How many, over all replicas."""
    return _over("increase", family, by, where, over)


def quantile(part: float, family: Family, by: Sequence[str] = (), where: str = "", over: str = RATE) -> str:
    """A quantile of a histogram."""
    labels = ", ".join(("le", *by))
    return f"histogram_quantile({part}, sum by ({labels}) (rate({family.shown}_bucket{_chosen(where)}[{over}])))"


def queries(expr: str, *labels: str, legend: str = "") -> tuple[Query, ...]:
    """A panel's only query."""
    return (Query(expr, labels, legend),)


def _over(how: str, family: Family, by: Sequence[str], where: str, over: str) -> str:
    assert family.kind is Kind.COUNTER
    of = f"{how}({family.shown}{_chosen(where)}[{over}])"
    return f"sum by ({', '.join(by)}) ({of})" if by else f"sum({of})"


def _chosen(where: str) -> str:
    return f"{{{where}}}" if where else ""
