"""Kubeconfigs: who acts on a plane, each with a client certificate signed by its authority."""

import base64
import hashlib
import re
from pathlib import Path

import yaml

from tools.plane import pki
from tools.plane.layout import Layout

ADMIN = "admin"
# user name and groups of the processes; kwok acts for every kubelet at once
_PROCESSES = {
    ADMIN: ("admin", ("system:masters",)),
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kwok": ("kwok", ("system:masters",)),
}


def make_all(layout: Layout) -> None:
    """Certificates, keys and kubeconfigs of a new plane."""
    for folder in (layout.certs, layout.run / "users", layout.run / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    authority = pki.make_authority(layout.certs, "ca")
    front = pki.make_authority(layout.certs, "front-ca")
    pki.make_serving(layout.certs, authority)
    pki.make_client(layout.certs, "front-proxy", "front-proxy-client", (), front)
    pki.make_token_keys(layout.certs)
    for file, (user, groups) in _PROCESSES.items():
        make_user(layout, file, user, groups)


def make_user(layout: Layout, file: str, user: str, groups: tuple[str, ...]) -> Path:
    pair = pki.make_client(layout.certs, f"user-{file}", user, groups, layout.ca)
    path = layout.kubeconfig(file)
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(_kubeconfig(layout, user, pair), sort_keys=False))
    return path


def file_name(user: str, groups: tuple[str, ...]) -> str:
    """One file per user and groups, readable and without characters a path can't hold."""
    digest = hashlib.sha256(repr((user, groups)).encode()).hexdigest()[:6]
    return re.sub(r"[^A-Za-z0-9.-]+", "-", user) + "-" + digest


def _kubeconfig(layout: Layout, user: str, pair: pki.Pair) -> dict[str, object]:
    cluster = {"server": layout.server, "certificate-authority-data": _encoded(layout.ca.cert)}
    credentials = {"client-certificate-data": _encoded(pair.cert), "client-key-data": _encoded(pair.key)}
    context = {"cluster": layout.name, "user": user, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": layout.name,
        "clusters": [{"name": layout.name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": layout.name, "context": context}],
    }


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
