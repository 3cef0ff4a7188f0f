"""What the cluster shows and what it means: endings, time limits and assignments that never could be right.

The table "What the cluster shows" of docs/explanation/mechanism.md, row by row; whoever passes all rows is
either admitted and stays so, or waits for chips.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chippool.core.checks import never_right
from chippool.core.model import Snapshot, Workload
from chippool.core.plan import Decision, Displace, Finish, Hold, Keep, Stop
from chippool.core.reasons import Reason
from chippool.core.replacement import whole_by


@dataclass(frozen=True, slots=True)
class Policy:
    """The few numbers a cluster's owner may turn; seconds."""

    back_off: float = 60.0
    """After the first start that failed; doubles with each."""
    start_attempts: int = 5
    """Starts that may fail before the workload is held until its spec is edited."""


Rule = Callable[[Snapshot, Workload, float, Policy], Decision | None]


def reviewed(snapshot: Snapshot, workload: Workload, now: float, policy: Policy) -> Decision | None:
    """The first rule that applies, or None for a workload that is admitted or waits."""
    for rule in _RULES:
        decision = rule(snapshot, workload, now, policy)
        if decision is not None:
            return decision
    return None


def wakes(workload: Workload, now: float, policy: Policy) -> list[float]:
    """The moments at which a rule may say something else though nothing in the cluster moves."""
    moments: list[float] = []
    if workload.assignment is not None:
        if not workload.started:
            moments.append(_start_deadline(workload))
        if workload.max_runtime is not None:
            moments.append(workload.assignment.admitted_at + workload.max_runtime)
        if (until := whole_by(workload)) is not None:
            moments.append(until)
    elif (again := tried_again(workload, policy)) is not None:
        moments.append(again)
    return [m for m in moments if m > now]


def tried_again(workload: Workload, policy: Policy) -> float | None:
    """When a workload that did not start is tried again; None if nothing holds it back."""
    last = workload.displaced
    if last is None or not last.not_started or last.generation != workload.generation:
        return None
    return last.at + policy.back_off * float(2 ** (last.not_started - 1))


def _finished(_: Snapshot, workload: Workload, __: float, ___: Policy) -> Decision | None:
    if not workload.finished:
        return None
    if workload.active and workload.outcome is None:
        return Stop(workload.key, Reason.COMPLETED, "It has finished for good, and its object still ran.")
    return Keep(workload.key, Reason.COMPLETED, "It has finished.")


def _ended(_: Snapshot, workload: Workload, __: float, ___: Policy) -> Decision | None:
    if workload.outcome is None:
        return None
    return Finish(workload.key, workload.outcome.reason, workload.outcome.message)


def _ran_out(_: Snapshot, workload: Workload, now: float, ___: Policy) -> Decision | None:
    limit, given = workload.max_runtime, workload.assignment
    if given is None or limit is None or now < given.admitted_at + limit:
        return None
    return Finish(
        workload.key, Reason.MAX_RUNTIME_EXCEEDED, f"It ran for {limit:g} s, which is all that spec.maxRuntime allows."
    )


def _suspended(_: Snapshot, workload: Workload, __: float, ___: Policy) -> Decision | None:
    if not workload.suspend:
        return None
    message = "spec.suspend is true; set it to false to queue it again."
    if workload.assignment is not None:
        return Displace(workload.key, Reason.SUSPENDED, None, message)
    if workload.active:
        return Stop(workload.key, Reason.SUSPENDED, message)
    return Hold(workload.key, Reason.SUSPENDED, message)


def _unauthorized(snapshot: Snapshot, workload: Workload, _: float, __: Policy) -> Decision | None:
    wrong = never_right(snapshot, workload)
    return Displace(workload.key, Reason.UNAUTHORIZED, None, wrong) if wrong else None


def _not_started(_: Snapshot, workload: Workload, now: float, __: Policy) -> Decision | None:
    if workload.assignment is None or workload.started or now < _start_deadline(workload):
        return None
    why = workload.error or f"{workload.ready} of {workload.assignment.replicas} replicas were Ready"
    message = f"It did not start within spec.startTimeout ({workload.start_timeout:g} s): {why}"
    return Displace(workload.key, Reason.NOT_STARTED, None, message)


def _backing_off(_: Snapshot, workload: Workload, now: float, policy: Policy) -> Decision | None:
    until, last = tried_again(workload, policy), workload.displaced
    if workload.assignment is not None or until is None or last is None:
        return None
    if last.not_started >= policy.start_attempts:
        message = f"It failed to start {last.not_started} times and is held until its spec is edited. {last.message}"
        return Hold(workload.key, Reason.NOT_STARTED, message)
    if now < until:
        message = f"It failed to start {last.not_started} times in a row and is tried again later. {last.message}"
        return Hold(workload.key, Reason.BACK_OFF, message, until=until)
    return None


def _start_deadline(workload: Workload) -> float:
    assert workload.assignment is not None
    return max(workload.clock, workload.assignment.admitted_at) + workload.start_timeout


_RULES: tuple[Rule, ...] = (
    _finished,
    _ended,
    _ran_out,
    _suspended,
    _unauthorized,
    _not_started,
    _backing_off,
)
