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
_TELLS_NOTHING = frozenset({"nothing", "Admitted", "Preempted", "ObjectDeleted"})
"""What stands there before the first decision, or until the next one is written."""
_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Way:
    """So many replicas in one pool; `charged` if they count against the queue's limit."""

    variant: Json
    pool: str
    replicas: int
    charged: bool


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
    there = Counter(owner(pod) for pod in seen.pods if not pod["metadata"].get("deletionTimestamp"))
    for job in seen.jobs:
        if assignment(job) and not has_ended(job) and has_come_short(job, there[workload_of(job)]):
            return f"Job {job['metadata']['name']} has not got all of its pods yet"
    return ""


def mismatches(seen: Objects) -> tuple[int, list[Mismatch]]:
    """How many that wait were looked at, and those that need not wait."""
    cluster = known(seen)
    looked_at = 0
    wrong = []
    for workload in seen.workloads:
        said, ways = _waits(workload, cluster)
        if said is None:
            continue
        looked_at += 1
        place = next(_places(cluster, workload, ways), None)
        if place is not None:
            wrong.append(Mismatch(key_of(workload), said, place))
    return looked_at, wrong


def _waits(workload: Json, cluster: Cluster) -> tuple[str | None, list[Way]]:
    """What it says of its waiting, if chips are all it can wait for, and the ways it could go."""
    spec, conditions, key = workload["spec"], conditions_of(workload), key_of(workload)
    finished = conditions.get("Finished", {}).get("status") == "True"
    if finished or workload["metadata"].get("deletionTimestamp") or spec.get("suspend"):
        return None, []
    if key in cluster.admitted:
        return _waits_for_nodes(workload, cluster)
    reason: str = conditions.get("Admitted", {}).get("reason", "nothing")
    if reason not in BY_CHIPS and reason not in _TELLS_NOTHING:
        return None, []
    return reason, [
        Way(variant, pool, replicas_of(workload, variant), charged=True)
        for variant in spec["variants"]
        for pool in variant["poolNames"]
    ]


def _waits_for_nodes(workload: Json, cluster: Cluster) -> tuple[str | None, list[Way]]:
    """Replicas of admitted work whose pods nobody has sent anywhere though nothing moves: they lost their nodes."""
    gated, given = cluster.gated[key_of(workload)], cluster.admitted[key_of(workload)]
    variant = next((v for v in workload["spec"]["variants"] if v["name"] == given["variant"]), None)
    if not gated or variant is None:
        return None, []
    # all of them may lack nodes; that one finds none says it of all
    return "admitted, without a node", [Way(variant, given["pool"], 1, charged=False)]


def _places(cluster: Cluster, workload: Json, ways: list[Way]) -> Iterator[str]:
    """Every way it could run, best first; a sentence each."""
    class_name = workload["spec"]["priorityClassName"]
    for way in ways:
        if way.pool not in cluster.pools or not lets_in(cluster.pools[way.pool], class_name):
            continue
        for gone in _who_may_go(cluster, class_name):
            found = _fits(cluster, workload, way, gone)
            if found:
                with_loss = f" if {len(gone)} of lower priority may go" if gone else ""
                yield f"variant {way.variant['name']} fits pool {way.pool}{with_loss}: {found}"


def _who_may_go(cluster: Cluster, class_name: str) -> Iterator[frozenset[str]]:
    yield frozenset()
    if class_name in cluster.never:
        return
    value = cluster.priorities.get(class_name, 0)
    yield frozenset(k for k, w in cluster.admitted.items() if cluster.priorities.get(w["class"], 0) < value)


def _fits(cluster: Cluster, workload: Json, way: Way, gone: frozenset[str]) -> str:
    variant, pool, replicas = way.variant, way.pool, way.replicas
    chips = replicas * int(variant["chipsPerReplica"])
    queue = workload["spec"]["queueName"]
    limit = limit_of(cluster.queues.get(queue), pool) if way.charged else None
    if limit is not None and queue_use(cluster, queue, pool, gone) + chips > limit:
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
