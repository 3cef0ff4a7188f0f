"""Rule 5: which nodes may hold a replica at all: selector, affinity, taints, as kube-scheduler judges them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_, or_

from chippool.core.bits import bits_of
from chippool.core.constraints import Constraints, Requirement, Taint, Term, Toleration
from chippool.core.model import Node

_HARD = frozenset({"NoSchedule", "NoExecute"})
_STATE = frozenset(
    f"node.kubernetes.io/{state}"
    for state in (
        "not-ready",
        "unreachable",
        "unschedulable",
        "out-of-service",
        "memory-pressure",
        "disk-pressure",
        "pid-pressure",
        "network-unavailable",
    )
)
"""Taints by which Kubernetes says how a node is doing now; they come and go with that."""
_NAME = "metadata.name"


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration answers one taint (core/v1 Toleration)."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if not toleration.key:
        return toleration.operator == "Exists"
    if toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value


def selects(requirements: Sequence[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; no requirement at all matches everything."""
    return all(_holds(r, labels.get(r.key)) for r in requirements)


def _holds(requirement: Requirement, value: str | None) -> bool:
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
        case _:
            return False


def _compares(requirement: Requirement, value: str | None) -> bool:
    try:
        left, right = int(value or ""), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return left > right if requirement.operator == "Gt" else left < right


class Eligibility:
    """Answers `Constraints` with the set of nodes that satisfy them; each label key is indexed when first asked for."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._all = (1 << len(nodes)) - 1
        self._values: dict[str, dict[str | None, int]] = {}
        self._taints = self._by_taints()
        self._answers: dict[Constraints, int] = {}
        self._lasting: dict[Constraints, int] = {}

    def mask(self, constraints: Constraints) -> int:
        """The nodes a pod with these constraints may be put on, as bits."""
        found = self._answers.get(constraints)
        if found is None:
            selected = self._selected(constraints)
            found = self._answers[constraints] = selected & self._tolerated(constraints, frozenset())
            self._lasting[constraints] = selected & self._tolerated(constraints, _STATE)
        return found

    def lasting(self, constraints: Constraints) -> int:
        """The nodes it may be put on once all of them are well."""
        self.mask(constraints)
        return self._lasting[constraints]

    def _by_taints(self) -> dict[tuple[Taint, ...], int]:
        members: defaultdict[tuple[Taint, ...], list[int]] = defaultdict(list)
        for i, node in enumerate(self._nodes):
            members[tuple(t for t in node.taints if t.effect in _HARD) if node.taints else ()].append(i)
        return {taints: bits_of(some, len(self._nodes)) for taints, some in members.items()}

    def _tolerated(self, constraints: Constraints, passing: frozenset[str]) -> int:
        return reduce(
            or_,
            (
                nodes
                for taints, nodes in self._taints.items()
                if all(t.key in passing or any(tolerates(own, t) for own in constraints.tolerations) for t in taints)
            ),
            0,
        )

    def _selected(self, constraints: Constraints) -> int:
        chosen = reduce(and_, (self._index(k).get(v, 0) for k, v in constraints.node_selector), self._all)
        if constraints.affinity is None:
            return chosen
        return chosen & reduce(or_, (self._term(t) for t in constraints.affinity), 0)

    def _term(self, term: Term) -> int:
        if not term.labels and not term.fields:
            return 0
        fields = [r for r in term.fields if r.key == _NAME]
        return reduce(and_, (self._matching(r) for r in (*term.labels, *fields)), self._all)

    def _matching(self, requirement: Requirement) -> int:
        return reduce(or_, (b for value, b in self._index(requirement.key).items() if _holds(requirement, value)), 0)

    def _index(self, key: str) -> dict[str | None, int]:
        found = self._values.get(key)
        if found is None:
            members: defaultdict[str | None, list[int]] = defaultdict(list)
            for i, node in enumerate(self._nodes):
                members[node.name if key == _NAME else node.labels.get(key)].append(i)
            found = self._values[key] = {v: bits_of(some, len(self._nodes)) for v, some in members.items()}
        return found
