"""Whether a node may hold a pod at all: Ready, not cordoned, taints, nodeSelector, required node affinity."""

from typing import Any

Json = dict[str, Any]


def may_hold(node: Json, pod: Json) -> bool:
    labels = {**(node["metadata"].get("labels") or {})}
    if not _is_ready(node) or node["spec"].get("unschedulable") or not _tolerated(node, pod):
        return False
    if any(labels.get(key) != value for key, value in (pod.get("nodeSelector") or {}).items()):
        return False
    affinity = ((pod.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity is None:
        return True
    return any(_matches(term, labels, node["metadata"]["name"]) for term in affinity["nodeSelectorTerms"])


def _is_ready(node: Json) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions") or [])


def _tolerated(node: Json, pod: Json) -> bool:
    hard = [t for t in node["spec"].get("taints") or [] if t["effect"] in ("NoSchedule", "NoExecute")]
    return all(any(_answers(one, taint) for one in pod.get("tolerations") or []) for taint in hard)


def _answers(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    same_value = toleration.get("value", "") == taint.get("value", "")
    return toleration["key"] == taint["key"] and (exists or same_value)


def _matches(term: Json, labels: dict[str, str], name: str) -> bool:
    by_label, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not by_label and not by_field:
        return False
    return all(_holds(e, labels.get(e["key"])) for e in by_label) and all(_holds(e, name) for e in by_field)


def _holds(expression: Json, value: str | None) -> bool:
    values = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(values[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(values[0])
    raise ValueError(f"{expression['operator']} is no operator of a node selector")
