"""What dashboards and rules are made of: plain data, from which Grafana's JSON, the rules and the tests are made."""

from dataclasses import dataclass
from enum import StrEnum

RATE = "$__rate_interval"


class View(StrEnum):
    LINES = "lines"
    STACKED = "stacked"
    STAT = "stat"
    BARS = "bars"


class Unit(StrEnum):
    """Names of Grafana."""

    NUMBER = "short"
    PART = "percentunit"
    SECONDS = "s"
    PER_SECOND = "ops"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; each of its series has exactly these labels."""

    expr: str
    labels: tuple[str, ...] = ()
    legend: str = ""

    @property
    def named(self) -> str:
        """What a series is called: what was given, or the values of its labels."""
        return self.legend or " ".join(f"{{{{{label}}}}}" for label in self.labels)


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    queries: tuple[Query, ...]
    view: View = View.LINES
    unit: Unit = Unit.NUMBER
    description: str = ""
    width: int = 12
    height: int = 8
    red_from: float | None = None
    """Drawn red from this value on."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Values of a label, several of which may be chosen."""

    name: str
    title: str
    metric: str
    label: str

    @property
    def query(self) -> str:
        return f"label_values({self.metric}, {self.label})"


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)


@dataclass(frozen=True, slots=True)
class Recording:
    record: str
    expr: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """`watched` is the figure it looks at, with these labels; `condition` is what makes it fire."""

    name: str
    severity: str
    lasts: str
    watched: str
    labels: tuple[str, ...]
    condition: str
    summary: str
    description: str

    @property
    def expr(self) -> str:
        return f"{self.watched}\n{self.condition}"
