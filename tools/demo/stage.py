"""Where the story plays: a plane, the operator beside it, and a way to ask both."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tools.demo.tell import Teller
from tools.plane import paths
from tools.plane.plane import Plane

NAME = "demo"
NAMESPACE = "chippool-system"
WORKLOADS = (paths.REPOSITORY / "examples" / "workloads", Path(__file__).parent / "workloads")
LOG = paths.REPOSITORY / "build" / "demo" / "operator.log"
LOOK_S = 0.25
TAIL = 30
STOP_S = 20.0


class DemoError(Exception):
    """What should have happened and did not."""


class Stage:
    def __init__(self, plane: Plane, teller: Teller) -> None:
        self.plane = plane
        self.tell = teller
        self.port = _free_port()
        self.log = LOG
        self._operator: subprocess.Popen[bytes] | None = None

    @property
    def metrics(self) -> str:
        return f"http://127.0.0.1:{self.port}/metrics"

    # Acting.

    def start_operator(self) -> None:
        """As the chart's service account, with no more rights than the chart gives it."""
        kubeconfig = self.plane.kubeconfig_for_service_account(NAMESPACE, "chippool")
        command = [sys.executable, "-m", "tools.demo.keeper", str(kubeconfig), *_chippool(), "run"]
        options = ["--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE, "--metrics-port", str(self.port)]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._operator = subprocess.Popen(
                [*command, *options], stdout=log, stderr=log, cwd=paths.REPOSITORY, start_new_session=True
            )

    def stop_operator(self) -> None:
        if self._operator is None:
            return
        self._operator.terminate()
        try:
            self._operator.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._operator.kill()

    def apply(self, key: str) -> float:
        """Apply a workload (`namespace/name`) of the examples or of the story; returns when (monotonic seconds)."""
        file = f"{key.partition('/')[2]}.yaml"
        path = next(folder / file for folder in WORKLOADS if (folder / file).exists())
        began = time.monotonic()
        self.plane.kubectl("apply", "-f", str(path))
        return began

    def helm(self, *arguments: str) -> str:
        command = [str(self.plane.bin / "helm"), f"--kubeconfig={self.plane.kubeconfig}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DemoError(f"`helm {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def chippool(self, *arguments: str) -> None:
        """Run the command line as a user would, in front of the audience."""
        self.tell.say(f"$ chippool {' '.join(arguments)}")
        environment = os.environ | {"KUBECONFIG": str(self.plane.kubeconfig)}
        done = subprocess.run([*_chippool(), *arguments], env=environment, check=False)
        if done.returncode:
            raise DemoError(f"`chippool {' '.join(arguments)}` ended with {done.returncode}.")

    # Looking.

    def get(self, *what: str) -> dict[str, Any]:
        """Return an object or list as it is; empty if there is none."""
        done = self.plane.kubectl("get", *what, "-o", "json", "--ignore-not-found")
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return found

    def until(self, what: str, true: Callable[[], object], *, within: float = 60.0) -> None:
        """Wait until something is so; DemoError if it is not in time, or the operator has ended."""
        deadline = time.monotonic() + within
        with self.tell.waiting(what):
            while not true():
                if self._operator is not None and self._operator.poll() is not None:
                    raise DemoError(f"Expected that {what}, but the operator has ended ({self._operator.returncode}).")
                if time.monotonic() > deadline:
                    raise DemoError(f"Expected that {what}; it was not so within {within:.0f} s.")
                time.sleep(LOOK_S)

    def read_metrics(self, *names: str) -> list[str]:
        """Return the lines of these metrics, as Prometheus reads them."""
        with urlopen(self.metrics, timeout=5) as answer:
            return [line for line in answer.read().decode().splitlines() if line.startswith(names)]

    def log_tail(self) -> str:
        if not self.log.exists():
            return "It has not been started."
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL:]) or "It is empty."


def _chippool() -> list[str]:
    return [str(Path(sys.executable).parent / "chippool")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
