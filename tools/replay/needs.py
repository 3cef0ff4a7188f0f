"""What one replica of a workload needs of its node, sidecars and init containers as kube-scheduler counts them."""

import copy
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from tools.replay.quantities import quantity

Json = dict[str, Any]
Amounts = dict[str, Fraction]


def asked(workload: Json, variant: Json, resource: str) -> Amounts:
    """What one replica needs of a node: init containers count where they need more than the rest, sidecars always."""
    need = pod_needs(pod_spec(workload, variant))
    need[resource] = need.get(resource, Fraction(0)) + int(variant["chipsPerReplica"])
    return need


def pod_spec(workload: Json, variant: Json) -> Json:
    """The template with the patch laid over it; lists of named things by name."""
    spec: Json = workload["spec"]["template"]["spec"]
    patch = (variant.get("patch") or {}).get("spec")
    return _laid_over(copy.deepcopy(spec), patch) if patch else spec


def _laid_over(base: Any, patch: Any) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        for key, value in patch.items():
            if value is None:
                base.pop(key, None)
            else:
                base[key] = _laid_over(base[key], value) if key in base else value
        return base
    if isinstance(base, list) and isinstance(patch, list) and all(isinstance(e, dict) and "name" in e for e in patch):
        named = {e["name"]: e for e in base}
        return [*(_laid_over(e, {}) for e in base if e["name"] not in {p["name"] for p in patch})] + [
            _laid_over(named[p["name"]], p) if p["name"] in named else p for p in patch
        ]
    return patch if not isinstance(patch, dict) else base


def pod_needs(spec: Json) -> Amounts:
    need = added(_requests(c) for c in spec["containers"])
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or []:
        own = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars = added([sidecars, own])
            own = sidecars
        else:
            own = added([sidecars, own])
        peak = {r: max(peak.get(r, Fraction(0)), own.get(r, Fraction(0))) for r in {*peak, *own}}
    need = added([need, sidecars])
    need = {r: max(need.get(r, Fraction(0)), peak.get(r, Fraction(0))) for r in {*need, *peak}}
    overhead = {r: quantity(a) for r, a in (spec.get("overhead") or {}).items()}
    return added([need, overhead, {"pods": Fraction(1)}])


def _requests(container: Json) -> Amounts:
    """A limit without a request is a request."""
    resources = container.get("resources") or {}
    said = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {r: quantity(a) for r, a in said.items()}


def added(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, Fraction(0)) + amount
    return total
