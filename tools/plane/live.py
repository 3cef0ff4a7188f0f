"""The fleet while the plane is up: what happens to nodes in real life, on request."""

import datetime as dt
import threading

from tools.plane import nodes
from tools.plane.components import NODE_LABEL
from tools.plane.errors import PlaneError
from tools.plane.fleet import CHIP_ANNOTATION, POOL_LABEL, Fleet, NodePool
from tools.plane.layout import Layout
from tools.plane.progress import Note, Steps


def _nothing(_: str) -> None:
    pass


class LiveFleet:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._closing = threading.Event()
        self._dips: list[threading.Thread] = []

    def bring_up(self, fleet: Fleet, steps: Steps) -> None:
        """Make all nodes of the fleet; returns when they are Ready."""
        with steps.step(f"{fleet.size} nodes") as note:
            for pool in fleet.pools:
                self.add(pool, note)
            self.wait_ready(note)

    def add(self, pool: NodePool, note: Note = _nothing) -> list[str]:
        """Make the pool's nodes, numbered on from those there are; their names. Does not wait for Ready."""
        first = len(self.names(pool.name)) + 1
        return nodes.make(self._layout, pool.nodes(first), note)

    def names(self, pool: str = "") -> list[str]:
        selector = f"{POOL_LABEL}={pool}" if pool else ""
        return sorted(node["metadata"]["name"] for node in nodes.listed(self._layout, selector))

    def remove(self, node: str) -> None:
        """Delete the Node object; pods on it are left to the cluster's own garbage collection."""
        nodes.delete(self._layout, node)

    def cordon(self, node: str) -> None:
        nodes.patch(self._layout, node, {"spec": {"unschedulable": True}})

    def uncordon(self, node: str) -> None:
        nodes.patch(self._layout, node, {"spec": {"unschedulable": None}})

    def fail(self, node: str) -> None:
        """The node goes down: its lease is no longer renewed, Ready is Unknown, nothing on it starts or ends."""
        nodes.patch(self._layout, node, {"metadata": {"labels": {NODE_LABEL: "down"}}})
        nodes.patch_status(self._layout, node, {"conditions": _unknown()})

    def recover(self, node: str) -> None:
        """Undo `fail` and `lose_chips`; returns when the node is Ready again."""
        status = nodes.get(self._layout, node)["status"]
        nodes.patch_status(self._layout, node, {"allocatable": status["capacity"]})
        nodes.patch(self._layout, node, {"metadata": {"labels": {NODE_LABEL: "running"}}})
        nodes.wait_ready(self._layout, f"kubernetes.io/hostname={node}", _nothing)

    def lose_chips(self, node: str, chips: int) -> None:
        """So many chips become unhealthy: allocatable falls, capacity stays; PlaneError if there are not so many."""
        resource, allocatable = self._chips(node)
        if not 0 <= chips <= allocatable:
            raise PlaneError(f"node {node} has {allocatable} allocatable {resource}, so it can't lose {chips}.")
        self._allocate(node, resource, allocatable - chips)

    def dip(self, node: str, seconds: float) -> threading.Thread:
        """Allocatable chips fall to 0 and come back by themselves, as when a device plugin restarts; join to wait."""
        resource, allocatable = self._chips(node)
        self._allocate(node, resource, 0)
        back = threading.Thread(target=self._come_back, args=(node, resource, allocatable, seconds), daemon=True)
        self._dips.append(back)
        back.start()
        return back

    def wait_ready(self, note: Note = _nothing) -> None:
        """Return when every node that isn't down is Ready."""
        nodes.wait_ready(self._layout, f"{NODE_LABEL}=running", note)

    def close(self) -> None:
        """Forget the dips that are not over: the plane goes down."""
        self._closing.set()
        for back in self._dips:
            back.join()

    def _come_back(self, node: str, resource: str, chips: int, seconds: float) -> None:
        if not self._closing.wait(seconds):
            self._allocate(node, resource, chips)

    def _chips(self, node: str) -> tuple[str, int]:
        found = nodes.get(self._layout, node)
        resource = found["metadata"].get("annotations", {}).get(CHIP_ANNOTATION)
        if resource is None:
            raise PlaneError(f"node {node} has no annotation {CHIP_ANNOTATION}, which names its chips' resource.")
        return resource, int(found["status"]["allocatable"].get(resource, "0"))

    def _allocate(self, node: str, resource: str, chips: int) -> None:
        nodes.patch_status(self._layout, node, {"allocatable": {resource: str(chips)}})


def _unknown() -> list[dict[str, str]]:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
    types = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
    return [{"type": one, "status": "Unknown", "lastTransitionTime": now, **said} for one in types]
