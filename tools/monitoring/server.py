"""A Prometheus of our own on this machine, and its HTTP API."""

import contextlib
import json
import math
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.monitoring.exporters import PATHS
from tools.monitoring.packages import Programs
from tools.plane.errors import PlaneError
from tools.plane.spawn import dies_with_parent

EVERY = "1s"
_START_S = 20.0

Series = list[tuple[dict[str, str], list[tuple[float, float]]]]
"""Labels, and points of seconds since the epoch and value."""


class Prometheus:
    """Its HTTP API."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, expr: str) -> Series:
        """What an expression is now; a ValueError says what is wrong with it."""
        found = self._get("query", query=expr)
        if found["resultType"] == "scalar":
            return [({}, [_point(found["result"])])]
        return [(_labels(one), [_point(one["value"])]) for one in found["result"]]

    def query_range(self, expr: str, start: float, end: float, step: float) -> Series:
        found = self._get("query_range", query=expr, start=start, end=end, step=step)
        return [(_labels(one), [_point(pair) for pair in one["values"]]) for one in found["result"]]

    def values(self, metric: str, label: str) -> list[str]:
        """What Grafana's `label_values(metric, label)` asks."""
        found: list[str] = self._get(f"label/{label}/values", **{"match[]": metric})
        return found

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **asked: Any) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{asked}: {error.read().decode()}") from error


@contextlib.contextmanager
def running(
    programs: Programs, folder: Path, targets: Mapping[str, Sequence[str]], rules: Sequence[Path], every: str = EVERY
) -> Iterator[Prometheus]:
    """A server that scrapes these addresses by job, under the rules; down at the end, and with this process."""
    server = Prometheus(_free_port())
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_config(targets, rules, every)))
    command = [
        str(programs.prometheus), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{server.port}", "--log.level=warn",
    ]  # fmt: skip
    log = folder / "prometheus.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=dies_with_parent())  # noqa: PLW1509
    try:
        _wait_ready(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _config(targets: Mapping[str, Sequence[str]], rules: Sequence[Path], every: str) -> dict[str, Any]:
    jobs = [
        {
            "job_name": job,
            "metrics_path": PATHS.get(job, "/metrics"),
            "honor_labels": job == "kube-state-metrics",
            "static_configs": [{"targets": list(addresses)}],
        }
        for job, addresses in targets.items()
    ]
    times = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    return {"global": times, "rule_files": [str(path) for path in rules], "scrape_configs": jobs}


def _wait_ready(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{server.port}/-/ready", timeout=5):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise PlaneError(f"Prometheus did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _labels(one: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in one["metric"].items() if name != "__name__"}


def _point(pair: Sequence[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


def finite(series: Series) -> Series:
    """Those that have a value at some time."""
    return [(labels, points) for labels, points in series if any(math.isfinite(value) for _, value in points)]
