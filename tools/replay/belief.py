"""What the hold check looks up: who holds what where, told from raw objects."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.replay.needs import Amounts, added, pod_needs
from tools.replay.quantities import quantity

Json = dict[str, Any]
LABEL, ASSIGNMENT = "chippool.io/workload", "chippool.io/assignment"
_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Objects:
    """The cluster's objects as the API server lists them."""

    nodes: list[Json]
    pods: list[Json]
    jobs: list[Json]
    deployments: list[Json]
    pools: list[Json]
    queues: list[Json]
    workloads: list[Json]
    classes: list[Json]


@dataclass(slots=True)
class Cluster:
    """What the check looks up, by name."""

    nodes: dict[str, Json]
    pools: dict[str, Json]
    queues: dict[str, Json]
    priorities: dict[str, int]
    never: frozenset[str]
    """Classes with preemptionPolicy Never."""
    admitted: dict[str, Json]
    """Workload → {class, queue, variant, pool, chips} of what holds an assignment."""
    gated: Counter[str] = field(default_factory=Counter)
    """Workload → its living pods that were sent nowhere yet."""
    used: dict[str, dict[str, Amounts]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    """Node → who (a workload, or empty for others) → what its pods there hold."""
    members: dict[str, list[Json]] = field(default_factory=dict)
    """Pool → the nodes that are in it and in no other."""
    left: dict[tuple[str, frozenset[str]], Amounts] = field(default_factory=dict)
    """What is free on a node when some have gone, once it was asked for."""


def known(seen: Objects) -> Cluster:
    by_key = {key_of(w): w for w in seen.workloads}
    cluster = Cluster(
        nodes=_named(seen.nodes),
        pools=_named(seen.pools),
        queues=_named(seen.queues),
        priorities={c["metadata"]["name"]: c["value"] for c in seen.classes},
        never=frozenset(c["metadata"]["name"] for c in seen.classes if c.get("preemptionPolicy") == "Never"),
        admitted={},
    )
    for made in (*seen.jobs, *seen.deployments):
        key, given = workload_of(made), assignment(made)
        if given and key in by_key and not has_ended(made) and not _is_finished(by_key[key]):
            cluster.admitted[key] = _holding(by_key[key], given, made)
    for name in cluster.pools:
        cluster.members[name] = [node for node in seen.nodes if pools_of(cluster, node) == [name]]
    for pod in seen.pods:
        node = node_of(pod)
        if not node and owner(pod) and not pod["metadata"].get("deletionTimestamp"):
            cluster.gated[owner(pod)] += 1
        if node and pod.get("status", {}).get("phase") not in _OVER:
            there = cluster.used[node]
            there[owner(pod)] = added([there[owner(pod)], pod_needs(pod["spec"])])
    return cluster


def _holding(workload: Json, given: Json, made: Json) -> Json:
    variant = next((v for v in workload["spec"]["variants"] if v["name"] == given["variant"]), None)
    left = int(given["replicas"]) - int(made.get("status", {}).get("succeeded") or 0)
    chips = max(left, 0) * int(variant["chipsPerReplica"]) if variant else 0
    spec = workload["spec"]
    who = {"class": spec["priorityClassName"], "queue": spec["queueName"]}
    return {**who, "variant": given["variant"], "pool": given["pool"], "chips": chips}


def free_on(cluster: Cluster, node: Json, gone: frozenset[str]) -> Amounts:
    name = node["metadata"]["name"]
    if (name, gone) not in cluster.left:
        held = (amounts for who, amounts in cluster.used[name].items() if who not in gone)
        less = ({r: -a for r, a in amounts.items()} for amounts in held)
        cluster.left[name, gone] = added([{r: quantity(a) for r, a in node["status"]["allocatable"].items()}, *less])
    return cluster.left[name, gone]


def queue_use(cluster: Cluster, queue: str, pool: str, gone: frozenset[str]) -> int:
    return sum(
        w["chips"] for k, w in cluster.admitted.items() if w["queue"] == queue and w["pool"] == pool and k not in gone
    )


def limit_of(queue: Json | None, pool: str) -> int | None:
    quotas = (queue or {}).get("spec", {}).get("quotas") or []
    return next((int(q["limit"]) for q in quotas if q["poolName"] == pool), None)


def pools_of(cluster: Cluster, node: Json) -> list[str]:
    labels, has = node["metadata"].get("labels") or {}, node["status"].get("capacity") or {}
    return [
        name
        for name, pool in cluster.pools.items()
        if pool["spec"]["chip"]["resourceName"] in has
        and all(labels.get(k) == v for k, v in pool["spec"]["nodeSelector"].items())
    ]


def lets_in(pool: Json, class_name: str) -> bool:
    access = pool["spec"].get("access") or []
    return not access or any(class_name in entry["priorityClassNames"] for entry in access)


def node_of(pod: Json) -> str:
    """Where it is, or where it was sent and its gate taken off."""
    spec = pod["spec"]
    there: str = spec.get("nodeName") or ""
    if there or LABEL not in (pod["metadata"].get("labels") or {}) or spec.get("schedulingGates"):
        return there
    sent: str = (spec.get("nodeSelector") or {}).get("kubernetes.io/hostname", "")
    return sent


def owner(pod: Json) -> str:
    """The workload a pod belongs to; empty for pods that are nobody's."""
    name: str | None = (pod["metadata"].get("labels") or {}).get(LABEL)
    return f"{pod['metadata']['namespace']}/{name}" if name else ""


def workload_of(made: Json) -> str:
    owners = made["metadata"].get("ownerReferences") or []
    name = next((o["name"] for o in owners if o["kind"] == "ChipWorkload"), "")
    return f"{made['metadata']['namespace']}/{name}"


def assignment(made: Json) -> Json | None:
    text = (made["metadata"].get("annotations") or {}).get(ASSIGNMENT)
    return json.loads(text) if text and not made["metadata"].get("deletionTimestamp") else None


def has_ended(made: Json) -> bool:
    conditions = made.get("status", {}).get("conditions") or []
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)


def has_come_short(job: Json, placed: int) -> bool:
    status = job.get("status", {})
    return placed < int(job["spec"]["parallelism"]) - int(status.get("succeeded") or 0)


def _is_finished(workload: Json) -> bool:
    return conditions_of(workload).get("Finished", {}).get("status") == "True"


def replicas_of(workload: Json, variant: Json) -> int:
    return int(variant.get("replicas") or workload["spec"].get("replicas", 1))


def conditions_of(workload: Json) -> Mapping[str, Json]:
    return {c["type"]: c for c in workload.get("status", {}).get("conditions") or []}


def key_of(workload: Json) -> str:
    return f"{workload['metadata']['namespace']}/{workload['metadata']['name']}"


def _named(objects: list[Json]) -> dict[str, Json]:
    return {o["metadata"]["name"]: o for o in objects}
