"""What is in the facts of a case, as far as a class of `not_applicable` asks for it; never its id or its name."""

from tests.conformance import jobs, quotas
from tests.conformance.amounts import chips, used

WHOLE = "integration"
"""The suite whose cases run whole cycles."""


def works_without_chips(facts):
    """Some job asks for no chips, or a quota is of something else."""
    queues = (*facts["queues"], *facts.get("departments", ()))
    words = ("quota_cpus", "quota_memory", "max_cpus", "max_memory")
    return any(not job["gpus_per_pod"] for job in facts["jobs"]) or any(word in q for q in queues for word in words)


def guarantees_do_not_add_up(facts):
    """Quotas of siblings are more than their parent's, or those of the roots more than there is."""
    everybody = (*facts.get("departments", ()), *facts["queues"])
    has = {q["name"]: q.get("quota_gpus") for q in everybody}
    below = {}
    for queue in everybody:
        parent = queue.get("parent") if queue.get("parent") in has else None
        below[parent] = below.get(parent, 0) + max(queue.get("quota_gpus") or 0, 0)
    stock = sum(size.get("gpus", 0) for size in facts["nodes"].values())
    return any(
        asked > (stock if parent is None else has[parent])
        for parent, asked in below.items()
        if parent is None or (has[parent] is not None and has[parent] >= 0)
    )


def is_short_of_replicas(job):
    """It runs, with fewer replicas than it needs."""
    runs = sum(pod["state"] in jobs.THERE for pod in job["pods"])
    return 0 < runs < job["min_member"]


def asks_for_more_than_a_chip_and_a_part(job):
    """Neither whole chips nor a part of one."""
    return job["gpus_per_pod"] > 1 and job["gpus_per_pod"] % 1 != 0


def several_borrow(facts):
    """Chips are taken back, and more than one other queue has some past its quota."""
    known = {q["name"]: q for q in facts["queues"]}
    comes = {job["queue"] for job in facts["jobs"] if job["name"] in facts["derived"]["admitted"]}
    used = dict.fromkeys(known, 0)
    for job in facts["jobs"]:
        used[job["queue"]] += job["gpus_per_pod"] * sum(pod["state"] in jobs.THERE for pod in job["pods"])
    past = [name for name, q in known.items() if q.get("quota_gpus") is not None and used[name] > q["quota_gpus"] >= 0]
    return bool(facts["derived"]["evicted"]) and len(set(past) - comes) > 1


def moves_work_of_more_priority(facts):
    """Who comes is of lower priority than some who stay, and need not stay where they are."""
    said = facts["derived"]
    coming = [job["priority"] for job in facts["jobs"] if job["name"] in said["admitted"]]
    stays = [job["priority"] for job in facts["jobs"] if job["name"] in said["kept"] and job["preemptible"]]
    return bool(coming and stays) and min(coming) < max(stays)


def queues_have_priorities(facts):
    """They come in an order of their own."""
    return len({q.get("priority") for q in (*facts["queues"], *facts.get("departments", ()))}) > 1


def asks_beyond_its_guarantee(case):
    """Others go for a job that takes its queue, or one above it, past what it deserves."""
    facts = case.facts
    admitted = facts["derived"]["admitted"]
    return bool(facts["derived"]["evicted"]) and any(
        _beyond(facts, job) for job in facts["jobs"] if job["name"] in admitted
    )


def _beyond(facts, job):
    known = {q["name"]: q for q in (*facts.get("departments", ()), *facts["queues"])}
    at, seen = known[job["queue"]], set()
    while at is not None and at["name"] not in seen:
        seen.add(at["name"])
        inside = _below(known, at["name"])
        stays = facts["derived"]["kept"]
        used = sum(_chips(j) for j in facts["jobs"] if j["queue"] in inside and j["name"] in stays)
        quota = at.get("quota_gpus")
        if quota is not None and 0 <= quota < used + _chips(job):
            return True
        at = known.get(at.get("parent"))
    return False


def _below(known, name):
    found = {name}
    while more := {q for q, said in known.items() if said.get("parent") in found} - found:
        found |= more
    return found


def _chips(job):
    return job["gpus_per_pod"] * job["min_member"]


