"""Resources as kube-scheduler counts them: component-helpers/resource PodRequests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from chippool.api import quantity
from chippool.core.model import Requests

Amounts = dict[str, int]
"""By resource; cpu in millicores, the rest in whole units."""
Json = Mapping[str, Any]

POD_LEVEL = ("cpu", "memory")
"""What a pod may ask for as a whole, beside hugepages (spec.resources)."""


@lru_cache(maxsize=16384)
def amount(resource: str, text: str) -> int:
    """Return a quantity in the resource's unit, rounded up. ValueError: it is none."""
    return quantity.milli(text) if resource == "cpu" else quantity.whole(text)


def amounts(quantities: Json | None) -> Amounts:
    """Return parsed quantities by resource."""
    return {name: amount(name, str(text)) for name, text in (quantities or {}).items()}


def pod_requests(spec: Json, statuses: Json | None = None) -> Requests:
    """Return what a pod asks a node for, `pods: 1` included; `statuses` are the container statuses during a resize."""
    running = _sum(_of_container(c, statuses) for c in spec.get("containers") or ())
    total = _most(running, spec.get("initContainers") or ())
    total |= _as_a_whole(spec.get("resources") or {}, total)
    total = _sum([total, amounts(spec.get("overhead")), {"pods": 1}])
    return shared(tuple(sorted((name, asked) for name, asked in total.items() if asked)))


@lru_cache(maxsize=16384)
def shared(requests: Requests) -> Requests:
    """Return the one copy all equal ones share."""
    return requests


def _of_container(container: Json, statuses: Json | None = None) -> Amounts:
    """A resource that is only limited is asked for in that amount, as the API server has it."""
    resources = container.get("resources") or {}
    asked = {**amounts(resources.get("limits")), **amounts(resources.get("requests"))}
    status = (statuses or {}).get(container["name"])
    if status is None:
        return asked
    running = amounts((status.get("resources") or {}).get("requests"))
    return _larger(asked, _larger(running, amounts(status.get("allocatedResources"))))


def _most(running: Amounts, containers: Iterable[Json]) -> Amounts:
    """The most that is in use at once: init containers run one by one, sidecars stay (KEP-753)."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in containers:
        asked = _of_container(container)
        if container.get("restartPolicy") == "Always":
            sidecars = _sum([sidecars, asked])
            peak = _larger(peak, sidecars)
        else:
            peak = _larger(peak, _sum([sidecars, asked]))
    return _larger(peak, _sum([running, sidecars]))


def _as_a_whole(resources: Json, containers: Amounts) -> Amounts:
    """What spec.resources asks for instead of the sum of its containers."""
    asked, limits = amounts(resources.get("requests")), amounts(resources.get("limits"))
    unsaid = {name: limit for name, limit in limits.items() if name not in containers}
    whole = {**unsaid, **asked}
    return {name: value for name, value in whole.items() if name in POD_LEVEL or name.startswith("hugepages-")}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: defaultdict[str, int] = defaultdict(int)
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return dict(total)


def _larger(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}
