"""Rule 10 for replicas that have to stay together: what keeps them from it."""

from chippool.core.constraints import Within
from chippool.core.plan import Shortage
from chippool.core.reasons import Reason
from chippool.core.seeker import Option
from chippool.core.topologies import Topologies


def never_together(topologies: Topologies, option: Option) -> Shortage | None:
    """Why they could not be in one domain even if the pool were empty and healthy; None if they could."""
    within, pool = option.topology, option.pool
    if within is None or not within.required:
        return None
    levels = topologies.levels(pool)
    if within.level not in levels:
        has = f"its spec.topology has {', '.join(levels)}" if levels else "it has no spec.topology"
        message = (
            f"spec.topology.within: ChipPool {pool} has no level {within.level} ({has}); name a level it has, or have "
            f"this one added."
        )
        return Shortage(option.variant.name, pool, Reason.UNKNOWN_LEVEL, message)
    ceiling = topologies.ceiling(option)
    return None if ceiling >= option.replicas else _too_many(option, within, ceiling)


def _too_many(option: Option, within: Within, ceiling: int) -> Shortage:
    message = (
        f"spec.variants[{option.variant.name}]: {option.replicas} replicas are more than any one {within.level} of "
        f"ChipPool {option.pool} could ever hold ({ceiling}); ask for fewer replicas, name a wider level in "
        f"spec.topology.within, or leave required out."
    )
    asked = option.replicas * option.variant.ask.chips
    return Shortage(option.variant.name, option.pool, Reason.IMPOSSIBLE_SIZE, message, asked=asked, fits=ceiling)
