"""The figures of a replay, all but the holds told from the audit log."""

import hashlib
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tools.replay.audit import Call, by_user
from tools.replay.belief import ASSIGNMENT
from tools.replay.drive import Course
from tools.replay.invariants import Record, counts, violations
from tools.replay.ledger import Ledger
from tools.replay.live import Live

Json = dict[str, Any]
_DISPLACED = "chippool.io/displaced"
_MOST_SHOWN = 50


def report(course: Course, live: Live, seen: Record, calls: Sequence[Call], pool_of: Mapping[str, str]) -> Json:
    """`pool_of` says the pool of every node."""
    finished = live.finished()
    completed = sorted(name for name, reason in finished.items() if reason == "Completed")
    broken = violations(seen)
    return {
        "submitted": len(course.created),
        "admitted": len(_first_jobs(calls)),
        "running_at_end": sum(pod.holds for pod in seen.ledger.managed()),
        "finished": dict(Counter(finished.values())),
        "completed": len(completed),
        "completed_digest": hashlib.sha256("\n".join(completed).encode()).hexdigest()[:16],
        "stalled": course.stalled,
        "held_by_reason": {reason: len(names) for reason, names in sorted(live.held.items())},
        "peak_demand_chips": course.peak_demand,
        "peak_allocation": peaks(seen.ledger, pool_of),
        "wait_s_by_class": waits(course, calls, seen.ledger),
        "displacements": displacements(calls),
        "succeeded_while_displaced": sum(
            pod.phase == "Succeeded" and not counts(seen, pod) for pod in seen.ledger.managed()
        ),
        "operator_kills": course.kills,
        "hold_checks": {
            "moments": sum("holds" in check for check in course.checks),
            "given_up": sum("given_up" in check for check in course.checks),
            "holds_checked": sum(check.get("holds", 0) for check in course.checks),
            "mismatches": [asdict(one) for one in course.wrong[:_MOST_SHOWN]],
            "each": course.checks,
        },
        "invariant_violations": len(broken),
        "violations_by_rule": dict(Counter(one.rule for one in broken)),
        "violations": [asdict(one) for one in broken[:_MOST_SHOWN]],
        "api_calls_by_user": by_user(calls),
    }


def displacements(calls: Sequence[Call]) -> dict[str, int]:
    """Writes that took an assignment away, by the reason they left."""
    reasons: Counter[str] = Counter()
    for call in calls:
        said = (call.request.get("metadata") or {}).get("annotations") or {} if isinstance(call.request, dict) else {}
        taken = call.verb == "patch" and call.resource in ("jobs", "deployments") and call.succeeded
        if taken and ASSIGNMENT in said and said[ASSIGNMENT] is None and said.get(_DISPLACED):
            reasons[json.loads(said[_DISPLACED])["reason"]] += 1
    return dict(reasons)


def waits(course: Course, calls: Sequence[Call], ledger: Ledger) -> Json:
    """From creation to the first admission and to the first pod Running, by class."""
    admitted = _first_jobs(calls)
    running: dict[str, float] = {}
    for pod in ledger.managed():
        if pod.running is not None:
            running[pod.workload] = min(pod.running, running.get(pod.workload, pod.running))
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for _, workload in course.workloads:
        classes[workload["spec"]["priorityClassName"]].append(workload["metadata"]["name"])
    return {
        name: {"to_admitted": _spread(members, course.created, admitted),
               "to_running": _spread(members, course.created, running)}
        for name, members in sorted(classes.items())
    }  # fmt: skip


def peaks(ledger: Ledger, pool_of: Mapping[str, str]) -> dict[str, int]:
    """Most chips on nodes at one time."""
    moves: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for pod in ledger.managed():
        chips = sum(pod.chips.values())
        if pod.bound is None:
            continue
        moves[pool_of.get(pod.node, "?")].append((pod.bound, chips))
        if pod.ended is not None:
            moves[pool_of.get(pod.node, "?")].append((max(pod.ended, pod.bound), -chips))
    return {pool: _highest(sorted(of)) for pool, of in sorted(moves.items())}


def _highest(moves: list[tuple[float, int]]) -> int:
    held = most = 0
    for _, chips in moves:
        held += chips
        most = max(most, held)
    return most


def _first_jobs(calls: Sequence[Call]) -> dict[str, float]:
    found: dict[str, float] = {}
    for call in calls:
        if call.verb == "create" and call.resource == "jobs" and call.response.get("kind") == "Job":
            found.setdefault(call.name, call.answered)
    return found


def _spread(names: Sequence[str], begun: Mapping[str, float], ended: Mapping[str, float]) -> Json:
    took = sorted(ended[n] - begun[n] for n in names if n in begun and n in ended)
    if not took:
        return {"count": 0}
    return {
        "count": len(took),
        "p50": round(statistics.median(took), 2),
        "p90": round(took[int(len(took) * 0.9) - 1 if len(took) > 1 else 0], 2),
        "max": round(took[-1], 2),
    }
