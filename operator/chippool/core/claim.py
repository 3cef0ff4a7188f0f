"""Rule 6: who may take whose chips. `may_take` is the whole law; the rest makes it fast to search by."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from chippool.core.ids import WorkloadKey
from chippool.core.reasons import Reason
from chippool.core.tenant import WHOLE, Tenant
from chippool.core.tree import Path


class Takes(StrEnum):
    """How much of what it has a right to a claim asks for."""

    ALL = "all"
    YIELDED = "yielded"
    """Others' replicas past their minReplicas, and what is scavenged: for one that has its own minReplicas already."""
    SPARED = "spared"
    """Others' replicas past their minReplicas."""


@dataclass(frozen=True, slots=True)
class Claim:
    """By what right a workload displaces others in one pool.

    `within` says for each level of `path` whether it stays within its guarantee; a claim without a path is one for
    which its queue makes no difference (see `Tenancy.shared`).
    """

    priority: int
    path: Path = ()
    within: tuple[bool, ...] = ()
    scavenges: bool = False
    external: bool = False
    spared: frozenset[WorkloadKey] = frozenset()
    """Those it displaced within the last hour."""
    takes: Takes = Takes.ALL
    _hash: int = field(init=False, repr=False, compare=False, default=0)
    """Kept, as of an `Ask`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.priority, self.path, self.within, self.spared)))

    def __hash__(self) -> int:
        return self._hash


def may_take(claim: Claim, tenant: Tenant) -> bool:
    """Whether the tenant may be displaced for the claim."""
    if claim.takes is not Takes.ALL and _is_kept(claim.takes, tenant):
        return False
    if tenant.scavenges and not claim.scavenges:
        return tenant.key not in claim.spared
    if tenant.fixed or tenant.key in claim.spared or (claim.scavenges and not _gives_to_scavengers(claim, tenant)):
        return False
    lower = tenant.priority < claim.priority
    if claim.path and tenant.path == claim.path:
        return lower
    depth = _parting(claim.path, tenant.path)
    if _is_within(claim, tenant, depth):
        return lower or tenant.loan <= depth or tenant.external > claim.external
    return lower and (tenant.loan <= depth or tenant.scavenges)


def _is_kept(takes: Takes, tenant: Tenant) -> bool:
    return tenant.index == WHOLE and not (takes is Takes.YIELDED and tenant.scavenges)


def _gives_to_scavengers(claim: Claim, tenant: Tenant) -> bool:
    return tenant.scavenges and tenant.external >= claim.external


def why(claim: Claim, tenant: Tenant) -> Reason:
    """The rule by which a victim goes."""
    if tenant.scavenges and not claim.scavenges:
        return Reason.SCAVENGED
    return Reason.PREEMPTED if tenant.priority < claim.priority else Reason.RECLAIMED


def _parting(one: Path, other: Path) -> int:
    """The level at which two ways down the tree part; without a way they part at the top."""
    depth = 0
    while depth < len(one) and depth < len(other) and one[depth] == other[depth]:
        depth += 1
    return depth


def _is_within(claim: Claim, tenant: Tenant, depth: int) -> bool:
    """Resold capacity has no guarantee against those it was resold by."""
    return depth < len(claim.within) and claim.within[depth] and tenant.external >= claim.external


def shared(claim: Claim, *, inner: bool, guarded: bool, lent: bool) -> Claim:
    """The claim without its queue, where that makes no difference.

    `inner`: below the same root are tenants that are borrowed, and not up to the root; `guarded` and `lent`: the
    claim's own queue has some that are not borrowed up to the root, or that are.
    """
    if claim.spared:
        return claim
    if claim.scavenges or (not any(claim.within) and not inner and not guarded):
        return replace(claim, path=(), within=())
    if all(claim.within) and not inner and not lent:
        return replace(claim, path=(), within=(True,))
    return claim
