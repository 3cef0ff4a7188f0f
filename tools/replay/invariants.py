"""What must hold whatever the operator does, recounted from the audit log; shares no code with the operator."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tools.replay.audit import Call
from tools.replay.ledger import LABEL, Ledger, PodLife


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    what: str


@dataclass(slots=True)
class JobLife:
    """One Job as made; moments in seconds since the epoch."""

    uid: str
    namespace: str
    name: str
    workload: str
    finished: bool = False
    suspended: bool = False
    deleted: bool = False
    switched: list[tuple[float, bool]] = field(default_factory=list)
    """When it was suspended or resumed."""
    counted: dict[str, float] = field(default_factory=dict)
    """Indexes its controller has counted as completed, and since when."""

    def was_suspended(self, moment: float) -> bool:
        return next((to for since, to in reversed(self.switched) if since <= moment), False)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything the rules look at."""

    ledger: Ledger
    jobs: dict[str, JobLife]
    makings: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """For every name the events `made UID` and `deleted UID`, in order."""
    operators: frozenset[str] = frozenset()
    """Users the operator acts as."""


def record(calls: Sequence[Call], operators: Iterable[str], stock: Mapping[str, dict[str, int]]) -> Record:
    """`stock` is what each node had to give at the begin, by resource."""
    jobs, makings = _jobs(calls)
    return Record(Ledger(calls, stock), jobs, makings, frozenset(operators))


def violations(seen: Record) -> list[Violation]:
    """Every breach of every rule; an empty list is what one wants."""
    return [Violation(name, what) for name, rule in RULES.items() for what in rule(seen)]


# --- rules


def _over_allocatable(seen: Record) -> Iterator[str]:
    """Pods that are bound and have not ended, at any time."""
    moves = ((p.node, p.bound, p.ended, p) for p in seen.ledger.pods.values() if p.bound is not None)
    yield from _overfull(seen, moves, "holds")


def _pinned_over_allocatable(seen: Record) -> Iterator[str]:
    """A pod is sent to a node once the room is free as observed, so also pinned pods never exceed it."""
    moves = ((p.pinned_to, p.pinned, p.ended, p) for p in seen.ledger.managed() if p.pinned is not None)
    yield from _overfull(seen, moves, "is promised")


def _overfull(
    seen: Record, stays: Iterable[tuple[str, float | None, float | None, PodLife]], verb: str
) -> Iterator[str]:
    by_node: defaultdict[str, list[tuple[float, int, str, int, str]]] = defaultdict(list)
    for node, start, end, pod in stays:
        for resource, amount in pod.chips.items():
            # at the same instant, who leaves leaves first
            by_node[node].append((start or 0.0, 1, resource, amount, pod.name))
            if end is not None:
                by_node[node].append((max(end, start or 0.0), 0, resource, -amount, pod.name))
    for node, moves in sorted(by_node.items()):
        yield from _run_over(seen, node, sorted(moves), verb)


def _run_over(seen: Record, node: str, moves: list[tuple[float, int, str, int, str]], verb: str) -> Iterator[str]:
    since = seen.ledger.nodes[node].since if node in seen.ledger.nodes else []
    held: Counter[str] = Counter()
    for moment, _, resource, amount, name in moves:
        held[resource] += amount
        have = max((a.get(resource, 0) for t, a in since if t <= moment), default=None)  # what shrinks displaces nobody
        if have is None:
            have = since[0][1].get(resource, 0) if since else 0
        if amount > 0 and held[resource] > have:
            yield f"node {node} {verb} {held[resource]} of {have} {resource} with pod {name} at {moment:.3f}"


def _partly_bound(seen: Record) -> Iterator[str]:
    """At the end, every Job that is still to run has all of its living pods on nodes, or none."""
    living = _pods_by_job(seen)
    for job in seen.jobs.values():
        pods = [p for p in living[job.uid] if p.ended is None]
        bound = sum(p.bound is not None for p in pods)
        if not job.finished and not job.deleted and 0 < bound < len(pods):
            yield f"gang {job.namespace}/{job.name} has {bound} of {len(pods)} pods on nodes"


def _chips_not_back(seen: Record) -> Iterator[str]:
    living = _pods_by_job(seen)
    for job in seen.jobs.values():
        for pod in living[job.uid] if job.finished or job.suspended or job.deleted else ():
            if pod.holds:
                yield f"Job {job.namespace}/{job.name} has ended or was stopped, and pod {pod.name} holds {pod.chips}"


def _made_twice(seen: Record) -> Iterator[str]:
    """A Job of a name is made again only after the one before it was deleted."""
    for (namespace, name), events in seen.makings.items():
        there: set[str] = set()
        for event in events:
            what, uid = event.split(" ")
            if what == "made" and there:
                yield f"Job {namespace}/{name} was made again while it was there"
            (there.add if what == "made" else there.discard)(uid)


