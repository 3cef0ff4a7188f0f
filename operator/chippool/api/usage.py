"""Chip-hours as a status tells them: of a queue's period, and of a workload so far."""

from typing import Annotated

from pydantic import Field

from chippool.api.model import ApiModel

Hours = Annotated[str, Field(max_length=32)]


class UsedHours(ApiModel):
    """Chip-hours, by what came of them."""

    useful: Hours
    """Of pods that were Ready, without those that were lost."""
    starting: Hours
    """Of pods that were on their node and not Ready yet."""
    lost: Hours
    """Of work that had to be done again: of gangs that were displaced or failed, since they last saved it."""
    uncertain: Hours
    """By how much they may be wrong, either way: what ended while no operator looked."""


class EffectiveHours(UsedHours):
    """The same, and what they were worth."""

    effective: Hours
    """The useful ones in chips of the reference; 0 where the chips' speed is unknown."""
