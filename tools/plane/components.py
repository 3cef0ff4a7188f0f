"""What each process of the plane is started with, and how it says that it is ready."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.plane import paths
from tools.plane.layout import Layout

# A lease longer than 40 s spares writes; a restarted kwok gets its leases back because the supervisor deletes them.
NODE_LEASE_S = 200
NODE_GRACE_S = 240  # more than the lease, or nodes flap
NODE_LABEL = "plane.chippool.io/kubelet"
# kwok's own address, which no node has: a stage that sees it knows that kwok no longer manages the pod's node.
NO_KUBELET = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    flags: Callable[[Layout], dict[str, str]]
    ready: str  # path of the health check

    def argv(self, layout: Layout) -> list[str]:
        return [str(layout.bin / self.name), *(f"--{flag}={value}" for flag, value in self.flags(layout).items())]

    def health(self, layout: Layout) -> str:
        scheme = "http" if self.name in ("etcd", "kwok") else "https"
        return f"{scheme}://127.0.0.1:{layout.ports[self.name]}{self.ready}"


def prepare(layout: Layout) -> None:
    """Write the configuration files that flags name."""
    scheduler = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(layout.kubeconfig("kube-scheduler")), "qps": 300, "burst": 600},
        "leaderElection": {"leaderElect": False},
    }
    _scheduler_config(layout).write_text(yaml.safe_dump(scheduler))


def _scheduler_config(layout: Layout) -> Path:
    return layout.run / "scheduler.yaml"


def _etcd(layout: Layout) -> dict[str, str]:
    client = f"http://127.0.0.1:{layout.ports['etcd']}"
    peer = f"http://127.0.0.1:{layout.ports['etcd-peer']}"
    return {
        "name": "plane",
        "data-dir": str(layout.scratch / "etcd"),
        "unsafe-no-fsync": "true",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"plane={peer}",
        "quota-backend-bytes": str(8 << 30),
        "snapshot-count": "50000",
        "auto-compaction-retention": "10m",
        "log-level": "warn",
    }


def _apiserver(layout: Layout) -> dict[str, str]:
    return {
        "etcd-servers": f"http://127.0.0.1:{layout.ports['etcd']}",
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "endpoint-reconciler-type": "none",
        "secure-port": str(layout.ports["kube-apiserver"]),
        "authorization-mode": "Node,RBAC",
        "allow-privileged": "true",
        "service-cluster-ip-range": "10.96.0.0/16",
        "max-requests-inflight": "3000",
        "max-mutating-requests-inflight": "1000",
        "event-ttl": "30m",
        "profiling": "false",
        **_identities(layout),
        **(_audit(layout) if layout.audit else {}),
    }


def _identities(layout: Layout) -> dict[str, str]:
    front, tokens = layout.pair("front-proxy"), layout.certs / "tokens"
    return {
        "client-ca-file": str(layout.ca.cert),
        **_serving(layout),
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": f"{tokens}.pub",
        "service-account-signing-key-file": f"{tokens}.key",
        "requestheader-client-ca-file": str(layout.pair("front-ca").cert),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": str(front.cert),
        "proxy-client-key-file": str(front.key),
    }


def _audit(layout: Layout) -> dict[str, str]:
    return {
        "audit-policy-file": str(paths.HERE / "audit.yaml"),
        "audit-log-path": str(layout.audit_log),
        "audit-log-maxsize": "100000",  # megabytes: 0 would mean lumberjack's 100, and a record in pieces
    }


def _serving(layout: Layout) -> dict[str, str]:
    pair = layout.pair("serving")
    return {"tls-cert-file": str(pair.cert), "tls-private-key-file": str(pair.key)}


def _secured(layout: Layout, name: str) -> dict[str, str]:
    kubeconfig = str(layout.kubeconfig(name))
    return {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "secure-port": str(layout.ports[name]),
        **_serving(layout),
    }


def _controller_manager(layout: Layout) -> dict[str, str]:
    return {
        "kubeconfig": str(layout.kubeconfig("kube-controller-manager")),
        **_secured(layout, "kube-controller-manager"),
        "use-service-account-credentials": "true",
        "service-account-private-key-file": str(layout.certs / "tokens.key"),
        "root-ca-file": str(layout.ca.cert),
        "controllers": "*,-ttl-controller",  # it tells kubelets how long to cache secrets, by a write to every node
        "leader-elect": "false",
        "kube-api-qps": "300",
        "kube-api-burst": "600",
        "node-monitor-period": "25s",
        "node-monitor-grace-period": f"{NODE_GRACE_S}s",
        "profiling": "false",
    }


def _scheduler(layout: Layout) -> dict[str, str]:
    return {"config": str(_scheduler_config(layout)), **_secured(layout, "kube-scheduler")}


def _kwok(layout: Layout) -> dict[str, str]:
    return {
        "kubeconfig": str(layout.kubeconfig("kwok")),
        "config": str(paths.HERE / "stages.yaml"),
        "manage-all-nodes": "false",
        # A label and not an annotation: a node that loses it leaves kwok's watch, and so is no longer served.
        "manage-nodes-with-label-selector": f"{NODE_LABEL}=running",
        "node-lease-duration-seconds": str(NODE_LEASE_S),
        "node-ip": NO_KUBELET,
        "server-address": f"127.0.0.1:{layout.ports['kwok']}",
    }


ETCD = Component("etcd", _etcd, "/health")
APISERVER = Component("kube-apiserver", _apiserver, "/readyz")
CONTROLLER_MANAGER = Component("kube-controller-manager", _controller_manager, "/healthz")
SCHEDULER = Component("kube-scheduler", _scheduler, "/healthz")
KWOK = Component("kwok", _kwok, "/healthz")
ALL = {one.name: one for one in (ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK)}
