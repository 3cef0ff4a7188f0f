"""What has to be there before the story begins, in order."""

from collections.abc import Iterator
from urllib.request import urlopen

import yaml

from tools.demo.stage import NAMESPACE, Stage
from tools.plane import paths

EXAMPLES = paths.REPOSITORY / "examples"
CHART = paths.REPOSITORY / "helm" / "chippool"
FLEET = EXAMPLES / "fleets" / "demo.yaml"
NOT_HERE = ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor")
"""Kinds of the chart that run the operator in the cluster; here it runs beside it."""


def install(stage: Stage) -> None:
    """CRDs, what the chart brings, pools, queues and classes."""
    stage.plane.kubectl("apply", "--server-side", "-f", str(paths.REPOSITORY / "crds"))
    stage.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    stage.plane.kubectl("create", "namespace", NAMESPACE)
    stage.plane.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(chart(stage)))
    for part in ("namespaces.yaml", "priorityclasses.yaml", "pools", "queues.yaml"):
        stage.plane.kubectl("apply", "-f", str(EXAMPLES / part))


def chart(stage: Stage) -> Iterator[dict[str, object]]:
    """Render the chart: the operator's rights and the policies that guard what it makes."""
    rendered = stage.helm("template", "chippool", str(CHART), "--namespace", NAMESPACE)
    for part in yaml.safe_load_all(rendered):
        if part and part["kind"] not in NOT_HERE:
            yield part


def operator(stage: Stage) -> None:
    """Start `chippool run` and wait until it may be relied on."""
    stage.start_operator()
    stage.until("the operator is ready", lambda: _is_ready(stage.port), within=30)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
