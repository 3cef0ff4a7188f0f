"""What may leave a node now, and why the rest stays. Pure: the operator's own decision says whether there is room."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from chippool.core.cycle import schedule
from chippool.core.ids import NodeName, WorkloadKey
from chippool.core.model import Mode, Snapshot, Workload
from chippool.core.plan import Decision, Place


@dataclass(frozen=True, slots=True)
class Resident:
    """A pod of ours on the node."""

    key: WorkloadKey
    name: str
    uid: str
    ending: bool
    alone: bool = False
    """Nobody would make it anew."""

    @property
    def namespace(self) -> str:
        return self.key.partition("/")[0]


@dataclass(slots=True)
class Next:
    """Pods to evict now, and why those of other workloads stay for the time being."""

    evict: list[Resident] = field(default_factory=list)
    stays: dict[WorkloadKey, str] = field(default_factory=dict)


def next_steps(snapshot: Snapshot, now: float, node: NodeName, residents: Iterable[Resident], *, patient: bool) -> Next:
    """Say what goes next; who is `patient` waits until there is room elsewhere that nobody has to give up."""
    found, elsewhere = Next(), _without(snapshot, node)
    ordered = sorted(residents, key=lambda one: (one.key, one.name, one.uid))
    for key, group in groupby(ordered, key=lambda one: one.key):
        pods = [*group]
        why = _why_not_now(snapshot.workloads.get(key), pods)
        going = _together(snapshot.workloads.get(key), pods)
        if not why and patient:
            why = _no_room(elsewhere, now, node, key, len(going))
        if why:
            found.stays[key] = why
        else:
            found.evict += going
    return found


def _without(snapshot: Snapshot, node: NodeName) -> Snapshot:
    """The cluster with the node cordoned, whether it is by now or not."""
    if node not in snapshot.nodes:
        return snapshot
    return replace(snapshot, nodes={**snapshot.nodes, node: replace(snapshot.nodes[node], usable=False)})


def _why_not_now(workload: Workload | None, pods: Sequence[Resident]) -> str:
    ending = sum(pod.ending for pod in pods)
    if ending:
        return f"{ending} of its pods here {'is' if ending == 1 else 'are'} ending"
    if any(pod.alone for pod in pods):
        return "nobody would make it anew: delete it yourself when it may go"
    if workload is None or workload.assignment is None:
        return "it no longer has its chips, and its pods are about to end"
    whole = workload.ready + workload.succeeded >= workload.assignment.replicas
    if workload.mode is Mode.SERVICE and not whole:
        return f"{workload.ready} of its {workload.assignment.replicas} replicas are Ready; one moves when all are"
    if workload.missing or workload.reserved:
        return f"{workload.missing + len(workload.reserved)} of its replicas are on their way to other nodes"
    return ""


def _together(workload: Workload | None, pods: Sequence[Resident]) -> Sequence[Resident]:
    """A gang stops anyway when one of its replicas goes; a service goes on, so one at a time."""
    return pods[:1] if workload is not None and workload.mode is Mode.SERVICE else pods


def _no_room(snapshot: Snapshot, now: float, node: NodeName, key: WorkloadKey, count: int) -> str:
    """Ask what if so many replicas had lost their place here."""
    workload = _less(snapshot.workloads[key], node, count)
    then = replace(snapshot, workloads={**snapshot.workloads, key: workload})
    decision = next((one for one in schedule(then, now).decisions if one.workload == key), None)
    if isinstance(decision, Place) and len(decision.nodes) >= count:
        return "others would have to make room elsewhere" if decision.victims else ""
    return f"there is no room elsewhere: {_sentence(decision)}"


def _sentence(decision: Decision | None) -> str:
    return decision.message if decision is not None else "nothing is decided about it"


def _less(one: Workload, node: NodeName, count: int) -> Workload:
    here = [at for at, name in enumerate(one.placed) if name == node][:count]
    stay = [at for at in range(len(one.placed)) if at not in here]
    return replace(
        one,
        placed=tuple(one.placed[at] for at in stay),
        seats=tuple(one.seats[at] for at in stay) if one.seats else (),
        indexes=tuple(one.indexes[at] for at in stay) if one.indexes else (),
        missing=one.missing + len(here),
        ready=max(0, one.ready - len(here)),
    )


def told(stays: Mapping[WorkloadKey, str]) -> list[str]:
    """Return a line for each that stays."""
    return [f"{key} stays for now: {why}" for key, why in sorted(stays.items())]
