"""Kubernetes quantities: `0.62`, `100m`, `2Ti`, `1e3`."""

import re
from decimal import ROUND_CEILING, Decimal

SYNTAX = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|([numkMGTPE]|[KMGTPE]i)?)")
FACTORS = {
    suffix: Decimal(10) ** power for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
}
BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
SUFFIXES = FACTORS | BINARY | {"": Decimal(1)}


def parse(text: str | float) -> Decimal:
    """Return the exact value of a quantity. ValueError: it isn't one."""
    match = SYNTAX.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is no quantity: write 8, 0.62, 500m or 16Gi")
    number, exponent, suffix = match.groups()
    return Decimal(number + (exponent or "")) * SUFFIXES[suffix or ""]


def whole(text: str | float) -> int:
    """Return a quantity in its own unit, rounded up as Kubernetes does. ValueError: it isn't one."""
    return int(parse(text).to_integral_value(ROUND_CEILING))


def milli(text: str | float) -> int:
    """Return thousandths of a quantity's unit (millicores, milli-chips), rounded up. ValueError: it isn't one."""
    return int((parse(text) * 1000).to_integral_value(ROUND_CEILING))
