"""Every kind the mirror wants to hear of, where it is served, and how its objects are projected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chippool.api import names
from chippool.state.native import stateful_set
from chippool.state.translate_made import deployment, job
from chippool.state.translate_node import node
from chippool.state.translate_pod import pod
from chippool.state.translate_policy import namespace, pool, priority_class, queue
from chippool.state.translate_workload import workload


@dataclass(frozen=True, slots=True)
class Kind:
    """What to follow, and what to keep of it (`project`: raw object to record)."""

    name: str
    path: str
    project: Callable[[dict[str, Any]], Any]
    params: Mapping[str, str] = field(default_factory=dict)


ROOT = f"/apis/{names.API_VERSION}"

KINDS = (
    Kind("ChipPool", f"{ROOT}/chippools", pool),
    Kind("ChipQueue", f"{ROOT}/chipqueues", queue),
    Kind("PriorityClass", "/apis/scheduling.k8s.io/v1/priorityclasses", priority_class),
    Kind("Namespace", "/api/v1/namespaces", namespace),
    Kind("Node", "/api/v1/nodes", node),
    Kind("ChipWorkload", f"{ROOT}/chipworkloads", workload),
    Kind("Job", "/apis/batch/v1/jobs", job),
    Kind("Deployment", "/apis/apps/v1/deployments", deployment),
    Kind("StatefulSet", "/apis/apps/v1/statefulsets", stateful_set),
    Kind("Pod", "/api/v1/pods", pod),
)
