"""How experience grows from one look at a cluster to the next: who had to wait for how long, and how long work ran.

Bounded: of what goes on, every other is forgotten where it becomes too much; of what has ended, the oldest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chippool.core.backlog import Prospect, kind
from chippool.core.eta import KEPT, Case, Experience, guess, row
from chippool.core.ids import WorkloadKey
from chippool.core.model import Workload

RUNS = 32
"""Runs of a kind that are remembered, the last to end."""
KINDS = 64
"""Kinds of work whose runs are remembered."""
Workloads = Mapping[WorkloadKey, Workload]


def noted(experience: Experience, told: Sequence[Prospect], workloads: Workloads, now: float) -> Experience:
    """Take in who has just begun to wait, with what is predicted of it by now."""
    new = [one for one in told if workloads[one.workload].uid not in experience.waiting]
    if not new:
        return experience
    waiting = dict(experience.waiting)
    for one, guessed in zip(new, guess(experience, new, now), strict=True):
        began = now - one.waited
        waiting[workloads[one.workload].uid] = Case(began, one.class_name, one.queue, row(one), guessed)
    return replace(experience, waiting=_thinned(waiting))


def passed(experience: Experience, before: Workloads, after: Workloads, now: float) -> Experience:
    """Take in who got its chips, ended, or no longer waits, between two looks, the later one now."""
    return _with_runs(_with_starts(experience, after), before, after, now)


def _with_starts(experience: Experience, after: Workloads) -> Experience:
    by_uid = {one.uid: one for one in after.values()}
    waiting, ended = dict[str, Case](), list[Case]()
    for uid, case in experience.waiting.items():
        one = by_uid.get(uid)
        if one is None or one.finished or one.suspend or one.deleting:
            continue  # nobody will know how long it would have waited
        if one.assignment is None:
            waiting[uid] = case
        else:
            ended.append(replace(case, wait=max(one.assignment.admitted_at - case.at, 0.0)))
    if len(waiting) == len(experience.waiting):
        return experience
    ended.sort(key=lambda case: (case.at, case.row))
    return replace(experience, waiting=waiting, ended=(*experience.ended, *ended)[-KEPT:])


def _with_runs(experience: Experience, before: Workloads, after: Workloads, now: float) -> Experience:
    runs = dict(experience.runs)
    for key in sorted(before):
        one = before[key]
        if one.assignment is None or one.finished:
            continue
        if key not in after or after[key].finished:
            ran = max(now - one.assignment.admitted_at, 1.0)
            name = kind(one)
            runs[name] = (*runs.pop(name, ()), ran)[-RUNS:]  # the last one to be told of stands last
    kept = list(runs)[-KINDS:]
    return experience if runs == experience.runs else replace(experience, runs={name: runs[name] for name in kept})


def _thinned(waiting: dict[str, Case]) -> dict[str, Case]:
    ordered = sorted(waiting, key=lambda uid: (waiting[uid].at, uid))
    while len(ordered) > KEPT:
        ordered = ordered[::2]
    return {uid: waiting[uid] for uid in ordered}
