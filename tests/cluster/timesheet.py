"""Chip-seconds recounted from the audit log: who held what from when to when, and what of it was in vain.

It knows nothing of what the operator counts: pods' chips, nodes and moments are the API server's, and for whom they
were is what the test asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.cluster.recount import POOLS
from tools.replay.audit import Call
from tools.replay.ledger import Ledger, PodLife


@dataclass(frozen=True)
class Asked:
    """A workload as the test applied it."""

    queue: str
    cls: str
    purpose: str
    saves: bool
    """It loses work when it is displaced or fails."""
    interval: float


@dataclass
class Counted:
    """Chip-seconds; `slack` is how much less it may be: the log has when a request was answered, not when it worked."""

    starting: float = 0.0
    running: float = 0.0
    lost: float = 0.0
    slack: float = 0.0

    @property
    def held(self) -> float:
        return self.starting + self.running


@dataclass(frozen=True)
class Times:
    """One pod's, within the time that is counted."""

    asked: Asked
    namespace: str
    pool: str
    counted: Counted


def asked_of(workload: Mapping) -> Asked:
    spec = workload["spec"]
    every = spec.get("disruption", {}).get("checkpointInterval", "1000h")
    purpose = spec.get("purpose") or ("Serving" if spec["mode"] == "Service" else "Training")
    return Asked(
        spec["queueName"],
        spec["priorityClassName"],
        purpose,
        spec["mode"] == "Gang",
        float(every[:-1]) * {"s": 1, "m": 60, "h": 3600}[every[-1]],
    )


def times(calls: list[Call], asked: Mapping[str, Asked], pool_of: Mapping[str, str], since: float, until: float):
    """Return what every pod of these workloads held between two moments."""
    dropped = {c.name: c.received for c in calls if (c.verb, c.resource) == ("delete", "chipworkloads")}
    held = (pod for pod in Ledger(calls).managed() if pod.bound is not None and pod.workload in asked)
    return [
        Times(asked[pod.workload], pod.namespace, POOLS[pool_of[pod.node]],
              _counted(pod, asked[pod.workload], dropped.get(pod.workload), since, until))
        for pod in held
    ]  # fmt: skip


def _counted(pod: PodLife, asked: Asked, dropped: float | None, since: float, until: float) -> Counted:
    chips = sum(pod.chips.values())
    ended = pod.over or until
    ready = ended if pod.ready is None else min(pod.ready, ended)
    counted = Counted(chips * _overlap(pod.bound, ready, since, until), chips * _overlap(ready, ended, since, until))
    counted.slack = chips * pod.slack
    wanted = dropped is None or pod.over is None or dropped > pod.over
    if asked.saves and pod.over and since < pod.over < until and not pod.done and wanted:
        counted.lost = chips * min(ended - ready, asked.interval)
    return counted


def _overlap(first: float, last: float, since: float, until: float) -> float:
    return max(0.0, min(last, until) - max(first, since))


def by(what: Callable[[Times], str], found: Iterable[Times]) -> dict[str, Counted]:
    """Add up what belongs together."""
    sums: defaultdict[str, Counted] = defaultdict(Counted)
    for one in found:
        total, more = sums[what(one)], one.counted
        total.starting += more.starting
        total.running += more.running
        total.lost += more.lost
        total.slack += more.slack
    return dict(sums)
