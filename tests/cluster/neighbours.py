"""JobSet, LeaderWorkerSet and Kueue beside a plane, installed as their projects publish it, each a process of ours.

Each acts under a token of its own ServiceAccount, with the rights its project gives it, and with its own webhooks.
What is done here is what a kubelet and a cluster's network would do: start the program with its configuration, put the
Secret with its certificate where a mount would, and reach its webhooks, whose Service is an ExternalName of localhost.
"""

import base64
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import yaml

from tests.cluster.cluster import Cluster
from tools.neighbours.build import neighbours
from tools.plane.progress import Silent
from tools.plane.spawn import dies_with_parent

SETTINGS = {
    # It looks for a certificate it makes itself in one folder of /tmp only: it gets the plane's, good for 127.0.0.1.
    "jobset": {"internalCertManagement": {"enable": False}},
    "lws": {},
    # Its read-only API wants a folder in /, and a fixed port.
    "kueue": {"featureGates": {"VisibilityOnDemand": False}},
}
"""What each has other than published."""
_LEFT_OUT = frozenset({"Deployment", "Service", "APIService"})
_HOOKS = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})


def account(name: str) -> str:
    """The user it acts as."""
    return f"system:serviceaccount:{name}-system:{name}-controller-manager"


class Neighbour:
    """One of them, started; `ready` is an object that only its webhooks and CRDs let pass."""

    def __init__(self, cluster: Cluster, name: str, folder: Path) -> None:
        self._cluster, self._plane, self.name = cluster, cluster.plane, name
        self._space = f"{name}-system"
        self._folder, self._certificates = folder, folder / "certificates"
        self._certificates.mkdir(parents=True)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self._folder / "log"

    def start(self) -> None:
        """Install it and run it; it takes a moment until it is ready."""
        published = json.loads((neighbours(Silent()) / f"{self.name}.json").read_text())
        config = next(one for one in published if one["kind"] == "ConfigMap")["data"]["controller_manager_config.yaml"]
        (self._folder / "config.yaml").write_text(yaml.safe_dump(self._settings(yaml.safe_load(config))))
        installed = [one for one in published if one["kind"] not in _LEFT_OUT]
        for one in installed:
            self._lead_here(one)
        told = {"apiVersion": "v1", "kind": "List", "items": [*installed, self._service()]}
        self._plane.kubectl("create", "--validate=false", "-f", "-", input=json.dumps(told))
        self._plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        if not self._has_own_certificate:
            self._mount(self._plane.serving_cert.read_bytes(), self._plane.serving_key.read_bytes())
        self._run()

    def certify(self) -> None:
        """Give it the certificate it has made, as a kubelet does with a Secret."""
        if self._has_own_certificate:
            self._cluster.eventually(self._secret, f"{self.name} makes its certificate; log: {self.log}", within=90)
            made = self._secret()
            self._mount(base64.b64decode(made["tls.crt"]), base64.b64decode(made["tls.key"]))

    def wait_ready(self, probe: dict) -> None:
        """Wait until the API server would take this object, which takes all CRDs and webhooks that it is asked by."""
        asked = ["create", "--dry-run=server", "-f", "-", "-n", "default"]

        def taken() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
            return self._plane.kubectl(*asked, input=json.dumps(probe), check=False).returncode == 0

        self._cluster.eventually(taken, f"{self.name} answers; its log: {self.log}", within=90)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _settings(self, config: dict) -> dict:
        here = {
            "leaderElection": {"leaderElect": False},
            "metrics": {"bindAddress": "0"},
            "health": {"healthProbeBindAddress": "0"},
            "webhook": {"host": "127.0.0.1", "port": self._port, "certDir": str(self._certificates)},
        }
        for key, value in {**here, **SETTINGS[self.name]}.items():
            config[key] = {**config.get(key, {}), **value}
        return config

    def _run(self) -> None:
        kubeconfig = self._plane.kubeconfig_for_service_account(self._space, f"{self.name}-controller-manager")
        command = [neighbours(Silent()) / self.name, f"--config={self._folder / 'config.yaml'}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, f"--kubeconfig={kubeconfig}"],
                stdout=log,
                stderr=log,
                env={**os.environ, "NAMESPACE": self._space},
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
            )

    # --- its webhooks

    @property
    def _has_own_certificate(self) -> bool:
        return SETTINGS[self.name].get("internalCertManagement", {}).get("enable", True)

    def _lead_here(self, one: dict) -> None:
        """Have the API server ask the process for what it would ask the pods of a Service."""
        hooks = one["webhooks"] if one["kind"] in _HOOKS else []
        convert = one.get("spec", {}).get("conversion", {}).get("webhook") if "spec" in one else None
        for hook in [*hooks, *([convert] if convert else [])]:
            asked = hook["clientConfig"]
            if self._has_own_certificate:
                asked["service"]["port"] = self._port
                continue
            path = asked.pop("service")["path"]
            trusted = base64.b64encode(self._plane.ca.read_bytes()).decode()
            asked |= {"url": f"https://127.0.0.1:{self._port}{path}", "caBundle": trusted}

    def _service(self) -> dict:
        metadata = {"name": f"{self.name}-webhook-service", "namespace": self._space}
        spec = {"type": "ExternalName", "externalName": "localhost"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    def _mount(self, certificate: bytes, key: bytes) -> None:
        """The key first: who waits for the certificate looks no further."""
        (self._certificates / "tls.key").write_bytes(key)
        (self._certificates / "tls.crt").write_bytes(certificate)

    def _secret(self) -> dict[str, str]:
        asked = ["get", "secret", f"{self.name}-webhook-server-cert", "-n", self._space, "-o", "json"]
        return json.loads(self._plane.kubectl(*asked).stdout).get("data") or {}


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
