"""What a pod says about nodes, and nodes about pods, in Kubernetes' own terms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Toleration:
    """An empty key with operator Exists tolerates everything; an empty effect matches every effect."""

    key: str
    operator: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """`operator` is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative of a required node affinity; `fields` speak of `metadata.name`."""

    labels: tuple[Requirement, ...]
    fields: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Constraints:
    """Which nodes may hold a replica at all; `affinity` None asks for nothing, empty matches nothing."""

    node_selector: tuple[tuple[str, str], ...] = ()
    affinity: tuple[Term, ...] | None = None
    tolerations: tuple[Toleration, ...] = ()


@dataclass(frozen=True, slots=True)
class Within:
    """All replicas are to be in one domain of a level, a label of nodes that the pool names in its topology."""

    level: str
    required: bool = False
    """Else it is a wish: nobody is displaced for it, and nobody waits."""
    home: tuple[str, ...] | None = None
    """The domain that replicas are in already."""
