"""Builders for those who compete for unlike chips."""

from chippool.core.ids import PoolName, VariantName, WorkloadKey, chips
from chippool.core.matching import Contender, Way, relative_speeds


def a_way(pool, speed=1.0, count=1):
    return Way(VariantName(f"on-{pool}-{count}"), PoolName(pool), chips(count), speed)


def a_contender(name, /, priority=0, claim=0.0, runs_on=None, settled=True, count=1, **speeds):
    """One that takes `count` chips of any pool named, at that speed; it has chips in `runs_on` or waits."""
    relative = relative_speeds(list(speeds.values()))
    ways = tuple(a_way(pool, speed, count) for pool, speed in zip(speeds, relative, strict=True))
    held = list(speeds).index(runs_on) if runs_on else None
    return Contender(WorkloadKey(f"team/{name}"), ways, priority, claim, held, settled)


def free(**counts):
    return {PoolName(pool): chips(count) for pool, count in counts.items()}


def pools_of(contenders, matching):
    """Pool by name of who has one."""
    return {
        c.key.removeprefix("team/"): c.ways[matching.ways[c.key]].pool for c in contenders if c.key in matching.ways
    }
