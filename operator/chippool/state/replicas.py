"""Which of its replicas a workload gives up first: a Job its highest indexes, a Deployment what has the lowest cost."""

from collections.abc import Iterable, Iterator

from chippool.core.model import Mode
from chippool.state.records import PodRecord

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Annotation by which a ReplicaSet chooses among Ready pods: the lowest goes first."""


def in_order(pods: Iterable[PodRecord], mode: Mode) -> list[PodRecord]:
    """Return pods on nodes, the last to go first."""
    if mode is Mode.GANG:
        return sorted(pods, key=lambda pod: (pod.index, pod.name))
    return sorted(pods, key=lambda pod: (not pod.bound, not pod.running, not pod.ready, pod.number, pod.name))


def numbers(pods: Iterable[PodRecord], reserved: int, mode: Mode) -> tuple[int, ...]:
    """Return the number of each replica: of those on nodes (in order), and of those that have a node reserved."""
    there = list(pods)
    if mode is Mode.SERVICE:
        return tuple(range(len(there) + reserved))
    taken = tuple(pod.index for pod in there)
    absent = _absent({*taken})
    return (*taken, *(next(absent) for _ in range(reserved)))


def _absent(taken: set[int]) -> Iterator[int]:
    index = 0
    while True:
        if index not in taken:
            yield index
        index += 1


def surplus(pods: Iterable[PodRecord], replicas: int, mode: Mode) -> frozenset[str]:
    """Return the uids of pods there are beyond the replicas: their controller is about to end them."""
    if mode is Mode.GANG:
        return frozenset(pod.uid for pod in pods if pod.index >= replicas)
    there = [pod for pod in pods if pod.node]
    return frozenset(pod.uid for pod in in_order(there, mode)[replicas:]) if len(there) > replicas else frozenset()
