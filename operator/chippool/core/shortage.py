"""Rule 10: what a way to run a workload lacks, in sentences that stay true until the reason changes.

Figures that move with the cluster go into the record's fields; the command line shows them, status does not.
"""

from collections.abc import Sequence

from chippool.core.board import Board
from chippool.core.checks import pool_problem
from chippool.core.claim import Claim
from chippool.core.ids import Milli, PoolName, shown
from chippool.core.model import Variant
from chippool.core.plan import Shortage
from chippool.core.reasons import MISTAKES, Reason
from chippool.core.reservation import Reservation
from chippool.core.reserve import against
from chippool.core.seeker import Option, Seeker
from chippool.core.shelf import Shelf
from chippool.core.shortage_together import never_together


def never(board: Board, seeker: Seeker, option: Option) -> Shortage | None:
    """Why this could not be even if the pool were empty and healthy; None if it could."""
    variant, pool = option.variant, option.pool
    external = seeker.queue in board.tree.external
    problem = pool_problem(board.snapshot, seeker.class_name, variant, pool, external=external)
    if problem is not None:
        return Shortage(variant.name, pool, problem.reason, problem.message)
    shelf = board.shelves[pool]
    if not shelf.nodes:
        return Shortage(variant.name, pool, Reason.NO_NODES, f"ChipPool {pool} has no nodes now.")
    ceiling = shelf.ceiling(variant.ask)
    if ceiling >= option.replicas:
        return never_together(board.topologies, option)
    return _impossible(shelf, option, ceiling)


def _impossible(shelf: Shelf, option: Option, ceiling: int) -> Shortage:
    variant, pool, replicas = option.variant, option.pool, option.replicas
    ask, where = variant.ask, f"spec.variants[{variant.name}]"
    if not shelf.eligibility.lasting(ask.constraints):
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
    """A limit is in the way: the queue's own, or that of a queue above it."""
    variant, pool, new = option.variant, option.pool, option.new
    left, level = board.ledger.tightest(seeker.queue, pool) or (0, -1)
    cap = board.ledger.limit(level, pool) or 0
    said = _capped(board, seeker, level, pool, cap)
    if new > cap:
        message = f"{said}, and variant {variant.name} asks for {shown(new)}; ask for fewer, or have the limit raised."
    else:
        message = f"{said}; {shown(new)} more would pass that limit now."
    return Shortage(
        variant.name, pool, Reason.QUEUE_LIMIT, message, asked=new, free=left, fits=max(left, 0) // variant.ask.chips
    )


def _capped(board: Board, seeker: Seeker, level: int, pool: PoolName, cap: Milli) -> str:
    queue = board.tree.branches[level].queue
    assert queue is not None
    who = f"ChipQueue {queue.name}" if queue.name == seeker.queue else f"ChipQueue {queue.name}, above {seeker.queue},"
    where = "spec.quotas" if pool in queue.limits else "spec.closed, and spec.quotas does not list the pool"
    return f"{who} may use at most {shown(cap)} chips of {pool} ({where})"


def reserved(board: Board, seeker: Seeker, option: Option, claim: Claim) -> Shortage:
    """Enough is free, and it is kept free for others."""
    variant, pool, asked = option.variant, option.pool, option.replicas * option.variant.ask.chips
    entries = [*against(board.snapshot, pool, seeker.priority, replacing=not option.new)]
    classes = ", ".join(sorted({entry.class_name for entry in entries}))
    whom = f"class {classes} and above"
    if board.snapshot.pools[pool].resale.spares_first and any(entry.spares for entry in entries):
        whom = "replicas that lose their node: chips of the pool are not replaced any more"
    message = (
        f"Asks for {option.replicas} x {shown(variant.ask.chips)} chips of {pool}: of the free ones, "
        f"{shown(sum(entry.chips for entry in entries))} are kept for {whom} (spec.reserve of the "
        f"pool), and {_others(board, seeker, option, claim)}."
    )
    free = board.shelves[pool].free_in_all()
    return Shortage(variant.name, pool, Reason.RESERVED, message, asked=asked, free=free, fits=option.replicas)


