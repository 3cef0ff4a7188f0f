"""Native pods that start together, as one workload: a labelled group, the pods of a Job, or one pod alone.

What a Job was given stands on the Job, if it is nobody's; all others carry it on their pods, so that any of them that
is left tells what its group has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from chippool.core.capacity import Purpose
from chippool.core.ids import WorkloadKey
from chippool.core.model import Assignment, Mode, Problem, Workload
from chippool.core.reasons import Reason
from chippool.state.facts import Facts, Marks
from chippool.state.native import JOB, NativePod, StatefulSetRecord, Wish
from chippool.state.native_wish import (
    HELD,
    IN_TURN,
    NO_CLASS,
    UNLIKE,
    Pools,
    chip_problem,
    size_problem,
    together,
    ways,
)
from chippool.state.records import MadeRecord, PodRecord, WorkloadRecord
from chippool.state.standing import Standing

KEPT_RUNNING = frozenset({"ReplicaSet", "StatefulSet"})


@dataclass(frozen=True, slots=True)
class Native:
    """How a native workload stands; `job` is the Job that is told and suspended, None: its pods are, and evicted."""

    standing: Standing
    job: MadeRecord | None


@dataclass(frozen=True, slots=True)
class Group:
    """All there is of one native workload."""

    key: WorkloadKey
    job: MadeRecord | None
    pods: tuple[PodRecord, ...]
    """By name; those that are on their way out are not among them."""
    created: float
    in_turn: str = ""
    """A StatefulSet that makes one pod after the other."""

    @property
    def natives(self) -> list[NativePod]:
        return [pod.native for pod in self.pods if pod.native]

    @property
    def living(self) -> list[PodRecord]:
        return [pod for pod in self.pods if not pod.finished]

    @property
    def succeeded(self) -> int:
        return sum(pod.succeeded for pod in self.pods)

    @property
    def owned_job(self) -> MadeRecord | None:
        """The Job that may be suspended: nobody else controls it."""
        return self.job if self.job and self.job.native and self.job.native.owner is None else None


class Natives:
    """Puts native workloads together again whenever something of them has changed."""

    def __init__(self, facts: Facts, marks: Marks) -> None:
        self._facts, self._marks = facts, marks

    def regroup(self) -> list[WorkloadKey]:
        """Bring the workloads up to date; returns those that were looked at."""
        keys = sorted(self._marks.natives)
        for key in keys:
            self._replace(key, self._record(key))
        self._marks.natives.clear()
        return keys

    def _replace(self, key: WorkloadKey, record: WorkloadRecord | None) -> None:
        before = self._facts.workloads.current.get(key)
        if before is not None and (record is None or before.uid != record.uid):
            self._facts.drop("ChipWorkload", before.uid)
        if record is not None:
            self._facts.put("ChipWorkload", record)
            self._marks.pinnable.add(key)

    def _record(self, key: WorkloadKey) -> WorkloadRecord | None:
        job = self._job(key)
        if job is not None and (job.deleting or job.outcome is not None):
            return None
        if job is None and _kind(key) == JOB:
            return None
        pods = (pod for pod in self._facts.pods_of(key) if pod.native and not pod.deleting)
        own = tuple(sorted((pod for pod in pods if job is None or pod.made_uid == job.uid), key=_by_name))
        group = Group(key, job, own, min((self._age(pod) for pod in own), default=inf), self._in_turn(own))
        if not group.living and group.owned_job is None:
            return None
        return record_of(group, self._facts.pools.current)

    def _job(self, key: WorkloadKey) -> MadeRecord | None:
        namespace, _, name = key.partition("/")
        kind, _, own = name.partition(":")
        found = self._facts.jobs.current.get(WorkloadKey(f"{namespace}/{own}")) if kind == JOB else None
        return found if found is not None and found.native and not found.native.grouped else None

    def _age(self, pod: PodRecord) -> float:
        """The creation of its top owner, as far as it is known."""
        assert pod.native is not None
        key = WorkloadKey(f"{pod.namespace}/{pod.native.deployment}")
        above = self._facts.deployments.current.get(key) if pod.native.deployment else self._stateful_set(pod)
        return above.created if above is not None else pod.native.created

    def _in_turn(self, pods: Sequence[PodRecord]) -> str:
        ordered = (found.name for pod in pods if (found := self._stateful_set(pod)) is not None and found.ordered)
        return min(ordered, default="")

    def _stateful_set(self, pod: PodRecord) -> StatefulSetRecord | None:
        owner = pod.native.owner if pod.native else None
        return self._facts.stateful_sets.by_uid.get(owner.uid) if owner else None


def record_of(group: Group, pools: Pools) -> WorkloadRecord | None:
    """Return the workload of a group, with how it stands; None for one that needs no chips any more, or none yet."""
    job, size = group.owned_job, _size(group)
    given = _given(group)
    done = _done(group, size, given)
    if given is None and done >= size:
        return None
    standing = Standing(
        assignment=given,
        displaced=job.displaced if job else None,
        active=not (job and job.suspended),
        succeeded=done,
        made_uid=job.uid if job else "",
    )
    view = _view(group, size, standing, pools)
    name = group.key.partition("/")[2]
    native = Native(standing, job)
    return WorkloadRecord(view.uid, view.namespace, name, "", view, b"", b"", native=native, purpose=_purpose(group))


def _purpose(group: Group) -> Purpose:
    """What is kept running serves; what runs to its end trains."""
    kept = any(one.deployment or (one.owner and one.owner.kind in KEPT_RUNNING) for one in group.natives)
    return Purpose.SERVING if kept else Purpose.TRAINING


def _view(group: Group, size: int, standing: Standing, pools: Pools) -> Workload:
    job, wishes = group.owned_job, _wishes(group)
    wish = together(wishes)
    shown = wish or wishes[0]
    any_pod = group.pods[0] if group.pods else None
    made = job or group.job or any_pod
    assert made is not None
    waits = standing.assignment is None
    return Workload(
        key=group.key,
        uid=_uid(group),
        generation=0,
        namespace=made.namespace,
        queue=shown.queue,
        class_name=shown.class_name,
        mode=Mode.GANG,
        replicas=size,
        variants=ways(shown, pools, size, standing.assignment),
        created=min(group.created, group.job.created if group.job else inf),
        start_timeout=inf,
        suspend=_is_suspended(job, standing),
        problems=tuple(_problems(group, wish, pools)) if waits else (),
        stays_put=True,
    )


def _wishes(group: Group) -> list[Wish]:
    """A Job whose pods are not there says itself what they will ask for."""
    said = [native.wish for native in group.natives]
    return said or ([group.job.native.wish] if group.job and group.job.native else [])


def _uid(group: Group) -> str:
    if group.job is not None:
        return group.job.uid
    return group.key if any(native.size for native in group.natives) else max(pod.uid for pod in group.pods)


def _size(group: Group) -> int:
    if group.job is not None and group.job.native is not None:
        return max(group.job.native.parallelism, 1)
    return max(1, *(native.size for native in group.natives))


def _given(group: Group) -> Assignment | None:
    """What its Job says; pods may have been let go a moment earlier. Of different words the last admission is right."""
    job = group.owned_job
    if job is not None and (job.assignment is not None or job.suspended):
        return job.assignment
    lost = job.displaced.at if job and job.displaced else -inf
    said = [pod.native.assignment for pod in group.living if pod.native and pod.native.assignment]
    said = [one for one in said if one.admitted_at > lost]
    return max(said, key=lambda one: (one.admitted_at, one.replicas, one.variant, one.pool), default=None)


def _done(group: Group, size: int, given: Assignment | None) -> int:
    """How many of `size` need no node any more: a Job with more to do makes a new pod for each that succeeds.

    A pod of nobody's never comes again: it is done, however it ended.
    """
    if group.job is not None and group.job.native is not None:
        return size - min(size, _to_come(group, group.job))
    if given is not None and all(native.owner is None for native in group.natives):
        return max(size - len(group.living), 0)
    return min(group.succeeded, size)


def _to_come(group: Group, job: MadeRecord) -> int:
    assert job.native is not None
    succeeded, completions = max(job.succeeded, group.succeeded), job.native.completions
    if completions is not None:
        return max(min(job.native.parallelism, completions - succeeded), 0)
    return len(group.living) if succeeded else job.native.parallelism


def _is_suspended(job: MadeRecord | None, standing: Standing) -> bool:
    """By its user: chippool's own hand leaves another word."""
    if job is None or not job.suspended:
        return False
    lost = standing.displaced
    return standing.assignment is not None or lost is None or lost.reason is Reason.SUSPENDED


