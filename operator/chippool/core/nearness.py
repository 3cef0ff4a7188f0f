"""Rule 5 for replicas that are to stay together: the smallest domain they fit in, there as few narrower ones as can be.

Best fit from wide to narrow, as Kueue's topology-aware scheduling (KEP-2724) has it: a domain that holds all that is
left is taken, the one with the least room; where none does, the one with the most room is filled first.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from chippool.core.claim import Claim
from chippool.core.constraints import Within
from chippool.core.domains import Domains, Path, Room
from chippool.core.model import Ask
from chippool.core.placement import Spots, fill, total
from chippool.core.tenancy import Tenancy

_TRIES = 8
"""Domains in which displacement is tried, those first that open first."""


def fill_together(domains: Domains, ask: Ask, replicas: int, within: Within) -> Spots:
    """Put all `replicas` on the shelf, or where they are required to be together and can't be, none."""
    home = _home(domains, ask, replicas, within)
    if home is not None and domains.room(ask)[home] >= replicas:
        return _pack(domains, ask, replicas, home)
    return [] if within.required else _pack(domains, ask, replicas, ())


def room_together(domains: Domains, ask: Ask, within: Within) -> int:
    """Replicas that fit into one domain now."""
    room = domains.room(ask)
    homes = domains.of(within.level) if within.home is None else [within.home]
    return max((room[domain] for domain in homes), default=0)


def roomiest(domains: Domains, ask: Ask, within: Within) -> Sequence[Path]:
    """The domains it may be in, the one with the most room first."""
    if within.home is not None:
        return [within.home]
    room = domains.room(ask)
    return sorted(domains.of(within.level), key=lambda domain: (-room[domain], domain))


def _home(domains: Domains, ask: Ask, replicas: int, within: Within) -> Path | None:
    """The domain it is in already, else the best fit, else the roomiest."""
    if within.home is not None:
        return within.home
    room, there = domains.room(ask), domains.of(within.level)
    fitting = [domain for domain in there if room[domain] >= replicas]
    if fitting:
        return min(fitting, key=lambda domain: (room.clean(domain) < replicas, room[domain], domain))
    return min(there, key=lambda domain: (-room[domain], domain), default=None)


def _pack(domains: Domains, ask: Ask, replicas: int, domain: Path) -> Spots:
    spots: Spots = []
    below = domains.below(domain)
    while below and replicas and (chosen := _next(domains.room(ask), replicas, below)) is not None:
        more = _pack(domains, ask, min(replicas, domains.room(ask)[chosen]), chosen)
        if not more:
            break
        spots += more
        replicas -= total(more)
    if replicas:  # no narrower domains, or nodes that are in none of them
        spots += fill(domains.shelf, ask, replicas, domains.shelf.every & ~domains.members(domain))
    return spots


def _next(room: Room, replicas: int, below: Sequence[Path]) -> Path | None:
    fitting = [domain for domain in below if room[domain] >= replicas]
    if fitting:
        return min(fitting, key=lambda domain: (room[domain], domain))
    roomiest = min(below, key=lambda domain: (-room[domain], domain))
    return roomiest if room[roomiest] else None


def opening(tenancy: Tenancy, domains: Domains, ask: Ask, replicas: int, within: Within, claim: Claim) -> list[Path]:
    """Rule 6: the domains in which there may be room if others leave, those first that open when the lowest leave."""
    if within.home is not None:
        return [within.home]
    return list(islice(_opened(tenancy, domains, ask, replicas, within.level, claim), _TRIES))


def _opened(tenancy: Tenancy, domains: Domains, ask: Ask, replicas: int, level: str, claim: Claim) -> Iterator[Path]:
    """By chips alone: what else is short may be given back with them."""
    depth, eligible, chips = domains.levels.index(level) + 1, domains.shelf.eligible(ask), ask.chips
    room = domains.room(replace(ask, requests=()))
    free: dict[int, int] = {}
    more: defaultdict[Path, int] = defaultdict(int)
    seen: set[Path] = set()
    for tenant in tenancy.takeable(claim):
        for i, count in tenant.spots.items():
            chain = domains.chains[i]
            if len(chain) <= depth or not eligible >> i & 1:
                continue
            domain, before = chain[depth], free.get(i, domains.shelf.free[i])
            free[i] = before + count * tenant.ask.chips
            more[domain] += max(free[i], 0) // chips - max(before, 0) // chips
            if domain not in seen and room[domain] + more[domain] >= replicas:
                seen.add(domain)
                yield domain
