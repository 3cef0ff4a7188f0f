"""What the API server refused to make, remembered until the workload's spec changes or it is worth another try."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chippool.core.ids import WorkloadKey
from chippool.core.model import Problem, Snapshot, Workload
from chippool.core.reasons import Reason

AGAIN_S = 300.0
"""A quota, a webhook or a policy may let it through later; an invalid template never gets better."""
INVALID = re.compile(r"\bis invalid:|\bin version\b.*\bcannot be handled\b")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused write; `until` None: until the spec changes."""

    uid: str
    generation: int
    problem: Problem
    until: float | None


class Refusals:
    """By workload; `told` puts them where decisions see them. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._refused: dict[WorkloadKey, Refusal] = {}

    def refused(self, workload: Workload, sentence: str, now: float) -> None:
        """Remember the server's sentence about the object it would not make."""
        until = None if INVALID.search(sentence) else now + AGAIN_S
        self._remember(workload, Reason.BAD_TEMPLATE, f"The API server refuses the template: {sentence}", until)

    def not_rendered(self, workload: Workload, error: LookupError | ValueError) -> None:
        """Remember why no object can be made of a spec."""
        reason = Reason.UNKNOWN_CONTAINER if isinstance(error, LookupError) else Reason.BAD_PATCH
        self._remember(workload, reason, f"No pods can be made of the spec: {error}.", None)

    def told(self, snapshot: Snapshot, now: float) -> Snapshot:
        """Return the snapshot with what is still refused among its workloads' problems; forget the rest."""
        self._refused = {key: entry for key, entry in self._refused.items() if _holds(entry, snapshot, key, now)}
        if not self._refused:
            return snapshot
        return replace(snapshot, workloads={**snapshot.workloads, **self._with_problems(snapshot.workloads)})

    def wake(self) -> float | None:
        """When the next one is forgotten by the clock alone."""
        return min((entry.until for entry in self._refused.values() if entry.until is not None), default=None)

    def _remember(self, workload: Workload, reason: Reason, sentence: str, until: float | None) -> None:
        problem = Problem(reason, sentence)
        self._refused[workload.key] = Refusal(workload.uid, workload.generation, problem, until)

    def _with_problems(self, workloads: Mapping[WorkloadKey, Workload]) -> dict[WorkloadKey, Workload]:
        return {
            key: replace(workloads[key], problems=(*workloads[key].problems, entry.problem))
            for key, entry in self._refused.items()
        }


def _holds(entry: Refusal, snapshot: Snapshot, key: WorkloadKey, now: float) -> bool:
    workload = snapshot.workloads.get(key)
    if workload is None or (workload.uid, workload.generation) != (entry.uid, entry.generation):
        return False
    return entry.until is None or now < entry.until