def held_back(board: Board, seeker: Seeker, option: Option, minded: Sequence[Reservation]) -> Shortage:
    """It would fit now, and would be in the way of a workload that is next."""
    variant, pool, asked = option.variant, option.pool, option.replicas * option.variant.ask.chips
    path = board.tree.paths.get(seeker.queue, ())
    kept_for = next((one for one in minded if not one.has_quota(path, option.new)), minded[0])
    what = "they are free" if kept_for.nodes else "a limit of its queue (spec.quotas) still allows them"
    whose = f"class {kept_for.seeker.class_name} of queue {kept_for.seeker.queue}"
    message = (
        f"Asks for {option.replicas} x {shown(variant.ask.chips)} chips of {pool}: {what}, and kept for work of "
        f"{whose} that needs more and is next. Work that is over before that starts may run first: set spec.maxRuntime "
        "or lower it."
    )
    free = board.shelves[pool].free_in_all()
    return Shortage(variant.name, pool, Reason.HELD_BACK, message, asked=asked, free=free, fits=option.replicas)


def chips_or_room(board: Board, seeker: Seeker, option: Option, claim: Claim, fits: int) -> Shortage:
    """Too few chips are free in the needed shape, or something else the replicas need is used up beside them."""
    variant, pool, replicas = option.variant, option.pool, option.replicas
    ask, shelf = variant.ask, board.shelves[option.pool]
    by_chips = shelf.fits_by_chips(ask)
    if by_chips >= replicas:
        reason = Reason.ROOM_SHORT
        what = f"the nodes with free chips lack other room ({_requests(variant)} a replica)"
    else:
        reason = Reason.CHIPS_SHORT
        whole = " on whole nodes" if shelf.sizes.get(ask.chips) else ""
        what = f"not that many are free{whole}"
    asked = f"{replicas} x {shown(ask.chips)} chips of {pool}"
    if (within := board.topologies.demand(option)) is not None:
        asked, (fits, anywhere) = f"{asked} in one {within.level}", board.topologies.room(option, within)
        if anywhere >= replicas:
            reason, what = Reason.DOMAIN_SHORT, "that many are free, but not there"
    message = f"Asks for {asked}: {what}, and {_others(board, seeker, option, claim)}."
    if seeker.preempts and board.leaves_alone(pool):
        message += " Some work there is left alone until its minRuntime or cooldown is over."
    if shelf.contested:
        message += f" Nodes of {pool} that are in another pool too get nothing new (see its condition NodesOverlap)."
    free = shelf.free_in_all()
    return Shortage(variant.name, pool, reason, message, asked=replicas * ask.chips, free=free, fits=fits)


def _others(board: Board, seeker: Seeker, option: Option, claim: Claim) -> str:
    """Why nobody makes room for it."""
    if seeker.grows:
        return "for replicas past spec.minReplicas only others' own past theirs give way"
    if not seeker.preempts:
        return "its priority class displaces nobody (preemptionPolicy Never)"
    if option.scavenges:
        spent = seeker.queue in board.tree.overspent
        why = (
            "spec.budget of its queue, or of one above, is spent"
            if spent
            else "use Scavenge in spec.access of the pool"
        )
        return f"it only gets there what nobody else waits for ({why})"
    if any(claim.within):
        return (
            "its queue is within its guarantee, yet lower priority, borrowers and scavengers do not hold enough of it"
        )
    if option.pool in board.ledger.guarantees.pools:
        return (
            "its queue would be past its guarantee, and work of lower priority that others have borrowed does not hold "
            "enough of it"
        )
    return "work of lower priority does not hold enough of it"


def verdict(shortages: tuple[Shortage, ...]) -> tuple[Reason, str]:
    """One reason and one text for a workload: the most hopeful way first, each different sentence once."""
    hopeful = [s for s in shortages if s.reason not in MISTAKES]
    shown_ones = hopeful or list(shortages)
    if not shown_ones:
        return Reason.UNKNOWN_POOL, "spec.variants names no pool that could be used."
    return shown_ones[0].reason, " ".join(dict.fromkeys(s.message for s in shown_ones))
