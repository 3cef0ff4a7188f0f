"""Cases with nodes, queues and jobs (KAI-Scheduler's tables), in chippool's words.

A job starts with `min_member` of its pods and grows to all of them. What a queue deserves is guaranteed, what it may
have at most is its limit, its weight is its weight. Work that is not preemptible is never displaced (minRuntime without
end) and may not pass what its queue deserves: it runs in a queue below its own, whose limit and guarantee that is.
"""

from collections import Counter
from dataclasses import dataclass, replace
from math import inf

from tests.conformance.world import Pod, World, milli, weight
from tests.core.build import CPU, MEMORY, a_class, a_node, a_pool, a_queue, a_variant, a_workload

POOL = "chips"
FIRM, OPEN = "firm", "open"
GONE = {"Releasing", "StuckInReleasing"}
THERE = {"Running", "Binding", "Bound", "Allocated"}
"""States of pods that have their chips."""
RUNS = THERE | {"Pipelined"}
"""States at the end of pods that run, or will as soon as others have left."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Replicas that run at the end, by job, and what must never be."""

    running: dict
    restless: bool
    overfull: list


def play(case):
    """The world the case describes, some rounds later."""
    world = a_world(case.facts)
    world.settle()
    running = {job["name"]: world.running(job["name"]) for job in _present(case.facts)}
    overfull = [n.name for n in world.snapshot().nodes.values() if n.free < 0]
    return Ends(running, world.restless, overfull)


def _present(facts):
    return [job for job in facts["jobs"] if not is_leaving(job)]


def a_world(facts):
    chips = sum(size.get("gpus", 0) for size in facts["nodes"].values())
    present = _present(facts)
    workloads = [_workload(facts, job, age) for age, job in enumerate(present) if job["gpus_per_pod"]]
    return World(
        nodes=[some_node(name, size) for name, size in facts["nodes"].items()],
        pools=[a_pool(POOL)],
        queues=list(_queues(facts, chips)),
        classes=[a_class(f"p{value}", value) for value in _priorities(facts)],
        workloads={w.key: w for w in workloads},
        leaving=_held(facts, "Releasing"),
        stuck=_held(facts, "StuckInReleasing"),
        others=[_pod(job, pod) for job in present if not job["gpus_per_pod"] for pod in job["pods"]],
    )


def _pod(job, pod):
    """A pod without chips is none of chippool's: kube-scheduler places it where there is room."""
    return Pod(job["name"], _requests(job), pod["node"] if pod["state"] in THERE else None)


def some_node(name, size):
    node = a_node(name, size.get("gpus", 0), POOL, cpu=size.get("cpu_millis", CPU))
    room = {**node.room, "memory": size.get("memory", MEMORY)}
    return replace(node, room=room, capacity=room)


def is_leaving(job):
    """Nothing is left of it but pods that terminate."""
    return bool(job.get("deleting")) or all(pod["state"] in GONE for pod in job["pods"])


def _held(facts, state):
    found = Counter()
    for job in facts["jobs"]:
        for pod in job["pods"]:
            goes = "Releasing" if job.get("deleting") and pod["state"] in THERE else pod["state"]
            found[pod.get("node")] += milli(job["gpus_per_pod"]) if goes == state else 0
    return found


def _priorities(facts):
    return sorted({job["priority"] for job in facts["jobs"]})


# --- queues


def _queues(facts, chips):
    classes = [f"p{value}" for value in _priorities(facts)]
    known = {q["name"] for q in (*facts.get("departments", ()), *facts["queues"])}
    firm = {job["queue"] for job in facts["jobs"] if not job["preemptible"]}
    for queue in (*facts.get("departments", ()), *facts["queues"]):
        deserved, limit = _deserved(queue, chips), queue.get("max_gpus")
        parent = queue.get("parent") if queue.get("parent") in known else None
        yield a_queue(
            queue["name"],
            classes,
            limits={} if limit is None or limit < 0 else {POOL: limit},
            parent=parent,
            guaranteed={} if deserved is None else {POOL: deserved},
            weight=weight(queue.get("over_quota_weight")),
        )
        if queue["name"] in firm:
            own = {POOL: _firm(facts, queue, chips)}
            yield a_queue(f"{queue['name']}-{FIRM}", classes, limits=own, parent=queue["name"], guaranteed=own)
            yield a_queue(f"{queue['name']}-{OPEN}", classes, parent=queue["name"], guaranteed={POOL: 0})


