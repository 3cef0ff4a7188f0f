"""Who held which chips from when to when, told from the audit log alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tools.replay.audit import Call, Json

LABEL = "chippool.io/workload"
GATE = "chippool.io/placement"
INDEX = "batch.kubernetes.io/job-completion-index"
_HOSTNAME = "kubernetes.io/hostname"
_BROKEN_OFF = 504
"""Who asked went away meanwhile; it may have been done all the same, and nothing says so but what follows."""
_ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(slots=True)
class PodLife:
    """What became of one pod; moments in seconds since the epoch, None where it did not happen."""

    uid: str
    namespace: str
    name: str
    labels: dict[str, str]
    chips: dict[str, int]
    gated: bool
    """It was made with chippool's gate."""
    made: float = 0.0
    job_uid: str = ""
    index: str = ""
    node: str = ""
    pinned: float | None = None
    pinned_by: str = ""
    pinned_to: str = ""
    attempt: tuple[float, str, str] | None = None
    """When, by whom and where to it was perhaps pinned."""
    bound: float | None = None
    running: float | None = None
    ready: float | None = None
    """When it was first Ready."""
    ended: float | None = None
    over: float | None = None
    """When what ended it was answered: it had ended by then, and not before it was asked for."""
    slack: float = 0.0
    """Seconds in which it was bound, became Ready and ended, all together: an answer comes after its effect."""
    phase: str = ""
    done: bool = False
    """It succeeded, and nobody had asked it to go before."""
    preempted: bool = False
    """kube-scheduler removed it in favour of another."""

    @property
    def workload(self) -> str:
        return self.labels.get(LABEL, "")

    @property
    def holds(self) -> bool:
        return self.bound is not None and self.ended is None


@dataclass(slots=True)
class Allocatable:
    """What a node had to give, from each moment on."""

    since: list[tuple[float, dict[str, int]]] = field(default_factory=list)


class Ledger:
    """Filled from calls in the order of the log; `stock` is what the nodes had before anything was said of them."""

    def __init__(self, calls: Iterable[Call], stock: Mapping[str, dict[str, int]] | None = None) -> None:
        self.pods: dict[str, PodLife] = {}
        self.nodes = {node: Allocatable([(0.0, amounts)]) for node, amounts in (stock or {}).items()}
        self._current: dict[tuple[str, str], str] = {}
        calls = list(calls)
        self._unanswered = [c for c in calls if c.code == _BROKEN_OFF and (c.verb, c.resource) == ("create", "pods")]
        for call in calls:  # a busy server may log a pod's creation after what was done with it at once
            if call.succeeded and call.verb == "create" and call.resource == "pods" and call.response.get("metadata"):
                self.pods[call.response["metadata"]["uid"]] = _born(call.response, call.answered)
        for call in calls:
            if call.succeeded and call.writes:
                self._note(call)
            elif call.code == _BROKEN_OFF and call.resource == "pods":
                self._note_attempt(call)

    def managed(self) -> Iterator[PodLife]:
        return (pod for pod in self.pods.values() if pod.workload)

    def _note(self, call: Call) -> None:
        if call.resource == "nodes/status":
            self._note_node(call)
        elif call.resource == "pods/binding":
            self._note_binding(call)
        elif call.resource in ("pods", "pods/status"):
            self._note_pod(call)

    def _note_node(self, call: Call) -> None:
        said = call.response.get("status", {}).get("allocatable")
        if said is None:
            return
        amounts = _extended(said)
        since = self.nodes.setdefault(call.name, Allocatable()).since
        if not since or since[-1][1] != amounts:
            since.append((call.answered, amounts))

    def _note_binding(self, call: Call) -> None:
        pod = self.pods.get(self._current.get((call.namespace, call.name), ""))
        if pod is None:
            return
        pod.bound, pod.node = call.answered, call.request["target"]["name"]
        pod.slack += call.answered - call.received
        if pod.pinned is None and pod.attempt is not None:
            pod.pinned, pod.pinned_by, pod.pinned_to = pod.attempt

    def _note_attempt(self, call: Call) -> None:
        """Remember a pin whose outcome is open; nothing gets a pod bound but a pin that was done."""
        pod = self.pods.get(self._current.get((call.namespace, call.name), ""))
        node = (call.request.get("spec", {}).get("nodeSelector") or {}).get(_HOSTNAME)
        if pod is not None and node is not None:
            pod.attempt = (call.answered, call.user, node)

    def _note_pod(self, call: Call) -> None:
        shown = call.response
        if shown.get("kind") != "Pod":  # its answer is not in the log: nobody was there any more to take it
            self._note_attempt(call)
            self._note_removal(call)
            return
        pod = self._life(shown, call.answered)
        _note_pin(pod, call)
        _note_phase(pod, call)
        _note_disruption(pod, shown)

    def _note_removal(self, call: Call) -> None:
        """A deletion that was answered with a bare Status: it is gone at once."""
        pod = self.pods.get(self._current.get((call.namespace, call.name), ""))
        if call.verb == "delete" and pod is not None and pod.ended is None:
            _end(pod, call)

    def _life(self, shown: Json, moment: float) -> PodLife:
        metadata = shown["metadata"]
        uid = metadata["uid"]
        if uid not in self.pods:
            self.pods[uid] = _born(self._as_made(shown), moment)
        self._current[metadata["namespace"], metadata["name"]] = uid
        return self.pods[uid]

    def _as_made(self, shown: Json) -> Json:
        """The pod as its maker asked for it, where nobody was there any more to take the answer."""
        metadata = shown["metadata"]
        for call in self._unanswered:
            begins = call.request.get("metadata", {}).get("generateName", "")
            if begins and call.namespace == metadata["namespace"] and metadata["name"].startswith(begins):
                return {**shown, "spec": call.request["spec"]}
        return shown


