"""What a way to run a workload lacks, in sentences that stay true until the reason changes.

Figures that move with the cluster go into the record's fields; the command line shows them, status does not.
"""

from chippool.core.board import Board
from chippool.core.checks import pool_problem
from chippool.core.ids import shown
from chippool.core.model import Variant
from chippool.core.plan import Shortage
from chippool.core.reasons import MISTAKES, Reason
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Shelf


def never(board: Board, seeker: Seeker, option: Option) -> Shortage | None:
    """Why this could not be even if the pool were empty and healthy; None if it could."""
    variant, pool = option.variant, option.pool
    problem = pool_problem(board.snapshot, seeker.class_name, variant, pool)
    if problem is not None:
        return Shortage(variant.name, pool, problem.reason, problem.message)
    shelf = board.shelves[pool]
    if not shelf.nodes:
        return Shortage(variant.name, pool, Reason.NO_NODES, f"ChipPool {pool} has no nodes now.")
    ceiling = shelf.ceiling(variant.ask)
    if ceiling >= option.replicas:
        return None
    return _impossible(shelf, option, ceiling)


def _impossible(shelf: Shelf, option: Option, ceiling: int) -> Shortage:
    variant, pool, replicas = option.variant, option.pool, option.replicas
    ask, where = variant.ask, f"spec.variants[{variant.name}]"
    if not shelf.eligibility.mask(ask.constraints):
        message = (
            f"No node of ChipPool {pool} satisfies the template's nodeSelector, node affinity and tolerations in "
            f"variant {variant.name}; correct them."
        )
        return Shortage(variant.name, pool, Reason.NO_NODE_MATCHES, message)
    largest = max(shelf.sizes)
    if ask.chips > largest:
        message = (
            f"{where}.chipsPerReplica: {shown(ask.chips)} chips a replica is more than any node of ChipPool {pool} "
            f"has ({shown(largest)}); ask for fewer chips and more replicas."
        )
    elif not ceiling:
        message = (
            f"spec.template: no node of ChipPool {pool} is large enough for one replica of variant {variant.name} "
            f"beside its chips ({_requests(variant)}); ask for less."
        )
    else:
        message = (
            f"{where}: {replicas} replicas are more than ChipPool {pool} could ever hold ({ceiling}); "
            f"ask for fewer replicas."
        )
    return Shortage(variant.name, pool, Reason.IMPOSSIBLE_SIZE, message, asked=replicas * ask.chips, fits=ceiling)


def _requests(variant: Variant) -> str:
    return ", ".join(
        f"{resource} {amount}{'m' if resource == 'cpu' else ''}" for resource, amount in variant.ask.requests
    )


def limit(board: Board, seeker: Seeker, option: Option) -> Shortage:
    """The queue's limit is in the way."""
    variant, pool, new = option.variant, option.pool, option.new
    queue = board.snapshot.queues[seeker.queue]
    cap = queue.limits[pool]
    if new > cap:
        message = (
            f"ChipQueue {queue.name} may use at most {shown(cap)} chips of {pool} (spec.quotas), and variant "
            f"{variant.name} asks for {shown(new)}; ask for fewer, or have the limit raised."
        )
    else:
        message = (
            f"ChipQueue {queue.name} may use at most {shown(cap)} chips of {pool} (spec.quotas); {shown(new)} more "
            f"would pass that limit now."
        )
    left = board.left(seeker.queue, pool) or 0
    return Shortage(
        variant.name, pool, Reason.QUEUE_LIMIT, message, asked=new, free=left, fits=max(left, 0) // variant.ask.chips
    )


def chips_or_room(shelf: Shelf, seeker: Seeker, option: Option, fits: int) -> Shortage:
    """Too few chips are free in the needed shape, or something else the replicas need is used up beside them."""
    variant, pool, replicas = option.variant, option.pool, option.replicas
    ask = variant.ask
    by_chips, free = shelf.fits_by_chips(ask), shelf.free_in_all()
    asked = f"{replicas} x {shown(ask.chips)} chips of {pool}"
    lower = (
        "work of lower priority does not hold enough of it"
        if seeker.preempts
        else "its priority class displaces nobody (preemptionPolicy Never)"
    )
    if by_chips >= replicas:
        reason = Reason.ROOM_SHORT
        what = f"the nodes with free chips lack other room ({_requests(variant)} a replica)"
    else:
        reason = Reason.CHIPS_SHORT
        whole = " on whole nodes" if shelf.sizes.get(ask.chips) else ""
        what = f"not that many are free{whole}"
    message = f"Asks for {asked}: {what}, and {lower}."
    if shelf.contested:
        message += f" Nodes of {pool} that are in another pool too get nothing new (see its condition NodesOverlap)."
    return Shortage(variant.name, pool, reason, message, asked=replicas * ask.chips, free=free, fits=fits)


def verdict(shortages: tuple[Shortage, ...]) -> tuple[Reason, str]:
    """One reason and one text for a workload: the most hopeful way first, each different sentence once."""
    hopeful = [s for s in shortages if s.reason not in MISTAKES]
    shown_ones = hopeful or list(shortages)
    if not shown_ones:
        return Reason.UNKNOWN_POOL, "spec.variants names no pool that could be used."
    return shown_ones[0].reason, " ".join(dict.fromkeys(s.message for s in shown_ones))
