"""The words and figures every answer about a workload is made of: where it stands, its chips, its turn, its moment."""

from datetime import UTC, datetime

from chippool.control.sentences import in_native_words
from chippool.core.ids import Milli, WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Admit, Decision, Displace, Migrate, Plan, Shrink, in_turn
from chippool.state.counts import chips_given
from chippool.state.native import is_native

Number = float | int


def number(value: Number) -> str:
    return f"{value:g}" if value != int(value) else str(int(value))


def moment(seconds: float) -> str:
    """RFC 3339, as the API server writes times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def state_of(workload: Workload) -> str:
    """Return one word for where a workload stands, the same as in the metrics."""
    if workload.finished:
        return "finished"
    if workload.assignment is not None:
        return "ready" if workload.ready + workload.succeeded >= workload.assignment.replicas else "admitted"
    return "suspended" if workload.suspend else "pending"


def chips_held(workload: Workload) -> Milli:
    """Return the milli-chips of an assignment; what its succeeded replicas gave back does not count."""
    given = chips_given(workload)
    return 0 if given is None else given[1]


def turns(plan: Plan) -> dict[WorkloadKey, int]:
    """Return the places, from 1, in the order of all that waits and can be helped by waiting."""
    return {key: place for place, key in enumerate(in_turn(plan), 1)}


def in_words(workload: Workload, decision: Decision | None) -> str:
    """Return what a decision means while the cluster does not show it yet."""
    said = _in_words(workload, decision)
    return in_native_words(said) if is_native(workload.key) else said


def _in_words(workload: Workload, decision: Decision | None) -> str:
    match decision:
        case None:
            return "It is being deleted."
        case Admit():
            return "It fits now and is about to be admitted; if it stays so, see whether the operator runs."
        case Shrink():
            return f"It is about to give some of its replicas. {decision.message}"
        case Displace() if workload.assignment is not None:
            return f"It is about to lose its chips. {decision.message}"
        case Migrate():
            return f"It is about to move. {decision.message}"
        case _:
            return decision.message
