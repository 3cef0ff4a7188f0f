"""Fleet files: which nodes a plane has. Pure: from YAML to records, from records to Node objects."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tools.plane.components import NODE_LABEL
from tools.plane.errors import PlaneError

CHIP_ANNOTATION = "plane.chippool.io/chip"
POOL_LABEL = "plane.chippool.io/pool"
RACK_LABEL = "rack"
ZONE_LABEL = "topology.kubernetes.io/zone"
_KUBELET = "v1.36.3"
_CONDITIONS = {
    "Ready": {"status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
    "MemoryPressure": {"status": "False", "reason": "KubeletHasSufficientMemory"},
    "DiskPressure": {"status": "False", "reason": "KubeletHasNoDiskPressure"},
    "PIDPressure": {"status": "False", "reason": "KubeletHasSufficientPID"},
}
_KEYS = {
    "name": "name",
    "count": "count",
    "resource": "resource",
    "chips": "chips",
    "cpu": "cpu",
    "memory": "memory",
    "pods": "pods",
    "ephemeralStorage": "ephemeral_storage",
    "extra": "extra",
    "arch": "arch",
    "instanceType": "instance_type",
    "region": "region",
    "zones": "zones",
    "nodesPerRack": "nodes_per_rack",
    "labels": "labels",
    "taints": "taints",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePool:
    """Nodes of one kind, named `{name}-001` and on, or exactly as `names` says."""

    name: str
    count: int = 1
    names: tuple[str, ...] = ()
    resource: str = ""
    chips: int = 0
    cpu: str = "64"
    memory: str = "512Gi"
    pods: int = 110
    ephemeral_storage: str = "1Ti"
    extra: Mapping[str, str] = field(default_factory=dict)  # other extended resources
    arch: str = "amd64"
    instance_type: str = ""
    region: str = "region-1"
    zones: tuple[str, ...] = ("zone-a",)
    nodes_per_rack: int = 8
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()

    @property
    def size(self) -> int:
        return len(self.names) or self.count

    def nodes(self, first: int = 1) -> Iterator[dict[str, Any]]:
        """The Node objects, status included, numbered from `first`."""
        names = self.names or tuple(f"{self.name}-{number:03d}" for number in range(first, first + self.count))
        for position, name in enumerate(names, first - 1):
            yield _node(self, name, position)


@dataclass(frozen=True, slots=True)
class Fleet:
    pools: tuple[NodePool, ...]

    @property
    def size(self) -> int:
        return sum(pool.size for pool in self.pools)

    @classmethod
    def load(cls, path: Path) -> "Fleet":
        """Read a fleet file; PlaneError names the field that is wrong."""
        try:
            raw = yaml.safe_load(path.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise PlaneError(f"the fleet file {path} can't be read: {error}") from error
        if not isinstance(raw, dict) or not isinstance(raw.get("pools"), list):
            raise PlaneError(f"the fleet file {path} needs a list `pools`.")
        return cls(tuple(_pool(path, number, one) for number, one in enumerate(raw["pools"])))


def _pool(path: Path, number: int, raw: dict[str, Any]) -> NodePool:
    unknown = sorted(set(raw) - set(_KEYS))
    if unknown or "name" not in raw:
        wrong = f"has unknown fields {', '.join(unknown)}" if unknown else "needs a `name`"
        raise PlaneError(f"{path}: pools[{number}] {wrong}; known are {', '.join(_KEYS)}.")
    values = {_KEYS[key]: value for key, value in raw.items()}
    for listed in {"zones", "taints"} & set(values):
        values[listed] = tuple(values[listed])
    return _as_text(NodePool(**values))


def _as_text(pool: NodePool) -> NodePool:
    """YAML reads `cpu: 192` and `gpu.count: 8` as numbers; Kubernetes wants both as text."""
    return replace(
        pool, cpu=str(pool.cpu), memory=str(pool.memory), labels=_texts(pool.labels), extra=_texts(pool.extra)
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _node(pool: NodePool, name: str, position: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": _labels(pool, name, position), "annotations": _annotations(pool)},
        "spec": {"taints": [dict(taint) for taint in pool.taints]} if pool.taints else {},
        "status": {
            "capacity": capacity(pool),
            "allocatable": capacity(pool),
            "addresses": [{"type": "InternalIP", "address": _address(name)}, {"type": "Hostname", "address": name}],
            "nodeInfo": _node_info(pool.arch, name),
            # Born Ready: a fourth of the writes of a node that becomes so.
            "conditions": [{"type": kind, **said} for kind, said in _CONDITIONS.items()],
        },
    }


def _labels(pool: NodePool, name: str, position: int) -> dict[str, str]:
    rack = position // pool.nodes_per_rack
    zone = pool.zones[rack % len(pool.zones)]
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": pool.arch,
        "beta.kubernetes.io/os": "linux",  # kubelets still set them; else node-controller does, by a write to each
        "beta.kubernetes.io/arch": pool.arch,
        "node.kubernetes.io/instance-type": pool.instance_type or pool.name,
        "topology.kubernetes.io/region": pool.region,
        ZONE_LABEL: zone,
        RACK_LABEL: f"{pool.name}-r{rack + 1}",
        POOL_LABEL: pool.name,
        NODE_LABEL: "running",
        **pool.labels,
    }


def _annotations(pool: NodePool) -> dict[str, str]:
    return {CHIP_ANNOTATION: pool.resource} if pool.resource else {}


def capacity(pool: NodePool) -> dict[str, str]:
    chips = {pool.resource: str(pool.chips)} if pool.resource else {}
    room = {"cpu": pool.cpu, "memory": pool.memory, "pods": str(pool.pods), "ephemeral-storage": pool.ephemeral_storage}
    return room | chips | dict(pool.extra)


def _address(name: str) -> str:
    """An address of the node's own in 10.128.0.0/9: kwok tells by it whether the node is up."""
    digest = zlib.crc32(name.encode())
    return f"10.{128 + (digest >> 16) % 128}.{(digest >> 8) % 256}.{digest % 254 + 1}"


def _node_info(arch: str, name: str) -> dict[str, str]:
    return {
        "architecture": arch,
        "operatingSystem": "linux",
        "osImage": "simulated",
        "kernelVersion": "6.8.0",
        "containerRuntimeVersion": "containerd://2.1.0",
        "kubeletVersion": _KUBELET,
        "kubeProxyVersion": "",
        "machineID": f"{zlib.crc32(name.encode()):08x}",
        "systemUUID": "",
        "bootID": "",
    }
