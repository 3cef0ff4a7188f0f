"""A plane with chippool installed as its chart says, and the operator as the process it is."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from tools.plane import paths
from tools.plane.plane import Plane

NAMESPACE = "chippool-system"
ACCOUNT = "chippool"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
_IN_CLUSTER = frozenset({"Deployment", "Service", "PodDisruptionBudget"})
"""Kinds of the chart that run the operator in the cluster; here it runs beside it."""


def install(plane: Plane) -> None:
    """CRDs, roles and admission policies."""
    root = paths.REPOSITORY
    plane.kubectl("apply", "--server-side", "-f", str(root / "crds"))
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(_chart(plane)))


def guard(plane: Plane, on: bool) -> None:
    """Put the chart's admission policies in force, or take them out of it."""
    bindings = [part for part in _chart(plane) if part["kind"] == "ValidatingAdmissionPolicyBinding"]
    text = yaml.safe_dump_all(bindings)
    if on:
        plane.kubectl("apply", "--server-side", "-f", "-", input=text)
    else:
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", input=text)


def _chart(plane: Plane) -> list[dict[str, Any]]:
    root = paths.REPOSITORY
    chart = [str(plane.bin / "helm"), "template", "chippool", str(root / "helm/chippool"), "--namespace", NAMESPACE]
    rendered = subprocess.run(chart, check=True, capture_output=True, text=True).stdout
    return [part for part in yaml.safe_load_all(rendered) if part and part["kind"] not in _IN_CLUSTER]


class Operator:
    """`chippool run` under its service account; `log` outlives the plane."""

    def __init__(self, plane: Plane, log: Path | None = None) -> None:
        self._kubeconfig = plane.kubeconfig_for_service_account(NAMESPACE, ACCOUNT)
        self.log = log or Path(tempfile.mkdtemp(prefix="chippool-operator-")) / "operator.log"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns at once; `wait_ready` waits."""
        self.starts += 1
        program = Path(sys.executable).with_name("chippool")
        command = [str(program), "run", "--kubeconfig", str(self._kubeconfig), "--namespace", NAMESPACE]
        identity = f"measured-{os.getpid()}-{self.starts}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--metrics-port", str(self.port), "--identity", identity], stdout=log, stderr=log
            )

    def wait_ready(self, within: float = 120.0) -> float:
        """Seconds until /readyz says yes; RuntimeError with the log's tail if it never does."""
        begun = time.monotonic()
        while not self.is_ready():
            if not self.alive or time.monotonic() - begun > within:
                raise RuntimeError(f"the operator is not ready after {within:g} s; its log ends:\n{self.tail()}")
            time.sleep(0.05)
        return time.monotonic() - begun

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def leads(self) -> bool:
        """It is the one that acts: a Lease outlives its holder's death by some seconds."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=2) as answer:
                lines = answer.read().decode().splitlines()
        except (URLError, OSError):
            return False
        return any(line.startswith("chippool_leader") and line.split()[-1] == "1.0" for line in lines)

    def wait_leads(self, within: float = 120.0) -> None:
        """RuntimeError with the log's tail if it never does."""
        deadline = time.monotonic() + within
        while not self.leads():
            if not self.alive or time.monotonic() > deadline:
                raise RuntimeError(f"the operator does not lead after {within:g} s; its log ends:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """As a machine that loses power would: -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or not self.alive:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def memory_mib(self) -> dict[str, float]:
        """Resident now and at most, as the kernel counts it."""
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if ":" in line
        )
        return {name: round(int(status[key].split()[0]) / 1024, 1) for name, key in _MEMORY.items()}

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


_MEMORY = {"resident": "VmRSS", "peak": "VmHWM"}


async def ready(operator: Operator) -> float:
    """Wait beside other tasks until it is ready and leads; seconds until it was ready."""
    took = await asyncio.to_thread(operator.wait_ready)
    await asyncio.to_thread(operator.wait_leads)
    return took


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
