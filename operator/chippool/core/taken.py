"""Rule 6: what a victim is told: by which rule it goes, for whom, and what it keeps."""

from chippool.core.model import Workload
from chippool.core.plan import Decision, Displace, Migrate, Shrink
from chippool.core.reasons import Reason
from chippool.core.relocation import Move

_RULES = {
    Reason.PREEMPTED: "by {by}: its priority is higher.",
    Reason.RECLAIMED: "by {by}, which is within its guarantee: borrowed and resold chips go back to it.",
    Reason.SCAVENGED: "by {by}: this work had the chips only while nobody else waited for them.",
}


def displaced(victim: Workload, winner: Workload, reason: Reason) -> Displace:
    """All of it goes."""
    return Displace(victim.key, reason, winner.key, f"Displaced {_rule(winner, reason)}")


def shrunk(victim: Workload, winner: Workload, reason: Reason, count: int, before: Decision | None) -> Shrink:
    """So many more replicas go; others may have taken some in this plan `before`."""
    given = victim.assignment
    assert given is not None
    keeps = (before.replicas if isinstance(before, Shrink) else given.replicas) - count
    message = f"It keeps {keeps} replica(s); the others are displaced {_rule(winner, reason)}"
    return Shrink(victim.key, keeps, winner.key, message)


def moved(move: Move, winner: Workload) -> Migrate:
    """It goes on elsewhere."""
    chips, count, variant = move.variant.ask.chips, len(move.nodes), move.variant.name
    message = f"Makes room for {_work_of(winner)}: goes on as variant {variant} with {count} replica(s) in {move.pool}."
    return Migrate(move.tenant.key, variant, move.pool, chips, move.nodes, winner.key, message, seats=move.seats)


def _rule(winner: Workload, reason: Reason) -> str:
    return _RULES[reason].format(by=_work_of(winner))


def _work_of(winner: Workload) -> str:
    return f"{winner.class_name} work of queue {winner.queue}"
