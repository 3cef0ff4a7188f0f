"""Nodes and pods of a pool that shares its chips as HAMi does, and a small cluster that decides and runs them."""

from chippool.core.cycle import schedule
from chippool.state.hami import hami
from chippool.state.mirror import Mirror
from tests.state import build
from tests.state.build import GPU, NOW, PROJECT

SPLIT = 10
MEMORY = 40_000
SHARING = {"type": "HAMi"}
REGISTERED = "hami.io/node-nvidia-register"
ALLOCATED = "hami.io/vgpu-devices-allocated"
OURS = "chippool.io/chips"


def a_pool(**more):
    return build.a_pool(sharing=SHARING | more)


def device(node, number):
    return f"GPU-{node}-{number}"


def registered(node, chips, sick=()):
    """As the device plugin says it, with the time that goes by it left out."""
    devices = (
        f"{device(node, n)},{SPLIT},{MEMORY},100,NVIDIA-L20,0,{str(n not in sick).lower()},{n},hami-core:"
        for n in range(chips)
    )
    return {REGISTERED: "".join(devices)}


def a_node(name="n1", chips=2, *, register=True, sick=(), allocatable=None):
    counted = SPLIT * (chips - len(sick) if allocatable is None else allocatable)
    said = registered(name, chips, sick) if register else None
    return build.a_node(name, counted, installed=SPLIT * chips, said=said)


def a_share(percent, devices=1):
    """What a container asks for."""
    asked = {"cpu": "1", GPU: str(devices)}
    return asked | {"nvidia.com/gpucores": str(percent), "nvidia.com/gpumem-percentage": str(percent)}


def allocated(*devices):
    """Ids, with the per cent of each: the scheduler's word on one container."""
    return {ALLOCATED: "".join(f"{name},NVIDIA,{MEMORY * part // 100},{part}:" for name, part in devices) + ";"}


def a_pod(name, workload="", *, percent=25, devices=1, **more):
    return build.a_pod(name, workload, requests=a_share(percent, devices), **more)


def a_workload(name="w", chips="0.25", replicas=1, **more):
    return build.a_workload(name, replicas, variants=[build.a_variant(chips=chips)], **more)


class Site:
    """API objects, an operator's mirror that sees them, and Jobs and a scheduler that do as they are told."""

    def __init__(self, *objects) -> None:
        self.objects = {}
        self.now = NOW
        self.restart()
        self.shows(a_pool(), build.a_queue(selector={}), build.a_class(), build.a_namespace(), *objects)

    def restart(self) -> None:
        """A new operator that knows nothing but what the API server has."""
        self.mirror = Mirror(lambda: self.now)
        for raw in self.objects.values():
            self._tell(raw)

    def shows(self, *objects):
        for raw in objects:
            self.objects[raw["metadata"]["uid"]] = raw
            self._tell(raw)
        return self

    def _tell(self, raw) -> None:
        self.mirror.apply(raw["kind"], raw["metadata"]["uid"], PROJECT[raw["kind"]](raw))

    def loses(self, uid) -> None:
        raw = self.objects.pop(uid)
        self.mirror.remove(raw["kind"], uid)

    def decide(self):
        """One cycle: what is admitted has its Job."""
        plan = schedule(self.mirror.snapshot(), self.now)
        accepted = self.mirror.assume(plan)
        for decision in accepted:
            view = self.mirror.view(decision.workload)
            if view is not None and (view.assignment or view.displaced):
                replicas = view.assignment.replicas if view.assignment else 0
                name = view.key.partition("/")[2]
                job = build.a_job(name, view.assignment, parallelism=replicas, suspended=view.assignment is None)
                self.shows(job)
        return accepted

    def pods(self, name):
        return [
            raw
            for raw in self.objects.values()
            if raw["kind"] == "Pod" and raw["metadata"].get("labels", {}).get("chippool.io/workload") == name
        ]

    def make_pods(self) -> None:
        """Gated pods for replicas that have none, asking for what the operator renders."""
        for view in self.mirror.snapshot().workloads.values():
            name = view.key.partition("/")[2]
            there = {raw["metadata"]["name"] for raw in self.pods(name)}
            for number in range(view.assignment.replicas if view.assignment else 0):
                if f"{name}-{number}" not in there:
                    requests = {"cpu": "1", "memory": "1Gi", **hami(GPU, None).asks(view.variants[0].ask.chips)}
                    self.shows(build.a_pod(f"{name}-{number}", name, requests=requests, gated=True, index=number))

    def pin(self) -> None:
        """The pins there are, carried out; the pods run at once."""
        for pin in self.mirror.pins(self.now):
            raw = self.objects[pin.pod_uid]
            metadata = raw["metadata"] | {"annotations": raw["metadata"].get("annotations", {}) | dict(pin.marks)}
            spec = {key: value for key, value in raw["spec"].items() if key != "schedulingGates"}
            self.shows(raw | {"metadata": metadata, "spec": spec | {"nodeName": pin.node}})

    def run(self) -> None:
        self.decide()
        self.make_pods()
        self.pin()

    def chips(self, name):
        """Where a workload's pods were sent to: node and chips."""
        found = [(raw["spec"].get("nodeName"), raw["metadata"]["annotations"].get(OURS)) for raw in self.pods(name)]
        return sorted(entry for entry in found if entry[0])