def _succeeded_twice(seen: Record) -> Iterator[str]:
    """Also across Jobs made anew: work that is done is not done again.

    A pod that ends well after its Job was suspended may be let go uncounted by its controller: it does not count here
    either, unless the controller did count it.
    """
    done = Counter((p.namespace, p.workload, p.index) for p in seen.ledger.managed() if counts(seen, p))
    for (namespace, workload, index), times in done.items():
        if times > 1:
            yield f"index {index or '?'} of {namespace}/{workload} succeeded {times} times"
    counted = _counted(seen)
    for pod in seen.ledger.managed():
        since = counted.get((pod.namespace, pod.workload, pod.index))
        if since is not None and pod.made > since:
            yield f"pod {pod.namespace}/{pod.name} was made after index {pod.index} had been counted as completed"


def counts(seen: Record, pod: PodLife) -> bool:
    job = seen.jobs.get(pod.job_uid)
    return pod.done and not (job is not None and pod.ended is not None and job.was_suspended(pod.ended))


def _counted(seen: Record) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for job in seen.jobs.values():
        for index, moment in job.counted.items():
            key = (job.namespace, job.workload, index)
            found[key] = min(moment, found.get(key, moment))
    return found


def _preempted_by_scheduler(seen: Record) -> Iterator[str]:
    for pod in seen.ledger.pods.values():
        if pod.preempted:
            yield f"kube-scheduler preempted pod {pod.namespace}/{pod.name}"


def _bound_without_decision(seen: Record) -> Iterator[str]:
    """Nobody but the operator takes the gate off, and the pod goes where the operator sent it."""
    for pod in seen.ledger.managed():
        where = f"pod {pod.namespace}/{pod.name}"
        if not pod.gated:
            yield f"{where} was made without the gate"
        elif pod.pinned is not None and pod.pinned_by not in seen.operators:
            yield f"{where} lost its gate to {pod.pinned_by}"
        elif pod.bound is not None and pod.pinned is None:
            yield f"{where} was bound to {pod.node} without having been pinned"
        elif pod.bound is not None and pod.node != pod.pinned_to:
            yield f"{where} was bound to {pod.node}, pinned to {pod.pinned_to}"


RULES: dict[str, Callable[[Record], Iterator[str]]] = {
    "node over its allocatable chips": _over_allocatable,
    "node promised more than its allocatable chips": _pinned_over_allocatable,
    "gang partly bound at the end": _partly_bound,
    "chips of ended work not back": _chips_not_back,
    "Job made twice": _made_twice,
    "index succeeded twice": _succeeded_twice,
    "preempted by kube-scheduler": _preempted_by_scheduler,
    "bound without a decision": _bound_without_decision,
}


# --- Jobs


def _pods_by_job(seen: Record) -> defaultdict[str, list[PodLife]]:
    found: defaultdict[str, list[PodLife]] = defaultdict(list)
    for pod in seen.ledger.managed():
        found[pod.job_uid].append(pod)
    return found


def _jobs(calls: Iterable[Call]) -> tuple[dict[str, JobLife], dict[tuple[str, str], list[str]]]:
    jobs: dict[str, JobLife] = {}
    makings: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for call in calls:
        if not call.succeeded or call.resource not in ("jobs", "jobs/status") or not call.writes:
            continue
        job = _shown(jobs, call)
        if job is not None and call.verb == "create":
            makings[job.namespace, job.name].append(f"made {job.uid}")
        for gone in _gone(jobs, call, job or jobs.get(call.response.get("metadata", {}).get("uid"))):
            gone.deleted = True
            makings[gone.namespace, gone.name].append(f"deleted {gone.uid}")
    return jobs, makings


def _shown(jobs: dict[str, JobLife], call: Call) -> JobLife | None:
    shown = call.response
    metadata = shown.get("metadata", {})
    workload = (metadata.get("labels") or {}).get(LABEL)
    if shown.get("kind") != "Job" or workload is None:
        return None
    job = jobs.setdefault(
        metadata["uid"], JobLife(metadata["uid"], metadata["namespace"], metadata["name"], workload)
    )  # fmt: skip
    conditions = shown.get("status", {}).get("conditions") or []
    job.finished |= any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)
    suspended = bool(shown["spec"].get("suspend"))
    if suspended != job.suspended:
        job.suspended = suspended
        job.switched.append((call.received, suspended))
    for index in _indexes(shown.get("status", {}).get("completedIndexes") or ""):
        job.counted.setdefault(index, call.answered)
    return job


def _indexes(text: str) -> Iterator[str]:
    """`0,2-4` as its members."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from map(str, range(int(first), int(last or first) + 1))


def _gone(jobs: dict[str, JobLife], call: Call, job: JobLife | None) -> Iterator[JobLife]:
    """What this call removed: named by a bare Status, or shown without any finalizer left while being deleted.

    The garbage collector is shown the metadata alone.
    """
    if call.verb == "delete" and job is None:
        living = (j for j in jobs.values() if not j.deleted)
        yield from [j for j in living if (j.namespace, j.name) == (call.namespace, call.name)]
    elif job is not None and not job.deleted and call.verb in ("delete", "patch", "update"):
        metadata = call.response["metadata"]
        being_deleted = call.verb == "delete" or metadata.get("deletionTimestamp")
        if being_deleted and not metadata.get("finalizers"):
            yield job
