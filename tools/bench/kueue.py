"""Kueue beside the plane, while it is its turn: run by the peer's own script, gone with its webhooks afterwards."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bench.loads import RACK_LABEL
from tools.plane.plane import Plane

_STARTS_WITHIN_S = 180.0
_NODE_LABEL = "type=kwok"


class Kueue:
    """`programs` is the folder its build made, `script` the peer's up.py."""

    def __init__(self, plane: Plane, programs: Path, script: Path) -> None:
        self._plane, self._programs, self._script = plane, programs, script
        self._log = Path(tempfile.mkdtemp(prefix="bench-kueue-")) / "kueue.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once its queues are there; RuntimeError with the log's end if it does not come up."""
        plane = self._plane
        command = [sys.executable, str(self._script), "--kubeconfig", str(plane.kubeconfig)]
        command += ["--bin", str(self._programs), "--rack-label", RACK_LABEL, "--node-label", _NODE_LABEL]
        command += ["--ca", str(plane.ca), "--cert", str(plane.serving_cert), "--key", str(plane.serving_key)]
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=_path_with(plane.bin))
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while "kueue running" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Kueue did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.2)
        time.sleep(3)  # its caches know the queues

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _path_with(folder: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
