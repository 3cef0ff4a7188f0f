"""Where one plane's files and ports are: the value every other module of the plane is handed."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.plane import paths, pki

PORTS = ("etcd", "etcd-peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@dataclass(frozen=True, slots=True)
class Layout:
    name: str
    bin: Path
    audit: bool
    run: Path
    ports: dict[str, int]

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports['kube-apiserver']}"

    @property
    def scratch(self) -> Path:
        return paths.scratch_dir(self.run)

    @property
    def socket(self) -> Path:
        return self.scratch / "control"

    @property
    def certs(self) -> Path:
        return self.run / "certs"

    @property
    def ca(self) -> pki.Pair:
        return self.pair("ca")

    @property
    def audit_log(self) -> Path:
        return self.run / "audit.log"

    @property
    def state(self) -> Path:
        return self.run / "state.json"

    def pair(self, name: str) -> pki.Pair:
        return pki.Pair(self.certs / f"{name}.crt", self.certs / f"{name}.key")

    def log(self, component: str) -> Path:
        return self.run / "logs" / f"{component}.log"

    def kubeconfig(self, user: str) -> Path:
        return self.run / "users" / f"{user}.kubeconfig"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "bin": str(self.bin),
            "audit": self.audit,
            "run": str(self.run),
            "ports": self.ports,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Layout":
        return cls(raw["name"], Path(raw["bin"]), raw["audit"], Path(raw["run"]), raw["ports"])


def free_ports() -> dict[str, int]:
    """Ports nobody on loopback listens on now; held together so that all differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in PORTS]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(PORTS, sockets, strict=True)}