def has_room_left_over(facts):
    """One action is played alone, and at its end what is left would do for a job to start or to grow."""
    if facts.get("suite") == WHOLE:
        return False
    runs = jobs.expected(facts)
    stock = sum(size.get("gpus", 0) for size in facts["nodes"].values())
    used = sum(job["gpus_per_pod"] * runs[job["name"]][0] for job in facts["jobs"] if job["name"] in runs)
    waits = [(job, chips) for job in facts["jobs"] if (chips := _waits_for(job, runs.get(job["name"])))]
    return any(chips <= stock - used and _may(facts, job, chips, runs) for job, chips in waits)


def _waits_for(job, runs):
    """Chips a job could start with, or grow by, at the end; 0 where it has all it wants, or nothing is said of it."""
    if runs is None or jobs.is_leaving(job) or runs[1] >= len(job["pods"]):
        return 0
    return _chips(job) if runs == (0, 0) else job["gpus_per_pod"]


def _may(facts, job, chips, runs):
    """Whether a job could be given chips beside all that runs, as far as its queue is concerned."""
    known = {q["name"]: q for q in (*facts.get("departments", ()), *facts["queues"])}
    queue = known[job["queue"]]
    inside = [j for j in facts["jobs"] if j["queue"] == job["queue"] and runs.get(j["name"], (0, 0))[0]]
    if not job["preemptible"]:
        firm = sum(_chips(j) for j in inside if not j["preemptible"])
        return firm + chips <= (queue.get("quota_gpus") or 0)
    return sum(map(_chips, inside)) + chips <= queue.get("max_gpus", float("inf"))


# --- of cases about quota


def shares_beyond_guarantees(facts):
    """Evictions for a fairer share, by a workload that takes its queue past what is nominal to it."""
    return any(e["reason"] == "InCohortFairSharing" for e in facts.get("expect_evicted", ()))


def lower_priority_elsewhere(facts):
    """Work of a lower priority in another queue of the pool."""
    _, priority, queue = quotas.incoming(facts)
    return any(one["priority"] < priority and one["queue"] != queue for one in facts.get("admitted", ()))


def policy_forbids(facts):
    """Somebody may not be displaced only because a queue has it so: by its own work, or by whom it lent to."""
    if not any("preemption" in q for q in quotas.queues_of(facts)):
        return False
    _, priority, name = quotas.incoming(facts)
    own = next(q for q in quotas.queues_of(facts) if q["name"] == name).get("preemption", {})
    within, reclaim = own.get("WithinClusterQueue", "Never"), own.get("ReclaimWithinCohort", "Never")
    for one in facts.get("admitted", ()):
        lower = one["priority"] < priority
        if lower and one["queue"] == name and within == "Never":
            return True
        if one["queue"] != name and (reclaim == "Never" or (reclaim == "LowerPriority" and not lower)):
            return True
    return False


def not_all_is_lent(facts):
    """A queue keeps some of what is nominal to it from others, used or not."""
    return any(
        "lend_limit" in quota
        for queue in (*quotas.queues_of(facts), *facts.get("cohorts", ()))
        for group in queue.get("groups") or ()
        for flavor in group
        for quota in flavor["quota"].values()
    )


def labels_matter(facts):
    """Which flavors may be used depends on labels or taints of theirs."""
    sets = (*facts.get("podsets", ()), *facts.get("incoming", {}).get("podsets", ()))
    return any(podset.keys() & {"selector", "node_affinity", "tolerates"} for podset in sets)


def room_in_a_later_flavor(facts):
    """Of several flavors one has room as it is."""
    for resource, amount in quotas.total(facts).items():
        free = _free(facts, resource)
        if len(free) > 1 and any(room >= amount for room in free.values()):
            return True
    return False


def _free(facts, resource):
    """What is left of every flavor by all that is nominal."""
    free = dict.fromkeys(quotas.flavors(facts, resource), 0.0)
    for queue in (*quotas.queues_of(facts), *facts.get("cohorts", ())):
        for group in queue.get("groups") or ():
            for flavor in group:
                if flavor["flavor"] in free and resource in flavor["quota"]:
                    free[flavor["flavor"]] += chips(resource, flavor["quota"][resource]["nominal"])
    for one in facts.get("admitted", ()):
        if one["flavor"] in free:
            free[one["flavor"]] -= chips(resource, one["request"].get(resource, 0))
    for word, _ in quotas.USAGE:
        for flavor, has in used(facts, word).items():
            if flavor in free:
                free[flavor] -= has.get(resource, 0)
    return free