def _born(shown: Json, moment: float) -> PodLife:
    metadata, spec = shown["metadata"], shown["spec"]
    labels = metadata.get("labels") or {}
    owners = metadata.get("ownerReferences") or []
    return PodLife(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=labels,
        chips=_asked(spec),
        gated=_is_gated(spec),
        made=moment,
        job_uid=next((o["uid"] for o in owners if o["kind"] == "Job"), ""),
        index=labels.get(INDEX) or (metadata.get("annotations") or {}).get(INDEX, ""),
    )


def _note_pin(pod: PodLife, call: Call) -> None:
    spec = call.response["spec"]
    if pod.gated and pod.pinned is None and call.resource == "pods" and not _is_gated(spec):
        node = (spec.get("nodeSelector") or {}).get(_HOSTNAME, "")
        if pod.attempt is not None and pod.attempt[2] == node:  # a pin whose outcome was open is what this one shows
            pod.pinned, pod.pinned_by, pod.pinned_to = pod.attempt
        else:
            pod.pinned, pod.pinned_by, pod.pinned_to = call.answered, call.user, node


def _note_phase(pod: PodLife, call: Call) -> None:
    phase = call.response.get("status", {}).get("phase", "")
    pod.phase = phase or pod.phase
    if phase == "Running" and pod.running is None:
        pod.running = call.answered
    if pod.ready is None and _is_ready(call.response):
        pod.ready = call.answered
        pod.slack += call.answered - call.received
    pod.done |= phase == "Succeeded" and not call.response["metadata"].get("deletionTimestamp")
    if pod.ended is None and (phase in _ENDED or _is_gone(call.response)):
        _end(pod, call)


def _end(pod: PodLife, call: Call) -> None:
    pod.ended, pod.over = call.received, call.answered
    pod.slack += call.answered - call.received


def _is_ready(shown: Json) -> bool:
    conditions = shown.get("status", {}).get("conditions") or []
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def _note_disruption(pod: PodLife, shown: Json) -> None:
    for condition in shown.get("status", {}).get("conditions") or []:
        if condition["type"] == "DisruptionTarget" and condition.get("reason") == "PreemptionByScheduler":
            pod.preempted = True


def _is_gated(spec: Json) -> bool:
    return any(gate["name"] == GATE for gate in spec.get("schedulingGates") or [])


def _is_gone(shown: Json) -> bool:
    metadata = shown["metadata"]
    leaving = metadata.get("deletionTimestamp") and metadata.get("deletionGracePeriodSeconds") == 0
    return bool(leaving) and not metadata.get("finalizers")


def _asked(spec: Json) -> dict[str, int]:
    """Extended resources of all containers together."""
    total: dict[str, int] = {}
    for container in spec["containers"]:
        for resource, amount in _extended((container.get("resources") or {}).get("requests") or {}).items():
            total[resource] = total.get(resource, 0) + amount
    return total


def _extended(amounts: Json) -> dict[str, int]:
    """Those with a domain: devices, whole numbers."""
    return {
        resource: int(amount) for resource, amount in amounts.items() if "/" in resource and "hugepages" not in resource
    }
