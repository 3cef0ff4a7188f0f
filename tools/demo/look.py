"""What the story waits for, as questions about objects; each answers from what the API server says now."""

from collections import Counter
from typing import Any

from tools.demo.stage import Stage

Json = dict[str, Any]


def conditions(workload: Json) -> dict[str, Json]:
    return {one["type"]: one for one in (workload.get("status") or {}).get("conditions") or ()}


def is_true(stage: Stage, key: str, kind: str) -> bool:
    """Whether a condition of a workload (`namespace/name`) is True."""
    return conditions(workload(stage, key)).get(kind, {}).get("status") == "True"


def says(stage: Stage, key: str, kind: str) -> str:
    """Return the sentence of a condition, empty while there is none."""
    return str(conditions(workload(stage, key)).get(kind, {}).get("message", ""))


def workload(stage: Stage, key: str) -> Json:
    namespace, _, name = key.partition("/")
    return stage.get("chipworkload", name, "-n", namespace)


def assignment(stage: Stage, key: str) -> Json:
    return (workload(stage, key).get("status") or {}).get("assignment") or {}


def pods(stage: Stage, key: str) -> list[Json]:
    """Its pods that are not ending."""
    namespace, _, name = key.partition("/")
    found = stage.get("pods", "-n", namespace, "-l", f"chippool.io/workload={name}").get("items", [])
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def ready_on(stage: Stage, key: str) -> Counter[str]:
    """Its Ready pods by node."""
    return Counter(pod["spec"]["nodeName"] for pod in pods(stage, key) if _is_ready(pod))


def chips_of(pod: Json) -> tuple[str, str]:
    """Return the resource and number of chips a pod asks for."""
    limits = pod["spec"]["containers"][0]["resources"]["limits"]
    return next((name, amount) for name, amount in limits.items() if "/" in name)


def image_of(pod: Json) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def _is_ready(pod: Json) -> bool:
    said = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in said)
