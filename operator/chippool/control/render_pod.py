"""The pod template of a workload's variant: the user's, its patch, and what makes its pods ours to place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chippool.api import names
from chippool.api.patch import merged
from chippool.control import render_marks as marks

NOT_OURS_TO_ROUTE = ("nodeName", "schedulerName", "priority")  # the API server refuses a gated pod that has them

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What a template is rendered for."""

    name: str
    namespace: str
    class_name: str
    chips: Mapping[str, str]
    """What its chips are asked for by, as Quantities."""
    replicas: int
    most: int
    """Replicas it may grow to."""
    gang: bool
    container: str
    """Which one gets the chips."""
    admission: str = ""
    """Of a service: when it was admitted, to tell its pods from those of an earlier admission."""

    @property
    def coordinated(self) -> bool:
        """Its replicas look for one another."""
        return self.gang and max(self.replicas, self.most) > 1


def pod_template(spec: Mapping[str, Any], variant: Mapping[str, Any], order: Order) -> Json:
    """Return the template with the variant in it, made of the parts of `spec`, which is used up.

    LookupError: there is no such container; ValueError: the patch does not apply.
    """
    template: Json = merged(spec["template"], variant.get("patch") or {})
    _mark(template, order)
    _route(template["spec"], order)
    _give_chips(chip_container(template["spec"], order.container), order)
    if order.gang:
        template["spec"].setdefault("restartPolicy", "Never")
    if order.coordinated:
        _introduce(template["spec"], order)
    return template


def chip_container(pod: Mapping[str, Any], name: str) -> Json:
    """Return the container that gets the chips. LookupError: there is none of that name."""
    containers: list[Json] = pod.get("containers") or []
    for container in containers:
        if container["name"] == name:
            return container
    raise LookupError(f"the template has no container {name or 'at all'}")


def chip_container_name(spec: Mapping[str, Any]) -> str:
    """Return the one the spec names, else the first of its template: one that a patch adds may come before it."""
    containers: list[Json] = spec["template"]["spec"].get("containers") or [{"name": ""}]
    return str(spec.get("chipContainer") or containers[0]["name"])


def _mark(template: Json, order: Order) -> None:
    metadata = template.get("metadata") or {}
    kept = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    kept["labels"] = {**kept.get("labels", {}), names.WORKLOAD: order.name}
    if order.admission:
        kept["annotations"] = {**kept.get("annotations", {}), names.ADMITTED_AT: order.admission}
    template["metadata"] = kept


def _route(pod: Json, order: Order) -> None:
    for field in NOT_OURS_TO_ROUTE:
        pod.pop(field, None)
    pod["priorityClassName"] = marks.shadow_class(order.class_name)
    pod["schedulingGates"] = [{"name": names.GATE}]


def _give_chips(container: Json, order: Order) -> None:
    resources = container.setdefault("resources", {})
    for part in ("limits", "requests"):
        resources[part] = {**(resources.get(part) or {}), **order.chips}


def _introduce(pod: Json, order: Order) -> None:
    """Each replica finds the first one by a name that stands before the pod does."""
    subdomain = pod.setdefault("subdomain", order.name)
    address = f"{order.name}-0.{subdomain}.{order.namespace}.svc"
    for container in [*(pod.get("initContainers") or []), *pod["containers"]]:
        _offer(container, {"name": names.COORDINATOR, "value": address})


def _offer(container: Json, variable: Mapping[str, str]) -> None:
    env = container.get("env") or []
    if all(entry["name"] != variable["name"] for entry in env):
        container["env"] = [*env, dict(variable)]
