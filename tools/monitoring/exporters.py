"""dcgm-exporter, npu-exporter and kube-state-metrics for simulated chips: their formats, made from the pods there are.

Simulated nodes have no chips to measure, so the utilization is made up from names: always the same for the same pod.
"""

import threading
import zlib
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NPU = "huawei.com/Ascend"
Pod = Mapping[str, Any]
PATHS = {"dcgm-exporter": "/dcgm", "npu-exporter": "/npu", "kube-state-metrics": "/ksm"}


def page(path: str, pods: list[Pod]) -> str:
    """What the exporter of a path shows."""
    makers = {"/dcgm": _dcgm, "/npu": _npu, "/ksm": _state}
    return "\n".join([*(line for pod in pods for line in makers[path](pod)), ""])


def _dcgm(pod: Pod) -> Iterator[str]:
    """As it is scraped without honorLabels: of what it says of pods Prometheus makes exported_…"""
    for resource, chip in _chips(pod):
        if not resource.startswith(NPU):
            said = f'gpu="{chip}",UUID="GPU-{_name(pod)}-{chip}",container="main",{_named(pod, "namespace", "pod")}'
            yield f"DCGM_FI_DEV_GPU_UTIL{{{said}}} {_busy(pod, chip)}"


def _npu(pod: Pod) -> Iterator[str]:
    for resource, chip in _chips(pod):
        if resource.startswith(NPU):
            said = f'id="{chip}",vdie_id="{_name(pod)}-{chip}",model_name="910B3",container_name="main"'
            yield f"npu_chip_info_utilization{{{said},{_named(pod, 'namespace', 'pod_name')}}} {_busy(pod, chip)}"


def _state(pod: Pod) -> Iterator[str]:
    """Scraped with honorLabels, as everybody does."""
    who, name = _named(pod, "namespace", "pod"), pod["spec"].get("priorityClassName", "")
    yield f'kube_pod_info{{{who},node="{pod["spec"].get("nodeName", "")}",priority_class="{name}"}} 1'
    pool = pod["metadata"].get("labels", {}).get("chippool.io/pool", "")
    yield f'kube_pod_labels{{{who},label_chippool_io_pool="{pool}"}} 1'


def _chips(pod: Pod) -> Iterator[tuple[str, int]]:
    for container in pod["spec"]["containers"]:
        for resource, amount in container.get("resources", {}).get("limits", {}).items():
            if "/" in resource and pod["status"].get("phase") == "Running":
                yield from ((resource, chip) for chip in range(int(amount)))


def _named(pod: Pod, namespace: str, name: str) -> str:
    return f'{namespace}="{pod["metadata"]["namespace"]}",{name}="{_name(pod)}"'


def _name(pod: Pod) -> str:
    return str(pod["metadata"]["name"])


def _busy(pod: Pod, chip: int) -> int:
    """Percent."""
    return 40 + zlib.crc32(f"{_name(pod)} {chip}".encode()) % 60


class Exporters:
    """One server for all three, each under its own path; `pods` are those that are shown."""

    def __init__(self) -> None:
        self.pods: list[Pod] = []
        told = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page(self.path, told.pods).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
