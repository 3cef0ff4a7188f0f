"""Rule 8: replicas that lost their node are replaced in time, or the gang gives everything back.

They are placed before anything that waits, may have spares of the pool's reserve and displace like any other work; the
gang keeps its other nodes meanwhile. A Service goes on with the replicas it has, and so does an elastic gang that has
minReplicas.
"""

from chippool.core.model import Mode, Workload
from chippool.core.plan import Displace, Resize
from chippool.core.reasons import Reason


def whole_by(workload: Workload) -> float | None:
    """Until when a gang that lost replicas has to be whole again; None where it lacks nothing."""
    since = workload.short_since
    if since is None or not workload.missing or not workload.started or workload.mode is not Mode.GANG:
        return None
    return since + workload.replace_timeout


def given_up(workload: Workload, now: float, why: str) -> Displace | None:
    """Take everything back once its time is over; `why` says what keeps its replicas from being placed."""
    until = whole_by(workload)
    if until is None or now < until:
        return None
    given = workload.assignment
    assert given is not None
    message = (
        f"{workload.missing} of its {given.replicas} replicas lost their node and could not be placed within "
        f"spec.disruption.replaceTimeout ({workload.replace_timeout:g} s): it gives everything back. {why}"
    )
    return Displace(workload.key, Reason.REPLACE_TIMEOUT, None, message)


def goes_on(workload: Workload, now: float) -> Resize | None:
    """Let go, once their time is over, of replicas an elastic gang can do without; it grows again like any other."""
    until, given = whole_by(workload), workload.assignment
    if until is None or now < until or given is None:
        return None
    has = given.replicas - workload.missing
    message = f"It goes on with {has} of {given.replicas} replicas: the others lost their node and found no other."
    return Resize(workload.key, has, (), message)
