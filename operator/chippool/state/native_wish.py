"""From what native pods ask for to the ways to run them, and what is wrong with what they ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from chippool.api import names
from chippool.core.ids import CHIP, PoolName, VariantName
from chippool.core.model import Ask, Assignment, Problem, Requests, Variant
from chippool.core.reasons import Reason
from chippool.state.native import Wish
from chippool.state.records import PoolRecord

Pools = Mapping[PoolName, PoolRecord]

HELD = f"{names.HOLD} keeps it out of the queue; take that off to queue it."
IN_TURN = (
    "spec.podManagementPolicy of StatefulSet {}: set Parallel, or take the label "
    f"{names.POD_GROUP} off; its pods start together, and OrderedReady makes none before the one before is Ready."
)
NO_SIZE = (
    f"{names.POD_GROUP_SIZE}: pods with the label {names.POD_GROUP} say there how many start together, as a number."
)
UNLIKE_SIZES = f"{names.POD_GROUP_SIZE}: its pods say different sizes; give all pods of a group the same."
NO_CLASS = (
    "spec.priorityClassName: its pods name no PriorityClass; name one that the queue allows "
    "(priorityClassNames of the ChipQueue)."
)
UNLIKE = (
    f"Its pods differ in {names.QUEUE_NAME}, priority class, chips, nodeSelector, affinity or tolerations: "
    f"pods of one group are placed alike; give those that differ a {names.POD_GROUP} of their own."
)


def ways(wish: Wish, pools: Pools, replicas: int, given: Assignment | None) -> tuple[Variant, ...]:
    """Return a variant for each pool that has the chips asked for, by name; the one it was given is always one."""
    named = sorted(name for name, pool in pools.items() if _serves(pool, wish))
    held = [given.pool] if given is not None and given.pool not in named else []
    return tuple(_way(wish, pool, _resource(wish, pools.get(pool)), replicas) for pool in (*named, *held))


def together(wishes: Iterable[Wish]) -> Wish | None:
    """Return one wish for all pods of a group: what the largest needs beside chips; None if they are not alike."""
    first, *rest = dict.fromkeys(wishes)
    for other in rest:
        if (first.queue, first.class_name, first.constraints) != (other.queue, other.class_name, other.constraints):
            return None
        if _devices(first.requests) != _devices(other.requests):
            return None
        first = Wish(first.queue, first.class_name, _larger(first.requests, other.requests), first.constraints)
    return first


def chip_problem(wish: Wish, pools: Pools) -> Problem | None:
    """Say why no pool serves a wish."""
    asked = dict(wish.requests)
    named = sorted({pool.view.resource for pool in pools.values() if pool.view.resource in asked})
    if len(named) > 1:
        return Problem(
            Reason.BAD_TEMPLATE,
            f"Its containers ask for {' and '.join(named)}: a pod can have chips of one resource only.",
        )
    if any(_serves(pool, wish) for pool in pools.values()):
        return None
    if not named:
        known = (
            ", ".join(sorted({pool.view.resource for pool in pools.values()})) or "no resource: there is no ChipPool"
        )
        return Problem(
            Reason.UNKNOWN_POOL,
            f"resources.limits: its containers ask for no chips of any ChipPool; they have {known}.",
        )
    shared = sorted(name for name, pool in pools.items() if pool.sharing and pool.view.resource in asked)
    if shared:
        return Problem(
            Reason.NOT_SHARED,
            f"ChipPool {', '.join(shared)} shares its chips, which only ChipWorkloads can ask for; make one.",
        )
    return Problem(
        Reason.NO_NODE_MATCHES,
        f"spec.nodeSelector leaves out every ChipPool that has {named[0]}; correct it, or leave it out.",
    )


def size_problem(sizes: Sequence[int], exist: int) -> Iterator[Problem]:
    """Say what is wrong with the sizes that the pods of a group tell, or how many of them are still to come."""
    size = sizes[0]
    if min(sizes) < 0:
        yield Problem(Reason.BAD_TEMPLATE, NO_SIZE)
    elif len(set(sizes)) > 1:
        yield Problem(Reason.BAD_TEMPLATE, UNLIKE_SIZES)
    elif exist > size:
        yield Problem(Reason.BAD_TEMPLATE, f"{names.POD_GROUP_SIZE}: it has more pods than {size}; correct the label.")
    elif exist < size:
        yield Problem(Reason.GROUP_INCOMPLETE, f"Not all {size} pods of the group exist yet; they start together.")


def _serves(pool: PoolRecord, wish: Wish) -> bool:
    if pool.sharing is not None or pool.view.resource not in dict(wish.requests):
        return False
    wanted = dict(wish.constraints.node_selector)
    return all(wanted.get(key, value) == value for key, value in pool.selector)


def _resource(wish: Wish, pool: PoolRecord | None) -> str:
    """Of a pool that is gone, whatever the wish has of devices."""
    asked = _devices(wish.requests)
    return pool.view.resource if pool is not None else asked[0][0] if asked else ""


@lru_cache(maxsize=4096)
def _way(wish: Wish, pool: PoolName, resource: str, replicas: int) -> Variant:
    chips = dict(wish.requests).get(resource, 0) * CHIP
    rest = tuple((name, amount) for name, amount in wish.requests if name != resource)
    return Variant(VariantName(pool), (pool,), replicas, Ask(chips, rest, wish.constraints))


def _devices(requests: Requests) -> Requests:
    """Extended resources have a domain in their name."""
    return tuple((name, amount) for name, amount in requests if "/" in name)


def _larger(one: Requests, other: Requests) -> Requests:
    most = dict(one)
    for name, amount in other:
        most[name] = max(most.get(name, 0), amount)
    return tuple(sorted(most.items()))
