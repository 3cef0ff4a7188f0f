"""Numbers of chips as the API has them: whole ones are integers, shares of one chip Quantity strings such as "0.25"."""

from typing import Annotated

from pydantic import Field

from chippool.api import quantity

AS_WRITTEN = (
    "^([1-9][0-9]{0,3}|0?[.]([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9])|[1-9][0-9]{0,2}m)$"  # 8, 0.25, .5, 0.125, 250m
)
_INT_OR_STRING = {"x-kubernetes-int-or-string": True}

ChipsWanted = Annotated[
    Annotated[int, Field(ge=1, le=1024)] | Annotated[str, Field(pattern=AS_WRITTEN)],
    Field(json_schema_extra=_INT_OR_STRING | {"pattern": AS_WRITTEN, "minimum": 1, "maximum": 1024}),
]
"""At least a thousandth of a chip; above one chip only whole ones."""
ChipCount = Annotated[int | str, Field(json_schema_extra=_INT_OR_STRING)]
"""Chips that were counted: an integer, or a Quantity string where shares are among them."""


def milli_chips(written: int | str) -> int:
    """Return thousandths of a chip. ValueError: it is no quantity."""
    return quantity.milli(written)


def chip_count(milli: int) -> int | str:
    """Return thousandths of a chip as the API has them."""
    return milli // 1000 if milli % 1000 == 0 else f"{milli / 1000:g}"