def _problems(group: Group, wish: Wish | None, pools: Pools) -> Iterator[Problem]:
    job = group.job.native if group.job else None
    if (job and job.held) or any(native.held for native in group.natives):
        yield Problem(Reason.SUSPENDED, HELD)
    if group.in_turn and any(native.size for native in group.natives):
        yield Problem(Reason.BAD_TEMPLATE, IN_TURN.format(group.in_turn))
    if sizes := [native.size for native in group.natives if native.size]:
        yield from size_problem(sizes, len(group.living) + group.succeeded)
    if wish is None:
        yield Problem(Reason.BAD_TEMPLATE, UNLIKE)
        return
    if not wish.class_name:
        yield Problem(Reason.UNKNOWN_CLASS, NO_CLASS)
    if (problem := chip_problem(wish, pools)) is not None:
        yield problem


def _kind(key: WorkloadKey) -> str:
    return key.partition("/")[2].partition(":")[0]


def _by_name(pod: PodRecord) -> tuple[str, str]:
    return (pod.name, pod.uid)


def anchor(pods: Sequence[PodRecord]) -> PodRecord | None:
    """Return the pod that is told what its group has: the first that waits."""
    waiting = [pod for pod in pods if pod.gated and not pod.deleting and not pod.finished]
    return min(waiting, key=_by_name, default=None)
