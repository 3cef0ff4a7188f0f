"""Which nodes a pod's spec allows, and what of a spec is left to kube-scheduler alone."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from chippool.core.constraints import Constraints, Requirement, Term, Toleration

Json = Mapping[str, Any]


def constraints_of(spec: Json, without: str = "") -> Constraints:
    """Return the constraints of a pod's spec; `without` names a node selector that does not count."""
    selector = spec.get("nodeSelector") or {}
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return _shared(
        Constraints(
            node_selector=tuple(sorted((key, value) for key, value in selector.items() if key != without)),
            affinity=None if required is None else tuple(map(_term, required.get("nodeSelectorTerms") or ())),
            tolerations=tuple(map(_toleration, spec.get("tolerations") or ())),
        )
    )


def requirements(expressions: list[Json] | None) -> tuple[Requirement, ...]:
    """Return matchExpressions, or matchFields, as they are."""
    return tuple(
        Requirement(entry["key"], entry["operator"], tuple(entry.get("values") or ())) for entry in expressions or ()
    )


@lru_cache(maxsize=8192)
def _shared(constraints: Constraints) -> Constraints:
    return constraints


def _term(term: Json) -> Term:
    return Term(requirements(term.get("matchExpressions")), requirements(term.get("matchFields")))


def _toleration(entry: Json) -> Toleration:
    return Toleration(
        entry.get("key") or "", entry.get("operator") or "Equal", entry.get("value") or "", entry.get("effect") or ""
    )


def not_modelled(spec: Json) -> Iterator[str]:
    """Yield the fields of a pod's spec that narrow its nodes and that decisions do not look at."""
    affinity = spec.get("affinity") or {}
    for field in ("podAffinity", "podAntiAffinity"):
        if (affinity.get(field) or {}).get("requiredDuringSchedulingIgnoredDuringExecution"):
            yield f"affinity.{field}"
    if any(entry.get("whenUnsatisfiable") == "DoNotSchedule" for entry in spec.get("topologySpreadConstraints") or ()):
        yield "topologySpreadConstraints"
    if any("persistentVolumeClaim" in entry or "ephemeral" in entry for entry in spec.get("volumes") or ()):
        yield "volumes"
    if any(_takes_a_port(container, spec) for container in spec.get("containers") or ()):
        yield "hostPort"
    if spec.get("resourceClaims"):
        yield "resourceClaims"


def _takes_a_port(container: Json, spec: Json) -> bool:
    return any(port.get("hostPort") or spec.get("hostNetwork") for port in container.get("ports") or ())
