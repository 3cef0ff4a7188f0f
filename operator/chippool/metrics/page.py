"""What is read at scrape time, as text: some ten thousand lines, for which the library's way takes five times as long.

It checks and sorts the labels of every sample; here they are known by family. Escaping follows the text format of
Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from collections.abc import Callable, Iterator, Mapping
from math import inf

from chippool.metrics.families import Family, Labels, Numbers

Reader = Callable[[], Iterator[tuple[Family, Numbers]]]
"""Answers families with their numbers by label values, in the order of the family's labels; each family once."""

_ESCAPED = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


def text_of(family: Family, numbers: Numbers) -> str:
    """The lines of one family; only combinations of labels that exist become series."""
    name = family.shown
    head = f"# HELP {name} {_without_breaks(family.help)}\n# TYPE {name} {family.kind.value}\n"
    if not family.labels:
        return head + "".join(f"{name} {_number(number)}\n" for number in numbers.values())
    form = name + "{" + ",".join(f'{label}="%s"' for label in family.labels) + "} %s\n"
    return head + "".join([form % (*_escaped(values), _number(number)) for values, number in numbers.items()])


def _escaped(values: Labels) -> Labels:
    text = "".join(values)
    if '"' not in text and "\\" not in text and "\n" not in text:
        return values
    table: Mapping[int, str] = str.maketrans(_ESCAPED)
    return tuple(value.translate(table) for value in values)


def _without_breaks(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _number(number: float) -> str:
    if abs(number) == inf:
        return "+Inf" if number > 0 else "-Inf"
    return repr(float(number))
