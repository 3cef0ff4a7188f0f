"""Rule 3: which admissions are borrowed: the lowest and youngest past a guarantee, level by level up the tree."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from chippool.core.ids import Milli
from chippool.core.tenant import GUARANTEED, WHOLE, Tenant


def lend(tenants: Iterable[Tenant], guaranteed: Callable[[int], Milli]) -> None:
    """Set `loan` of the tenants of one pool, as the plan begins.

    A tenant is borrowed at a level if its queue is borrowing there with everybody lower and younger gone, and it is
    borrowed at every level below. Whichever of the borrowed ones leave, in rank order each leaves a queue that is
    past its guarantee. Work of a queue that is gone has no guarantee: all of it is borrowed. Of equal priority,
    replicas past minReplicas are borrowed before whole workloads.
    """
    sharers = [tenant for tenant in tenants if not tenant.scavenges]
    beyond: defaultdict[int, Milli] = defaultdict(int)
    for tenant in sharers:
        for i in tenant.path:
            beyond[i] += tenant.chips
    for i in beyond:
        beyond[i] -= guaranteed(i)
    for tenant in sorted(sharers, key=lambda t: (t.priority, t.index == WHOLE, -t.admitted_at, t.uid, -t.index)):
        _lend(tenant, beyond)


def _lend(tenant: Tenant, beyond: defaultdict[int, Milli]) -> None:
    """Go up while the level borrows; only a leaver from a level that borrows makes those above it borrow less."""
    tenant.loan = GUARANTEED if tenant.path else 0
    for depth in range(len(tenant.path) - 1, -1, -1):
        if beyond[tenant.path[depth]] <= 0:
            break
        tenant.loan = depth
    for i in tenant.path[tenant.loan if tenant.loan != GUARANTEED else len(tenant.path) :]:
        beyond[i] -= tenant.chips
