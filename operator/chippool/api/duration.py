"""Durations as people write them in a spec: `30m`, `24h`, `1h30m`."""

import re
from typing import Annotated

from pydantic import Field

from chippool.api.model import Json, rule

SYNTAX = r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
"""Hours, minutes, seconds, in this order: what both this module and the API server's CEL accept."""
UNITS = (3600, 60, 1)

Duration = Annotated[str, Field(max_length=32)]


def duration(field: str) -> Json:
    """Return the rule of a duration above zero."""
    return rule(
        f"size(self) > 0 && self.matches('{SYNTAX}') && duration(self) > duration('0s')",
        f"{field} must be a duration above zero, such as 90s, 30m, 24h or 1h30m",
    )


def duration_or_zero(field: str) -> Json:
    """Return the rule of a duration that may be none at all."""
    return rule(
        f"size(self) > 0 && self.matches('{SYNTAX}')",
        f"{field} must be a duration, such as 0s, 90s, 30m, 24h or 1h30m",
    )


def seconds(text: str) -> int:
    """Return a duration in seconds. ValueError: it isn't one, or it is empty."""
    match = re.fullmatch(SYNTAX, text)
    if match is None or not text:
        raise ValueError(f"{text!r} is no duration: write 90s, 30m, 24h or 1h30m")
    return sum(int(part[:-1]) * unit for part, unit in zip(match.groups(), UNITS, strict=True) if part)
