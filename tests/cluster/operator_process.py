"""The operator as the real process it is: started, killed, frozen and continued like any other."""

import math
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families


class Operator:
    """One replica of `chippool run` under a kubeconfig, its log in a file."""

    def __init__(self, kubeconfig: Path, log: Path, identity: str, *more: str) -> None:
        self.log = log
        self.identity = identity
        args = ["run", "--kubeconfig", str(kubeconfig), "--namespace", "chippool-system", "--metrics-port", "0"]
        args += more
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("chippool"), *args, "--identity", identity],
                stdout=out,
                stderr=out,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its own server; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, LookupError):
            return 0, ""

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; NaN while /metrics does not answer."""
        status, text = self.get("/metrics")
        if status != 200:
            return math.nan
        its_own = "\n".join(line for line in text.splitlines() if name in line)  # to parse all of them is dear
        samples = (s for family in text_string_to_metric_families(its_own) for s in family.samples)
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    @property
    def leads(self) -> bool:
        return self.metric("chippool_leader") == 1.0

    @property
    def port(self) -> int:
        """The port it took, as its log says."""
        found = re.findall(r"started port=(\d+)", self.log.read_text())
        if not found:
            raise LookupError
        return int(found[-1])

    def wait_ready(self, within: float = 30.0) -> None:
        deadline = time.monotonic() + within
        while self.get("/readyz")[0] != 200:
            assert self.running, f"the operator ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"not ready within {within} s: {self.get('/readyz')}\n{self.tail()}"
            time.sleep(0.1)

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text().splitlines()[-lines:])

    def kill(self) -> None:
        """As a machine that loses power would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> int:
        """As a rolling update would; its exit code."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)
            self._process.terminate()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9