def _firm(facts, queue, chips):
    """What work that is not preemptible may have in a queue: what the queue and all above it deserve."""
    known = {q["name"]: q for q in (*facts.get("departments", ()), *facts["queues"])}
    quotas = [_deserved(queue, chips) or 0]
    while (queue := known.pop(queue.get("parent"), None)) is not None:
        deserved = _deserved(queue, chips)
        quotas += [] if deserved is None else [deserved]
    return min(quotas)


def _deserved(queue, chips):
    """A quota of -1 has no bounds, so that all there is belongs to it."""
    quota = queue.get("quota_gpus")
    return chips if quota is not None and quota < 0 else quota


def _seat(facts, job):
    """The queue a job waits in."""
    if not job["preemptible"]:
        return f"{job['queue']}-{FIRM}"
    has_firm = any(j["queue"] == job["queue"] and not j["preemptible"] for j in facts["jobs"])
    return f"{job['queue']}-{OPEN}" if has_firm else job["queue"]


# --- jobs


def _workload(facts, job, age):
    on = [pod["node"] for pod in job["pods"] if pod["state"] in THERE]
    size = len(job["pods"])
    made = a_workload(
        job["name"],
        f"p{job['priority']}",
        a_variant(POOL, size, job["gpus_per_pod"], requests=_requests(job)),
        queue=_seat(facts, job),
        replicas=size,
        created=age - 60.0 * job.get("age_minutes", 0),
        on=on,
        uid=f"{age:04}-{job['name']}",
        seats=_seats(facts, job),
        min_runtime=0.0 if job["preemptible"] else inf,
        min_replicas=job["min_member"],
    )
    return _short_of(made, job["min_member"]) if 0 < len(on) < job["min_member"] else made


def _seats(facts, job):
    """The chips its fractions sit on: pods of one node and one group share a chip."""
    groups = [pod for other in facts["jobs"] for pod in other["pods"] if pod.get("gpu_groups")]
    numbers = {}
    for pod in groups:
        of_node = numbers.setdefault(pod.get("node"), {})
        of_node.setdefault(pod["gpu_groups"][0], len(of_node))
    shared = [pod for pod in job["pods"] if pod["state"] in THERE and pod.get("gpu_groups")]
    return tuple(numbers[pod["node"]][pod["gpu_groups"][0]] for pod in shared) if job["gpus_per_pod"] < 1 else ()


def _requests(job):
    return (("cpu", job.get("cpus_per_pod", 0)), ("memory", job.get("memory_per_pod", 0)), ("pods", 1))


def _short_of(workload, least):
    """A gang that lost replicas, or never had them all."""
    given = replace(workload.assignment, replicas=least)
    return replace(workload, assignment=given, missing=least - len(workload.placed), short_since=0.0)


# --- comparing


def expected(facts):
    """By job the least and the most replicas that must run at the end; jobs nothing is said of are left out."""
    sizes = {job["name"]: job for job in facts["jobs"]}
    found = {}
    for word, names in facts.get("derived", {}).items():
        for name in names:
            if name in sizes and not is_leaving(sizes[name]):
                found[name] = _bounds(sizes[name], runs=word in {"admitted", "kept"})
    for name, pods in _by_job(facts).items():
        if name not in found and name in sizes:
            runs = sum(status in RUNS for status in pods)
            found[name] = (runs, runs + max(len(sizes[name]["pods"]) - len(pods), 0))
    return found


def _bounds(job, *, runs):
    return (job["min_member"], len(job["pods"])) if runs else (0, 0)


def _by_job(facts):
    """Statuses of pods by job; a pod is called after its job, with its number behind a dash where there are more."""
    names = {job["name"] for job in facts["jobs"]}
    found = {}
    for pod, said in (facts.get("expect_pods") or {}).items():
        job = pod if pod in names else pod.rpartition("-")[0]
        found.setdefault(job, []).append(said["status"])
    return found


def differences(case, ends):
    """Sentences about every job that ends otherwise than it should."""
    if ends.restless:
        yield "it never comes to rest"
    for name in ends.overfull:
        yield f"{name} holds more than it has"
    for name, (least, most) in expected(case.facts).items():
        runs = ends.running[name]
        if not least <= runs <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            yield f"{name}: {runs} replica(s) run instead of {wanted}"
