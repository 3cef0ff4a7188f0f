"""Every Hold checked by brute force, from raw objects; shares no code with the operator.

Release A's policy: a workload waits only if none of its variants has room for all its replicas in any of the
variant's pools, not even with every admitted workload of strictly lower priority gone and within its queue's limit.
Replicas of one variant are alike, so they fit if and only if what each node could take adds up to their number.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tools.replay.belief import (
    LABEL,
    Cluster,
    Objects,
    assignment,
    conditions_of,
    free_on,
    has_come_short,
    has_ended,
    key_of,
    known,
    lets_in,
    limit_of,
    node_of,
    owner,
    queue_use,
    replicas_of,
    workload_of,
)
from tools.replay.needs import Amounts, asked, pod_spec
from tools.replay.nodes_fit import may_hold

Json = dict[str, Any]
BY_CHIPS = frozenset({"ChipsShort", "RoomShort", "QueueLimit"})
"""Reasons that say: there is no place. Others (a mistake, a back-off) say something else."""
_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Mismatch:
    workload: str
    said: str
    why: str


def unfit(seen: Objects) -> str:
    """Why nothing can be said now: something is on its way. Empty if all is settled."""
    for pod in seen.pods:
        if pod["metadata"].get("deletionTimestamp") and pod.get("status", {}).get("phase") not in _OVER:
            return f"pod {pod['metadata']['name']} is terminating"
        if LABEL not in (pod["metadata"].get("labels") or {}) and not pod["spec"].get("nodeName"):
            return f"pod {pod['metadata']['name']} is somebody else's and waits for kube-scheduler"
    placed = Counter(owner(pod) for pod in seen.pods if node_of(pod))
    for job in seen.jobs:
        given = assignment(job)
        if given and not has_ended(job) and has_come_short(job, placed[workload_of(job)]):
            return f"Job {job['metadata']['name']} has not got all of its pods yet"
    return ""


def mismatches(seen: Objects) -> tuple[int, list[Mismatch]]:
    """How many waiting workloads were looked at, and those that need not wait."""
    cluster = known(seen)
    looked_at = 0
    wrong = []
    for workload in seen.workloads:
        said = _waits(workload, cluster)
        if said is None:
            continue
        looked_at += 1
        place = next(_places(cluster, workload), None)
        if place is not None:
            wrong.append(Mismatch(key_of(workload), said, place))
    return looked_at, wrong


def _waits(workload: Json, cluster: Cluster) -> str | None:
    """What it says of its waiting, if chips are all it can wait for."""
    spec, conditions = workload["spec"], conditions_of(workload)
    finished = conditions.get("Finished", {}).get("status") == "True"
    leaving = workload["metadata"].get("deletionTimestamp")
    if finished or leaving or spec.get("suspend") or key_of(workload) in cluster.admitted:
        return None
    reason: str = conditions.get("Admitted", {}).get("reason", "nothing")
    known_by_chips = reason in BY_CHIPS or reason in ("nothing", "Admitted", "Preempted")
    return reason if known_by_chips else None


def _places(cluster: Cluster, workload: Json) -> Iterator[str]:
    """Every way it could run, best first; a sentence each."""
    spec = workload["spec"]
    for variant in spec["variants"]:
        for pool in variant["poolNames"]:
            if pool not in cluster.pools or not lets_in(cluster.pools[pool], spec["priorityClassName"]):
                continue
            for gone in _who_may_go(cluster, spec["priorityClassName"]):
                found = _fits(cluster, workload, variant, pool, gone)
                if found:
                    with_loss = f" if {len(gone)} of lower priority may go" if gone else ""
                    yield f"variant {variant['name']} fits pool {pool}{with_loss}: {found}"


def _who_may_go(cluster: Cluster, class_name: str) -> Iterator[frozenset[str]]:
    yield frozenset()
    if class_name in cluster.never:
        return
    value = cluster.priorities.get(class_name, 0)
    yield frozenset(k for k, w in cluster.admitted.items() if cluster.priorities.get(w["class"], 0) < value)


def _fits(cluster: Cluster, workload: Json, variant: Json, pool: str, gone: frozenset[str]) -> str:
    replicas = replicas_of(workload, variant)
    chips = replicas * int(variant["chipsPerReplica"])
    limit = limit_of(cluster.queues.get(workload["spec"]["queueName"]), pool)
    if limit is not None and queue_use(cluster, workload["spec"]["queueName"], pool, gone) + chips > limit:
        return ""
    ask = asked(workload, variant, cluster.pools[pool]["spec"]["chip"]["resourceName"])
    spec = pod_spec(workload, variant)
    room = {n["metadata"]["name"]: _replicas_on(cluster, n, ask, spec, gone) for n in cluster.members[pool]}
    if sum(room.values()) < replicas:
        return ""
    best = sorted((n for n in room if room[n]), key=lambda n: -room[n])[:3]
    return f"{replicas} replica(s), for instance on " + ", ".join(f"{n} ({room[n]})" for n in best)


def _replicas_on(cluster: Cluster, node: Json, ask: Amounts, spec: Json, gone: frozenset[str]) -> int:
    if not may_hold(node, spec):
        return 0
    free = free_on(cluster, node, gone)
    return max(0, min(int(free.get(r, Fraction(0)) // a) for r, a in ask.items() if a))
