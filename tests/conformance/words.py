"""The words that cases are told in: whatever else stands in a case is named in the table, and never overlooked."""

ANY = None
"""Whatever stands there is read, or is the outcome, or decides nothing."""


def _words(*names, **below):
    return dict.fromkeys(names, ANY) | below


_POLICIES = _words(
    "WithinClusterQueue", "ReclaimWithinCohort", BorrowWithinCohort=_words("Policy", "MaxPriorityThreshold")
)
_GROUPS = _words("flavor", quota={"*": _words("nominal", "borrow_limit", "lend_limit")})
_QUEUE = _words(
    "name",
    "cohort",
    "fair_weight",
    groups=_GROUPS,
    preemption=_POLICIES,
    fungibility=_words("WhenCanBorrow", "WhenCanPreempt"),
)
QUOTAS = _words(
    "id",
    "name",
    "tags",
    "target_queue",
    "assigned",
    "usage_milli",
    "other_usage_milli",
    "preemption_oracle",
    "enableFairSharing",
    "strategies",
    "featureGates",
    "expect",
    "expect_evicted",
    "expect_count",
    queues=_QUEUE,
    queue=_QUEUE,
    other_queue=_QUEUE,
    cohorts=_QUEUE,
    admitted=_words("name", "priority", "request", "queue", "flavor", "created"),
    incoming=_words(
        "name", "priority", "request", "flavor", "created", podsets=_words("name", "count", "request", "group")
    ),
    podsets=_words("name", "count", "request_per_pod", "group", "selector", "node_affinity", "tolerates"),
)
_BELOW = _words("name", "parent", "quota_gpus", "max_gpus", "over_quota_weight", "priority")
_OTHERS = _words("quota_cpus", "quota_memory", "max_cpus", "max_memory")
JOBS = _words(
    "id",
    "name",
    "suite",
    "tags",
    "rounds",
    "expect",
    "expect_pods",
    "derived",
    nodes={"*": _words("gpus", "cpu_millis", "memory")},
    queues=_BELOW | _OTHERS,
    departments=_BELOW | _OTHERS,
    jobs=_words(
        "name",
        "queue",
        "priority",
        "preemptible",
        "gpus_per_pod",
        "cpus_per_pod",
        "memory_per_pod",
        "min_member",
        "age_minutes",
        "deleting",
        pods=_words("state", "node", "gpu_groups", "priority"),
    ),
)
STATES = {"Pending", "Running", "Pipelined", "Bound", "Binding", "Allocated", "Releasing", "StuckInReleasing"}
"""Of pods."""
GATES = {"ElasticJobsViaWorkloadSlices", "TopologyAwareScheduling"}


def unknown(case):
    """Words of a case that nothing here reads, in order."""
    states = {
        f"state {pod['state']}"
        for job in case.facts.get("jobs", ())
        for pod in job.get("pods", ())
        if pod.get("state") not in STATES
    }
    gates = {f"gate {gate}" for gate in (case.facts.get("featureGates") or {}).keys() - GATES}
    return sorted({*_unknown(case.facts, JOBS if case.of_jobs else QUOTAS), *states, *gates})


def _unknown(value, known):
    if known is ANY:
        return
    if isinstance(value, list | tuple):
        for one in value:
            yield from _unknown(one, known)
    if isinstance(value, dict):
        for word, below in value.items():
            if word not in known and "*" not in known:
                yield word
            else:
                yield from _unknown(below, known.get(word, known.get("*")))
